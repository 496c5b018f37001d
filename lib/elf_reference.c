/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elf_reference: where the code of a .ko or .o leads, by its relocations. */
#include "lib/elf_internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct reference {
	uint64_t address, to;
};

struct elf_references {
	struct reference *items;	/* by address */
	size_t count;
};

/* What the relocation's symbol is at; false: it has no place. */
static bool symbol_place(const struct elf_file *elf, size_t index, uint64_t *out)
{
	Elf_Data *symbols = elf->symbols_index == 0 ? NULL :
			    elf_getdata(elf_getscn(elf->elf, elf->symbols_index), NULL);
	GElf_Sym symbol;

	if (symbols == NULL || index > INT_MAX ||
	    gelf_getsym(symbols, (int)index, &symbol) == NULL)
		return false;
	if (symbol.st_shndx == SHN_UNDEF) {
		*out = undefined_address(index);
		return index != 0;
	}
	if (symbol.st_shndx >= elf->section_count ||
	    (elf->sections[symbol.st_shndx].flags & SHF_ALLOC) == 0)
		return false;
	*out = elf->sections[symbol.st_shndx].address + symbol.st_value;
	return true;
}

/* Whether a branch can have a relocation of that type. */
static bool is_branch_type(unsigned type)
{
	/* of i386 PC32 and PLT32 have the same numbers */
	return type == R_X86_64_PC32 || type == R_X86_64_PLT32;
}

static int add(struct elf_references *references, const struct reference *reference,
	       struct fail *fail)
{
	struct reference *items = references->items;

	/* room is doubled where the count is a power of two */
	if ((references->count & (references->count - 1)) == 0) {
		items = reallocarray(items, references->count == 0 ? 1 : references->count * 2,
				     sizeof(*items));
		if (items == NULL)
			return fail_memory(fail, "the image's relocations");
		references->items = items;
	}
	items[references->count++] = *reference;
	return 0;
}

static int add_all(const struct elf_file *elf, const struct elf_section *section, Elf_Data *data,
		   void *context, struct fail *fail)
{
	GElf_Rela rela;

	if ((section->flags & SHF_EXECINSTR) == 0)
		return 0;
	for (int i = 0; elf_relocation_get(data, i, &rela); i++) {
		struct reference reference = { .address = section->address + rela.r_offset };
		int32_t in_place = (int32_t)rela.r_addend;

		if (!is_branch_type((unsigned)GELF_R_TYPE(rela.r_info)) ||
		    !in_range(rela.r_offset, sizeof(in_place), section->size) ||
		    !symbol_place(elf, GELF_R_SYM(rela.r_info), &reference.to))
			continue;
		if (elf->architecture == ARCH_I386)
			memcpy(&in_place, section->data + rela.r_offset, sizeof(in_place));
		reference.to += (uint64_t)(int64_t)in_place;
		if (add(context, &reference, fail) != 0)
			return -1;
	}
	return 0;
}

static int by_address(const void *left, const void *right)
{
	const struct reference *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

/* Most files have them in order. */
static bool is_sorted(const struct elf_references *references)
{
	for (size_t i = 1; i < references->count; i++) {
		if (references->items[i].address < references->items[i - 1].address)
			return false;
	}
	return true;
}

int elf_references_load(const struct elf_file *elf, struct elf_references **out,
			struct fail *fail)
{
	struct elf_references *references = calloc(1, sizeof(*references));

	*out = NULL;
	if (references == NULL)
		return fail_memory(fail, "the image's relocations");
	if (elf->relocatable && elf_all_relocations(elf, add_all, references, fail) != 0) {
		elf_references_destroy(references);
		return -1;
	}
	if (!is_sorted(references))
		qsort(references->items, references->count, sizeof(*references->items), by_address);
	*out = references;
	return 0;
}

void elf_references_destroy(struct elf_references *references)
{
	if (references == NULL)
		return;
	free(references->items);
	free(references);
}

bool elf_references_find(const struct elf_references *references, uint64_t address, uint64_t *out)
{
	const struct reference key = { .address = address };
	const struct reference *found = references->count == 0 ? NULL :
		bsearch(&key, references->items, references->count, sizeof(key), by_address);

	if (found == NULL)
		return false;
	*out = found->to;
	return true;
}
