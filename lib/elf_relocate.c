/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elf_relocate: a section of a .ko or .o as it would be where elf_file lays it. */
#include "lib/elf_internal.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The types that tables have: psABI of x86-64, table 4.9; of i386, table 2.12. */
static const struct relocation {
	enum architecture architecture;
	unsigned type;
	size_t size;
	bool relative;
} types[] = {
	{ ARCH_X86_64, R_X86_64_64, 8, false },
	{ ARCH_X86_64, R_X86_64_PC64, 8, true },
	{ ARCH_X86_64, R_X86_64_PC32, 4, true },
	{ ARCH_X86_64, R_X86_64_PLT32, 4, true },
	{ ARCH_I386, R_386_32, 4, false },
	{ ARCH_I386, R_386_PC32, 4, true },
	{ ARCH_I386, R_386_PLT32, 4, true },
};

static const struct relocation *type_find(const struct elf_file *elf, unsigned type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].architecture == elf->architecture && types[i].type == type)
			return &types[i];
	}
	return NULL;
}

/* The address of a relocation's symbol; 0: it is undefined. -1: there is no such symbol. */
static int symbol_address(const struct elf_file *elf, Elf_Data *symbols, size_t index,
			  uint64_t *out)
{
	GElf_Sym symbol;

	*out = 0;
	if (symbols == NULL || index > INT_MAX ||
	    gelf_getsym(symbols, (int)index, &symbol) == NULL)
		return -1;
	if (symbol.st_shndx == SHN_UNDEF)
		return 0;
	if (symbol.st_shndx >= SHN_LORESERVE || symbol.st_shndx >= elf->section_count ||
	    (elf->sections[symbol.st_shndx].flags & SHF_ALLOC) == 0)
		return -1;
	*out = elf->sections[symbol.st_shndx].address + symbol.st_value;
	return 0;
}

/* Applies one to `data`, `section`'s bytes; of i386 the addend is there. false: it cannot be. */
static bool relocate(const struct elf_file *elf, const struct elf_section *section,
		     Elf_Data *symbols, const GElf_Rela *rela, uint8_t *data)
{
	const struct relocation *type = type_find(elf, (unsigned)GELF_R_TYPE(rela->r_info));
	uint64_t value, addend = (uint64_t)rela->r_addend;
	int32_t in_place;

	if (GELF_R_TYPE(rela->r_info) == R_X86_64_NONE)	/* and R_386_NONE */
		return true;
	if (type == NULL || !in_range(rela->r_offset, type->size, section->size) ||
	    symbol_address(elf, symbols, GELF_R_SYM(rela->r_info), &value) != 0)
		return false;
	if (value == 0)
		return true;
	if (elf->architecture == ARCH_I386) {
		memcpy(&in_place, data + rela->r_offset, sizeof(in_place));
		addend = (uint64_t)(int64_t)in_place;
	}
	value += addend;
	if (type->relative)
		value -= section->address + rela->r_offset;
	/* addresses of i386 wrap */
	if (type->size == 4 && elf->architecture == ARCH_X86_64 &&
	    (int64_t)value != (int32_t)value)
		return false;
	memcpy(data + rela->r_offset, &value, type->size);
	return true;
}

bool elf_relocation_get(Elf_Data *data, int index, GElf_Rela *out)
{
	GElf_Rel rel;

	if (data->d_type == ELF_T_RELA)
		return gelf_getrela(data, index, out) != NULL;
	if (gelf_getrel(data, index, &rel) == NULL)
		return false;
	*out = (GElf_Rela){ .r_offset = rel.r_offset, .r_info = rel.r_info };
	return true;
}

/* Applies one table of relocations. */
static int relocate_all(const struct elf_file *elf, const struct elf_section *section,
			Elf_Data *data, void *copy, struct fail *fail)
{
	Elf_Data *symbols = elf->symbols_index == 0 ? NULL :
			    elf_getdata(elf_getscn(elf->elf, elf->symbols_index), NULL);
	GElf_Rela rela;

	for (int i = 0; elf_relocation_get(data, i, &rela); i++) {
		if (!relocate(elf, section, symbols, &rela, copy))
			return fail_set(fail, OUTCOME_ERROR, "%s: relocation %d of %s (type %u, offset "
					"0x%" PRIx64 ") cannot be applied", elf->path, i,
					section->name, (unsigned)GELF_R_TYPE(rela.r_info),
					rela.r_offset);
	}
	return 0;
}

/* Calls `each` for the index-th section, if that is a table of relocations: of `section`, or, where that
 * is NULL, of any in memory that has bytes. */
