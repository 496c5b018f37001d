/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

static bool option_is(int fd, int option, int wanted)
{
	socklen_t length = sizeof(int);
	int value;

	return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 && value == wanted;
}

int systemd_socket(int *fd, struct fail *fail)
{
	const char *pid = getenv("LISTEN_PID");
	const char *count = getenv("LISTEN_FDS");
	char own[16];

	(void)snprintf(own, sizeof(own), "%d", getpid());
	if (pid == NULL || count == NULL || strcmp(pid, own) != 0)
		return 0;
	if (strcmp(count, "1") != 0)
		return fail_set(fail, OUTCOME_ERROR,
				"systemd passed %s sockets; patcherd takes one: look at "
				"patcherd.socket", count);
	if (!option_is(FIRST_FD, SO_DOMAIN, AF_UNIX) || !option_is(FIRST_FD, SO_TYPE, SOCK_STREAM) ||
	    !option_is(FIRST_FD, SO_ACCEPTCONN, 1))
		return fail_set(fail, OUTCOME_ERROR,
				"what systemd passed is no listening AF_UNIX stream socket: look at "
				"patcherd.socket");
	if (fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC) < 0 || fcntl(FIRST_FD, F_SETFL, O_NONBLOCK) < 0)
		return fail_errno(fail, errno, "cannot set flags of the socket systemd passed");
	*fd = FIRST_FD;
	return 1;
}

void systemd_notify(const char *state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path == NULL ? 0 : strlen(path);
	CLEANUP_CLOSE int fd = -1;

	if (length < 2 || length >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* An abstract address is as long as it says; there is nobody to tell of a failure. */
	if (fd >= 0)
		(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
			     (const struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}
