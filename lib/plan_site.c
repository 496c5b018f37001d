/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_site.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hazard.h"

enum { CONTEXT_LINES = 3, INSNS_MAX = BYTES_MAX, SHOW_MAX = BYTES_TEXT_MAX + ASM_MAX + 8 };

int plan_site_outcome(struct site_plan *plan, enum outcome outcome, const char *message)
{
	char *copy = message == NULL ? NULL : strdup(message);

	if (message != NULL && copy == NULL)
		return -1;
	free(plan->message);
	plan->outcome = outcome;
	plan->message = copy;
	return 0;
}

const char *plan_site_path(const struct patch *patch, const struct variant *variant, size_t index,
			   char out[SITE_PATH_MAX])
{
	/* `sites` at the top of the file are a variant without `when`. */
	if (variant->when.place.line == 0)
		(void)snprintf(out, SITE_PATH_MAX, "sites[%zu]", index);
	else
		(void)snprintf(out, SITE_PATH_MAX, "variants[%zu].sites[%zu]",
			       (size_t)(variant - patch->variants), index);
	return out;
}

/* "nfs_flock+0x2f (0xffffffffc0412345)" */
static const char *where(const struct proof *proof, char out[ASM_MAX])
{
	(void)snprintf(out, ASM_MAX, "%s+0x%" PRIx64 " (0x%" PRIx64 ")", proof->plan->symbol,
		       proof->plan->offset, proof->plan->address);
	return out;
}

/* Decodes `bytes` as code at `address`. Returns how many instructions, 0: they are not whole
 * instructions; *fail has why. */
static size_t code_decode(const struct kernel *kernel, const struct bytes *bytes, uint64_t address,
			  struct insn insns[INSNS_MAX], struct fail *fail)
{
	size_t count = 0, at = 0;

	while (at < bytes->length) {
		if (insn_decode(kernel->decoder, bytes->data + at, bytes->length - at, address + at,
				&insns[count], fail) != 0)
			return 0;
		at += insns[count++].length;
	}
	return count;
}

/* Fills in the text of code at the site; code that does not decode has none. */
static int code_print(const struct proof *proof, struct code *code, struct fail *fail)
{
	struct insn insns[INSNS_MAX];
	struct fail ignored;	/* code without text is shown by its bytes alone */
	size_t count = code_decode(proof->kernel, &code->bytes, proof->plan->address, insns,
				   &ignored);
	char *text = calloc(count == 0 ? 1 : count, ASM_MAX + 2);
	char *at = text;

	if (text == NULL)
		return fail_memory(fail, "printing instructions");
	for (size_t i = 0; i < count; i++) {
		char line[ASM_MAX];

		at += sprintf(at, "%s%s", i == 0 ? "" : "; ",
			      function_print(proof->kernel->symtab, proof->function.symbol,
					     &insns[i], line));
	}
	free(code->assembler);
	code->assembler = count == 0 ? NULL : strdup(text);
	free(text);
	if (count > 0 && code->assembler == NULL)
		return fail_memory(fail, "printing instructions");
	return 0;
}

/* "74 39 (je nfs_flock+0x6a)" */
static const char *code_show(const struct code *code, char out[SHOW_MAX])
{
	char text[BYTES_TEXT_MAX];

	(void)bytes_print(&code->bytes, text);
	if (code->assembler == NULL)
		(void)snprintf(out, SHOW_MAX, "%s", text);
	else if (code->bytes.length == 0)
		(void)snprintf(out, SHOW_MAX, "\"%.*s\"", ASM_MAX,
			       code->assembler);
	else
		(void)snprintf(out, SHOW_MAX, "%s (%.*s)", text, ASM_MAX,
			       code->assembler);
	return out;
}

static int invalid(const struct proof *proof, struct place place, const char *key,
		   struct fail *fail)
{
	char path[SITE_PATH_MAX];

	return fail_set(fail, OUTCOME_INVALID_SPEC, "%s:%u:%u: error: %s.%s: ",
			proof->patch->source, place.line, place.column,
			plan_site_path(proof->patch, proof->variant, proof->index, path), key);
}

