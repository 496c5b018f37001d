/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference_file: the functions and relocations of one object file, in order. */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/difference_internal.h"
#include "lib/elf_internal.h"

/* The largest module of a distribution has a million. */
#define RELOCATIONS_MAX ((size_t)1 << 23)

/* psABI of x86-64, table 4.9; of i386, table 2.12. Those of thread-local data are in no kernel, and a
 * program's are compared by symbol. */
static const struct {
	enum architecture architecture;
	unsigned type;
	uint8_t size, class;
} types[] = {
	{ ARCH_X86_64, R_X86_64_64, 8, RELOCATION_ABSOLUTE },
	{ ARCH_X86_64, R_X86_64_PC32, 4, RELOCATION_RELATIVE },
	{ ARCH_X86_64, R_X86_64_GOT32, 4, RELOCATION_OPAQUE },
	{ ARCH_X86_64, R_X86_64_PLT32, 4, RELOCATION_RELATIVE },
	{ ARCH_X86_64, R_X86_64_GOTPCREL, 4, RELOCATION_RELATIVE },
	{ ARCH_X86_64, R_X86_64_32, 4, RELOCATION_ABSOLUTE },
	{ ARCH_X86_64, R_X86_64_32S, 4, RELOCATION_ABSOLUTE },
	{ ARCH_X86_64, R_X86_64_16, 2, RELOCATION_ABSOLUTE },
	{ ARCH_X86_64, R_X86_64_PC16, 2, RELOCATION_RELATIVE },
	{ ARCH_X86_64, R_X86_64_8, 1, RELOCATION_ABSOLUTE },
	{ ARCH_X86_64, R_X86_64_PC8, 1, RELOCATION_RELATIVE },
	{ ARCH_X86_64, R_X86_64_TLSGD, 4, RELOCATION_OPAQUE },
	{ ARCH_X86_64, R_X86_64_TLSLD, 4, RELOCATION_OPAQUE },
	{ ARCH_X86_64, R_X86_64_DTPOFF32, 4, RELOCATION_OPAQUE },
	{ ARCH_X86_64, R_X86_64_GOTTPOFF, 4, RELOCATION_OPAQUE },
	{ ARCH_X86_64, R_X86_64_TPOFF32, 4, RELOCATION_OPAQUE },
	{ ARCH_X86_64, R_X86_64_PC64, 8, RELOCATION_RELATIVE },
	{ ARCH_X86_64, R_X86_64_GOTOFF64, 8, RELOCATION_OPAQUE },
	{ ARCH_X86_64, R_X86_64_GOTPC32, 4, RELOCATION_RELATIVE },
	{ ARCH_X86_64, R_X86_64_GOTPCRELX, 4, RELOCATION_RELATIVE },
	{ ARCH_X86_64, R_X86_64_REX_GOTPCRELX, 4, RELOCATION_RELATIVE },
	{ ARCH_I386, R_386_32, 4, RELOCATION_ABSOLUTE },
	{ ARCH_I386, R_386_PC32, 4, RELOCATION_RELATIVE },
	{ ARCH_I386, R_386_GOT32, 4, RELOCATION_OPAQUE },
	{ ARCH_I386, R_386_PLT32, 4, RELOCATION_RELATIVE },
	{ ARCH_I386, R_386_GOTOFF, 4, RELOCATION_ABSOLUTE },
	{ ARCH_I386, R_386_GOTPC, 4, RELOCATION_OPAQUE },
	{ ARCH_I386, R_386_GOT32X, 4, RELOCATION_OPAQUE },
	{ ARCH_I386, R_386_16, 2, RELOCATION_ABSOLUTE },
	{ ARCH_I386, R_386_PC16, 2, RELOCATION_RELATIVE },
	{ ARCH_I386, R_386_8, 1, RELOCATION_ABSOLUTE },
	{ ARCH_I386, R_386_PC8, 1, RELOCATION_RELATIVE },
	{ ARCH_I386, R_386_TLS_GD, 4, RELOCATION_OPAQUE },
	{ ARCH_I386, R_386_TLS_LE, 4, RELOCATION_OPAQUE },
	{ ARCH_I386, R_386_TLS_IE, 4, RELOCATION_OPAQUE },
	{ ARCH_I386, R_386_TLS_GOTIE, 4, RELOCATION_OPAQUE },
};

/* What reading a table of relocations needs. */
struct reader {
	struct side *side;
	Elf_Data *symbols;
	const struct elf_section *names;
	size_t room;
};

static bool type_find(enum architecture architecture, unsigned type, struct relocation *out)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].architecture == architecture && types[i].type == type) {
			out->type = (uint8_t)type;
			out->size = types[i].size;
			out->class = types[i].class;
			return true;
		}
	}
	return false;
}

