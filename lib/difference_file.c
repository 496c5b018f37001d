/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference_file: the functions of one object file, in order. */
#include <stdlib.h>
#include <string.h>

#include "lib/difference_internal.h"
#include "lib/elf_internal.h"

static int by_number(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* Tables of the kernel and of unwinders name any instruction; these are no ways into a function. */
static bool is_mark(const struct side *side, const struct elf_field *relocation)
{
	const struct elf_file *elf = side->object->elf;
	const struct elf_section *from = relocation->section;
	const struct elf_section *to = elf_file_section_at(elf, relocation->base);

	if (!relocation->defined)
		return false;
	if (to != NULL && strncmp(to->name, ".altinstr", 9) == 0)
		return true;
	return (from->flags & SHF_EXECINSTR) != 0 || to == NULL || (to->flags & SHF_EXECINSTR) == 0 ||
	       strncmp(from->name, ".rodata", 7) == 0 || strncmp(from->name, ".data", 5) == 0;
}

/* Of an instruction the end, from which it counts, is not known here: a mark of data that is too early
 * does no harm. What is in a table counts from the field. */
static int marks_load(struct side *side, struct fail *fail)
{
	side->marks = calloc(side->fields.count + 1, sizeof(*side->marks));
	if (side->marks == NULL)
		return fail_memory(fail, "relocations");
	for (size_t i = 0; i < side->fields.count; i++) {
		const struct elf_field *relocation = &side->fields.items[i];

		if (is_mark(side, relocation))
			side->marks[side->mark_count++] = relocation->base +
				(uint64_t)relocation->addend +
				(relocation->class == FIELD_RELATIVE &&
				 (relocation->section->flags & SHF_EXECINSTR) != 0 ?
				 relocation->size : 0);
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

	side->functions = calloc(symtab_count(symtab) + 1, sizeof(const struct symbol *));
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
	if (elf_fields_load(object->elf, &out->fields, fail) != 0 || marks_load(out, fail) != 0 ||
	    functions_load(out, fail) != 0 || side_load_tables(out, fail) != 0) {
		side_deinit(out);
		return -1;
	}
	return 0;
}

void side_deinit(struct side *side)
{
	elf_fields_deinit(&side->fields);
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
