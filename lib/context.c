/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "context.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/insn_layout.h"
#include "operation.h"

/* What is searched for, and what it is searched in before and after the change. */
struct context {
	const struct kernel *kernel;
	const struct pattern_code *codes;
	size_t count;
	size_t insn;
	const struct function *after;
	bool *relocated;		/* for each byte of the function: a relocation fills it
					 * in */
	struct pattern_code *changed;	/* `codes`, the first of them `after` */
	uint64_t steps;
	struct site site;		/* with one pattern, of `lines` */
	struct pattern pattern;
	struct pattern_line lines[CONTEXT_LINES_MAX];
};

static void context_deinit(struct context *context)
{
	for (size_t i = 0; i < CONTEXT_LINES_MAX; i++)
		free(context->lines[i].text);
	free(context->relocated);
	free(context->changed);
}

/* The instructions anew. */
static int decode(const struct kernel *kernel, struct function *function, struct fail *fail)
{
	const uint64_t start = function->symbol->address;
	size_t at = 0;

	function->count = 0;
	while (at < function->decoded) {
		struct insn *insn = &function->insns[function->count];

		if (insn_decode(kernel->decoder, function->bytes + at, function->decoded - at,
				start + at, insn, fail) < 0 ||
		    function_refer(kernel->target, insn, fail) < 0)
			return -1;
		at += insn->length;
		function->count++;
	}
	return 0;
}

/* Leads a branch to where the operation would. */
static int edit_target(const struct kernel *kernel, struct function *function,
		       const struct context_edit *edit, struct fail *fail)
{
	const struct operation operation = { .kind = OPERATION_TARGET,
					     .target = (char *)edit->target };
	const size_t index = function_insn_at(function, edit->offset);
	struct operation_target to;

	if (edit->target == NULL || index == SIZE_MAX)
		return 0;
	if (operation_target(&operation, kernel, function->insns[index].address, &to, fail) < 0)
		return -1;
	function->insns[index].target = to.address;
	return 0;
}

int context_after(const struct kernel *kernel, const struct function *function,
		  const struct context_edit *edits, size_t count, struct function *out,
		  struct fail *fail)
{
	*out = (struct function){ .symbol = function->symbol, .size = function->size,
				  .decoded = function->decoded };
	out->bytes = malloc(function->size + 1);
	/* of what is changed each byte can be an instruction */
	out->insns = calloc(function->count + count * BYTES_MAX + 1, sizeof(*out->insns));
	if (out->bytes == NULL || out->insns == NULL) {
		function_deinit(out);
		return fail_memory(fail, function->symbol->name);
	}
	memcpy(out->bytes, function->bytes, function->size);
	for (size_t i = 0; i < count; i++) {
		const struct context_edit *edit = &edits[i];

		if (edit->offset > function->decoded ||
		    edit->bytes.length > function->decoded - edit->offset) {
			function_deinit(out);
			return fail_at(fail, OUTCOME_MISMATCH, function->symbol->address,
				       "%s+0x%jx: %zu bytes there are past the end of what can be "
				       "decoded", function->symbol->name, (uintmax_t)edit->offset,
				       edit->bytes.length);
		}
		memcpy(out->bytes + edit->offset, edit->bytes.data, edit->bytes.length);
	}
	if (decode(kernel, out, fail) < 0) {
		function_deinit(out);
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (edit_target(kernel, out, &edits[i], fail) == 0)
			continue;
		function_deinit(out);
		return -1;
	}
	return 0;
}

static int codes_change(struct context *context, struct fail *fail)
{
	context->changed = calloc(context->count, sizeof(*context->changed));
	if (context->changed == NULL)
		return fail_memory(fail, "a pattern");
	memcpy(context->changed, context->codes, context->count * sizeof(*context->changed));
	/* its instructions may be others, so nothing is known of what the kernel rewrites */
	context->changed[0] = (struct pattern_code){ .function = context->after };
	return 0;
}

static bool any(const bool *relocated, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (relocated[i])
			return true;
	}
	return false;
}

/* Copies one operand up to a comma outside of brackets, with a `*` for a number that a build
 * decides: an immediate, or a displacement. */