/* The symbol of a relocation; false: there is no such symbol. */
static bool symbol_read(const struct elf_file *elf, const struct reader *reader, size_t index,
			struct relocation *out)
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
		out->name = (const char *)names->data + symbol.st_name;
	}
	if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_COMMON ||
	    symbol.st_shndx == SHN_ABS || GELF_ST_TYPE(symbol.st_info) == STT_TLS) {
		if (out->name == NULL)
			out->name = "";
		if (symbol.st_shndx == SHN_ABS)
			out->addend += (int64_t)symbol.st_value;
		return true;
	}
	if (symbol.st_shndx >= elf->section_count ||
	    symbol.st_value > elf->sections[symbol.st_shndx].size)
		return false;
	/* of a section that is not in memory nothing but its name is known */
	if ((elf->sections[symbol.st_shndx].flags & SHF_ALLOC) == 0) {
		out->name = elf->sections[symbol.st_shndx].name;
		return true;
	}
	out->defined = true;
	out->base = elf->sections[symbol.st_shndx].address + symbol.st_value;
	return true;
}

/* The addend of i386 is in the field. */
static void addend_read(const struct elf_section *section, uint64_t offset,
			struct relocation *relocation)
{
	if (section->data != NULL)
		relocation->addend += insn_number(section->data + offset, relocation->size);
}

static int relocations_room(struct reader *reader, const char *path, struct fail *fail)
{
	struct side *side = reader->side;
	struct relocation *items;

	if (side->relocation_count < reader->room)
		return 0;
	if (reader->room >= RELOCATIONS_MAX)
		return fail_set(fail, OUTCOME_ERROR, "%s: more than %zu relocations: no object file of "
				"a kernel has so many", path, RELOCATIONS_MAX);
	reader->room = reader->room == 0 ? 256 : reader->room * 2;
	items = reallocarray(side->relocations, reader->room, sizeof(*items));
	if (items == NULL)
		return fail_memory(fail, "relocations");
	side->relocations = items;
	return 0;
}

static int relocations_read(const struct elf_file *elf, const struct elf_section *section,
			    Elf_Data *data, void *context, struct fail *fail)
{
	struct reader *reader = context;
	GElf_Rela rela;

	for (int i = 0; elf_relocation_get(data, i, &rela); i++) {
		struct relocation relocation = { .addend = rela.r_addend };
		unsigned type = (unsigned)GELF_R_TYPE(rela.r_info);

		if (type == R_X86_64_NONE)	/* and R_386_NONE */
			continue;
		if (!type_find(elf->architecture, type, &relocation))
			return fail_set(fail, OUTCOME_ERROR, "%s: relocation %d of %s has type %u, which "
					"code of the kernel does not have", elf->path, i, section->name,
					type);
		if (!in_range(rela.r_offset, relocation.size, section->size))
			return fail_set(fail, OUTCOME_ERROR, "%s: relocation %d of %s lies outside of it "
					"(offset 0x%" PRIx64 ", the section has 0x%" PRIx64 " bytes): the "
					"file is damaged", elf->path, i, section->name, rela.r_offset,
					section->size);
		if (!symbol_read(elf, reader, GELF_R_SYM(rela.r_info), &relocation))
			return fail_set(fail, OUTCOME_ERROR, "%s: relocation %d of %s (offset 0x%" PRIx64
					") has symbol %zu, which is none, or lies outside its section: the "
					"file is damaged", elf->path, i, section->name, rela.r_offset,
					(size_t)GELF_R_SYM(rela.r_info));
		relocation.address = section->address + rela.r_offset;
		if (elf->architecture == ARCH_I386)
			addend_read(section, rela.r_offset, &relocation);
		if (relocations_room(reader, elf->path, fail) != 0)
			return -1;
		reader->side->relocations[reader->side->relocation_count++] = relocation;
	}
	return 0;
}

