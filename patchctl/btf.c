/* SPDX-License-Identifier: GPL-2.0-or-later */
/* btf: a kernel's type information, wherever it is packed. */
#include "patchctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "elf_file.h"
#include "types.h"

static int section_read(const struct elf_file *elf, const char *path, uint8_t **out, size_t *size,
			struct fail *fail)
{
	const struct elf_section *section = elf_file_section(elf, ".BTF");

	if (section == NULL || section->data == NULL || section->size == 0)
		return fail_set(fail, OUTCOME_ERROR, "%s: it has no type information (a section "
				".BTF): give a vmlinux or vmlinuz of a kernel built with "
				"CONFIG_DEBUG_INFO_BTF", path);
	if (section->size > TYPES_SIZE_MAX)
		return fail_set(fail, OUTCOME_ERROR, "%s: its type information (.BTF) is larger than "
				"64 MiB", path);
	*out = malloc(section->size);
	if (*out == NULL)
		return fail_memory(fail, path);
	memcpy(*out, section->data, section->size);
	*size = section->size;
	return 0;
}

int btf_file_read(const char *path, uint8_t **out, size_t *size, struct fail *fail)
{
	/* O_NONBLOCK: a FIFO shall be refused, not waited for */
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct elf_file *elf;
	int result;

	if (fd < 0)
		return fail_errno(fail, errno, "%s: cannot open it", path);
	if (types_read(fd, path, out, size, fail) != 0)
		return -1;
	if (*out != NULL)
		return 0;
	if (image_elf_open(path, &elf, fail) != 0) {
		fail_append(fail, "\n--btf takes raw BTF (as in /sys/kernel/btf), a vmlinux or a "
				  "vmlinuz");
		return -1;
	}
	result = section_read(elf, path, out, size, fail);
	elf_file_close(elf);
	return result;
}
