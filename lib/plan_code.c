/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_code: a site in a function. */
#include <inttypes.h>
#include <string.h>

#include "digest.h"
#include "hazard.h"
#include "lib/plan_site.h"
#include "operation.h"

static int check_end(const struct proof *proof, size_t length, struct fail *fail)
{
	const struct function *function = &proof->loaded->function;
	uint64_t offset = proof->plan->offset;
	char at[WHERE_TEXT_MAX];

	if (offset >= function->size || length > function->size - offset)
		return fail_at(fail, OUTCOME_MISMATCH, proof->plan->address,
			       "%s: %zu bytes there are past the end of the function, which is 0x%zx "
			       "bytes long on this kernel; look for the place with `patchctl "
			       "disassemble %s`", plan_where(proof->plan, at), length,
			       function->size, proof->plan->symbol);
	return 0;
}

/* That the site starts on a boundary that decoding from the function's start reached. */
static int check_boundary(const struct proof *proof, size_t length, struct fail *fail)
{
	const struct function *function = &proof->loaded->function;
	uint64_t offset = proof->plan->offset;
	char at[WHERE_TEXT_MAX];

	if (offset + length > function->decoded)
		return fail_at(fail, OUTCOME_HAZARD, proof->plan->address,
			       "%s: the function cannot be decoded beyond +0x%zx, so nothing behind "
			       "that can be proved", plan_where(proof->plan, at), function->decoded);
	if (function_insn_at(function, offset) == SIZE_MAX) {
		size_t i = 0;
		char text[ASM_MAX];

		while (i + 1 < function->count &&
		       function->insns[i + 1].address < proof->plan->address)
			i++;
		return fail_at(fail, OUTCOME_MISMATCH, proof->plan->address,
			       "%s is inside an instruction: the one at +0x%" PRIx64 ", %s, is %u bytes "
			       "long", plan_where(proof->plan, at),
			       function->insns[i].address - function->symbol->address,
			       function_print(proof->kernel->symtab, function->symbol,
					      &function->insns[i], text),
			       function->insns[i].length);
	}
	return 0;
}

/* That the site is whole, known instructions; one, unless `multiple`. */
static int check_instructions(const struct proof *proof, struct fail *fail)
{
	const struct function *function = &proof->loaded->function;
	size_t covered = 0, count = 0;
	char at[WHERE_TEXT_MAX];

	for (size_t i = proof->insn; i < function->count && covered < proof->length; i++) {
		if (function->insns[i].opaque)
			return fail_at(fail, OUTCOME_HAZARD, function->insns[i].address,
				       "%s: patcherd does not know the instruction at 0x%" PRIx64
				       " well enough to change it", plan_where(proof->plan, at),
				       function->insns[i].address);
		covered += function->insns[i].length;
		count++;
	}
	if (covered != proof->length)
		return fail_at(fail, OUTCOME_MISMATCH, proof->plan->address,
			       "%s: %zu bytes there end inside an instruction; the %zu instruction%s "
			       "there take%s %zu", plan_where(proof->plan, at), proof->length, count,
			       count == 1 ? "" : "s", count == 1 ? "s" : "", covered);
	if (count > 1 && !proof->plan->multiple)
		return fail_at(fail, OUTCOME_MISMATCH, proof->plan->address,
			       "%s: the %zu bytes there are %zu instructions; a site changes one, "
			       "unless `replace` says `multiple: true`",
			       plan_where(proof->plan, at), proof->length, count);
	return 0;
}

static bool target_is_old(const struct proof *proof, uint64_t target)
{
	const struct function *function = &proof->loaded->function;
	uint64_t end = proof->plan->address + proof->length;

	for (size_t i = proof->insn; i < function->count && function->insns[i].address < end; i++) {
		if (function->insns[i].has_target && function->insns[i].target == target)
			return true;
	}
	return false;
}

