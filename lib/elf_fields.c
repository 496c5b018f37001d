/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf_fields.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/elf_internal.h"

static const struct kind {
	enum architecture architecture;
	unsigned type;
	uint8_t size;
	bool relative;
} kinds[] = {
	{ ARCH_X86_64, R_X86_64_64, 8, false },
	{ ARCH_X86_64, R_X86_64_32, 4, false },
	{ ARCH_X86_64, R_X86_64_32S, 4, false },
	{ ARCH_X86_64, R_X86_64_PC32, 4, true },
	{ ARCH_X86_64, R_X86_64_PLT32, 4, true },
	{ ARCH_X86_64, R_X86_64_PC64, 8, true },
	{ ARCH_I386, R_386_32, 4, false },
	{ ARCH_I386, R_386_PC32, 4, true },
	{ ARCH_I386, R_386_PLT32, 4, true },
};

/* Of a type that is not among them: as much as may be filled in. */
static const struct kind unknown = { .size = 8 };

static const struct kind *kind_find(enum architecture architecture, unsigned type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].architecture == architecture && kinds[i].type == type)
			return &kinds[i];
	}
	return &unknown;
}

/* What the symbol is at, and its name; leaves the field unknown where it has no place. */
static void symbol_take(const struct elf_file *elf, Elf_Data *symbols, size_t names, size_t index,
			struct elf_field *field)
{
	GElf_Sym symbol;

	if (symbols == NULL || index == 0 || index > INT_MAX ||
	    gelf_getsym(symbols, (int)index, &symbol) == NULL)
		return;
	if (symbol.st_shndx == SHN_UNDEF)
		field->to = undefined_address(index);
	else if (symbol.st_shndx < elf->section_count &&
		 (elf->sections[symbol.st_shndx].flags & SHF_ALLOC) != 0)
		field->to = elf->sections[symbol.st_shndx].address + symbol.st_value;
	else
		return;
	field->known = true;
	if (GELF_ST_TYPE(symbol.st_info) != STT_SECTION) {
		field->symbol = elf_strptr(elf->elf, names, symbol.st_name);
		if (field->symbol != NULL && *field->symbol == '\0')
			field->symbol = NULL;
	}
}

static int field_make(const struct elf_file *elf, const struct elf_section *section,
		      const GElf_Rela *rela, struct elf_field *out, struct fail *fail)
{
	unsigned type = (unsigned)GELF_R_TYPE(rela->r_info);
	const struct kind *kind = kind_find(elf->architecture, type);
	uint8_t size = kind->size;
	int32_t in_place;

	if (kind == &unknown && rela->r_offset < section->size &&
	    section->size - rela->r_offset < size)
		size = (uint8_t)(section->size - rela->r_offset);
	if (!in_range(rela->r_offset, size, section->size))
		return fail_set(fail, OUTCOME_ERROR, "%s: a relocation of section %s (type %u, offset "
				"0x%" PRIx64 ") lies outside of it: the file is damaged", elf->path,
				section->name, type, rela->r_offset);
	*out = (struct elf_field){
		.address = section->address + rela->r_offset, .size = size,
		.relative = kind->relative, .section = section, .addend = rela->r_addend,
	};
	if (kind == &unknown)
		return 0;
	if (elf->architecture == ARCH_I386) {
		if (section->data == NULL)
			return 0;
		memcpy(&in_place, section->data + rela->r_offset, sizeof(in_place));
		out->addend = in_place;
	}
	return 1;
}