static int each_table(const struct elf_file *elf, size_t index, const struct elf_section *section,
		      int (*each)(const struct elf_file *elf, const struct elf_section *section,
				  Elf_Data *data, void *context, struct fail *fail),
		      void *context, struct fail *fail)
{
	Elf_Type kind = elf->architecture == ARCH_X86_64 ? ELF_T_RELA : ELF_T_REL;
	Elf_Scn *scn = elf_getscn(elf->elf, index);
	const struct elf_section *of;
	GElf_Shdr header;
	Elf_Data *data;

	if (gelf_getshdr(scn, &header) == NULL ||
	    (header.sh_type != SHT_RELA && header.sh_type != SHT_REL) ||
	    header.sh_info >= elf->section_count)
		return 0;
	of = &elf->sections[header.sh_info];
	if (section != NULL ? of != section : (of->flags & SHF_ALLOC) == 0 || of->data == NULL)
		return 0;
	data = elf_getdata(scn, NULL);
	if (data == NULL || data->d_type != kind || header.sh_link != elf->symbols_index)
		return fail_set(fail, OUTCOME_ERROR, "%s: the relocations of %s are damaged",
				elf->path, of->name);
	return each(elf, of, data, context, fail);
}

int elf_each_relocations(const struct elf_file *elf, const struct elf_section *section,
			 int (*each)(const struct elf_file *elf,
				     const struct elf_section *section, Elf_Data *data,
				     void *context, struct fail *fail),
			 void *context, struct fail *fail)
{
	int result = 0;

	for (size_t i = 1; result == 0 && i < elf->section_count; i++)
		result = each_table(elf, i, section, each, context, fail);
	return result;
}

int elf_all_relocations(const struct elf_file *elf,
			int (*each)(const struct elf_file *elf, const struct elf_section *section,
				    Elf_Data *data, void *context, struct fail *fail),
			void *context, struct fail *fail)
{
	int result = 0;

	for (size_t i = 1; result == 0 && i < elf->section_count; i++)
		result = each_table(elf, i, NULL, each, context, fail);
	return result;
}

int elf_file_relocate(const struct elf_file *elf, const struct elf_section *section,
		      uint8_t **out, struct fail *fail)
{
	CLEANUP_FREE uint8_t *copy = NULL;

	if (section->data == NULL)
		return fail_set(fail, OUTCOME_ERROR, "%s: section %s has no bytes that could be "
				"relocated", elf->path, section->name);
	copy = malloc(section->size + 1);
	if (copy == NULL)
		return fail_memory(fail, "a section");
	memcpy(copy, section->data, section->size);
	if (elf_each_relocations(elf, section, relocate_all, copy, fail) != 0)
		return -1;
	*out = copy;
	copy = NULL;
	return 0;
}

/* The size of what a relocation fills in, of any type that code has; 0: not known. */
static size_t field_size(enum architecture architecture, unsigned type)
{
	if (architecture == ARCH_I386)
		return type == R_386_32 || type == R_386_PC32 || type == R_386_PLT32 ||
		       type == R_386_GOT32 || type == R_386_GOT32X || type == R_386_GOTOFF ||
		       type == R_386_GOTPC ? 4 : 0;
	switch (type) {
	case R_X86_64_64: case R_X86_64_PC64:
		return 8;
	case R_X86_64_PC32: case R_X86_64_PLT32: case R_X86_64_32: case R_X86_64_32S:
	case R_X86_64_GOT32: case R_X86_64_GOTPCREL: case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
		return 4;
	default:
		return 0;
	}
}

struct fields {
	int (*each)(uint64_t address, size_t size, void *data, struct fail *fail);
	void *data;
};

static int fields_of(const struct elf_file *elf, const struct elf_section *section,
		     Elf_Data *data, void *context, struct fail *fail)
{
	const struct fields *fields = context;
	GElf_Rela rela;
	int result = 0;

	for (int i = 0; result == 0 && elf_relocation_get(data, i, &rela); i++) {
		unsigned type = (unsigned)GELF_R_TYPE(rela.r_info);
		size_t size = field_size(elf->architecture, type);

		if (type == R_X86_64_NONE)	/* and R_386_NONE */
			continue;
		if (size == 0 || !in_range(rela.r_offset, size, section->size))
			return fail_set(fail, OUTCOME_ERROR, "%s: relocation %d of %s has type %u and "
					"offset 0x%" PRIx64 ", which cannot be", elf->path, i,
					section->name, type, rela.r_offset);
		result = fields->each(section->address + rela.r_offset, size, fields->data, fail);
	}
	return result;
}

int elf_file_relocations(const struct elf_file *elf, const struct elf_section *section,
			 int (*each)(uint64_t address, size_t size, void *data, struct fail *fail),
			 void *data, struct fail *fail)
{
	struct fields fields = { each, data };

	return elf_each_relocations(elf, section, fields_of, &fields, fail);
}
