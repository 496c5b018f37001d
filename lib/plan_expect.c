/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_expect: what is at a site, against what the author saw there and what the operation leaves. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/plan_site.h"
#include "operation.h"

/* Matches the expected assembler, one instruction or several joined by ';', from the site on. It must
 * be all of the site, but at a function's entry, where the author need not know how much that is. */
static int match_assembler(const struct proof *proof, bool *out, struct fail *fail)
{
	const struct function *function = &proof->loaded->function;
	CLEANUP_FREE char *patterns = strdup(proof->site->expect.assembler);
	bool entry = proof->site->where == SITE_ENTRY;
	char *save = NULL, *pattern;
	size_t covered = 0, i = proof->insn;

	if (patterns == NULL)
		return fail_memory(fail, "comparing instructions");
	*out = true;
	for (pattern = strtok_r(patterns, ";", &save); pattern != NULL && *out;
	     pattern = strtok_r(NULL, ";", &save)) {
		*out = i < function->count && (entry || covered < proof->length) &&
		       function_match(proof->kernel->symtab, function->symbol, pattern,
				      &function->insns[i]);
		covered += i < function->count ? function->insns[i++].length : 0;
	}
	*out = *out && (entry || covered == proof->length);
	return 0;
}

static bool match_bytes(const struct proof *proof)
{
	const struct function *function = &proof->loaded->function;
	const struct bytes *bytes = &proof->site->expect.bytes;

	if (proof->site->where != SITE_ENTRY && bytes->length != proof->length)
		return false;
	return bytes->length <= function->size - proof->plan->offset &&
	       memcmp(function->bytes + proof->plan->offset, bytes->data, bytes->length) == 0;
}

/* Where else in the function the expected bytes are an instruction: a hint for the author. */
static void mismatch_hint(const struct proof *proof, struct fail *fail)
{
	const struct bytes *bytes = &proof->site->expect.bytes;
	const struct function *function = &proof->loaded->function;
	unsigned hints = 0;

	for (size_t i = 0; bytes->length > 0 && i < function->count && hints < 4; i++) {
		uint64_t offset = function->insns[i].address - function->symbol->address;

		if (function->size - offset >= bytes->length &&
		    memcmp(function->bytes + offset, bytes->data, bytes->length) == 0)
			fail_append(fail, "%s +0x%" PRIx64, hints++ == 0 ? "; these bytes stand at" :
				    ",", offset);
	}
	fail_append(fail, "; this kernel was built otherwise than the author's: compare with "
			  "`patchctl disassemble %s`", proof->plan->symbol);
}

static int fail_mismatch(const struct proof *proof, bool bytes_hold, struct fail *fail)
{
	const struct site_plan *plan = proof->plan;
	char at[WHERE_TEXT_MAX], expected[SHOW_MAX], found[SHOW_MAX];

	if (bytes_hold && proof->site->expect.bytes.length > 0)
		return fail_at(fail, OUTCOME_MISMATCH, plan->address,
			       "%s: expected \"%s\", found %s: the bytes are as expected, the "
			       "instruction is not", plan_where(plan, at),
			       proof->site->expect.assembler, code_show(&plan->found, found));
	(void)fail_at(fail, OUTCOME_MISMATCH, plan->address, "%s: expected %s, found %s",
		      plan_where(plan, at), code_show(&plan->expected, expected),
		      code_show(&plan->found, found));
	mismatch_hint(proof, fail);
	return -1;
}

static int fail_already(const struct proof *proof, struct fail *fail)
{
	return fail_at(fail, OUTCOME_ALREADY_APPLIED, proof->plan->address,
		       "the replacement is there already");
}

/* What the operation makes of an instruction, refused with the place in the file. */
static int make(const struct proof *proof, const struct insn *insn, struct bytes *out,
		struct fail *fail)
{
	struct fail why;