/* Whether code starts there: an instruction of the function as it will be, or another function. */
static bool target_is_code(const struct proof *proof, const struct insn *insns, size_t count,
			   uint64_t target)
{
	const struct function *function = &proof->loaded->function;
	uint64_t start = function->symbol->address;
	const struct symbol *symbol = symtab_at(proof->kernel->symtab, target);
	struct fail ignored;	/* a target like that is none */

	for (size_t i = 0; i < count; i++) {
		if (insns[i].address == target)
			return true;
	}
	if (target >= start && target - start < function->size &&
	    (target < insns[0].address || target >= insns[0].address + proof->length) &&
	    function_insn_at(function, target - start) != SIZE_MAX)
		return true;
	return symbol != NULL && symbol->address == target && symbol_is_text(symbol) &&
	       hazard_symbol(proof->kernel, symbol, &ignored) == 0;
}

/* Code that is called must begin there, and stay. */
static int check_callable(const struct proof *proof, struct fail *fail)
{
	const struct operation *operation = &proof->site->operation;
	const struct symbol *within = proof->loaded->function.symbol;
	struct operation_target to;
	struct fail why;

	if (operation_target(operation, proof->kernel, proof->plan->address, &to, fail) != 0)
		return -1;
	if (to.symbol == NULL || to.symbol->type == 'U')	/* another file's */
		return 0;
	if (to.address > within->address && to.address - within->address < within->size)
		(void)fail_at(&why, OUTCOME_HAZARD, to.address, "%s at 0x%" PRIx64 " is inside of %s, "
			      "the site's own function; give the name of a function", operation->target,
			      to.address, within->name);
	else if (hazard_symbol(proof->kernel, to.symbol, &why) == 0)
		return 0;
	plan_site_begin(proof, why.code, operation->place, plan_site_replace(proof->site), fail);
	fail_append(fail, "what may not be called is no `target`: %s", why.message);
	fail->has_address = why.has_address;
	fail->address = why.address;
	return -1;
}

/* A branch that the patch brings must go where code starts, or where the old one went. That of
 * `return` goes where the function's own returns go, that of `target` to a function that was found. */
static int check_targets(const struct proof *proof, const struct insn *insns, size_t count,
			 struct fail *fail)
{
	const enum operation_kind kind = proof->site->operation.kind;

	if (kind == OPERATION_TARGET)
		return check_callable(proof, fail);
	for (size_t i = 0; i < count && kind != OPERATION_RETURN; i++) {
		if (!insns[i].has_target || target_is_old(proof, insns[i].target) ||
		    target_is_code(proof, insns, count, insns[i].target))
			continue;
		plan_site_begin(proof, OUTCOME_INVALID_SPEC, proof->site->operation.place,
				plan_site_replace(proof->site), fail);
		fail_append(fail, "on this kernel it jumps to 0x%" PRIx64 ", where no instruction is "
			    "known to start", insns[i].target);
		return -1;
	}
	return 0;
}

bool plan_code_jumps_into(const struct insn *insns, size_t count, const struct site_plan *into)
{
	for (size_t i = 0; i < count; i++) {
		if (insns[i].has_target && insns[i].target > into->address &&
		    insns[i].target - into->address < into->replacement.bytes.length)
			return true;
	}
	return false;
}

/* The exact place: one instruction, or as many bytes as the replacement has. */
static int place_offset(struct proof *proof, const struct symbol *symbol, struct fail *fail)
{
	const struct kernel *kernel = proof->kernel;
	uint64_t offset = proof->plan->offset;
	size_t length = proof->site->operation.kind == OPERATION_BYTES ?
			proof->site->operation.bytes.length : 1;

	if (loaded_first(proof->functions, kernel, symbol, &proof->loaded, fail) != 0 ||
	    check_end(proof, length, fail) != 0 ||
	    hazard_hidden(kernel, &proof->loaded->function, offset, length, fail) != 0 ||
	    check_boundary(proof, length, fail) != 0)
		return -1;
	proof->insn = function_insn_at(&proof->loaded->function, offset);
	proof->length = proof->site->operation.kind == OPERATION_BYTES ?
			length : proof->loaded->function.insns[proof->insn].length;
	return 0;
}

static int place(struct proof *proof, struct fail *fail)
{
	const struct symbol *symbol;

	if (plan_symbol(proof, &symbol, fail) != 0)
		return -1;
	switch (proof->site->where) {
	case SITE_FIND:
		return plan_find(proof, symbol, fail) == 0 ?
		       check_end(proof, proof->length, fail) : -1;
	case SITE_ENTRY:
		return plan_entry(proof, symbol, fail);
	case SITE_OFFSET:
	case SITE_VARIABLE:
		break;
	}
	return place_offset(proof, symbol, fail);
}

