/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file_fixture: files that exist in memory only, opened by their path in /proc/self/fd. */
#ifndef PATCHERD_FILE_FIXTURE_H
#define PATCHERD_FILE_FIXTURE_H

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct file {
	int fd;
	char path[64];
};

static inline struct file file_make(const void *data, size_t length)
{
	struct file file = { .fd = memfd_create("test", MFD_CLOEXEC) };

	assert_true(file.fd >= 0);
	assert_int_equal(write(file.fd, data, length), length);
	(void)snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
	return file;
}

static inline struct file file_text(const char *text)
{
	return file_make(text, strlen(text));
}

static inline void file_close(struct file *file)
{
	assert_int_equal(close(file->fd), 0);
}

#define assert_message(fail, part)								\
	do {											\
		if (strstr((fail).message, (part)) == NULL)					\
			fail_msg("no \"%s\" in \"%s\"", (part), (fail).message);		\
	} while (0)

#endif
