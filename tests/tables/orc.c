/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orc FILE.ko: of every instruction of its functions, "SECTION+OFFSET orc_unwind" where its .orc_unwind
 * says that the stack's depth changes, and "SECTION+OFFSET moves" where the instruction does it. */
#include <inttypes.h>
#include <stdio.h>

#include "lib/hazard_stack.h"

struct file {
	struct elf_file *elf;
	struct target *target;
	struct symtab *symtab;
	struct decoder *decoder;
	struct orc orc;
};

static void print(const struct file *file, uint64_t address, const char *what)
{
	const struct elf_section *section = elf_file_section_at(file->elf, address);

	printf("%s+0x%" PRIx64 " %s\n", section->name, address - section->address, what);
}

static int look(const struct file *file, const struct symbol *symbol, struct fail *fail)
{
	struct orc_states states;
	struct function function;
	struct owners owners = { .items = NULL };
	int result;

	if (function_load(file->target, file->decoder, symbol, &function, fail) != 0)
		return -1;
	result = orc_read(file->target, &file->orc, symbol->address,
			  symbol->address + function.size, &states, fail);
	if (result == 0)
		result = hazard_stack_owners(&states, &function, &owners, fail);
	for (size_t i = 0; result == 0 && i < owners.count; i++)
		print(file, owners.items[i].address, owner_name(owners.items[i].kind));
	for (size_t i = 0; i < function.count; i++) {
		if (insn_moves_stack(ARCH_X86_64, &function.insns[i]))
			print(file, function.insns[i].address, "moves");
	}
	owners_deinit(&owners);
	orc_states_deinit(&states);
	function_deinit(&function);
	return result;
}

int main(int argc, char **argv)
{
	struct file file;
	struct fail fail;

	if (argc != 2)
		return 2;
	if (elf_file_open(argv[1], &file.elf, &fail) != 0 ||
	    target_open_image(file.elf, argv[1], NULL, &file.target, &fail) != 0 ||
	    symtab_load_elf(file.elf, &file.symtab, &fail) != 0 ||
	    decoder_create(ARCH_X86_64, &file.decoder, &fail) != 0 ||
	    orc_find(file.target, file.symtab, file.elf, NULL, &file.orc, &fail) != 0)
		goto failed;
	for (size_t i = 0; i < symtab_count(file.symtab); i++) {
		const struct symbol *symbol = symtab_item(file.symtab, i);

		if (symbol_is_text(symbol) && symbol->size > 0 &&
		    look(&file, symbol, &fail) != 0)
			goto failed;
	}
	orc_deinit(&file.orc);
	decoder_destroy(file.decoder);
	symtab_destroy(file.symtab);
	target_close(file.target);
	elf_file_close(file.elf);
	return 0;
failed:
	fprintf(stderr, "%s\n", fail.message);
	return 1;
}
