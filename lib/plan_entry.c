/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_entry: a function that returns at once. */
#include <inttypes.h>

#include "hazard.h"
#include "lib/plan_site.h"
#include "operation.h"
#include "types.h"

/* Whoever calls the function must take what it returns from the register that is set. */
static int check_returns(const struct proof *proof, const struct symbol *symbol, struct fail *fail)
{
	const struct function *function = &proof->loaded->function;
	const struct number *number = &proof->site->operation.number;
	enum type_kind kind = TYPE_OTHER;
	char text[ASM_MAX];
	struct fail why;
	int known = types_returns(proof->kernel->types, symbol->module, symbol->name, &kind, &why);

	if (known == 0 && (kind == TYPE_INTEGER || kind == TYPE_POINTER ||
			   (kind == TYPE_BOOL && number->bits <= 1)))
		return 0;
	plan_site_begin(proof, OUTCOME_GUARD, proof->site->operation.place,
			plan_site_replace(proof->site), fail);
	if (known != 0)
		fail_append(fail, "whether %s returns a number or a pointer is not known: %s",
			    symbol->name, why.message);
	else if (kind == TYPE_BOOL)
		fail_append(fail, "%s returns true or false on this kernel, which is 1 or 0, and "
			    "its callers are made for nothing else", symbol->name);
	else
		fail_append(fail, "%s returns %s on this kernel, no number or pointer", symbol->name,
			    kind == TYPE_VOID ? "nothing" : "a struct or the like");
	fail_append(fail, "; if you know better, say what is at +0x%" PRIx64 ": expect: {asm: \"%s\"}",
		    proof->plan->offset,
		    function_print(proof->kernel->symtab, function->symbol,
				   &function->insns[proof->insn], text));
	return -1;
}

/* Several instructions on either side need a writer that proves that no task is between them. */
static bool is_multiple(const struct proof *proof)
{
	const struct bytes *bytes = &proof->plan->replacement.bytes;
	struct insn insns[INSNS_MAX];
	struct fail ignored;	/* it was decoded before */

	return proof->loaded->function.insns[proof->insn].length < proof->length ||
	       code_decode(proof->kernel, bytes, proof->plan->address, insns, &ignored) > 1;
}

int plan_entry(struct proof *proof, const struct symbol *symbol, struct fail *fail)
{
	const struct site *site = proof->site;
	struct operation_return made;
	const struct function *function;
	struct fail why;

	if (loaded_first(proof->functions, proof->kernel, symbol, &proof->loaded, fail) != 0)
		return -1;
	function = &proof->loaded->function;
	/* the int3 of a kprobe may hide how the function returns */
	if (hazard_hidden(proof->kernel, function, 0, function->size, fail) != 0 ||
	    loaded_owners(proof->loaded, proof->kernel, fail) != 0)
		return -1;
	if (operation_return(&site->operation, proof->kernel, function, &proof->loaded->owners,
			     &made, &why) != 0) {
		plan_site_begin(proof, why.code, site->operation.place, plan_site_replace(site),
				fail);
		fail_append(fail, "%s", why.message);
		fail->has_address = why.has_address;
		fail->address = why.address;
		return -1;
	}
	if (plan_place(proof, symbol, made.offset, fail) != 0)
		return -1;
	proof->insn = function_insn_at(function, made.offset);
	if (proof->insn == SIZE_MAX)
		return fail_at(fail, OUTCOME_ERROR, proof->plan->address, "`return` would be written "
			       "into an instruction of %s", symbol->name);
	proof->length = made.bytes.length;
	proof->plan->replacement.bytes = made.bytes;
	proof->plan->multiple = is_multiple(proof);
	if (made.already || site->expect.bytes.length > 0 || site->expect.assembler != NULL)
		return 0;
	return check_returns(proof, symbol, fail);
}
