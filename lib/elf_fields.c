/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf_fields.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/elf_internal.h"
#include "lib/insn_layout.h"

/* The largest module of a distribution has a million. */
#define FIELDS_MAX ((size_t)1 << 23)

/* psABI of x86-64, table 4.9; of i386, table 2.12. Those of thread-local data are in no kernel, and
 * a program's are opaque. */
static const struct {
	enum architecture architecture;
	unsigned type;
	uint8_t size, class;
	bool direct;			/* to the symbol itself, by no table of addresses */
} types[] = {
	{ ARCH_X86_64, R_X86_64_64, 8, FIELD_ABSOLUTE, true },
	{ ARCH_X86_64, R_X86_64_PC32, 4, FIELD_RELATIVE, true },
	{ ARCH_X86_64, R_X86_64_GOT32, 4, FIELD_OPAQUE, false },
	{ ARCH_X86_64, R_X86_64_PLT32, 4, FIELD_RELATIVE, true },
	{ ARCH_X86_64, R_X86_64_GOTPCREL, 4, FIELD_RELATIVE, false },
	{ ARCH_X86_64, R_X86_64_32, 4, FIELD_ABSOLUTE, true },
	{ ARCH_X86_64, R_X86_64_32S, 4, FIELD_ABSOLUTE, true },
	{ ARCH_X86_64, R_X86_64_16, 2, FIELD_ABSOLUTE, true },
	{ ARCH_X86_64, R_X86_64_PC16, 2, FIELD_RELATIVE, true },
	{ ARCH_X86_64, R_X86_64_8, 1, FIELD_ABSOLUTE, true },
	{ ARCH_X86_64, R_X86_64_PC8, 1, FIELD_RELATIVE, true },
	{ ARCH_X86_64, R_X86_64_TLSGD, 4, FIELD_OPAQUE, false },
	{ ARCH_X86_64, R_X86_64_TLSLD, 4, FIELD_OPAQUE, false },
	{ ARCH_X86_64, R_X86_64_DTPOFF32, 4, FIELD_OPAQUE, false },
	{ ARCH_X86_64, R_X86_64_GOTTPOFF, 4, FIELD_OPAQUE, false },
	{ ARCH_X86_64, R_X86_64_TPOFF32, 4, FIELD_OPAQUE, false },
	{ ARCH_X86_64, R_X86_64_PC64, 8, FIELD_RELATIVE, true },
	{ ARCH_X86_64, R_X86_64_GOTOFF64, 8, FIELD_OPAQUE, false },
	{ ARCH_X86_64, R_X86_64_GOTPC32, 4, FIELD_RELATIVE, false },
	{ ARCH_X86_64, R_X86_64_GOTPCRELX, 4, FIELD_RELATIVE, false },
	{ ARCH_X86_64, R_X86_64_REX_GOTPCRELX, 4, FIELD_RELATIVE, false },
	{ ARCH_I386, R_386_32, 4, FIELD_ABSOLUTE, true },
	{ ARCH_I386, R_386_PC32, 4, FIELD_RELATIVE, true },
	{ ARCH_I386, R_386_GOT32, 4, FIELD_OPAQUE, false },
	{ ARCH_I386, R_386_PLT32, 4, FIELD_RELATIVE, true },
	{ ARCH_I386, R_386_GOTOFF, 4, FIELD_ABSOLUTE, false },
	{ ARCH_I386, R_386_GOTPC, 4, FIELD_OPAQUE, false },
	{ ARCH_I386, R_386_GOT32X, 4, FIELD_OPAQUE, false },
	{ ARCH_I386, R_386_16, 2, FIELD_ABSOLUTE, true },
	{ ARCH_I386, R_386_PC16, 2, FIELD_RELATIVE, true },
	{ ARCH_I386, R_386_8, 1, FIELD_ABSOLUTE, true },
	{ ARCH_I386, R_386_PC8, 1, FIELD_RELATIVE, true },
	{ ARCH_I386, R_386_TLS_GD, 4, FIELD_OPAQUE, false },
	{ ARCH_I386, R_386_TLS_LE, 4, FIELD_OPAQUE, false },
	{ ARCH_I386, R_386_TLS_IE, 4, FIELD_OPAQUE, false },
	{ ARCH_I386, R_386_TLS_GOTIE, 4, FIELD_OPAQUE, false },
};

