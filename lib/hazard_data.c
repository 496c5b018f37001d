/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_data: whose a variable is. What owns it goes by its address, whatever name was given. */
#include "lib/hazard_data.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "lib/module_sections.h"

/*
 * Data of the kernel image with owners of their own. Page tables: arch/x86/kernel/head_64.S and
 * head_32.S, arch/x86/include/asm/pgtable_64.h, arch/x86/mm/ioremap.c (bm_pte),
 * arch/x86/kernel/espfix_64.c, arch/x86/realmode/init.c, arch/x86/kernel/tboot.c; 5.10 to 6.12.
 * Interrupts: arch/x86/kernel/idt.c, head_32.S, head_64.S (what 5.13 and before had, too).
 * gdt_page, cpu_tss_rw and the like are per-CPU: hazard_symbol() refuses them.
 */
static const struct named {
	const char *name;
	enum owner_kind kind;
} named[] = {
	{ "init_top_pgt", OWNER_PAGE_TABLE },
	{ "early_top_pgt", OWNER_PAGE_TABLE },
	{ "early_dynamic_pgts", OWNER_PAGE_TABLE },
	{ "level4_kernel_pgt", OWNER_PAGE_TABLE },
	{ "level3_ident_pgt", OWNER_PAGE_TABLE },
	{ "level3_kernel_pgt", OWNER_PAGE_TABLE },
	{ "level2_ident_pgt", OWNER_PAGE_TABLE },
	{ "level2_kernel_pgt", OWNER_PAGE_TABLE },
	{ "level2_fixmap_pgt", OWNER_PAGE_TABLE },
	{ "level1_fixmap_pgt", OWNER_PAGE_TABLE },
	{ "level1_ident_pgt", OWNER_PAGE_TABLE },
	{ "swapper_pg_dir", OWNER_PAGE_TABLE },
	{ "initial_page_table", OWNER_PAGE_TABLE },
	{ "initial_pg_pmd", OWNER_PAGE_TABLE },
	{ "initial_pg_fixmap", OWNER_PAGE_TABLE },
	{ "swapper_pg_fixmap", OWNER_PAGE_TABLE },
	{ "swapper_pg_pmd", OWNER_PAGE_TABLE },
	{ "bm_pte", OWNER_PAGE_TABLE },
	{ "espfix_pud_page", OWNER_PAGE_TABLE },
	{ "trampoline_pgd_entry", OWNER_PAGE_TABLE },
	{ "tboot_pg_dir", OWNER_PAGE_TABLE },
	{ "kasan_early_shadow_p4d", OWNER_PAGE_TABLE },
	{ "kasan_early_shadow_pud", OWNER_PAGE_TABLE },
	{ "kasan_early_shadow_pmd", OWNER_PAGE_TABLE },
	{ "kasan_early_shadow_pte", OWNER_PAGE_TABLE },
	{ "sys_call_table", OWNER_SYSCALL_TABLE },
	{ "ia32_sys_call_table", OWNER_SYSCALL_TABLE },
	{ "x32_sys_call_table", OWNER_SYSCALL_TABLE },
	{ "idt_table", OWNER_INTERRUPT_TABLE },
	{ "idt_descr", OWNER_INTERRUPT_TABLE },
	{ "debug_idt_table", OWNER_INTERRUPT_TABLE },
	{ "debug_idt_descr", OWNER_INTERRUPT_TABLE },
	{ "bringup_idt_table", OWNER_INTERRUPT_TABLE },
	{ "bringup_idt_descr", OWNER_INTERRUPT_TABLE },
	{ "early_gdt_descr", OWNER_INTERRUPT_TABLE },
	{ "early_gdt_descr_base", OWNER_INTERRUPT_TABLE },
	{ "boot_gdt", OWNER_INTERRUPT_TABLE },
	{ "boot_gdt_descr", OWNER_INTERRUPT_TABLE },
};

/* Memory between two symbols that is only read once the kernel has started
 * (include/asm-generic/sections.h). Constants were so before: that they cannot be written by mistake
 * is not what stands against changing them, but that compilers put their value into code. Both are
 * a matter of what the compiler did, which the patch's author can look up and allow. */
static const char constant[] = "a constant (.rodata), whose value the compiler may have put into code";
static const struct range {
	const char *start, *end, *detail;
} ranges[] = {
	{ "__start_ro_after_init", "__end_ro_after_init", NULL },
	{ "__start_rodata", "__end_rodata", constant },
};

/* Adds the part of what lies from `start` to `end` that the variable has. 1: it has some. */
static int add_part(const struct data *data, uint64_t start, uint64_t end, const char *detail,
		    struct owners *out, struct fail *fail)
{
	if (start >= data->end || end <= data->start)
		return 0;
	if (owners_add(out, OWNER_RO_AFTER_INIT, start > data->start ? start : data->start,
		       end < data->end ? end : data->end, detail, NULL, fail) != 0)
		return -1;
	return 1;
}

static int add_ranges(const struct data *data, const struct symtab *symtab, struct owners *out,
		      struct fail *fail)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const struct symbol *start = symtab_in_image(symtab, ranges[i].start);
		const struct symbol *end = symtab_in_image(symtab, ranges[i].end);
		int added = start == NULL || end == NULL ? 0 :
			    add_part(data, start->address, end->address, ranges[i].detail, out,
				     fail);

		if (added != 0)	/* the first range is inside of the second */
			return added < 0 ? -1 : 0;
	}
	return 0;
}

/* By the name of the section that starts at `start`, and of which no other is known. */
static int add_section(const struct data *data, const char *name, uint64_t start, uint64_t end,
		       struct owners *out, struct fail *fail)
{
	bool after_init = strncmp(name, ".data..ro_after_init", 20) == 0;