/* The texts of what is expected and of the replacement, where that is known. */
static int codes_fill(struct proof *proof, struct fail *fail)
{
	const struct site *site = proof->site;
	struct site_plan *plan = proof->plan;

	plan->expected.bytes = site->expect.bytes;
	if (code_print(proof, &plan->replacement, fail) != 0)
		return -1;
	if (site->expect.assembler == NULL)
		return code_print(proof, &plan->expected, fail);
	plan->expected.assembler = strdup(site->expect.assembler);
	return plan->expected.assembler == NULL ? fail_memory(fail, "an expectation") : 0;
}

/* Reads what is at the site into the plan, for the message and the JSON whatever comes of it. */
static int found_fill(struct proof *proof, struct fail *fail)
{
	struct site_plan *plan = proof->plan;

	plan->found.bytes.length = proof->length;
	memcpy(plan->found.bytes.data, proof->loaded->function.bytes + plan->offset, proof->length);
	return code_print(proof, &plan->found, fail);
}

/* Of the function that the site names, whichever part of it has the site. */
static int check_digest(const struct proof *proof, struct fail *fail)
{
	const struct site *site = proof->site;
	char digest[DIGEST_TEXT_MAX];
	struct fail why;

	if (site->digest == NULL)
		return 0;
	if (digest_make(proof->kernel, &proof->functions->items[0].function, digest, &why) != 0) {
		plan_site_begin(proof, why.code, site->digest_place, "function-digest", fail);
		fail_append(fail, "that of %s on this kernel cannot be told: %s", site->symbol,
			    why.message);
		return -1;
	}
	if (strcmp(digest, site->digest) == 0)
		return 0;
	plan_site_begin(proof, OUTCOME_GUARD, site->digest_place, "function-digest", fail);
	fail_append(fail, "the patch is for a %s with digest %s, and on this kernel it has %s: it was "
		    "built from other source, or otherwise, or something has changed it since "
		    "(`patchctl status` tells of patches)", site->symbol, site->digest, digest);
	return -1;
}

static unsigned long allowed(const struct site *site)
{
	unsigned long kinds = 0;

	for (size_t i = 0; i < site->allow_count; i++)
		kinds |= 1UL << site->allow[i].kind;
	return kinds;
}

static int check_change(struct proof *proof, struct fail *fail)
{
	const struct kernel *kernel = proof->kernel;
	struct site_plan *plan = proof->plan;
	struct insn insns[INSNS_MAX];
	size_t count = plan_decode(proof, &plan->replacement, insns, fail);

	if (count == 0)
		return -1;
	if (plan_lines(proof, insns, count, true, fail) != 0 ||
	    check_instructions(proof, fail) != 0 || check_digest(proof, fail) != 0 ||
	    check_targets(proof, insns, count, fail) != 0 ||
	    loaded_owners(proof->loaded, kernel, fail) != 0)
		return -1;
	return hazard_bytes(kernel, &proof->loaded->function, &(struct hazard_change){
			    .offset = plan->offset, .length = proof->length, .insns = insns,
			    .count = count, .allow = allowed(proof->site),
			    .returns = proof->site->where == SITE_ENTRY,
			    .owners = &proof->loaded->owners }, fail);
}

int plan_code(struct proof *proof, struct fail *fail)
{
	int placed = place(proof, fail), compared;

	/* what the patch says is shown wherever the function could be read */
	if (proof->loaded != NULL && proof->plan->located) {
		struct fail ignored;	/* the first one counts */

		if (codes_fill(proof, placed == 0 ? fail : &ignored) != 0)
			return -1;
	}
	if (placed == 0 && proof->loaded == NULL)
		return fail_set(fail, OUTCOME_ERROR, "%s has a place, and was not read",
				proof->site->symbol);
	if (placed != 0 || found_fill(proof, fail) != 0)
		return -1;
	compared = plan_expect(proof, fail);
	if (compared != 0 && fail->code != OUTCOME_ERROR) {
		struct fail memory;

		if (plan_lines(proof, NULL, 0, false, &memory) != 0)
			*fail = memory;
	}
	return compared == 0 ? check_change(proof, fail) : -1;
}