/* What reading a table of relocations needs. */
struct reader {
	struct elf_fields *fields;
	Elf_Data *symbols;
	const struct elf_section *names;
	size_t room;
};

static bool type_find(enum architecture architecture, unsigned type, struct elf_field *out)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].architecture == architecture && types[i].type == type) {
			out->type = (uint8_t)type;
			out->size = types[i].size;
			out->class = types[i].class;
			out->known = types[i].direct;
			return true;
		}
	}
	return false;
}

/* A symbol that no section of the file has. */
static void symbol_elsewhere(const GElf_Sym *symbol, size_t index, struct elf_field *out)
{
	if (out->symbol == NULL)
		out->symbol = "";
	if (symbol->st_shndx == SHN_ABS)
		out->addend += (int64_t)symbol->st_value;
	if (symbol->st_shndx == SHN_UNDEF && index != 0)
		out->base = undefined_address(index);
	else
		out->known = false;
}

/* The symbol of a relocation; false: there is no such symbol. */
static bool symbol_read(const struct elf_file *elf, const struct reader *reader, size_t index,
			struct elf_field *out)
{
	const struct elf_section *names = reader->names;
	GElf_Sym symbol;

	if (reader->symbols == NULL || index > INT_MAX ||
	    gelf_getsym(reader->symbols, (int)index, &symbol) == NULL)
		return false;
	if (GELF_ST_TYPE(symbol.st_info) != STT_SECTION) {
		if (names->data == NULL || symbol.st_name >= names->size ||
		    memchr(names->data + symbol.st_name, '\0', names->size - symbol.st_name) == NULL)
			return false;
		out->symbol = (const char *)names->data + symbol.st_name;
	}
	if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_COMMON ||
	    symbol.st_shndx == SHN_ABS || GELF_ST_TYPE(symbol.st_info) == STT_TLS) {
		symbol_elsewhere(&symbol, index, out);
		return true;
	}
	if (symbol.st_shndx >= elf->section_count ||
	    symbol.st_value > elf->sections[symbol.st_shndx].size)
		return false;
	/* of a section that is not in memory nothing but its name is known */
	if ((elf->sections[symbol.st_shndx].flags & SHF_ALLOC) == 0) {
		out->symbol = elf->sections[symbol.st_shndx].name;
		out->known = false;
		return true;
	}
	out->defined = true;
	out->base = elf->sections[symbol.st_shndx].address + symbol.st_value;
	return true;
}

static int field_add(struct reader *reader, const struct elf_field *field, const char *path,
		     struct fail *fail)
{
	struct elf_fields *fields = reader->fields;

	if (fields->count == reader->room) {
		struct elf_field *items;

		if (reader->room >= FIELDS_MAX)
			return fail_set(fail, OUTCOME_ERROR, "%s: more than %zu relocations: no object "
					"file of a kernel has so many", path, FIELDS_MAX);
		reader->room = reader->room == 0 ? 256 : reader->room * 2;
		items = reallocarray(fields->items, reader->room, sizeof(*items));
		if (items == NULL)
			return fail_memory(fail, "relocations");
		fields->items = items;
	}
	fields->items[fields->count++] = *field;
	return 0;
}

