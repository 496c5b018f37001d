/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault: for the tests, a daemon that kills itself at a named point, between a step and the next.
 * Nothing at all unless built with -DPATCHERD_FAULTS. */
#ifndef PATCHERD_FAULT_H
#define PATCHERD_FAULT_H

#ifdef PATCHERD_FAULTS
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static inline void fault_point(const char *name)
{
	const char *wanted = getenv("PATCHERD_FAULT");

	if (wanted != NULL && strcmp(wanted, name) == 0)
		(void)raise(SIGKILL);
}

/* A socket that holds as little as the kernel lets it, where PATCHERD_FAULT is "small-buffer". */
static inline void fault_socket_buffer(int fd)
{
	const char *wanted = getenv("PATCHERD_FAULT");
	const int least = 1;

	if (wanted != NULL && strcmp(wanted, "small-buffer") == 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
}
#else
static inline void fault_point(const char *name)
{
	(void)name;
}

static inline void fault_socket_buffer(int fd)
{
	(void)fd;
}
#endif

#endif