static int check_code(const struct proof *proof, const struct bytes *bytes, struct place place,
		      const char *key, struct fail *fail)
{
	struct insn insns[INSNS_MAX];
	char text[BYTES_TEXT_MAX];
	struct fail why;
	size_t count = code_decode(proof->kernel, bytes, 0, insns, &why);

	if (count == 0) {
		invalid(proof, place, key, fail);
		fail_append(fail, "%s is not whole %s instructions", bytes_print(bytes, text),
			    arch_name(proof->kernel->target->info.architecture));
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (!insns[i].opaque)
			continue;
		invalid(proof, place, key, fail);
		fail_append(fail, "%s has an instruction that patcherd does not know, so it cannot "
			    "prove what it does", bytes_print(bytes, text));
		return -1;
	}
	if (count > 1 && !proof->plan->multiple) {
		invalid(proof, place, key, fail);
		fail_append(fail, "%s is %zu instructions; a site changes one into one, unless "
			    "`replace` says `multiple: true`", bytes_print(bytes, text), count);
		return -1;
	}
	return 0;
}

int plan_site_check(const struct proof *proof, struct fail *fail)
{
	const struct site *site = proof->site;

	if (site->expect.bytes.length > 0 &&
	    check_code(proof, &site->expect.bytes, site->expect.bytes_place, "expect.bytes",
		       fail) != 0)
		return -1;
	return check_code(proof, &site->operation.bytes, site->operation.place, "replace.bytes", fail);
}

/* A module that is loaded is not built in: a function of the image is another one of that name. */
static int check_module(const struct proof *proof, const struct symbol *symbol, struct fail *fail)
{
	const char *module = proof->site->module;
	const struct modules *modules = proof->kernel->modules;

	if (module == NULL || symbol->module != NULL || modules == NULL ||
	    modules_find(modules, module) == NULL)
		return 0;
	return fail_at(fail, OUTCOME_NOT_FOUND, symbol->address, "module %s is loaded and has no "
		       "function %s; the one of the kernel image at 0x%" PRIx64 " is another: leave "
		       "`module` out if it is meant", module, symbol->name, symbol->address);
}

static int locate(struct proof *proof, struct fail *fail)
{
	const struct kernel *kernel = proof->kernel;
	const struct site *site = proof->site;
	struct site_plan *plan = proof->plan;
	const struct symbol *symbol;

	if (function_find(kernel->symtab, site->symbol, site->module, false, site->occurrence,
			  &symbol, fail) != 0) {
		kernel_explain(kernel, fail);
		if (fail->code == OUTCOME_NOT_FOUND && site->module != NULL &&
		    kernel->modules != NULL && modules_find(kernel->modules, site->module) == NULL)
			(void)fail_set(fail, OUTCOME_NOT_FOUND,
				       "module %s is not loaded, and %s is not built into this kernel; "
				       "load the module first: modprobe %s", site->module,
				       site->symbol, site->module);
		return -1;
	}
	if (check_module(proof, symbol, fail) != 0)
		return -1;
	if (symbol->address + site->offset < symbol->address)
		return fail_at(fail, OUTCOME_MISMATCH, symbol->address,
			       "%s+0x%" PRIx64 ": that offset is past the end of the address space",
			       site->symbol, site->offset);
	plan->symbol = strdup(symbol->name);
	if (plan->symbol == NULL)
		return fail_memory(fail, "a symbol's name");
	plan->located = true;
	plan->symbol_address = symbol->address;
	plan->offset = site->offset;
	plan->address = symbol->address + site->offset;
	if (symbol->module != NULL) {
		plan->module = strdup(symbol->module);
		if (plan->module == NULL)
			return fail_memory(fail, "a module's name");
	}
	if (hazard_symbol(kernel, symbol, fail) != 0)
		return -1;
	if (symbol->module != NULL && kernel->modules != NULL &&
	    module_identity(symbol->module, &plan->module_identity, fail) != 0)
		return -1;
	if (symbol->module != NULL && kernel->modules != NULL && plan->module_identity == 0)
		return fail_set(fail, OUTCOME_NOT_FOUND, "module %s was unloaded just now; load it "
				"again: modprobe %s", symbol->module, symbol->module);
	return function_load(kernel->target, kernel->decoder, symbol, &proof->function, fail);
}

