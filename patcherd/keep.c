/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_LENGTH_MAX = 64 };
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-"

bool keep_name_good(const char *patch)
{
	size_t length = strlen(patch);

	return length > 0 && length <= NAME_LENGTH_MAX && patch[0] != '-' &&
	       strspn(patch, NAME_LETTERS) == length;
}

char *keep_path(const struct keep *keep, const char *patch)
{
	char *path;

	return asprintf(&path, "%s/%s/%s%s", keep->directory, keep->name, patch, keep->suffix) < 0 ?
	       NULL : path;
}

/* "nfs-flock.yaml"; where it is being written ".nfs-flock.yaml", which is no patch's. */
static int file_name(const struct keep *keep, const char *patch, bool is_new, char out[NAME_MAX + 1],
		     struct fail *fail)
{
	if (!keep_name_good(patch))
		return fail_set(fail, OUTCOME_ERROR, "'%s' is no name of a patch", patch);
	(void)snprintf(out, NAME_MAX + 1, "%s%s%s", is_new ? "." : "", patch, keep->suffix);
	return 0;
}

static int keep_fail(const struct keep *keep, const char *patch, const char *what,
		     struct fail *fail)
{
	return fail_errno(fail, errno, "cannot %s %s/%s/%s%s", what, keep->directory, keep->name,
			  patch, keep->suffix);
}

/* Whoever can write there can have any bytes written into the kernel at the next boot. `file` NULL: the
 * directory itself. */
static int check_owner(const struct keep *keep, const char *file, int fd, struct fail *fail)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return fail_errno(fail, errno, "cannot look at %s/%s", keep->directory, keep->name);
	if (status.st_uid == geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 0;
	return fail_set(fail, OUTCOME_ERROR, "%s/%s%s%s belongs to user %u and has mode %04o, so that "
			"others than user %u could have the kernel changed: see what is there, then "
			"chown %u and chmod %s it", keep->directory, keep->name,
			file == NULL ? "" : "/", file == NULL ? "" : file, status.st_uid,
			status.st_mode & 07777, geteuid(), geteuid(), file == NULL ? "0700" : "0600");
}

/* The directory, made first where `make` says so. 1: opened; 0: there is none. */
static int directory_open(const struct keep *keep, bool make, int *fd, struct fail *fail)
{
	CLEANUP_CLOSE int parent = open(keep->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (parent < 0)
		return fail_errno(fail, errno, "cannot open %s", keep->directory);
	if (make && mkdirat(parent, keep->name, 0700) == 0 && fsync(parent) < 0)
		return fail_errno(fail, errno, "cannot sync %s", keep->directory);
	*fd = openat(parent, keep->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd >= 0 && check_owner(keep, NULL, *fd, fail) == 0)
		return 1;
	if (*fd >= 0) {
		(void)close(fd_take(fd));
		return -1;
	}
	if (!make && errno == ENOENT)
		return 0;
	return fail_errno(fail, errno, "cannot open %s/%s", keep->directory, keep->name);
}

static int text_write(int fd, const char *text)
{
	size_t length = strlen(text);

	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		text += written;
		length -= (size_t)written;
	}
	return fsync(fd);
}

int keep_write(const struct keep *keep, const char *patch, const char *text, struct fail *fail)
{
	CLEANUP_CLOSE int directory = -1, fd = -1;
	char name[NAME_MAX + 1], fresh[NAME_MAX + 1];

	if (file_name(keep, patch, false, name, fail) < 0 ||
	    file_name(keep, patch, true, fresh, fail) < 0 ||
	    directory_open(keep, true, &directory, fail) < 0)
		return -1;
	/* one that a crash left half written is in nobody's way */
	if (unlinkat(directory, fresh, 0) < 0 && errno != ENOENT)
		return keep_fail(keep, patch, "write", fail);
	fd = openat(directory, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || text_write(fd, text) < 0 ||
	    renameat(directory, fresh, directory, name) < 0 || fsync(directory) < 0) {
		(void)keep_fail(keep, patch, "write", fail);
		(void)unlinkat(directory, fresh, 0);	/* the next write removes it as well */
		return -1;
	}
	return 0;
}

