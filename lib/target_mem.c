/* SPDX-License-Identifier: GPL-2.0-or-later */
/* target_mem: /dev/mem, physical memory, on kernels without CONFIG_STRICT_DEVMEM. */
#include <errno.h>
#include <fcntl.h>

#include "lib/target_mapped.h"

static int mem_place(struct mapped *mapped, uint64_t physical, bool table, int *fd,
		     uint64_t *offset, struct fail *fail)
{
	(void)table;	/* every page is where it is */
	(void)fail;
	*fd = mapped->fd;
	*offset = physical;
	return 0;
}

static const struct mapped_kind mem = {
	.name = "mem",
	.place = mem_place,
};

static int explain_open(const char *path, int error, struct fail *fail)
{
	if (error == ENOENT || error == ENXIO || error == ENODEV)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s does not exist: this kernel was "
				"built without CONFIG_DEVMEM", path);
	return target_not_permitted(path, error, fail);
}

/* Asks for a page of the kernel's code before all else, as its symbols take time to load and most
 * kernels refuse. */
static int probe(const struct mapped_paths *paths, int fd, struct fail *fail)
{
	struct mapped probe = { .kind = &mem, .fd = fd, .target.info.path = "/dev/mem" };
	CLEANUP_PAGE page = NULL;
	int result;

	if (iomem_load(paths->iomem, &probe.iomem, fail) != 0)
		return -1;
	result = mapped_map(&probe, probe.iomem.code & ~(uint64_t)(MAPPED_PAGE - 1), false, false,
			    &page, fail);
	iomem_deinit(&probe.iomem);
	return result;
}

int target_open_mem_at(const struct mapped_paths *paths, const struct target_symbols *symbols,
		       struct target **out, struct fail *fail)
{
	CLEANUP_CLOSE int fd = open(paths->memory, O_RDWR | O_CLOEXEC);

	*out = NULL;
	if (fd < 0)
		return explain_open(paths->memory, errno, fail);
	if (probe(paths, fd, fail) != 0)
		return -1;
	return mapped_open(&mem, paths, paths->memory, fd_take(&fd), symbols, out, fail);
}

int target_open_mem(const struct target_symbols *symbols, struct target **out, struct fail *fail)
{
	return target_open_mem_at(&mapped_paths_live, symbols, out, fail);
}
