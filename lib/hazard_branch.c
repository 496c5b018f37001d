/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/hazard_branch.h"

#include <inttypes.h>
#include <string.h>

#include "lib/hazard_switch.h"
#include "lib/hazard_symbol.h"

/* The shortest branch with a displacement of 32 bits. */
enum { JUMP_SIZE = 5 };

/* A call or jump in an object that is not linked yet, where no relocation that is known tells where it
 * leads: its displacement is 0, or -4 where the addend stands in place, and it goes nowhere in
 * particular. */
static bool is_unrelocated(const struct insn *insn)
{
	int64_t displacement = (int64_t)(insn->target - insn->address - insn->length);

	return insn->length >= JUMP_SIZE && (displacement == 0 || displacement == -4);
}

static int branches_inside(const struct function *function, uint64_t address, size_t length,
			   bool image, struct fail *fail)
{
	for (size_t i = 0; i < function->count; i++) {
		const struct insn *insn = &function->insns[i];

		if (!insn->has_target || insn->target <= address ||
		    insn->target >= address + length || (image && is_unrelocated(insn)))
			continue;
		return fail_at(fail, OUTCOME_HAZARD, insn->address,
			       "%s+0x%" PRIx64 " (0x%" PRIx64 ") jumps to 0x%" PRIx64 ", into the "
			       "middle of these bytes; change the instructions one by one, or others",
			       function->symbol->name, insn->address - function->symbol->address,
			       insn->address, insn->target);
	}
	return 0;
}

/* Bytes of a function, and where else to look for what may jump into their middle. */
struct inside {
	const struct kernel *kernel;
	const struct symbol *symbol;
	uint64_t address;
	size_t length;
	bool several;
};

static int undecoded(const struct function *function, struct fail *fail)
{
	return fail_at(fail, OUTCOME_HAZARD, function->symbol->address + function->decoded,
		       "%s cannot be decoded from +0x%zx on, so it cannot be excluded that an "
		       "instruction there jumps into the middle of these bytes; change the "
		       "instructions one by one", function->symbol->name, function->decoded);
}

/* The int3 of a kprobe, or the jump of an optimised one, may stand in place of a jump to there. */
static int hidden(const struct inside *inside, const struct function *part, struct fail *fail)
{
	if (hazard_hidden(inside->kernel, part, 0, part->size, fail) == 0)
		return 0;
	fail_append(fail, "; it may hide a jump of %s into the middle of the bytes to change",
		    part->symbol->name);
	return -1;
}

static int part_inside(const struct inside *inside, const struct symbol *symbol, struct fail *fail)
{
	struct function part;
	int result = 0;

	if (symbol == inside->symbol || !symbol_is_text(symbol) ||
	    !symbol_same_module(symbol, inside->symbol) ||
	    hazard_given_back(inside->kernel->symtab, symbol))
		return 0;
	if (function_load(inside->kernel->target, inside->kernel->decoder, symbol, &part,
			  fail) != 0)
		return -1;
	if (inside->several)
		result = hidden(inside, &part, fail);
	if (result == 0 && inside->several && part.decoded < part.size)
		result = undecoded(&part, fail);
	if (result == 0)
		result = branches_inside(&part, inside->address, inside->length,
					 inside->kernel->modules == NULL, fail);
	if (result == 0 && inside->several)
		result = hazard_switch(inside->kernel, &part, inside->address,
				       inside->address + inside->length, fail);
	function_deinit(&part);
	return result;
}

/* The compiler moves parts of a function out of it (NAME.cold, NAME.isra.0.cold); they jump back,
 * and it jumps to them. */
static int parts_inside(const struct inside *inside, struct fail *fail)
{
	const char *name = inside->symbol->name;
	CLEANUP_FREE char *stem = strndup(name, strcspn(name, "."));
	const struct symbol *part = NULL;

	if (stem == NULL)
		return fail_memory(fail, "looking at the parts of a function");
	while (strcmp(stem, name) != 0 &&
	       (part = symtab_next(inside->kernel->symtab, stem, part)) != NULL) {
		if (part_inside(inside, part, fail) != 0)
			return -1;
	}
	part = NULL;
	while ((part = symtab_next_sibling(inside->kernel->symtab, stem, part)) != NULL) {
		if (part_inside(inside, part, fail) != 0)
			return -1;
	}
	return 0;
}

int hazard_branch(const struct kernel *kernel, const struct function *function, uint64_t offset,
		  size_t length, bool several, struct fail *fail)
{
	uint64_t address = function->symbol->address + offset;

	if (several && function->decoded < function->size)
		return undecoded(function, fail);
	if (branches_inside(function, address, length, kernel->modules == NULL, fail) != 0 ||
	    (several && hazard_switch(kernel, function, address, address + length, fail) != 0))
		return -1;
	return parts_inside(&(struct inside){ .kernel = kernel, .symbol = function->symbol,
			    .address = address, .length = length, .several = several }, fail);
}
