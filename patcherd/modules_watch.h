/* SPDX-License-Identifier: GPL-2.0-or-later */
/* modules_watch: tells when to look after the armed patches: when the kernel says that a module came or
 * went, and once a minute, so that nothing that happened between two of its messages is missed. */
#ifndef PATCHERD_MODULES_WATCH_H
#define PATCHERD_MODULES_WATCH_H

#include "server.h"

struct daemon;

struct modules_watch {
	struct daemon *daemon;
	int fd;				/* -1: the kernel's messages cannot be had */
	int64_t next;			/* when to look, milliseconds of CLOCK_MONOTONIC */
};

void modules_watch_open(struct daemon *daemon, struct modules_watch *out);
void modules_watch_close(struct modules_watch *watch);
/* It must outlive the source. */
struct server_source modules_watch_source(struct modules_watch *watch);

#endif