static int check_end(const struct proof *proof, size_t length, struct fail *fail)
{
	const struct function *function = &proof->function;
	uint64_t offset = proof->plan->offset;
	char at[ASM_MAX];

	if (offset >= function->size || length > function->size - offset)
		return fail_at(fail, OUTCOME_MISMATCH, proof->plan->address,
			       "%s: %zu bytes there are past the end of the function, which is 0x%zx "
			       "bytes long on this kernel; look for the place with `patchctl "
			       "disassemble %s`", where(proof, at), length, function->size,
			       proof->plan->symbol);
	return 0;
}

/* That the site starts on a boundary that decoding from the function's start reached. */
static int check_boundary(const struct proof *proof, size_t length, struct fail *fail)
{
	const struct function *function = &proof->function;
	uint64_t offset = proof->plan->offset;
	char at[ASM_MAX];

	if (offset + length > function->decoded)
		return fail_at(fail, OUTCOME_HAZARD, proof->plan->address,
			       "%s: the function cannot be decoded beyond +0x%zx, so nothing behind "
			       "that can be proved", where(proof, at), function->decoded);
	if (function_insn_at(function, offset) == SIZE_MAX) {
		size_t i = 0;
		char text[ASM_MAX];

		while (i + 1 < function->count &&
		       function->insns[i + 1].address < proof->plan->address)
			i++;
		return fail_at(fail, OUTCOME_MISMATCH, proof->plan->address,
			       "%s is inside an instruction: the one at +0x%" PRIx64 ", %s, is %u bytes "
			       "long", where(proof, at),
			       function->insns[i].address - function->symbol->address,
			       function_print(proof->kernel->symtab, function->symbol,
					      &function->insns[i], text),
			       function->insns[i].length);
	}
	return 0;
}

/* Matches `pattern`, one or several joined by ';', against the instructions from `first` on that
 * fill `length` bytes. */
static int match_assembler(const struct proof *proof, size_t first, size_t length, bool *out,
			   struct fail *fail)
{
	const struct function *function = &proof->function;
	CLEANUP_FREE char *patterns = strdup(proof->site->expect.assembler);
	char *save = NULL, *pattern;
	size_t covered = 0, i = first;

	if (patterns == NULL)
		return fail_memory(fail, "comparing instructions");
	*out = true;
	for (pattern = strtok_r(patterns, ";", &save); pattern != NULL && *out;
	     pattern = strtok_r(NULL, ";", &save)) {
		*out = i < function->count && covered < length &&
		       function_match(proof->kernel->symtab, function->symbol, pattern,
				      &function->insns[i]);
		covered += i < function->count ? function->insns[i++].length : 0;
	}
	*out = *out && covered == length;
	return 0;
}

