/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * owners IMAGE [SYSTEM-MAP]: every function's owners that the kernel's tables tell of, as
 * "SECTION+OFFSET FUNCTION+OFFSET LENGTH KIND"; a kernel image's are without a section, by address.
 * The script owners.t computes the same another way.
 */
#include <inttypes.h>
#include <stdio.h>

#include "hazard.h"

static const enum owner_kind kinds[] = {
	OWNER_FTRACE, OWNER_KPROBE_BLACKLIST, OWNER_JUMP_LABEL, OWNER_JUMP_TARGET,
	OWNER_STATIC_CALL, OWNER_EX_TABLE, OWNER_EX_FIXUP, OWNER_BUG_TABLE, OWNER_SMP_LOCK,
	OWNER_ALTERNATIVE, OWNER_RETPOLINE, OWNER_RETURN_SITE, OWNER_CALL_SITE, OWNER_ENDBR_SEAL,
};

static bool is_of_a_table(const struct owner *owner)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (owner->kind == kinds[i])
			return true;
	}
	return false;
}

static int print_function(const struct kernel *kernel, const struct symbol *symbol,
			  struct fail *fail)
{
	CLEANUP(function_deinit) struct function function = { .symbol = NULL };
	CLEANUP(owners_deinit) struct owners owners = { .items = NULL };
	const struct elf_section *text = elf_file_section_at(kernel->image, symbol->address);
	uint64_t base = elf_file_relocatable(kernel->image) ? text->address : 0;

	if (function_load(kernel->target, kernel->decoder, symbol, &function, fail) != 0 ||
	    hazard_owners(kernel, &function, &owners, fail) != 0)
		return -1;
	for (size_t i = 0; i < owners.count; i++) {
		const struct owner *owner = &owners.items[i];

		if (owner->kind == OWNER_UNKNOWN)
			return fail_set(fail, OUTCOME_HAZARD, "%s", owner->detail);
		if (is_of_a_table(owner))
			printf("%s+0x%" PRIx64 " %s+0x%" PRIx64 " %" PRIu64 " %s\n",
			       base == 0 ? "" : text->name, owner->address - base, symbol->name,
			       owner->address - symbol->address, owner->end - owner->address,
			       owner_name(owner->kind));
	}
	return 0;
}

static int print_all(const struct kernel *kernel, struct fail *fail)
{
	for (size_t i = 0; i < symtab_count(kernel->symtab); i++) {
		const struct symbol *symbol = symtab_item(kernel->symtab, i);

		if (symbol_is_text(symbol) && symbol->size > 0 &&
		    symbol->size <= FUNCTION_SIZE_MAX &&
		    elf_file_bytes(kernel->image, symbol->address, symbol->size) != NULL &&
		    print_function(kernel, symbol, fail) != 0)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct kernel kernel = { .target = NULL };
	struct symtab *symtab = NULL;
	struct elf_file *elf = NULL;
	struct fail fail;
	int result = 0;

	if (argc != 2 && argc != 3)
		return 2;
	if (elf_file_open(argv[1], &elf, &fail) != 0 ||
	    target_open_image(elf, argv[1], NULL, &kernel.target, &fail) != 0 ||
	    (argc == 3 ? symtab_load_system_map(argv[2], &symtab, &fail) :
			 symtab_load_elf(elf, &symtab, &fail)) != 0 ||
	    hazards_create(&kernel.hazards, &fail) != 0 ||
	    decoder_create(kernel.target->info.architecture, &kernel.decoder, &fail) != 0)
		result = 1;
	kernel.image = elf;
	kernel.symtab = symtab;
	if (result != 0 || print_all(&kernel, &fail) != 0) {
		(void)fprintf(stderr, "%s\n", fail.message);
		result = 1;
	}
	hazards_destroy(kernel.hazards);
	decoder_destroy(kernel.decoder);
	symtab_destroy(symtab);
	target_close(kernel.target);
	elf_file_close(elf);
	return result;
}
