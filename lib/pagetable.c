/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pagetable.h"

#include <inttypes.h>

enum { LEVELS_MAX = 5, TRIES_MAX = 16 };
enum { PRESENT = 1 << 0, LARGE = 1 << 7 };

/* Bits 12 to 51 of an entry; those above are the software's, protection keys and no-execute. */
#define ADDRESS_BITS 0x000ffffffffff000u

struct level {
	const char *name;		/* as the kernel calls it */
	unsigned shift;			/* an entry covers 2^shift bytes */
	unsigned index_bits;
	bool may_be_large;		/* bit 7: the entry maps a page itself */
};

/* The kernel's half starts at `lowest`: of i386, with the lowest PAGE_OFFSET it can be built for
 * (VMSPLIT_1G, arch/x86/Kconfig). */
static const struct {
	uint64_t lowest, highest;
	unsigned entry_size;
	struct level levels[LEVELS_MAX];	/* topmost first, ended by shift 12 */
} forms[] = {
	[PAGETABLE_2_LEVELS] = { 0x40000000, UINT32_MAX, 4, {
		{ "pgd", 22, 10, true }, { "pte", 12, 10, false } } },
	[PAGETABLE_PAE] = { 0x40000000, UINT32_MAX, 8, {
		{ "pgd", 30, 2, false }, { "pmd", 21, 9, true }, { "pte", 12, 9, false } } },
	[PAGETABLE_4_LEVELS] = { 0xffff800000000000, UINT64_MAX, 8, {
		{ "pgd", 39, 9, false }, { "pud", 30, 9, true }, { "pmd", 21, 9, true },
		{ "pte", 12, 9, false } } },
	[PAGETABLE_5_LEVELS] = { 0xff00000000000000, UINT64_MAX, 8, {
		{ "pgd", 48, 9, false }, { "p4d", 39, 9, false }, { "pud", 30, 9, true },
		{ "pmd", 21, 9, true }, { "pte", 12, 9, false } } },
};

/* The halves of a wide entry are read one by one, and the kernel may change it between: the low one
 * is read again until it is the same (as gup_get_pte() does, mm/gup.c). */
static int entry_read(const struct pagetable_memory *memory, uint64_t at, unsigned size,
		      uint64_t *out, struct fail *fail)
{
	uint32_t low, high = 0, again;

	if (memory->word(memory->data, at, &low, fail) != 0)
		return -1;
	for (int tries = 0; size == 8; tries++) {
		if (tries == TRIES_MAX)
			return fail_set(fail, OUTCOME_ERROR, "the page-table entry at physical "
					"0x%" PRIx64 " changes faster than it can be read", at);
		if (memory->word(memory->data, at + 4, &high, fail) != 0 ||
		    memory->word(memory->data, at, &again, fail) != 0)
			return -1;
		if (again == low)
			break;
		low = again;
	}
	*out = (uint64_t)high << 32 | low;
	return 0;
}

/* The physical address in an entry. */
static uint64_t entry_address(const struct pagetable *table, const struct level *level, bool large,
			      uint64_t entry)
{
	uint64_t address = entry & ADDRESS_BITS & ~table->ignore;

	if (!large)
		return address;
	/* PSE-36: a 4 MiB page has its address bits 32 to 39 in bits 13 to 20. */
	if (table->form == PAGETABLE_2_LEVELS)
		address |= (entry >> 13 & 0xff) << 32;
	/* below, bit 12 is the page's PAT bit */
	return address & ~((UINT64_C(1) << level->shift) - 1);
}

int pagetable_walk(const struct pagetable *table, const struct pagetable_memory *memory,
		   uint64_t address, struct page *out, struct fail *fail)
{
	uint64_t at = table->root, entry;
	const struct level *level;
	bool large;

	if (address < forms[table->form].lowest || address > forms[table->form].highest)
		return fail_at(fail, OUTCOME_ERROR, address, "0x%" PRIx64 " is no address in the "
			       "kernel's half of memory", address);
	for (level = forms[table->form].levels;; level++) {
		uint64_t index = address >> level->shift & ((1u << level->index_bits) - 1);

		if (entry_read(memory, at + index * forms[table->form].entry_size,
			       forms[table->form].entry_size, &entry, fail) != 0) {
			fail_append(fail, " (the %s of 0x%" PRIx64 ")", level->name, address);
			return -1;
		}
		if (!(entry & PRESENT))
			return fail_at(fail, OUTCOME_NOT_FOUND, address, "nothing is mapped at "
				       "0x%" PRIx64 ": its %s is not present", address,
				       level->name);
		large = level->may_be_large && (entry & LARGE);
		at = entry_address(table, level, large, entry);
		if (large || level->shift == 12)
			break;
	}
	*out = (struct page){
		.address = address & ~((UINT64_C(1) << level->shift) - 1), .physical = at,
		.size = UINT64_C(1) << level->shift,
	};
	return 0;
}
