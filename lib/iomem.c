/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/iomem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A machine has some hundred lines. */
enum { LINES_MAX = 65536, RAM_MAX = 4096 };

static const char *const image_names[] = {
	"Kernel code", "Kernel rodata", "Kernel data", "Kernel bss",
};

/* Cuts the line behind its number; NULL: no number there, or not one ended by `end`. */
static char *take_number(char *at, char end, uint64_t *out)
{
	size_t digits = strspn(at, "0123456789abcdef");

	if (digits == 0 || digits > 16 || at[digits] != end)
		return NULL;
	*out = strtoull(at, NULL, 16);
	return at + digits + 1;
}

static const char *parse_line(char *line, struct iomem_range *out)
{
	char *at = take_number(line + strspn(line, " "), '-', &out->start);

	at = at == NULL ? NULL : take_number(at, ' ', &out->end);
	if (at == NULL || strncmp(at, ": ", 2) != 0 || out->end < out->start)
		return NULL;
	at[strcspn(at, "\n")] = '\0';
	return at + 2;
}

static int add_ram(struct iomem *iomem, const struct iomem_range *range, struct fail *fail)
{
	struct iomem_range *more;

	if (iomem->ram_count == RAM_MAX)
		return fail_set(fail, OUTCOME_ERROR, "more than %d ranges of System RAM", RAM_MAX);
	more = reallocarray(iomem->ram, iomem->ram_count + 1, sizeof(*more));
	if (more == NULL)
		return fail_memory(fail, "the ranges of memory");
	iomem->ram = more;
	iomem->ram[iomem->ram_count++] = *range;
	return 0;
}

static int take_range(struct iomem *iomem, const char *name, const struct iomem_range *range,
		      struct fail *fail)
{
	/* also "System RAM (kmem)": memory of another kind that is used as RAM */
	if (strncmp(name, "System RAM", strlen("System RAM")) == 0)
		return add_ram(iomem, range, fail);
	for (size_t i = 0; i < sizeof(image_names) / sizeof(*image_names); i++) {
		if (strcmp(name, image_names[i]) != 0)
			continue;
		if (i == 0)
			iomem->code = range->start;
		if (range->end > iomem->image_end)
			iomem->image_end = range->end;
	}
	return 0;
}

static int read_lines(FILE *file, const char *path, struct iomem *out, struct fail *fail)
{
	struct iomem_range range;
	char line[256];
	const char *name;

	for (size_t number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
		name = parse_line(line, &range);
		if (name == NULL || number > LINES_MAX)
			return fail_set(fail, OUTCOME_ERROR, "%s:%zu: not a line as the kernel "
					"writes it", path, number);
		if (take_range(out, name, &range, fail) != 0)
			return -1;
	}
	if (ferror(file))
		return fail_errno(fail, errno, "%s: cannot be read", path);
	return 0;
}

static int check(const struct iomem *iomem, const char *path, struct fail *fail)
{
	if (iomem->image_end == 0)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s does not say where in physical "
				"memory the kernel lies: that takes CAP_SYS_ADMIN (by "
				"systemd: see WAYS IN in patcherd(8))", path);
	if (iomem->code == 0 || iomem->code > iomem->image_end ||
	    !iomem_is_ram(iomem, iomem->code, iomem->image_end - iomem->code + 1))
		return fail_set(fail, OUTCOME_ERROR, "%s: the kernel's code and data, from 0x%"
				PRIx64 " to 0x%" PRIx64 ", are not in one range of System RAM",
				path, iomem->code, iomem->image_end);
	return 0;
}

int iomem_load(const char *path, struct iomem *out, struct fail *fail)
{
	CLEANUP_FCLOSE FILE *file = fopen(path, "re");

	memset(out, 0, sizeof(*out));
	if (file == NULL)
		return fail_errno(fail, errno, "%s: cannot be opened, and only there does the "
				  "kernel say what lies where in physical memory", path);
	if (read_lines(file, path, out, fail) == 0 && check(out, path, fail) == 0)
		return 0;
	iomem_deinit(out);
	return -1;
}

void iomem_deinit(struct iomem *iomem)
{
	free(iomem->ram);
	memset(iomem, 0, sizeof(*iomem));
}

bool iomem_is_ram(const struct iomem *iomem, uint64_t physical, uint64_t length)
{
	for (size_t i = 0; i < iomem->ram_count; i++) {
		const struct iomem_range *range = &iomem->ram[i];

		if (physical >= range->start && physical <= range->end && length > 0 &&
		    length - 1 <= range->end - physical)
			return true;
	}
	return false;
}
