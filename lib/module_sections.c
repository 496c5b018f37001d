/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/module_sections.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTIONS_MAX = 65536 };	/* more than -ffunction-sections makes of any module */

void module_sections_directory(const char *module, char out[128])
{
	(void)snprintf(out, 128, "/sys/module/%.64s/sections", module);
}

/* "0xffffffffc0412000" of DIRECTORY/SECTION */
static int read_start(const char *directory, const char *section, uint64_t *out, struct fail *fail)
{
	char path[512], text[32] = "", *end;
	CLEANUP_FCLOSE FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "%.200s/%.255s", directory, section);
	file = fopen(path, "re");
	if (file == NULL)
		return fail_errno(fail, errno, "%s", path);
	if (fgets(text, sizeof(text), file) == NULL)
		return fail_set(fail, OUTCOME_ERROR, "%s: empty", path);
	errno = 0;
	*out = strtoull(text, &end, 16);
	if (errno != 0 || end == text || *end != '\n' || *out == 0)
		return fail_set(fail, OUTCOME_ERROR, "%s: no address; patcherd needs CAP_SYSLOG", path);
	return 0;
}

static int add(const char *directory, const char *name, struct module_sections *out,
	       struct fail *fail)
{
	bool grow = (out->count & (out->count - 1)) == 0;	/* at 0, 1, 2, 4, … */
	struct module_section *item;

	if (out->count >= SECTIONS_MAX)
		return fail_set(fail, OUTCOME_ERROR, "%s: over %d sections", directory, SECTIONS_MAX);
	if (grow) {
		struct module_section *items = reallocarray(out->items, out->count == 0 ? 1 :
							    out->count * 2, sizeof(*items));

		if (items == NULL)
			return fail_memory(fail, "a module's sections");
		out->items = items;
	}
	item = &out->items[out->count];
	(void)snprintf(item->name, sizeof(item->name), "%.63s", name);
	if (read_start(directory, name, &item->start, fail) != 0)
		return -1;
	out->count++;
	return 0;
}

static int by_start(const void *left, const void *right)
{
	const struct module_section *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* An empty section starts where the next one does. */
static void set_ends(struct module_sections *sections)
{
	uint64_t end = UINT64_MAX;

	for (size_t i = sections->count; i-- > 0;) {
		struct module_section *item = &sections->items[i];

		if (i + 1 < sections->count && item->start != item[1].start)
			end = item[1].start;
		item->end = end;
	}
}

int module_sections_read(const char *path, struct module_sections *out, struct fail *fail)
{
	DIR *directory = opendir(path);
	struct dirent *item;
	int result = 0;

	memset(out, 0, sizeof(*out));
	if (directory == NULL)
		return fail_errno(fail, errno, "%s", path);
	while (result == 0 && (item = readdir(directory)) != NULL) {
		if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
			result = add(path, item->d_name, out, fail);
	}
	(void)closedir(directory);	/* only read */
	if (result != 0) {
		module_sections_deinit(out);
		return -1;
	}
	if (out->count > 1)
		qsort(out->items, out->count, sizeof(*out->items), by_start);
	set_ends(out);
	return 0;
}

void module_sections_deinit(struct module_sections *sections)
{
	free(sections->items);
	memset(sections, 0, sizeof(*sections));
}

const struct module_section *module_sections_find(const struct module_sections *sections,
						  const char *name)
{
	for (size_t i = 0; i < sections->count; i++) {
		if (strcmp(sections->items[i].name, name) == 0)
			return &sections->items[i];
	}
	return NULL;
}

const struct module_section *module_sections_at(const struct module_sections *sections,
						uint64_t address)
{
	const struct module_section *found = NULL;

	for (size_t i = 0; i < sections->count && sections->items[i].start <= address; i++)
		found = &sections->items[i];
	return found;
}
