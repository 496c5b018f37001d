/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table_load: where the tables lie, in the running kernel, its modules and in files. */
#include "table.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_SIZE_MAX = 16 * 1024 * 1024, PAGE = 4096 };

static const struct place_name {
	const char *section, *start, *stop;
} places[] = {
	{ "__jump_table", "__start___jump_table", "__stop___jump_table" },
	{ ".static_call_sites", "__start_static_call_sites", "__stop_static_call_sites" },
	{ "__ex_table", "__start___ex_table", "__stop___ex_table" },
	{ "__bug_table", "__start___bug_table", "__stop___bug_table" },
};
enum { PLACES = sizeof(places) / sizeof(places[0]) };

static int unreadable(const char *section, const char *whose, struct fail *fail)
{
	char why[sizeof(fail->message)];

	if (fail->code == OUTCOME_HAZARD)
		return -1;
	memcpy(why, fail->message, sizeof(why));
	return fail_set(fail, OUTCOME_HAZARD, "%s of %s cannot be read (%.1024s), so it is not known "
			"whether the kernel itself owns these bytes", section, whose, why);
}

/* One table of the kernel image, between its symbols. */
static int load_between(struct target *target, const struct symtab *symtab,
			const struct place_name *place, struct table *out, struct fail *fail)
{
	const struct symbol *start = symtab_in_image(symtab, place->start);
	const struct symbol *stop = symtab_in_image(symtab, place->stop);
	const struct symbol *text = symtab_in_image(symtab, "_stext");
	const struct symbol *end = symtab_in_image(symtab, "_etext");
	CLEANUP_FREE uint8_t *data = NULL;
	size_t size;

	if (start == NULL && stop == NULL)
		return 0;
	if (start == NULL || stop == NULL || text == NULL || end == NULL ||
	    stop->address < start->address || stop->address - start->address > TABLE_SIZE_MAX)
		return fail_set(fail, OUTCOME_HAZARD, "%s: the symbols %s, %s, _stext and _etext do not "
				"say where it lies, so it is not known whether the kernel itself owns "
				"these bytes", place->section, place->start, place->stop);
	size = stop->address - start->address;
	if (size == 0)
		return 0;
	data = malloc(size);
	if (data == NULL)
		return fail_memory(fail, "the kernel's tables");
	if (target_read(target, start->address, data, size, place->section, fail) != 0)
		return unreadable(place->section, "the kernel", fail);
	return table_parse(target, place->section, data, size, start->address, text->address,
			   end->address, out, fail);
}

/* One table of a file that is not linked; only its executable sections have owners. */
static int load_section(struct target *target, const struct elf_file *image, const char *name,
			struct table *out, struct fail *fail)
{
	const struct elf_section *section = elf_file_section(image, name);
	CLEANUP_FREE uint8_t *data = NULL;
	size_t first = out->count, kept = first;

	if (section == NULL || section->size == 0)
		return 0;
	if (elf_file_relocate(image, section, &data, fail) != 0)
		return unreadable(name, target->info.path, fail);
	if (table_parse(target, name, data, section->size, section->address, 1, UINT64_MAX, out,
			fail) != 0)
		return -1;
	for (size_t i = first; i < out->count; i++) {
		const struct elf_section *text = elf_file_section_at(image, out->entries[i].address);

		if (text != NULL && (text->flags & SHF_EXECINSTR) != 0)
			out->entries[kept++] = out->entries[i];
	}
	out->count = kept;
	return 0;
}

/* "0xffffffffc0412000" of /sys/module/NAME/sections/SECTION; 0: there is none. */
static int section_start(const char *module, const char *section, uint64_t *out,
			 struct fail *fail)
{
	char path[512], text[32] = "", *end;
	CLEANUP_FCLOSE FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "/sys/module/%.64s/sections/%.255s", module, section);
	*out = 0;
	file = fopen(path, "re");
	if (file == NULL && errno == ENOENT)
		return 0;
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

/* Where the section that follows `start` begins; UINT64_MAX: none does. */
static int section_end(const char *module, uint64_t start, uint64_t *out, struct fail *fail)
{
	char path[128];
	struct dirent *item;
	int result = 0;
	DIR *directory;

	(void)snprintf(path, sizeof(path), "/sys/module/%.64s/sections", module);
	*out = UINT64_MAX;
	directory = opendir(path);
	if (directory == NULL)
		return fail_errno(fail, errno, "%s", path);
	while (result == 0 && (item = readdir(directory)) != NULL) {
		uint64_t address;

		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		result = section_start(module, item->d_name, &address, fail);
		if (result == 0 && address > start && address < *out)
			*out = address;
	}
	(void)closedir(directory);	/* only read */
	return result;
}

/* Reads page by page from `start` to `end`, or to the first page but one that is not there. */
static int read_pages(struct target *target, const char *name, uint64_t start, uint64_t end,
		      uint8_t **out, size_t *length, struct fail *fail)
{
	*length = 0;
	while (*length < TABLE_SIZE_MAX && start + *length < end) {
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

static int load_loaded(struct target *target, const struct module *module, const char *name,
		       struct table *out, struct fail *fail)
{
	CLEANUP_FREE uint8_t *data = NULL;
	uint64_t start, end;
	size_t length;

	if (section_start(module->name, name, &start, fail) != 0)
		return unreadable(name, module->name, fail);
	if (start == 0)
		return 0;
	if (section_end(module->name, start, &end, fail) != 0 ||
	    read_pages(target, name, start, end, &data, &length, fail) != 0)
		return unreadable(name, module->name, fail);
	return table_parse(target, name, data, length, start, module->address,
			   module->address + module->size, out, fail);
}

int table_load(struct target *target, const struct symtab *symtab, const struct elf_file *image,
	       const struct module *module, struct table *out, struct fail *fail)
{
	memset(out, 0, sizeof(*out));
	if (target->info.architecture != ARCH_X86_64)
		return 0;
	for (size_t i = 0; i < PLACES; i++) {
		int result;

		if (image != NULL && elf_file_relocatable(image))
			result = load_section(target, image, places[i].section, out, fail);
		else if (module != NULL)
			result = load_loaded(target, module, places[i].section, out, fail);
		else
			result = load_between(target, symtab, &places[i], out, fail);
		if (result != 0) {
			table_deinit(out);
			return -1;
		}
	}
	table_sort(out);
	return 0;
}
