/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symtab_elf: the index from an ELF file's .symtab. */
#include "lib/symtab_internal.h"

#include <ctype.h>
#include <elf.h>
#include <string.h>

struct builder {
	struct symtab *symtab;
	const char *module;
};

/* As nm(1) has it. */
static char type_letter(const struct elf_symbol *symbol)
{
	const struct elf_section *section = symbol->section;
	char letter;

	if (symbol->binding == STB_WEAK)
		return symbol->type == STT_OBJECT ? 'V' : 'W';
	if (section == NULL)
		letter = 'A';
	else if ((section->flags & SHF_EXECINSTR) != 0)
		letter = 'T';
	else if (section->data == NULL)
		letter = 'B';
	else
		letter = (section->flags & SHF_WRITE) != 0 ? 'D' : 'R';
	if (symbol->binding == STB_LOCAL)
		letter = (char)tolower(letter);
	return letter;
}

/* A copy of a name among the index's own. */
static const char *copy_name(struct symtab *symtab, const char *name, struct fail *fail)
{
	size_t length = strlen(name);
	char *room = symtab_name_room(symtab);

	if (length > SYMTAB_NAME_MAX) {
		(void)fail_set(fail, OUTCOME_ERROR, "a symbol's name of %zu characters: "
			       "\"%.64s…\"", length, name);
		return NULL;
	}
	if (room == NULL) {
		(void)fail_memory(fail, "names of symbols");
		return NULL;
	}
	memcpy(room, name, length + 1);
	return symtab_name_keep(symtab, length);
}

static int add(const struct elf_symbol *from, void *data, struct fail *fail)
{
	struct builder *builder = data;
	struct symbol symbol = {
		.address = from->address,
		.size = from->size,
		.module = builder->module,
		.type = type_letter(from),
	};

	symbol.name = copy_name(builder->symtab, from->name, fail);
	if (symbol.name == NULL || symtab_reserve(builder->symtab, 1, fail) != 0)
		return -1;
	symtab_add(builder->symtab, &symbol, strlen(symbol.name));
	return 0;
}

/* What the file only refers to: never found by its name, but a branch's target has one. */
static int add_undefined(const struct elf_symbol *from, void *data, struct fail *fail)
{
	struct builder *builder = data;
	struct symbol symbol = { .address = from->address, .size = 1, .type = 'U' };

	symbol.name = copy_name(builder->symtab, from->name, fail);
	if (symbol.name == NULL || symtab_reserve(builder->symtab, 1, fail) != 0)
		return -1;
	symtab_add(builder->symtab, &symbol, strlen(symbol.name));
	return 0;
}

/* None goes past the end of its section, whatever the file says or the next symbol is. */
static void cut_sizes(struct symtab *symtab, const struct elf_file *elf)
{
	for (size_t i = 0; i < symtab->count; i++) {
		struct symbol *symbol = &symtab->items[i];
		const struct elf_section *section = elf_file_section_at(elf, symbol->address);
		uint64_t left = section == NULL ? 0 :
				section->size - (symbol->address - section->address);

		if (symbol->type != 'U' && symbol->size > left)
			symbol->size = left;
	}
}

int symtab_load_elf(const struct elf_file *elf, struct symtab **out, struct fail *fail)
{
	struct builder builder = { .symtab = symtab_create() };
	const char *module = elf_file_module(elf);

	*out = NULL;
	if (builder.symtab == NULL)
		return fail_memory(fail, "symbols");
	if (module != NULL) {
		builder.module = copy_name(builder.symtab, module, fail);
		if (builder.module == NULL)
			goto failed;
	}
	if (elf_file_symbols(elf, add, &builder, fail) != 0)
		goto failed;
	if (builder.symtab->count == 0) {
		(void)fail_set(fail, OUTCOME_NOT_FOUND, "the image has no symbols; give the "
			       "System.map of the same build with --system-map");
		goto failed;
	}
	if ((elf_file_relocatable(elf) &&
	     elf_file_undefined(elf, add_undefined, &builder, fail) != 0) ||
	    symtab_finish(builder.symtab, fail) != 0)
		goto failed;
	cut_sizes(builder.symtab, elf);
	*out = builder.symtab;
	return 0;
failed:
	symtab_destroy(builder.symtab);
	return -1;
}