/* Where else in the function the expected bytes are an instruction: a hint for the author. */
static void mismatch_hint(const struct proof *proof, struct fail *fail)
{
	const struct bytes *bytes = &proof->site->expect.bytes;
	const struct function *function = &proof->function;
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

static int fail_mismatch(const struct proof *proof, struct fail *fail)
{
	char at[ASM_MAX], expected[SHOW_MAX], found[SHOW_MAX];

	(void)fail_at(fail, OUTCOME_MISMATCH, proof->plan->address, "%s: expected %s, found %s",
		      where(proof, at), code_show(&proof->plan->expected, expected),
		      code_show(&proof->plan->found, found));
	mismatch_hint(proof, fail);
	return -1;
}

/* Compares what is there with the replacement, which assembler that is expected may fit too, then
 * with the expectation, bytes and assembler both. */
static int compare(struct proof *proof, struct fail *fail)
{
	const struct site *site = proof->site;
	struct site_plan *plan = proof->plan;
	size_t first = function_insn_at(&proof->function, plan->offset);
	bool bytes_hold = site->expect.bytes.length == 0 ||
			  bytes_equal(&site->expect.bytes, &plan->found.bytes);
	bool assembler_holds = true;

	if (bytes_equal(&plan->replacement.bytes, &plan->found.bytes))
		return fail_at(fail, OUTCOME_ALREADY_APPLIED, plan->address,
			       "the replacement is there already");
	if (site->expect.assembler != NULL &&
	    match_assembler(proof, first, plan->replacement.bytes.length, &assembler_holds, fail) != 0)
		return -1;
	if (bytes_hold && assembler_holds)
		return 0;
	if (bytes_hold) {
		char at[ASM_MAX], found[SHOW_MAX];

		return fail_at(fail, OUTCOME_MISMATCH, plan->address,
			       "%s: expected \"%s\", found %s: the bytes are as expected, the "
			       "instruction is not", where(proof, at), site->expect.assembler,
			       code_show(&plan->found, found));
	}
	return fail_mismatch(proof, fail);
}

/* That the site is whole, known instructions; one, unless `multiple`. */
static int check_instructions(const struct proof *proof, struct fail *fail)
{
	const struct function *function = &proof->function;
	size_t length = proof->plan->replacement.bytes.length, covered = 0, count = 0;
	char at[ASM_MAX];

	for (size_t i = function_insn_at(function, proof->plan->offset);
	     i < function->count && covered < length; i++) {
		if (function->insns[i].opaque)
			return fail_at(fail, OUTCOME_HAZARD, function->insns[i].address,
				       "%s: patcherd does not know the instruction at 0x%" PRIx64
				       " well enough to change it", where(proof, at),
				       function->insns[i].address);
		covered += function->insns[i].length;
		count++;
	}
	if (covered != length)
		return fail_at(fail, OUTCOME_MISMATCH, proof->plan->address,
			       "%s: %zu bytes there end inside an instruction; the %zu instruction%s "
			       "there take%s %zu", where(proof, at), length, count,
			       count == 1 ? "" : "s", count == 1 ? "s" : "", covered);
	if (count > 1 && !proof->plan->multiple)
		return fail_at(fail, OUTCOME_MISMATCH, proof->plan->address,
			       "%s: the %zu bytes there are %zu instructions; a site changes one, "
			       "unless `replace` says `multiple: true`", where(proof, at), length,
			       count);
	return 0;
}

static bool target_is_old(const struct proof *proof, uint64_t target)
{
	const struct function *function = &proof->function;
	uint64_t end = proof->plan->address + proof->plan->replacement.bytes.length;

	for (size_t i = function_insn_at(function, proof->plan->offset);
	     i < function->count && function->insns[i].address < end; i++) {
		if (function->insns[i].has_target && function->insns[i].target == target)
			return true;
	}
	return false;
}

/* A branch that the patch brings must go where code starts: where the old one went, an instruction
 * of the function as it will be, or the start of another function. */
static int check_targets(const struct proof *proof, const struct insn *insns, size_t count,
			 struct fail *fail)
{
	const struct kernel *kernel = proof->kernel;
	const struct function *function = &proof->function;
	uint64_t start = function->symbol->address;

	for (size_t i = 0; i < count; i++) {
		uint64_t target = insns[i].target;
		const struct symbol *symbol;
		bool good = !insns[i].has_target || target_is_old(proof, target);

		for (size_t j = 0; j < count && !good; j++)
			good = insns[j].address == target;
		if (!good && target >= start && target - start < function->size)
			good = (target < insns[0].address ||
				target >= insns[0].address + proof->plan->replacement.bytes.length) &&
			       function_insn_at(function, target - start) != SIZE_MAX;
		if (!good) {
			struct fail ignored;	/* a target like that is none */

			symbol = symtab_at(kernel->symtab, target);
			good = symbol != NULL && symbol->address == target &&
			       symbol_is_text(symbol) &&
			       hazard_symbol(kernel, symbol, &ignored) == 0;
		}
		if (!good) {
			invalid(proof, proof->site->operation.place, "replace.bytes", fail);
			fail_append(fail, "on this kernel it jumps to 0x%" PRIx64 ", where no "
				    "instruction is known to start", target);
			return -1;
		}
	}
	return 0;
}

bool plan_site_jumps_into(const struct kernel *kernel, const struct site_plan *from,
			  const struct site_plan *into)
{
	struct insn insns[INSNS_MAX];
	struct fail ignored;	/* what does not decode was refused before */
	size_t count = code_decode(kernel, &from->replacement.bytes, from->address, insns, &ignored);

	for (size_t i = 0; i < count; i++) {
		if (insns[i].has_target && insns[i].target > into->address &&
		    insns[i].target - into->address < into->replacement.bytes.length)
			return true;
	}
	return false;
}

static int line_add(struct proof *proof, enum line_role role, const struct insn *insn,
		    struct fail *fail)
{
	struct site_plan *plan = proof->plan;
	struct line *lines = reallocarray(plan->lines, plan->line_count + 1, sizeof(*lines));
	struct line *line;
	char text[ASM_MAX];

	if (lines == NULL)
		return fail_memory(fail, "showing the site");
	plan->lines = lines;
	line = &lines[plan->line_count];
	line->role = role;
	line->address = insn->address;
	line->offset = insn->address - proof->function.symbol->address;
	line->bytes.length = insn->length;
	memcpy(line->bytes.data, insn->bytes, insn->length);
	line->assembler = strdup(function_print(proof->kernel->symtab, proof->function.symbol, insn,
						text));
	if (line->assembler == NULL)
		return fail_memory(fail, "showing the site");
	plan->line_count++;
	return 0;
}

/* The instructions around the site, those of it as old, and `insns` as new where it is to change
 * or has been. */
static int lines_fill(struct proof *proof, const struct insn *insns, size_t count, bool changes,
		      struct fail *fail)
{
	const struct function *function = &proof->function;
	size_t first = function_insn_at(function, proof->plan->offset);
	uint64_t end = proof->plan->address + proof->plan->replacement.bytes.length;
	size_t from = first > CONTEXT_LINES ? first - CONTEXT_LINES : 0, after = 0;
	bool shown = false;

	for (size_t i = from; i < function->count && after < CONTEXT_LINES; i++) {
		bool inside = i >= first && function->insns[i].address < end;

		if (i >= first && !inside) {
			for (size_t j = 0; j < count && changes && !shown; j++) {
				if (line_add(proof, LINE_NEW, &insns[j], fail) != 0)
					return -1;
			}
			shown = true;
			after++;
		}
		if (line_add(proof, inside && changes ? LINE_OLD : LINE_CONTEXT,
			     &function->insns[i], fail) != 0)
			return -1;
	}
	for (size_t j = 0; j < count && changes && !shown; j++) {
		if (line_add(proof, LINE_NEW, &insns[j], fail) != 0)
			return -1;
	}
	return 0;
}

/* Reads what is at the site into the plan, for the message and the JSON whatever comes of it. */
static int found_fill(struct proof *proof, struct fail *fail)
{
	struct site_plan *plan = proof->plan;

	plan->found.bytes.length = plan->replacement.bytes.length;
	memcpy(plan->found.bytes.data, proof->function.bytes + plan->offset,
	       plan->replacement.bytes.length);
	return code_print(proof, &plan->found, fail);
}

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

static unsigned long allowed(const struct site *site)
{
	unsigned long kinds = 0;

	for (size_t i = 0; i < site->allow_count; i++)
		kinds |= 1UL << site->allow[i].kind;
	return kinds;
}

static int prove(struct proof *proof, struct fail *fail)
{
	const struct kernel *kernel = proof->kernel;
	const struct site *site = proof->site;
	struct site_plan *plan = proof->plan;
	size_t length = site->operation.bytes.length, count;
	struct insn insns[INSNS_MAX];
	int compared;

	if (locate(proof, fail) != 0 || codes_fill(proof, fail) != 0)
		return -1;
	if (check_end(proof, length, fail) != 0 ||
	    hazard_hidden(kernel, &proof->function, plan->offset, length, fail) != 0 ||
	    check_boundary(proof, length, fail) != 0 || found_fill(proof, fail) != 0)
		return -1;
	count = code_decode(kernel, &plan->replacement.bytes, plan->address, insns, fail);
	compared = compare(proof, fail);
	if (compared != 0 && fail->code == OUTCOME_ERROR)
		return -1;
	if (compared != 0) {
		struct fail lines;	/* the comparison's is the answer */

		(void)lines_fill(proof, insns, count, false, &lines);
		return -1;
	}
	if (lines_fill(proof, insns, count, true, fail) != 0 ||
	    check_instructions(proof, fail) != 0 ||
	    check_targets(proof, insns, count, fail) != 0)
		return -1;
	return hazard_bytes(kernel, &proof->function, &(struct hazard_change){
			    .offset = plan->offset, .length = length, .insns = insns,
			    .count = count, .allow = allowed(site) }, fail);
}

int plan_site(struct proof *proof, struct fail *fail)
{
	struct fail why;
	int result = prove(proof, &why);

	if (result == 0)
		result = plan_site_outcome(proof->plan, OUTCOME_APPLICABLE, NULL);
	else
		result = plan_site_outcome(proof->plan, why.code, why.message);
	function_deinit(&proof->function);
	return result == 0 ? 0 : fail_memory(fail, "a site's outcome");
}