	if (!after_init && strncmp(name, ".rodata", 7) != 0)
		return 0;
	return add_part(data, start, end, after_init ? NULL : constant, out, fail) < 0 ? -1 : 0;
}

/* A loaded module's: /sys/module tells where its sections start. */
static int add_loaded(const struct data *data, const char *directory, struct owners *out,
		      struct fail *fail)
{
	CLEANUP(module_sections_deinit) struct module_sections sections = { .items = NULL };
	const struct module_section *section;
	struct fail why;

	if (module_sections_read(directory, &sections, &why) != 0)
		return owners_add(out, OWNER_UNKNOWN, data->start, data->end, why.message, NULL,
				  fail);
	section = module_sections_at(&sections, data->start);
	if (section != NULL && strncmp(section->name, ".init", 5) == 0)
		return owners_add(out, OWNER_UNKNOWN, data->start, data->end,
				  "it is start-up data (.init.data), whose memory is given back once "
				  "the module has started", "it cannot be changed; choose other data",
				  fail);
	return section == NULL ? 0 :
	       add_section(data, section->name, section->start, section->end, out, fail);
}

int hazard_data_constant(const struct kernel *kernel, const struct data *data,
			 const char *directory, struct owners *out, struct fail *fail)
{
	const struct elf_section *section;

	if (directory != NULL)
		return add_loaded(data, directory, out, fail);
	section = kernel->image == NULL ? NULL :
		  elf_file_section_at(kernel->image, data->start);
	if (section != NULL && elf_file_relocatable(kernel->image))
		return add_section(data, section->name, section->address,
				   section->address + section->size, out, fail);
	return add_ranges(data, kernel->symtab, out, fail);
}

int hazard_data_named(const struct symtab *symtab, const struct data *data, struct owners *out,
		      struct fail *fail)
{
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		const struct symbol *symbol = symtab_in_image(symtab, named[i].name);
		/* of a linker's marker the size is not known */
		uint64_t size = symbol == NULL || symbol->size == 0 ? 1 : symbol->size;

		if (symbol == NULL || symbol->address >= data->end ||
		    symbol->address + size <= data->start)
			continue;
		if (owners_add(out, named[i].kind, symbol->address, symbol->address + size,
			       symbol->name, NULL, fail) != 0)
			return -1;
	}
	return 0;
}

/* include/linux/static_call_types.h, STATIC_CALL_KEY_PREFIX: one that no table here uses. */
static int add_static_call_key(const struct symbol *symbol, struct owners *out, struct fail *fail)
{
	if (strncmp(symbol->name, "__SCK__", 7) != 0)
		return 0;
	return owners_add(out, OWNER_STATIC_CALL_KEY, symbol->address,
			  symbol->address + (symbol->size == 0 ? 1 : symbol->size), symbol->name,
			  NULL, fail);
}

int hazard_data_keys(const struct table *table, const char *whose, const struct data *data,
		     struct owners *out, struct fail *fail)
{
	const struct table_entry *key;
	uint64_t at = data->start;
	char detail[128];

	(void)snprintf(detail, sizeof(detail), "one that %.64s uses", whose);
	while (at < data->end && (key = table_key(table, at, data->end)) != NULL) {
		if (owners_add(out, key->kind, key->address, key->address + key->length, detail,
			       NULL, fail) != 0)
			return -1;
		at = key->address + key->length;
	}
	return 0;
}

/* Keys that the text of the kernel image or file, or that of a module uses. */
static int add_keys(struct hazard_tables *tables, const struct kernel *kernel, const char *module,
		    const struct data *data, struct owners *out, struct fail *fail)
{
	const struct table *table;
	struct fail why;

	if (hazard_tables_find(tables, kernel, module, &table, &why) != 0) {
		if (why.code != OUTCOME_HAZARD) {
			*fail = why;
			return -1;
		}
		return owners_add(out, OWNER_UNKNOWN, data->start, data->end, why.message, NULL,
				  fail);
	}
	return hazard_data_keys(table, module != NULL ? module : kernel->image != NULL ? "the file" :
				"the kernel", data, out, fail);
}

/* Modules use keys of the kernel image, and of each other. One who uses it is enough. */
static int add_all_keys(struct hazard_tables *tables, const struct kernel *kernel,
			const struct data *data, struct owners *out, struct fail *fail)
{
	if (add_keys(tables, kernel, NULL, data, out, fail) != 0)
		return -1;
	for (size_t i = 0; out->count == 0 && kernel->modules != NULL && i < kernel->modules->count;
	     i++) {
		const struct module *module = &kernel->modules->items[i];

		if (module->live && add_keys(tables, kernel, module->name, data, out, fail) != 0)
			return -1;
	}
	return 0;
}

int hazard_data_owners(struct hazard_tables *tables, const struct kernel *kernel,
		       const struct symbol *symbol, const struct data *data, struct owners *out,
		       struct fail *fail)
{
	const struct symbol *there = symtab_at(kernel->symtab, data->start);
	bool loaded = symbol->module != NULL && kernel->modules != NULL;
	char directory[128];

	if (there == NULL)
		there = symbol;
	if (symbol_is_text(there))
		return owners_add(out, OWNER_UNKNOWN, data->start, data->end,
				  "it is code, and of code only a function's owners are told",
				  "name it as a function", fail);
	if (loaded)
		module_sections_directory(symbol->module, directory);
	if (add_all_keys(tables, kernel, data, out, fail) != 0 ||
	    (out->count == 0 && add_static_call_key(there, out, fail) != 0) ||
	    hazard_data_named(kernel->symtab, data, out, fail) != 0 ||
	    hazard_data_constant(kernel, data, loaded ? directory : NULL, out, fail) != 0)
		return -1;
	owners_sort(out);
	return 0;
}
