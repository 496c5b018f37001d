/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target_native: the kernel's own /dev/kmem, up to Linux 5.12 (drivers/char/mem.c; gone with
 * bbcd53c96071). Its mmap() takes a virtual address and subtracts (__pa()) without a look at what
 * it is: right for the image and the direct map, any page at all elsewhere. So a module's page is
 * mapped where the direct map has it. Its read() serves modules. Its write() is never used: to
 * the image it is an oops, for it goes through the direct map, where text is read-only.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lib/target_mapped.h"

static int place_in_memory(struct mapped *mapped, uint64_t physical, int *fd, uint64_t *offset,
			   struct fail *fail)
{
	if (mapped->memory < 0)
		mapped->memory = open(mapped->paths->memory, O_RDWR | O_CLOEXEC);
	if (mapped->memory < 0)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "the page at physical address 0x%" PRIx64
				" is not in the direct map (high memory), and %s cannot be opened: "
				"%s", physical, mapped->paths->memory, strerror(errno));
	*fd = mapped->memory;
	*offset = physical;
	return 0;
}

/* Page tables are in the direct map always (__userpte_alloc_gfp is for user's alone), so that
 * looking one up does not lead to looking up another. */
static int native_place(struct mapped *mapped, uint64_t physical, bool table, int *fd,
			uint64_t *offset, struct fail *fail)
{
	uint64_t direct = mapped->page_offset + physical, back;
	struct fail ignored;	/* then it is not in the direct map */

	*fd = mapped->fd;
	*offset = direct;
	if (physical - mapped->iomem.code <= mapped->iomem.image_end - mapped->iomem.code) {
		*offset = mapped->text + (physical - mapped->iomem.code);
		return 0;
	}
	if (table && (mapped->target.info.architecture != ARCH_I386 || direct <= UINT32_MAX))
		return 0;
	if (!table && mapped_walk(mapped, direct, &back, &ignored) == 0 && back == physical)
		return 0;
	return place_in_memory(mapped, physical, fd, offset, fail);
}

/* pread() takes no negative offset, which a kernel's address is. */
static int native_read(struct mapped *mapped, uint64_t address, void *buffer, size_t length,
		       const char *what, struct fail *fail)
{
	uint8_t *at = buffer;

	errno = 0;
	if (lseek(mapped->fd, (off_t)address, SEEK_SET) != (off_t)address || errno != 0)
		return fail_errno(fail, errno, "seeking");
	while (length > 0) {
		ssize_t got = read(mapped->fd, at, length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail_set(fail, OUTCOME_ERROR, "%s: the kernel does not give it: %s",
					what, got < 0 ? strerror(errno) : "nothing is there");
		at += got;
		length -= (size_t)got;
	}
	return 0;
}

static const struct mapped_kind native = {
	.name = "kmem",
	.place = native_place,
	.read_module = native_read,
	.by_direct_map = true,
};

int target_open_native(const char *path, int fd, const struct target_symbols *symbols,
		       struct target **out, struct fail *fail)
{
	return mapped_open(&native, &mapped_paths_live, path, fd, symbols, out, fail);
}
