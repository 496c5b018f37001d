/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orc_find: where the states lie, in the running kernel, its modules and in files. */
#include "orc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/module_sections.h"

static const char ips_name[] = ".orc_unwind_ip", entries_name[] = ".orc_unwind";

/* COUNT_MAX: ten times what a large kernel has. A section is aligned by up to PADDING_MAX bytes. */
enum { IP_SIZE = 4, COUNT_MAX = 16 * 1024 * 1024, PADDING_MAX = 64 };

static int unreadable(const char *whose, struct fail *fail)
{
	char why[sizeof(fail->message)];

	if (fail->code == OUTCOME_HAZARD)
		return -1;
	memcpy(why, fail->message, sizeof(why));
	return fail_set(fail, OUTCOME_HAZARD, "%s of %s cannot be read (%.1024s), so it is not known "
			"where the stack's depth changes", entries_name, whose, why);
}

static int count_set(const char *whose, uint64_t ips_size, uint64_t entries_size, size_t *out,
		     struct fail *fail)
{
	*out = (size_t)(ips_size / IP_SIZE);
	if (ips_size % IP_SIZE == 0 && entries_size % ORC_ENTRY_SIZE == 0 &&
	    ips_size / IP_SIZE == entries_size / ORC_ENTRY_SIZE && *out <= COUNT_MAX)
		return 0;
	return fail_set(fail, OUTCOME_HAZARD, "%s and %s of %s do not fit each other (%" PRIu64 " and %"
			PRIu64 " bytes), so it is not known where the stack's depth changes",
			ips_name, entries_name, whose, ips_size, entries_size);
}

/* A linked file's, by its sections: it may have lost its symbols. */
static int find_linked(const struct elf_file *image, const char *path, struct orc *out,
		       struct fail *fail)
{
	const struct elf_section *ips = elf_file_section(image, ips_name);
	const struct elf_section *entries = elf_file_section(image, entries_name);

	if (ips == NULL && entries == NULL)
		return 0;
	out->ips = ips == NULL ? 0 : ips->address;
	out->entries = entries == NULL ? 0 : entries->address;
	return count_set(path, ips == NULL ? 0 : ips->size, entries == NULL ? 0 : entries->size,
			 &out->count, fail);
}

/* The kernel image's, between its symbols. */
static int find_between(const struct symtab *symtab, struct orc *out, struct fail *fail)
{
	static const char *const names[] = {
		"__start_orc_unwind_ip", "__stop_orc_unwind_ip",
		"__start_orc_unwind", "__stop_orc_unwind",
	};
	const struct symbol *symbols[4];
	size_t found = 0;

	for (size_t i = 0; i < 4; i++) {
		symbols[i] = symtab_in_image(symtab, names[i]);
		if (symbols[i] != NULL)
			found++;
	}
	if (found == 0)
		return 0;
	if (found < 4 || symbols[1]->address < symbols[0]->address ||
	    symbols[3]->address < symbols[2]->address)
		return fail_set(fail, OUTCOME_HAZARD, "the symbols %s, %s, %s and %s do not say where %s "
				"lies, so it is not known where the stack's depth changes", names[0],
				names[1], names[2], names[3], entries_name);
	out->ips = symbols[0]->address;
	out->entries = symbols[2]->address;
	return count_set("the kernel", symbols[1]->address - symbols[0]->address,
			 symbols[3]->address - symbols[2]->address, &out->count, fail);
}

/* As orc_sort_cmp() of arch/x86/kernel/unwind_orc.c: of one address, what nothing is known of comes
 * first, so that the other is found. */
static int by_address(const void *left, const void *right)
{
	const struct orc_state *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (int)orc_known(a) - (int)orc_known(b);
}

static int find_relocatable(const struct elf_file *image, const char *path, struct orc *out,
			    struct fail *fail)
{
	const struct elf_section *ips = elf_file_section(image, ips_name);
	const struct elf_section *entries = elf_file_section(image, entries_name);
	CLEANUP_FREE uint8_t *data = NULL;

