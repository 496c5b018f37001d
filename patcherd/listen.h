/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listen: the socket that patcherd makes itself where no systemd passes one. */
#ifndef PATCHERD_LISTEN_H
#define PATCHERD_LISTEN_H

#include <sys/types.h>

#include "fail.h"

struct listener {
	int fd;
	const char *path;	/* NULL: made by somebody else, and not ours to remove */
	dev_t device;		/* of the socket's file: it is removed only while it is this one */
	ino_t inode;
};

/* Binds `path`, which must outlive it: mode 0600, its directory made (0755) where it is not there, a
 * socket that nobody listens on any more replaced. -1: another patcherd listens there. */
int listener_open(const char *path, struct listener *out, struct fail *fail) MUST_CHECK;
void listener_close(struct listener *listener);

#endif
