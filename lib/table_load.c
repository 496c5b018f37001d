/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table_load: where the tables lie, in the running kernel and in files. */
#include "table.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/table_loaded.h"

static const struct place {
	const char *section, *start, *stop;
	bool needed_once;	/* by the kernel, to rewrite text; it may give it back then */
	bool always;		/* each kernel has it */
} places[] = {
	{ "__jump_table", "__start___jump_table", "__stop___jump_table", .always = false },
	{ ".static_call_sites", "__start_static_call_sites", "__stop_static_call_sites",
	  .always = false },
	{ "__ex_table", "__start___ex_table", "__stop___ex_table", .always = true },
	{ "__bug_table", "__start___bug_table", "__stop___bug_table", .always = false },
	{ ".altinstructions", "__alt_instructions", "__alt_instructions_end", .needed_once = true },
	{ ".parainstructions", "__parainstructions", "__parainstructions_end", .needed_once = true },
	{ ".retpoline_sites", "__retpoline_sites", "__retpoline_sites_end", .needed_once = true },
	{ ".return_sites", "__return_sites", "__return_sites_end", .needed_once = true },
	{ ".call_sites", "__call_sites", "__call_sites_end", .needed_once = true },
	{ ".ibt_endbr_seal", "__ibt_endbr_seal", "__ibt_endbr_seal_end", .needed_once = true },
	{ ".smp_locks", "__smp_locks", "__smp_locks_end", .needed_once = true },
	{ "__mcount_loc", "__start_mcount_loc", "__stop_mcount_loc", .needed_once = true },
	{ "_kprobe_blacklist", "__start_kprobe_blacklist", "__stop_kprobe_blacklist", .needed_once = true },
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

/* From `start` to before `stop` in memory. */
static int load_range(const struct table_text *text, const char *section, uint64_t start,
		      uint64_t stop, struct table *out, struct fail *fail)
{
	CLEANUP_FREE uint8_t *data = NULL;
	size_t size = stop - start;

	if (size == 0)
		return 0;
	data = malloc(size);
	if (data == NULL)
		return fail_memory(fail, "the kernel's tables");
	if (target_read(text->target, start, data, size, section, fail) != 0)
		return unreadable(section, "the kernel", fail);
	return table_parse(text, section, data, size, start, out, fail);
}

/* A table of a vmlinux without symbols. Those that are no sections of their own are not known. */
static int load_linked(const struct table_text *text, const char *name, struct table *out,
		       struct fail *fail)
{
	const struct elf_section *section = elf_file_section(text->image, name);

	if (section == NULL || section->address == 0 || section->size > TABLE_SIZE_MAX)
		return 0;
	return load_range(text, name, section->address, section->address + section->size, out,
			  fail);
}

/* Whether memory was given back when the kernel had started. */
static bool given_back(const struct symtab *symtab, uint64_t address)
{
	const struct symbol *start = symtab_in_image(symtab, "__init_begin");
	const struct symbol *end = symtab_in_image(symtab, "__init_end");

	return start == NULL || end == NULL ||
	       (address >= start->address && address < end->address);
}

/* A table whose symbols are not there: the kernel has none, or kallsyms has only functions. */
static int load_unnamed(const struct table_text *text, const struct place *place,
			struct table *out, struct fail *fail)
{
	if (text->image != NULL)
		return load_linked(text, place->section, out, fail);
	if (!place->always)
		return 0;
	return fail_set(fail, OUTCOME_HAZARD, "the kernel's symbols do not have %s, so what the kernel "
			"owns cannot be found; of a kernel that was built without CONFIG_KALLSYMS_ALL "
			"/proc/kallsyms has functions only: start patcherd with --system-map and the "
			"System.map of this very build (on Debian /usr/lib/debug/boot/System.map-%s, of "
			"the package linux-image-%s-dbg; that in /boot is a stub)", place->start,
			text->target->info.release, text->target->info.release);
}

/* One table of the kernel image, between its symbols. */
static int load_between(const struct table_text *text, const struct symtab *symtab,
			const struct place *place, struct table *out, struct fail *fail)
{
	const struct symbol *start = symtab_in_image(symtab, place->start);
	const struct symbol *stop = symtab_in_image(symtab, place->stop);

	if (start == NULL && stop == NULL)
		return load_unnamed(text, place, out, fail);
	if (start == NULL || stop == NULL || stop->address < start->address ||
	    stop->address - start->address > TABLE_SIZE_MAX ||
	    (text->image == NULL && text->end == 0))
		return fail_set(fail, OUTCOME_HAZARD, "%s: the symbols %s, %s, _stext and _etext do not "
				"say where it lies, so it is not known whether the kernel itself owns "
				"these bytes", place->section, place->start, place->stop);
	if (text->image == NULL && place->needed_once && given_back(symtab, start->address))
		return 0;
	/* A file may be less than a kernel: a few functions' bytes, with the whole System.map. */
	if (text->image != NULL && elf_file_section_at(text->image, start->address) == NULL)
		return 0;
	/*
	 * arch/x86/kernel/alternative.c, alternative_instructions(): .smp_locks, behind the rest of
	 * init memory, is given back where it will not be needed, which is not told: what is there
	 * then is of no known form.
	 */
	if (load_range(text, place->section, start->address, stop->address, out, fail) != 0)
		return text->image == NULL && strcmp(place->section, ".smp_locks") == 0 &&
		       fail->code == OUTCOME_HAZARD ? 0 : -1;
	return 0;
}

/* One table of a file that is not linked. */
static int load_section(const struct table_text *text, const char *name, struct table *out,
			struct fail *fail)
{
	const struct elf_section *section = elf_file_section(text->image, name);
	CLEANUP_FREE uint8_t *data = NULL;

	if (section == NULL || section->size == 0)
		return 0;
	if (section->size > TABLE_SIZE_MAX)
		return fail_set(fail, OUTCOME_HAZARD, "%s: %s cannot be as large as it says (%" PRIu64
				" bytes)", text->target->info.path, name, section->size);
	if (elf_file_relocate(text->image, section, &data, fail) != 0)
		return unreadable(name, text->target->info.path, fail);
	return table_parse(text, name, data, section->size, section->address, out, fail);
}

static int load_loaded(const struct table_text *text, const struct module_sections *sections,
		       const struct module *module, const char *name, struct table *out,
		       struct fail *fail)
{
	CLEANUP_FREE uint8_t *data = NULL;
	uint64_t start = 0;
	size_t length = 0;

	if (table_loaded_read(text->target, sections, name, &data, &start, &length, fail) != 0)
		return unreadable(name, module->name, fail);
	return table_parse(text, name, data, length, start, out, fail);
}

static void text_between(const struct symtab *symtab, const char *start, const char *end,
			 uint64_t *from, uint64_t *to)
{
	const struct symbol *first = symtab_in_image(symtab, start);
	const struct symbol *behind = symtab_in_image(symtab, end);

	if (first == NULL || behind == NULL)
		return;
	*from = first->address;
	*to = behind->address;
}

static void image_text(struct table_text *text)
{
	const struct elf_section *section = elf_file_section(text->image, ".text");

	if (section == NULL || (section->flags & SHF_EXECINSTR) == 0 ||
	    (section->flags & SHF_ALLOC) == 0)
		return;
	text->start = section->address;
	text->end = section->address + section->size;
}

/* Where the text is that the tables name, and of a loaded module its sections, too. */
static int find_text(const struct symtab *symtab, const struct module *module,
		     struct table_text *text, struct module_sections *sections, struct fail *fail)
{
	char directory[128];

	if (text->image != NULL) {
		image_text(text);
		return 0;
	}
	if (module == NULL) {
		text_between(symtab, "_stext", "_etext", &text->start, &text->end);
		text_between(symtab, "__init_begin", "__init_end", &text->init_start,
			     &text->init_end);
		return 0;
	}
	module_sections_directory(module->name, directory);
	if (module_sections_read(directory, sections, fail) != 0)
		return unreadable("what there is of tables", module->name, fail);
	text->start = module->address;
	text->end = module->address + module->size;
	text->module = true;
	table_loaded_init(sections, &text->init_start, &text->init_end);
	return 0;
}

int table_load(struct target *target, const struct symtab *symtab, const struct elf_file *image,
	       const struct module *module, struct table *out, struct fail *fail)
{
	CLEANUP(module_sections_deinit) struct module_sections sections = { .items = NULL };
	struct table_text text = { .target = target, .image = image };
	bool relocatable = image != NULL && elf_file_relocatable(image);
	int result = 0;

	memset(out, 0, sizeof(*out));
	text.module = relocatable;
	if (find_text(symtab, module, &text, &sections, fail) != 0)
		return -1;
	for (size_t i = 0; i < PLACES && result == 0; i++) {
		if (relocatable)
			result = load_section(&text, places[i].section, out, fail);
		else if (module != NULL)
			result = load_loaded(&text, &sections, module, places[i].section, out, fail);
		else
			result = load_between(&text, symtab, &places[i], out, fail);
	}
	if (result == 0)
		result = table_sort(out, fail);
	if (result != 0)
		table_deinit(out);
	return result;
}