/* Appends those of one table. */
static int table_add(const struct elf_file *elf, const struct elf_section *section,
		     Elf_Data *data, size_t count, struct elf_fields *fields, struct fail *fail)
{
	Elf_Scn *scn = elf->symbols_index == 0 ? NULL : elf_getscn(elf->elf, elf->symbols_index);
	Elf_Data *symbols = scn == NULL ? NULL : elf_getdata(scn, NULL);
	struct elf_field *items;
	GElf_Shdr header;
	GElf_Rela rela;

	if (scn == NULL || gelf_getshdr(scn, &header) == NULL)
		header.sh_link = 0;
	items = reallocarray(fields->items, fields->count + count + 1, sizeof(*items));
	if (items == NULL)
		return fail_memory(fail, "the file's relocations");
	fields->items = items;
	for (size_t i = 0; i < count && elf_relocation_get(data, (int)i, &rela); i++) {
		struct elf_field *field = &fields->items[fields->count];
		int result;

		if (GELF_R_TYPE(rela.r_info) == R_X86_64_NONE)	/* and R_386_NONE */
			continue;
		result = field_make(elf, section, &rela, field, fail);
		if (result < 0)
			return -1;
		if (result > 0)
			symbol_take(elf, symbols, header.sh_link, GELF_R_SYM(rela.r_info), field);
		field->to += (uint64_t)field->addend;
		fields->count++;
	}
	return 0;
}

static int tables_add(const struct elf_file *elf, struct elf_fields *fields, struct fail *fail)
{
	Elf_Type kind = elf->architecture == ARCH_X86_64 ? ELF_T_RELA : ELF_T_REL;

	for (size_t i = 1; i < elf->section_count; i++) {
		Elf_Scn *scn = elf_getscn(elf->elf, i);
		GElf_Shdr header;
		Elf_Data *data;

		if (gelf_getshdr(scn, &header) == NULL ||
		    (header.sh_type != SHT_RELA && header.sh_type != SHT_REL) ||
		    header.sh_info >= elf->section_count ||
		    (elf->sections[header.sh_info].flags & SHF_ALLOC) == 0)
			continue;
		data = elf_getdata(scn, NULL);
		if (data == NULL || data->d_type != kind || header.sh_entsize == 0 ||
		    header.sh_size / header.sh_entsize > INT_MAX ||
		    header.sh_link != elf->symbols_index)
			return fail_set(fail, OUTCOME_ERROR, "%s: the relocations of section %s are "
					"damaged", elf->path, elf->sections[header.sh_info].name);
		if (table_add(elf, &elf->sections[header.sh_info], data,
			      header.sh_size / header.sh_entsize, fields, fail) != 0)
			return -1;
	}
	return 0;
}

static int by_address(const void *left, const void *right)
{
	const struct elf_field *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static int by_target(const void *left, const void *right)
{
	const struct elf_field *a = *(const struct elf_field *const *)left;
	const struct elf_field *b = *(const struct elf_field *const *)right;

	return a->to < b->to ? -1 : a->to > b->to;
}

int elf_fields_load(const struct elf_file *elf, struct elf_fields *out, struct fail *fail)
{
	*out = (struct elf_fields){ .items = NULL };
	if (elf->relocatable && tables_add(elf, out, fail) != 0) {
		elf_fields_deinit(out);
		return -1;
	}
	if (out->count > 0)
		qsort(out->items, out->count, sizeof(*out->items), by_address);
	out->to = calloc(out->count + 1, sizeof(*out->to));
	if (out->to == NULL) {
		elf_fields_deinit(out);
		return fail_memory(fail, "the file's relocations");
	}
	for (size_t i = 0; i < out->count; i++) {
		if (out->items[i].known)
			out->to[out->to_count++] = &out->items[i];
	}
	if (out->to_count > 0)
		qsort(out->to, out->to_count, sizeof(*out->to), by_target);
	return 0;
}

void elf_fields_deinit(struct elf_fields *fields)
{
	free(fields->items);
	free(fields->to);
	*fields = (struct elf_fields){ .items = NULL };
}

const struct elf_field *elf_field_in(const struct elf_fields *fields, uint64_t address,
				     uint64_t length)
{
	uint64_t from = address < sizeof(uint64_t) ? 0 : address - sizeof(uint64_t);
	size_t low = 0, high = fields->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (fields->items[middle].address < from)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < fields->count && fields->items[low].address < address + length; low++) {
		if (fields->items[low].address + fields->items[low].size > address)
			return &fields->items[low];
	}
	return NULL;
}

size_t elf_field_to(const struct elf_fields *fields, uint64_t address)
{
	size_t low = 0, high = fields->to_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (fields->to[middle]->to < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
