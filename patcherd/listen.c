/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int directory_make(const char *path, struct fail *fail)
{
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');
	mode_t before;
	int result;

	if (slash == NULL || slash == path)
		return 0;
	memcpy(directory, path, (size_t)(slash - path));
	directory[slash - path] = '\0';
	before = umask(022);
	result = mkdir(directory, 0755);
	(void)umask(before);
	if (result < 0 && errno != EEXIST)
		return fail_errno(fail, errno, "cannot make the socket's directory %s", directory);
	return 0;
}

/* What stands at the path: 0: nothing, any more; -1: something that is in use or no socket. */
static int stale_remove(const struct sockaddr_un *address, struct fail *fail)
{
	CLEANUP_CLOSE int fd = -1;
	struct stat status;

	if (lstat(address->sun_path, &status) < 0) {
		if (errno == ENOENT)
			return 0;
		return fail_errno(fail, errno, "cannot look at %s", address->sun_path);
	}
	if (!S_ISSOCK(status.st_mode))
		return fail_set(fail, OUTCOME_ERROR, "%s is there and is no socket: remove it, or "
				"choose another path by --socket", address->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail_errno(fail, errno, "cannot make a socket");
	/* EAGAIN: somebody listens, and his queue is full */
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno != ECONNREFUSED)
		return fail_set(fail, OUTCOME_ERROR, "another patcherd is running: it listens on "
				"%s; stop that one first", address->sun_path);
	if (unlink(address->sun_path) < 0)
		return fail_errno(fail, errno, "cannot remove the stale socket %s",
				  address->sun_path);
	return 0;
}

/* Nobody can connect before the mode is right: it is made so. */
static int private_bind(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0177);
	int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	(void)umask(before);
	return result;
}

int listener_open(const char *path, struct listener *out, struct fail *fail)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP_CLOSE int fd = -1;
	struct stat status;

	if (strlen(path) == 0 || strlen(path) >= sizeof(address.sun_path))
		return fail_set(fail, OUTCOME_ERROR, "--socket %s: a socket's path has 1 to %zu "
				"bytes", path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (directory_make(path, fail) < 0 || stale_remove(&address, fail) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail_errno(fail, errno, "cannot make a socket");
	if (private_bind(fd, &address) < 0)
		return fail_errno(fail, errno, "cannot bind the socket %s", path);
	if (lstat(path, &status) < 0 || listen(fd, SOMAXCONN) < 0) {
		int error = errno;

		(void)unlink(path);
		return fail_errno(fail, error, "cannot listen on %s", path);
	}
	*out = (struct listener) {
		.fd = fd_take(&fd), .path = path, .device = status.st_dev, .inode = status.st_ino,
	};
	return 0;
}

void listener_close(struct listener *listener)
{
	struct stat status;

	(void)close(listener->fd);
	if (listener->path != NULL && lstat(listener->path, &status) == 0 &&
	    status.st_dev == listener->device && status.st_ino == listener->inode)
		(void)unlink(listener->path);
}
