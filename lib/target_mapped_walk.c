/* SPDX-License-Identifier: GPL-2.0-or-later */
/* target_mapped_walk: finds the page tables of the running kernel. What is said of them may be
 * wrong or missing, so it is tried out: they are right if they lead from where the kernel's
 * image is to where /proc/iomem has it. */
#include <inttypes.h>
#include <string.h>

#include "lib/target_mapped.h"
#include "symtab.h"
#include "vmcoreinfo.h"

/* Where the direct map starts in a kernel that has it at a fixed place, and so no variable for it:
 * with 4 levels since 4.20 and before (d52888aa2753), with 5 levels the same. A wrong one of them
 * is far beyond what the device takes for RAM. */
static const uint64_t fixed_offsets[] = {
	0xffff888000000000, 0xffff880000000000, 0xff11000000000000, 0xff10000000000000,
};

static int table_word(void *data, uint64_t physical, uint32_t *out, struct fail *fail)
{
	CLEANUP_PAGE page = NULL;
	uint64_t inside = physical % MAPPED_PAGE;

	if (mapped_map(data, physical - inside, false, true, &page, fail) != 0)
		return -1;
	*out = *(const volatile uint32_t *)(const void *)(page + inside);
	return 0;
}

int mapped_walk(struct mapped *mapped, uint64_t address, uint64_t *physical, struct fail *fail)
{
	const struct pagetable_memory memory = { table_word, mapped };
	struct page page;

	if (pagetable_walk(&mapped->pagetable, &memory, address, &page, fail) != 0)
		return -1;
	*physical = page.physical + (address - page.address);
	return 0;
}

static bool leads_to(struct mapped *mapped, uint64_t address, uint64_t wanted)
{
	uint64_t physical;
	struct fail ignored;	/* this guess is wrong; the next one may not be */

	return mapped_walk(mapped, address, &physical, &ignored) == 0 && physical == wanted;
}

/* Whether some form of tables makes sense at this root, with this page_offset. */
static bool try_forms(struct mapped *mapped)
{
	bool wide = mapped->target.info.architecture == ARCH_X86_64;
	const enum pagetable_form forms[] = {
		wide ? PAGETABLE_4_LEVELS : PAGETABLE_2_LEVELS,
		wide ? PAGETABLE_5_LEVELS : PAGETABLE_PAE,
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		mapped->pagetable.form = forms[i];
		if (leads_to(mapped, mapped->text, mapped->iomem.code) &&
		    (!mapped->kind->by_direct_map ||
		     leads_to(mapped, mapped->page_offset + mapped->iomem.code,
			      mapped->iomem.code)))
			return true;
	}
	return false;
}

/* A variable of the image, of the kernel's word size. */
static bool read_variable(struct mapped *mapped, const struct symtab *symtab, const char *name,
			  size_t size, uint64_t *out)
{
	const struct symbol *symbol = symtab_in_image(symtab, name);
	struct fail ignored;	/* as if there were none: it is tried without */

	*out = 0;
	return symbol != NULL && mapped_in_image(mapped, symbol->address, size) &&
	       target_read(&mapped->target, symbol->address, out, size, name, &ignored) == 0;
}

static bool try_offsets(struct mapped *mapped, const struct symtab *symtab)
{
	if (!mapped->kind->by_direct_map)
		return try_forms(mapped);
	if (mapped->target.info.architecture == ARCH_I386) {
		/* the image lies in the direct map (__PAGE_OFFSET, page_32_types.h) */
		mapped->page_offset = mapped->text - mapped->iomem.code;
		return try_forms(mapped);
	}
	if (read_variable(mapped, symtab, "page_offset_base", 8, &mapped->page_offset))
		return try_forms(mapped);
	for (size_t i = 0; i < sizeof(fixed_offsets) / sizeof(*fixed_offsets); i++) {
		mapped->page_offset = fixed_offsets[i];
		if (try_forms(mapped))
			return true;
	}
	return false;
}

/* By the symbols, else by what the kernel has for crash dumps. */
static uint64_t find_root(const struct symtab *symtab, const struct vmcoreinfo *info)
{
	static const char *const names[] = { "init_top_pgt", "init_level4_pgt", "swapper_pg_dir" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct symbol *symbol = symtab_in_image(symtab, names[i]);

		if (symbol != NULL)
			return symbol->address;
	}
	return info->root;
}

void mapped_find_tables(struct mapped *mapped, const struct symtab *symtab)
{
	struct vmcoreinfo info;
	struct fail ignored;	/* what it does not say, the symbols may */
	uint64_t root;

	if (vmcoreinfo_load(mapped->paths->kcore, &info, &ignored) != 0)
		memset(&info, 0, sizeof(info));
	root = find_root(symtab, &info);
	if (!read_variable(mapped, symtab, "sme_me_mask", 8, &mapped->pagetable.ignore))
		mapped->pagetable.ignore = info.sme_mask;
	mapped->pagetable.root = root - mapped->text + mapped->iomem.code;
	if (root != 0 && mapped_in_image(mapped, root, MAPPED_PAGE) &&
	    try_offsets(mapped, symtab)) {
		mapped->walks = true;
		return;
	}
	(void)fail_set(&mapped->no_walk, OUTCOME_NOT_WRITABLE, "where modules lie in physical "
		       "memory cannot be told: the kernel's page tables %s",
		       root == 0 ? "are named neither by its symbols (init_top_pgt, "
		       "swapper_pg_dir: CONFIG_KALLSYMS_ALL) nor in /proc/kcore" :
		       "do not lead from its image to where /proc/iomem has it");
}