static const char *operand_open(const char *from, bool immediate, bool displacement, char *out,
				size_t size)
{
	const char *bracket = NULL, *end = from;
	int depth = 0;

	for (; *end != '\0' && (*end != ',' || depth > 0); end++) {
		bracket = *end == '(' && bracket == NULL ? end : bracket;
		depth += (*end == '(') - (*end == ')');
	}
	bracket = bracket == NULL ? end : bracket;

	const char *number = from;	/* behind %gs: and the `*` of an indirect call */

	number += *number == '*';
	for (const char *at = number; at < bracket; at++)
		number = *at == ':' ? at + 1 : number;
	if (*from == '$' && immediate)
		(void)snprintf(out, size, "$*");
	else if (*from != '$' && displacement && (*number != '%' || number == bracket))
		(void)snprintf(out, size, "%.*s*%.*s", (int)(number - from), from,
			       (int)(end - bracket), bracket);
	else
		(void)snprintf(out, size, "%.*s", (int)(end - from), from);
	return end;
}

/* One line. `relocated`: of each byte of the instruction, whether a relocation fills it in. False:
 * nothing describes it. */
static bool insn_line(enum architecture arch, const struct insn *insn, const bool *relocated,
		      char out[ASM_MAX])
{
	struct insn_layout layout;
	char operand[sizeof(insn->operands) + 2];
	size_t length;

	if (insn->opaque || !insn_layout(arch, insn->bytes, insn->length, &layout))
		return false;
	if (insn->has_target) {
		(void)snprintf(out, ASM_MAX, "%s *", insn->mnemonic);
		return true;
	}

	const bool immediate = any(relocated + layout.immediate_at, layout.immediate_size);
	/* that of %rip is one of a build in any case; an address without ModRM is in the
	 * immediate */
	const bool displacement = any(relocated + layout.displacement_at,
				      layout.displacement_size) ||
				  strstr(insn->operands, "(%rip)") != NULL ||
				  (immediate && strchr(insn->operands, '$') == NULL);

	length = (size_t)snprintf(out, ASM_MAX, "%s", insn->mnemonic);
	for (const char *at = insn->operands; *at != '\0'; at += *at == ',') {
		const char *before = at == insn->operands ? " " : ",";

		at = operand_open(at, immediate, displacement, operand, sizeof(operand));
		length += (size_t)snprintf(out + length, ASM_MAX - length, "%s%s", before, operand);
		if (length >= ASM_MAX)
			return false;
	}
	return true;
}

/* That of the site itself. */
static bool site_line(const struct kernel *kernel, const struct function *function,
		      const struct insn *insn, const struct operation *operation,
		      const bool *relocated, char out[ASM_MAX])
{
	const struct symbol *to = insn->has_target ? symtab_at(kernel->symtab, insn->target) : NULL;

	if (operation->kind != OPERATION_TARGET || to == NULL || to->address != insn->target)
		return insn_line(kernel->target->info.architecture, insn, relocated, out);
	(void)function_print(kernel->symtab, function->symbol, insn, out);
	return true;
}

int context_expect(const struct kernel *kernel, const struct function *function,
		   const bool *relocated, uint64_t offset, size_t length,
		   const struct operation *operation, struct expectation *out, struct fail *fail)
{
	const struct insn *insn = &function->insns[function_insn_at(function, offset)];
	char text[ASM_MAX];

	if (!any(relocated + offset, length)) {
		out->bytes.length = length;
		memcpy(out->bytes.data, function->bytes + offset, length);
		return 0;
	}
	if (!site_line(kernel, function, insn, operation, relocated + offset, text))
		return fail_at(fail, OUTCOME_HAZARD, insn->address, "%s+0x%" PRIx64 ": nothing "
			       "describes the instruction there", function->symbol->name, offset);
	out->assembler = strdup(text);
	return out->assembler == NULL ? fail_memory(fail, "a patch") : 0;
}

static bool line_make(const struct context *context, size_t index, char out[ASM_MAX])
{
	const struct function *function = context->codes[0].function;
	const struct insn *insn = &function->insns[index];
	const bool *relocated = context->relocated + (insn->address - function->symbol->address);

	if (index == context->insn)
		return site_line(context->kernel, function, insn, &context->site.operation,
					 relocated, out);
	return insn_line(context->kernel->target->info.architecture, insn, relocated, out);
}

/* Between lines they are passed over. */
static bool is_line(const struct context *context, size_t index)
{
	const struct insn *insn = &context->codes[0].function->insns[index];

	return index == context->insn || (!insn->nop && !insn->int3 && !insn->endbr);
}

static bool is_changing(const struct context *context, size_t index)
{
	const struct function *before = context->codes[0].function;
	const size_t offset = (size_t)(before->insns[index].address - before->symbol->address);

	return index != context->insn && memcmp(before->bytes + offset, context->after->bytes + offset,
						before->insns[index].length) != 0;
}