static int fields_read(const struct elf_file *elf, const struct elf_section *section,
		       Elf_Data *data, void *context, struct fail *fail)
{
	struct reader *reader = context;
	GElf_Rela rela;

	for (int i = 0; elf_relocation_get(data, i, &rela); i++) {
		struct elf_field field = { .section = section, .addend = rela.r_addend,
					   .address = section->address + rela.r_offset };
		unsigned type = (unsigned)GELF_R_TYPE(rela.r_info);

		if (type == R_X86_64_NONE)	/* and R_386_NONE */
			continue;
		if (!type_find(elf->architecture, type, &field))
			return fail_set(fail, OUTCOME_ERROR, "%s: relocation %d of %s has type %u, which "
					"code of the kernel does not have", elf->path, i, section->name,
					type);
		if (!in_range(rela.r_offset, field.size, section->size))
			return fail_set(fail, OUTCOME_ERROR, "%s: relocation %d of %s lies outside of it "
					"(offset 0x%" PRIx64 ", the section has 0x%" PRIx64 " bytes): the "
					"file is damaged", elf->path, i, section->name, rela.r_offset,
					section->size);
		if (!symbol_read(elf, reader, GELF_R_SYM(rela.r_info), &field))
			return fail_set(fail, OUTCOME_ERROR, "%s: relocation %d of %s (offset 0x%" PRIx64
					") has symbol %zu, which is none, or lies outside its section: the "
					"file is damaged", elf->path, i, section->name, rela.r_offset,
					(size_t)GELF_R_SYM(rela.r_info));
		/* the addend of i386 is in the field */
		if (elf->architecture == ARCH_I386)
			field.addend += insn_number(section->data + rela.r_offset, field.size);
		if (field_add(reader, &field, elf->path, fail) != 0)
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
	const uint64_t a = elf_field_leads(*(const struct elf_field *const *)left);
	const uint64_t b = elf_field_leads(*(const struct elf_field *const *)right);

	return a < b ? -1 : a > b;
}

/* Most files have them in order. */
static int fields_sort(const struct elf_file *elf, struct elf_fields *fields, struct fail *fail)
{
	bool sorted = true;

	for (size_t i = 1; i < fields->count && sorted; i++)
		sorted = fields->items[i - 1].address <= fields->items[i].address;
	if (!sorted)
		qsort(fields->items, fields->count, sizeof(*fields->items), by_address);
	for (size_t i = 1; i < fields->count; i++) {
		const struct elf_field *before = &fields->items[i - 1], *field = &fields->items[i];

		if (field->address - before->address < before->size)
			return fail_set(fail, OUTCOME_ERROR, "%s: two relocations of %s are for the same "
					"bytes (offset 0x%" PRIx64 "): the file is damaged", elf->path,
					before->section->name,
					field->address - before->section->address);
	}
	return 0;
}

int elf_fields_load(const struct elf_file *elf, struct elf_fields *out, struct fail *fail)
{
	Elf_Scn *table = elf->symbols_index == 0 ? NULL : elf_getscn(elf->elf, elf->symbols_index);
	struct reader reader = { .fields = out };
	GElf_Shdr header;

	*out = (struct elf_fields){ .items = NULL };
	if (table == NULL || gelf_getshdr(table, &header) == NULL ||
	    header.sh_link >= elf->section_count)
		return fail_set(fail, OUTCOME_ERROR, "%s: the table of symbols is damaged", elf->path);
	reader.symbols = elf_getdata(table, NULL);
	reader.names = &elf->sections[header.sh_link];
	if (elf_all_relocations(elf, fields_read, &reader, fail) != 0 ||
	    fields_sort(elf, out, fail) != 0) {
		elf_fields_deinit(out);
		return -1;
	}
	return 0;
}

int elf_fields_turn(struct elf_fields *fields, struct fail *fail)
{
	free(fields->to);
	fields->to_count = 0;
	fields->to = calloc(fields->count + 1, sizeof(const struct elf_field *));
	if (fields->to == NULL)
		return fail_memory(fail, "relocations");
	for (size_t i = 0; i < fields->count; i++) {
		if (fields->items[i].known)
			fields->to[fields->to_count++] = &fields->items[i];
	}
	qsort(fields->to, fields->to_count, sizeof(const struct elf_field *), by_target);
	return 0;
}

void elf_fields_deinit(struct elf_fields *fields)
{
	free(fields->items);
	free(fields->to);
	*fields = (struct elf_fields){ .items = NULL };
}

size_t elf_field_from(const struct elf_fields *fields, uint64_t address)
{
	size_t low = 0, high = fields->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (fields->items[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct elf_field *elf_field_in(const struct elf_fields *fields, uint64_t address,
				     uint64_t length)
{
	size_t i = elf_field_from(fields, address < sizeof(uint64_t) ? 0 : address - sizeof(uint64_t));

	for (; i < fields->count && fields->items[i].address < address + length; i++) {
		if (fields->items[i].address + fields->items[i].size > address)
			return &fields->items[i];
	}
	return NULL;
}

size_t elf_field_to(const struct elf_fields *fields, uint64_t address)
{
	size_t low = 0, high = fields->to_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (elf_field_leads(fields->to[middle]) < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