	if (ips == NULL && entries == NULL)
		return 0;
	if (count_set(path, ips == NULL ? 0 : ips->size, entries == NULL ? 0 : entries->size,
		      &out->count, fail) != 0)
		return -1;
	if (out->count == 0)
		return 0;
	if (elf_file_relocate(image, ips, &data, fail) != 0)
		return unreadable(path, fail);
	if (entries->data == NULL)
		return fail_set(fail, OUTCOME_HAZARD, "%s: section %s has no bytes, so it is not known "
				"where the stack's depth changes", path, entries_name);
	out->file.items = calloc(out->count, sizeof(*out->file.items));
	if (out->file.items == NULL)
		return fail_memory(fail, "the states of the stack");
	out->file.count = out->count;
	for (size_t i = 0; i < out->count; i++) {
		struct orc_state *state = &out->file.items[i];
		int32_t displacement;

		memcpy(&displacement, data + i * IP_SIZE, sizeof(displacement));
		state->address = ips->address + i * IP_SIZE + (uint64_t)(int64_t)displacement;
		memcpy(state->entry, entries->data + i * ORC_ENTRY_SIZE, ORC_ENTRY_SIZE);
	}
	qsort(out->file.items, out->count, sizeof(*out->file.items), by_address);
	return 0;
}

/* Takes from the end what only aligns the next section: a field of 0 would name itself. */
static int trim(struct target *target, struct orc *orc, struct fail *fail)
{
	for (size_t i = 0; i < PADDING_MAX / IP_SIZE && orc->count > 0; i++) {
		int32_t displacement;

		if (target_read(target, orc->ips + (orc->count - 1) * IP_SIZE, &displacement,
				sizeof(displacement), ips_name, fail) != 0)
			return -1;
		if (displacement != 0)
			break;
		orc->count--;
	}
	return 0;
}

static int find_sections(struct target *target, const char *directory,
			 const struct module_sections *sections, struct orc *out, struct fail *fail)
{
	const struct module_section *ips = module_sections_find(sections, ips_name);
	const struct module_section *entries = module_sections_find(sections, entries_name);
	uint64_t count;

	if (ips == NULL && entries == NULL)
		return 0;
	if (ips == NULL || entries == NULL)
		return fail_set(fail, OUTCOME_HAZARD, "%s has only one of %s and %s, so it is not known "
				"where the stack's depth changes", directory, ips_name, entries_name);
	count = (ips->end - ips->start) / IP_SIZE;
	if (count > (entries->end - entries->start) / ORC_ENTRY_SIZE)
		count = (entries->end - entries->start) / ORC_ENTRY_SIZE;
	if (count > COUNT_MAX)
		return fail_set(fail, OUTCOME_HAZARD, "%s: no section follows %s and %s, so it is not "
				"known where they end", directory, ips_name, entries_name);
	out->ips = ips->start;
	out->entries = entries->start;
	out->count = (size_t)count;
	return trim(target, out, fail) == 0 ? 0 : unreadable(directory, fail);
}

int orc_find_loaded(struct target *target, const char *directory, struct orc *out,
		    struct fail *fail)
{
	CLEANUP(module_sections_deinit) struct module_sections sections = { .items = NULL };

	memset(out, 0, sizeof(*out));
	if (module_sections_read(directory, &sections, fail) != 0)
		return unreadable(directory, fail);
	return find_sections(target, directory, &sections, out, fail);
}

/* Whether a linked file has what its symbols name: it may be less than a kernel, a few functions'
 * bytes with the whole System.map. */
static bool has_between(const struct symtab *symtab, const struct elf_file *image)
{
	const struct symbol *start = symtab_in_image(symtab, "__start_orc_unwind");

	return start != NULL && elf_file_section_at(image, start->address) != NULL;
}

int orc_find(struct target *target, const struct symtab *symtab, const struct elf_file *image,
	     const struct module *module, struct orc *out, struct fail *fail)
{
	char directory[128];
	int result;

	memset(out, 0, sizeof(*out));
	if (target->info.architecture != ARCH_X86_64)
		return 0;
	if (image != NULL && elf_file_relocatable(image)) {
		result = find_relocatable(image, target->info.path, out, fail);
	} else if (image == NULL && module != NULL) {
		module_sections_directory(module->name, directory);
		result = orc_find_loaded(target, directory, out, fail);
	} else if (image != NULL && !has_between(symtab, image)) {
		result = find_linked(image, target->info.path, out, fail);
	} else {
		result = find_between(symtab, out, fail);
	}
	if (result != 0)
		orc_deinit(out);
	return result;
}
