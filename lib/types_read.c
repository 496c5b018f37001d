/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "types.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool types_is_btf(const uint8_t *data, size_t size)
{
	/* either byte order: the wrong one is refused by its name later */
	return size >= 2 && ((data[0] == (BTF_MAGIC & 0xff) && data[1] == BTF_MAGIC >> 8) ||
			     (data[1] == (BTF_MAGIC & 0xff) && data[0] == BTF_MAGIC >> 8));
}

/* As much as there is, up to `size`; -1 with errno. */
static ssize_t read_all(int fd, uint8_t *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = read(fd, data + done, size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int types_read(int fd, const char *path, uint8_t **out, size_t *size, struct fail *fail)
{
	struct stat status;
	uint8_t magic[2];
	ssize_t got;

	*out = NULL;
	*size = 0;
	if (fstat(fd, &status) != 0)
		return fail_errno(fail, errno, "%s: cannot look at it", path);
	if (!S_ISREG(status.st_mode))
		return fail_set(fail, OUTCOME_ERROR, "%s: not a regular file", path);
	got = read_all(fd, magic, sizeof(magic));
	if (got < 0)
		return fail_errno(fail, errno, "%s: cannot read it", path);
	if (!types_is_btf(magic, (size_t)got))
		return 0;
	if (status.st_size < (off_t)sizeof(struct btf_header) || status.st_size > TYPES_SIZE_MAX)
		return fail_set(fail, OUTCOME_ERROR, "%s: no kernel's type information has a size of "
				"%jd bytes (the limit is 64 MiB)", path, (intmax_t)status.st_size);
	*out = malloc((size_t)status.st_size);
	if (*out == NULL)
		return fail_memory(fail, path);
	memcpy(*out, magic, sizeof(magic));
	*size = (size_t)status.st_size;
	got = read_all(fd, *out + sizeof(magic), *size - sizeof(magic));
	if (got == (ssize_t)(*size - sizeof(magic)))
		return 0;
	(void)(got < 0 ? fail_errno(fail, errno, "%s: cannot read it", path) :
	       fail_set(fail, OUTCOME_ERROR, "%s: it became shorter while it was read", path));
	free(*out);
	*out = NULL;
	return -1;
}