	if (operation_apply(&proof->site->operation, proof->kernel, insn, out, &why) == 0)
		return 0;
	kernel_explain(proof->kernel, &why);
	plan_site_begin(proof, why.code, proof->site->operation.place,
			plan_site_replace(proof->site), fail);
	fail_append(fail, "at %s+0x%" PRIx64 " on this kernel %s", proof->plan->symbol,
		    proof->plan->offset, why.message);
	fail->has_address = why.has_address;
	fail->address = why.address;
	return -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The expected assembler with `*` for the number that the operation has replaced: of a branch its
 * target, else the immediate or the displacement. */
static void forget_number(enum operation_lost lost, enum operation_kind kind, const char *pattern,
			  char out[ASM_MAX])
{
	const char *from = pattern + strlen(pattern), *to = from;

	if (lost == LOST_TARGET) {	/* the last word: there may be prefixes */
		while (from > pattern && is_blank(from[-1]))
			from--;
		to = from;
		while (from > pattern && !is_blank(from[-1]))
			from--;
		from = from == pattern ? to : from;
		(void)snprintf(out, ASM_MAX, "%.*s *", (int)(from - pattern), pattern);
		return;
	}
	if (kind == OPERATION_IMMEDIATE && strchr(pattern, '$') != NULL) {
		from = strchr(pattern, '$');
		to = from + strcspn(from, ",");
	} else if (kind == OPERATION_DISPLACEMENT && strchr(pattern, '(') != NULL) {
		to = from = strchr(pattern, '(');
		while (from > pattern && strchr(" \t,:", from[-1]) == NULL)
			from--;
	}
	(void)snprintf(out, ASM_MAX, "%.*s%s%s", (int)(from - pattern), pattern,
		       to == from && *to == '\0' ? "" : "*", to);
}

/* Whether what is there is what the operation leaves of what is expected by its text. */
static bool left_by_text(const struct proof *proof)
{
	const struct operation *operation = &proof->site->operation;
	const struct function *function = &proof->loaded->function;
	struct operation_before before[OPERATION_BEFORE_MAX];
	size_t count = operation_before(operation, proof->kernel, &function->insns[proof->insn],
					before);

	for (size_t i = 0; i < count; i++) {
		char pattern[ASM_MAX];

		if (before[i].lost == LOST_ALL)
			return true;
		if (before[i].lost == LOST_NOTHING)
			(void)snprintf(pattern, sizeof(pattern), "%s",
				       proof->site->expect.assembler);
		else
			forget_number(before[i].lost, operation->kind,
				      proof->site->expect.assembler, pattern);
		if (function_match(proof->kernel->symtab, function->symbol, pattern,
				   &before[i].insn))
			return true;
	}
	return false;
}

/* The same by its bytes. */
static bool left_by_bytes(struct proof *proof)
{
	const struct site *site = proof->site;
	struct site_plan *plan = proof->plan;
	struct insn insns[INSNS_MAX];
	struct fail ignored;	/* what cannot be made was not left */

	return plan_decode(proof, &plan->expected, insns, &ignored) == 1 &&
	       operation_apply(&site->operation, proof->kernel, &insns[0], &plan->replacement.bytes,
			       &ignored) == 0 &&
	       bytes_equal(&plan->replacement.bytes, &plan->found.bytes);
}

/* Whether what is found is the replacement. Where a branch of an object leads, its bytes do not tell. */
static bool is_there(const struct proof *proof)
{
	const struct operation *operation = &proof->site->operation;
	struct operation_before before[OPERATION_BEFORE_MAX];

	if (operation->kind == OPERATION_TARGET)
		return operation_before(operation, proof->kernel,
					&proof->loaded->function.insns[proof->insn], before) > 0;
	return bytes_equal(&proof->plan->replacement.bytes, &proof->plan->found.bytes);
}

/* An operation on one instruction: what it makes of that is known once that is the expected one. */
static int expect_operation(struct proof *proof, bool bytes_hold, bool assembler_holds,
			    struct fail *fail)
{
	const struct site *site = proof->site;
	struct site_plan *plan = proof->plan;

	if (bytes_hold && assembler_holds) {
		if (make(proof, &proof->loaded->function.insns[proof->insn],
			 &plan->replacement.bytes, fail) != 0 ||
		    code_print(proof, &plan->replacement, fail) != 0)
			return -1;
		return is_there(proof) ? fail_already(proof, fail) : 0;
	}
	if (loaded_rewritten(proof->loaded, proof->kernel, fail) != 0)
		return -1;
	/* A pattern's other form was searched for already, and is not at this place. Where the kernel
	 * writes by itself, a nop is its own. */
	if (site->where == SITE_FIND || proof->loaded->transparent[proof->insn] ||
	    !(site->expect.bytes.length > 0 ? left_by_bytes(proof) : left_by_text(proof)))
		return fail_mismatch(proof, bytes_hold, fail);
	plan->replacement.bytes = plan->found.bytes;
	if (code_print(proof, &plan->replacement, fail) != 0)
		return -1;
	return fail_already(proof, fail);
}

int plan_expect(struct proof *proof, struct fail *fail)
{
	const struct site *site = proof->site;
	struct site_plan *plan = proof->plan;
	bool is_known = site->operation.kind == OPERATION_BYTES || site->where == SITE_ENTRY;
	bool bytes_hold = site->expect.bytes.length == 0 || match_bytes(proof);
	bool assembler_holds = true;

	if (proof->already && !is_known) {
		plan->replacement.bytes = plan->found.bytes;
		if (code_print(proof, &plan->replacement, fail) != 0)
			return -1;
	}
	if (proof->already || (is_known &&
			       bytes_equal(&plan->replacement.bytes, &plan->found.bytes)))
		return fail_already(proof, fail);
	if (site->expect.assembler != NULL && match_assembler(proof, &assembler_holds, fail) != 0)
		return -1;
	if (!is_known)
		return expect_operation(proof, bytes_hold, assembler_holds, fail);
	return bytes_hold && assembler_holds ? 0 : fail_mismatch(proof, bytes_hold, fail);
}
