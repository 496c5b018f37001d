/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/table_loaded.h"

#include <stdlib.h>

enum { PAGE = 4096 };

/* Reads page by page from `start` to `end`, or to the first page but one that is not there. */
static int read_pages(struct target *target, const char *name, uint64_t start, uint64_t end,
		      uint8_t **out, size_t *length, struct fail *fail)
{
	*length = 0;
	while (*length < TABLE_SIZE_MAX && *length < end - start) {
		uint64_t at = start + *length;
		size_t part = PAGE - at % PAGE;
		uint8_t *more = realloc(*out, *length + PAGE);

		if (more == NULL)
			return fail_memory(fail, "a module's tables");
		*out = more;
		if (part > end - at)
			part = (size_t)(end - at);
		if (target_read(target, at, *out + *length, part, name, fail) != 0)
			return *length == 0 ? -1 : 0;	/* the guard page */
		*length += part;
	}
	return 0;
}

int table_loaded_read(struct target *target, const struct module_sections *sections,
		      const char *name, uint8_t **out, uint64_t *start, size_t *length,
		      struct fail *fail)
{
	const struct module_section *section = module_sections_find(sections, name);

	*length = 0;
	if (section == NULL)
		return 0;
	*start = section->start;
	return read_pages(target, name, section->start, section->end, out, length, fail);
}

void table_loaded_init(const struct module_sections *sections, uint64_t *start, uint64_t *end)
{
	const struct module_section *section = module_sections_find(sections, ".init.text");

	*start = section == NULL ? 0 : section->start;
	*end = section == NULL ? 0 : section->end;
	if (*end - *start > TABLE_SIZE_MAX)
		*end = *start + TABLE_SIZE_MAX;
}
