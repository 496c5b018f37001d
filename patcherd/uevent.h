/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uevent: the kernel's messages about modules that came or went, by netlink(7). They are a hint that
 * it is time to look, and no more: /proc/modules says what is loaded.
 */
#ifndef PATCHERD_UEVENT_H
#define PATCHERD_UEVENT_H

#include "fail.h"

struct uevent {
	bool added;		/* false: it went */
	char module[64];
};

enum uevent_kind {
	UEVENT_NONE,		/* no more has come */
	UEVENT_OTHER,		/* not of a module, or not of the kernel */
	UEVENT_MODULE,
	UEVENT_LOST		/* some were, as they came faster than they were read */
};

/* A socket that does not block. */
int uevents_open(int *fd, struct fail *fail) MUST_CHECK;
/* Takes one message; *out is filled in with UEVENT_MODULE. A socket that fails is UEVENT_LOST. */
enum uevent_kind uevent_receive(int fd, struct uevent *out);
/* Whether `length` bytes are the kernel's message that a module came or went. */
bool uevent_parse(const char *message, size_t length, struct uevent *out);

#endif