static int by_address(const void *left, const void *right)
{
	const struct relocation *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static int by_number(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static int relocations_load(struct side *side, struct fail *fail)
{
	const struct elf_file *elf = side->object->elf;
	Elf_Scn *table = elf->symbols_index == 0 ? NULL : elf_getscn(elf->elf, elf->symbols_index);
	struct reader reader = { .side = side };
	bool sorted = true;
	GElf_Shdr header;

	if (table == NULL || gelf_getshdr(table, &header) == NULL ||
	    header.sh_link >= elf->section_count)
		return fail_set(fail, OUTCOME_ERROR, "%s: the table of symbols is damaged", elf->path);
	reader.symbols = elf_getdata(table, NULL);
	reader.names = &elf->sections[header.sh_link];
	if (elf_all_relocations(elf, relocations_read, &reader, fail) != 0)
		return -1;
	for (size_t i = 1; i < side->relocation_count && sorted; i++)
		sorted = side->relocations[i - 1].address <= side->relocations[i].address;
	if (!sorted)
		qsort(side->relocations, side->relocation_count, sizeof(*side->relocations),
		      by_address);
	for (size_t i = 1; i < side->relocation_count; i++) {
		const struct relocation *before = &side->relocations[i - 1];

		if (side->relocations[i].address - before->address < before->size)
			return fail_set(fail, OUTCOME_ERROR, "%s: two relocations of %s are for the same "
					"bytes (offset 0x%" PRIx64 "): the file is damaged", elf->path,
					elf_file_section_at(elf, before->address)->name,
					side->relocations[i].address -
					elf_file_section_at(elf, before->address)->address);
	}
	return 0;
}

/* Tables of the kernel and of unwinders name any instruction; these are no ways into a function. */
static bool is_mark(const struct side *side, const struct relocation *relocation)
{
	const struct elf_file *elf = side->object->elf;
	const struct elf_section *from = elf_file_section_at(elf, relocation->address);
	const struct elf_section *to = elf_file_section_at(elf, relocation->base);

	if (!relocation->defined)
		return false;
	if (to != NULL && strncmp(to->name, ".altinstr", 9) == 0)
		return true;
	return (from->flags & SHF_EXECINSTR) != 0 || to == NULL || (to->flags & SHF_EXECINSTR) == 0 ||
	       strncmp(from->name, ".rodata", 7) == 0 || strncmp(from->name, ".data", 5) == 0;
}

/* An instruction's end is not known here; a mark that is too early does no harm. */
static int marks_load(struct side *side, struct fail *fail)
{
	side->marks = calloc(side->relocation_count + 1, sizeof(*side->marks));
	if (side->marks == NULL)
		return fail_memory(fail, "relocations");
	for (size_t i = 0; i < side->relocation_count; i++) {
		const struct relocation *relocation = &side->relocations[i];

		if (is_mark(side, relocation))
			side->marks[side->mark_count++] = relocation->base +
				(uint64_t)relocation->addend +
				(relocation->class == RELOCATION_RELATIVE ? relocation->size : 0);
	}
	qsort(side->marks, side->mark_count, sizeof(*side->marks), by_number);
	return 0;
}

size_t side_symbol_index(const struct side *side, const struct symbol *symbol)
{
	return (size_t)(symbol - symtab_item(side->object->symtab, 0));
}

/* Global names before local ones, as symtab_at() has it. */
static int functions_load(struct side *side, struct fail *fail)
{
	const struct symtab *symtab = side->object->symtab;
	uint64_t end = 0;

	side->functions = calloc(symtab_count(symtab) + 1, sizeof(*side->functions));
	if (side->functions == NULL)
		return fail_memory(fail, "functions");
	for (size_t i = 0; i < symtab_count(symtab); i++) {
		const struct symbol *symbol = symtab_item(symtab, i);
		const struct elf_section *section;

		if (!symbol_is_text(symbol) || symbol->size == 0 || symbol->address < end)
			continue;
		section = elf_file_section_at(side->object->elf, symbol->address);
		if (section == NULL || (section->flags & SHF_EXECINSTR) == 0 || section->data == NULL)
			continue;
		symbol = symtab_at(symtab, symbol->address);
		if (symbol == NULL || !symbol_is_text(symbol) || symbol->address < end)
			symbol = symtab_item(symtab, i);
		side->functions[side->function_count++] = symbol;
		end = symbol->address + symbol->size;
	}
	return 0;
}

int side_load(const struct object *object, struct side *out, struct fail *fail)
{
	memset(out, 0, sizeof(*out));
	out->object = object;
	if (!elf_file_relocatable(object->elf))
		return fail_set(fail, OUTCOME_ERROR, "%s: not an object file but a linked one, whose "
				"relocations are gone; give a .o or a .ko", object->path);
	if (relocations_load(out, fail) != 0 || marks_load(out, fail) != 0 ||
	    functions_load(out, fail) != 0 || side_load_tables(out, fail) != 0) {
		side_deinit(out);
		return -1;
	}
	return 0;
}

void side_deinit(struct side *side)
{
	free(side->relocations);
	free(side->marks);
	free(side->functions);
	free(side->function_pairs);
	free(side->roots);
	free(side->root_text);
	free(side->symbol_pairs);
	free(side->twins);
	free(side->entries);
	memset(side, 0, sizeof(*side));
}

size_t side_relocation(const struct side *side, uint64_t address)
{
	size_t low = 0, high = side->relocation_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (side->relocations[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t side_function(const struct side *side, uint64_t address)
{
	size_t low = 0, high = side->function_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (side->functions[middle]->address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address - side->functions[low - 1]->address >= side->functions[low - 1]->size)
		return NONE;
	return low - 1;
}

uint64_t side_extent(const struct side *side, uint64_t address)
{
	const struct elf_section *section = elf_file_section_at(side->object->elf, address);
	size_t low = 0, high = side->mark_count;
	uint64_t left;

	if (section == NULL)
		return 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (side->marks[middle] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	left = section->address + section->size - address;
	if (low < side->mark_count && side->marks[low] - address < left)
		left = side->marks[low] - address;
	return left;
}