/* All of the file, and a NUL behind it. */
static int text_read(const struct keep *keep, const char *patch, int fd, char **out,
		     struct fail *fail)
{
	CLEANUP_FREE char *text = malloc(keep->max + 2);
	size_t length = 0;
	ssize_t got;

	if (text == NULL)
		return fail_memory(fail, "reading a file");
	do {
		got = read(fd, text + length, keep->max + 1 - length);
		if (got < 0 && errno != EINTR)
			return keep_fail(keep, patch, "read", fail);
		length += got > 0 ? (size_t)got : 0;
	} while (got != 0 && length <= keep->max);
	text[length] = '\0';
	if (length > keep->max || strlen(text) != length)
		return fail_set(fail, OUTCOME_INVALID_SPEC, "%s/%s/%s%s %s", keep->directory,
				keep->name, patch, keep->suffix,
				length > keep->max ? "is too large" : "has a NUL");
	*out = text;
	text = NULL;
	return 1;
}

int keep_read(const struct keep *keep, const char *patch, char **out, struct fail *fail)
{
	CLEANUP_CLOSE int directory = -1, fd = -1;
	char name[NAME_MAX + 1];
	struct stat status;
	int there;

	if (file_name(keep, patch, false, name, fail) < 0)
		return -1;
	there = directory_open(keep, false, &directory, fail);
	if (there <= 0)
		return there;
	fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &status) < 0)
		return keep_fail(keep, patch, "open", fail);
	if (!S_ISREG(status.st_mode))
		return fail_set(fail, OUTCOME_ERROR, "%s/%s/%s is no regular file",
				keep->directory, keep->name, name);
	if (check_owner(keep, name, fd, fail) < 0)
		return -1;
	return text_read(keep, patch, fd, out, fail);
}

int keep_remove(const struct keep *keep, const char *patch, struct fail *fail)
{
	CLEANUP_CLOSE int directory = -1;
	char name[NAME_MAX + 1];
	int there;

	if (file_name(keep, patch, false, name, fail) < 0)
		return -1;
	there = directory_open(keep, false, &directory, fail);
	if (there <= 0)
		return there;
	if (unlinkat(directory, name, 0) < 0)
		return errno == ENOENT ? 0 : keep_fail(keep, patch, "remove", fail);
	return fsync(directory) < 0 ? keep_fail(keep, patch, "remove", fail) : 1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The name of a patch whose file this is, of which `file` is cut down to that. */
static bool is_patch(const struct keep *keep, char *file)
{
	size_t length = strlen(file), suffix = strlen(keep->suffix);

	if (length <= suffix || strcmp(file + length - suffix, keep->suffix) != 0)
		return false;
	file[length - suffix] = '\0';
	return keep_name_good(file);
}

int keep_list(const struct keep *keep, struct strings *out, struct fail *fail)
{
	int fd = -1, there;
	struct dirent *entry;
	DIR *directory;

	*out = (struct strings){ .count = 0 };
	there = directory_open(keep, false, &fd, fail);
	if (there <= 0)
		return there;
	directory = fdopendir(fd);
	if (directory == NULL) {
		(void)close(fd);
		return fail_memory(fail, "reading a directory");
	}
	for (errno = 0; (entry = readdir(directory)) != NULL; errno = 0) {
		if (is_patch(keep, entry->d_name) && strings_add(out, entry->d_name) < 0) {
			(void)closedir(directory);
			return fail_memory(fail, "reading a directory");
		}
	}
	there = errno;
	(void)closedir(directory);
	if (there != 0)
		return fail_errno(fail, there, "cannot read %s/%s", keep->directory, keep->name);
	if (out->count > 1)
		qsort(out->items, out->count, sizeof(*out->items), by_name);
	return 0;
}

int keep_move(const struct keep *from, const struct keep *to, const char *patch,
	      struct fail *fail)
{
	CLEANUP_CLOSE int source = -1, target = -1;
	char old[NAME_MAX + 1], new[NAME_MAX + 1];

	if (file_name(from, patch, false, old, fail) < 0 ||
	    file_name(to, patch, false, new, fail) < 0 ||
	    directory_open(from, true, &source, fail) < 0 ||
	    directory_open(to, true, &target, fail) < 0)
		return -1;
	if (renameat(source, old, target, new) < 0 || fsync(target) < 0 || fsync(source) < 0)
		return keep_fail(from, patch, "move", fail);
	return 0;
}