/* Whether the lines describe the place and nothing else, before and after the change. -1:
 * memory. */
static int is_proved(struct context *context, struct fail *fail)
{
	const struct insn *site = &context->codes[0].function->insns[context->insn];
	struct pattern_hit hit;
	struct fail why;

	for (unsigned after = 0; after < 2; after++) {
		const struct pattern_code *codes = after ? context->changed : context->codes;

		if (pattern_find(context->kernel, &context->site, codes, context->count, NULL,
				 &context->steps, &hit, &why) < 0) {
			if (why.code != OUTCOME_ERROR)
				return 0;
			*fail = why;
			return -1;
		}
		if (hit.code != 0 || codes[0].function->insns[hit.insn].address != site->address ||
		    hit.already != (after == 1))
			return 0;
	}
	return 1;
}

static bool line_add(struct context *context, const char *text)
{
	struct pattern_line *line = &context->lines[context->pattern.count++];

	free(line->text);
	line->text = strdup(text);
	return line->text != NULL;
}

/* Fills in lines for the instructions from `first` to `last`; false: one of them cannot be told, or
 * they are too many, or a pattern cannot begin or end so. */
static bool lines_make(struct context *context, size_t first, size_t last)
{
	char text[ASM_MAX];
	bool gap = false;

	context->pattern = (struct pattern){ .lines = context->lines };
	for (size_t i = first; i <= last; i++) {
		if (!is_line(context, i))
			continue;
		if (context->pattern.count == CONTEXT_LINES_MAX)
			return false;
		if (is_changing(context, i)) {
			if (i == first || i == last || (!gap && !line_add(context, "...")))
				return false;
			gap = true;
			continue;
		}
		gap = false;
		if (i == context->insn)
			context->pattern.at = context->pattern.count;
		if (!line_make(context, i, text) || !line_add(context, text))
			return false;
	}
	return true;
}

/* The instruction `steps` lines before or behind the site; false: there are not as many. */
static bool step(const struct context *context, size_t steps, int direction, size_t *out)
{
	const size_t count = context->codes[0].function->count;
	size_t index = context->insn;

	while (steps > 0) {
		if (index == (direction < 0 ? 0 : count - 1))
			return false;
		index += (size_t)direction;
		steps -= is_line(context, index);
	}
	*out = index;
	return true;
}

static int pattern_take(struct context *context, struct pattern *out, struct fail *fail)
{
	*out = context->pattern;
	out->lines = calloc(out->count, sizeof(*out->lines));
	if (out->lines == NULL)
		return fail_memory(fail, "a pattern");
	memcpy(out->lines, context->lines, out->count * sizeof(*out->lines));
	memset(context->lines, 0, sizeof(context->lines));
	return 0;
}

int context_make(const struct kernel *kernel, const struct pattern_code *codes, size_t count,
		 size_t insn, const struct operation *operation, const struct function *after,
		 struct pattern *out, struct fail *fail)
{
	const struct symbol *symbol = codes[0].function->symbol;
	CLEANUP(context_deinit) struct context context = {
		.kernel = kernel, .codes = codes, .count = count, .insn = insn, .after = after,
		.steps = PATTERN_STEPS,
		.site = { .where = SITE_FIND, .symbol = (char *)symbol->name,
			  .pattern_count = 1, .operation = *operation },
	};
	size_t first, last;

	context.site.patterns = &context.pattern;
	if (function_relocated(codes[0].function, kernel->image, &context.relocated, fail) < 0 ||
	    codes_change(&context, fail) < 0)
		return -1;
	for (size_t lines = 1; lines <= CONTEXT_LINES_MAX && context.steps > 0; lines++) {
		/* what leads to the site tells more of it than what comes behind */
		for (size_t before = lines; before-- > 0;) {
			int proved;

			if (!step(&context, before, -1, &first) ||
			    !step(&context, lines - 1 - before, 1, &last) ||
			    !lines_make(&context, first, last))
				continue;
			proved = is_proved(&context, fail);
			if (proved != 0)
				return proved < 0 ? -1 : pattern_take(&context, out, fail);
		}
	}
	return fail_at(fail, OUTCOME_AMBIGUOUS, codes[0].function->insns[insn].address,
		       "%s+0x%jx: no %d lines around it are found there alone", symbol->name,
		       (uintmax_t)(codes[0].function->insns[insn].address - symbol->address),
		       CONTEXT_LINES_MAX);
}
