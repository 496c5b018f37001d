/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd: the socket it passes (sd_listen_fds(3)) and the word that it waits for (sd_notify(3)). */
#ifndef PATCHERD_SYSTEMD_H
#define PATCHERD_SYSTEMD_H

#include "fail.h"

/* 1: *fd is the listening socket systemd passed; 0: it passed none; -1: not one, or not one like
 * ours (a listening AF_UNIX stream socket). */
int systemd_socket(int *fd, struct fail *fail) MUST_CHECK;
/* "READY=1", "STOPPING=1". Nothing where nobody waits for it. */
void systemd_notify(const char *state);

#endif
