/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "context.h"

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
	bool *relocated;		/* for each byte of the function: a relocation fills it in */
	struct pattern_code *changed;	/* `codes`, the first with the operation done */
	struct function after;		/* its function; insns only are its own */
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
	free(context->after.insns);
	free(context->after.bytes);
}

/* The function with the operation done at its place. -1: it cannot be, or is no whole instructions. */
static int after_make(struct context *context, const struct operation *operation,
		      struct fail *fail)
{
	const struct function *before = context->codes[0].function;
	const struct insn *insn = &before->insns[context->insn];
	const size_t offset = (size_t)(insn->address - before->symbol->address);
	struct function *after = &context->after;
	struct bytes bytes;
	size_t end, next = context->insn;

	if (operation_apply(operation, context->kernel, insn, &bytes, fail) < 0)
		return -1;
	end = offset + bytes.length;
	*after = (struct function){ .symbol = before->symbol, .size = before->size,
				    .decoded = before->decoded, .count = context->insn };
	after->bytes = malloc(before->size);
	after->insns = calloc(before->count + BYTES_MAX, sizeof(*after->insns));
	if (after->bytes == NULL || after->insns == NULL)
		return fail_memory(fail, before->symbol->name);
	if (end > before->decoded)
		return fail_at(fail, OUTCOME_MISMATCH, insn->address, "%s+0x%zx: %zu bytes there are "
			       "past the end of what can be decoded", before->symbol->name, offset,
			       bytes.length);
	memcpy(after->bytes, before->bytes, before->size);
	memcpy(after->bytes + offset, bytes.data, bytes.length);
	memcpy(after->insns, before->insns, context->insn * sizeof(*after->insns));
	for (size_t at = offset; at < end; at += after->insns[after->count++].length) {
		struct insn *made = &after->insns[after->count];

		if (insn_decode(context->kernel->decoder, after->bytes + at, end - at,
				before->symbol->address + at, made, fail) < 0)
			return -1;
	}
	while (next < before->count && before->insns[next].address < before->symbol->address + end)
		next++;
	memcpy(&after->insns[after->count], &before->insns[next],
	       (before->count - next) * sizeof(*after->insns));
	after->count += before->count - next;
	return 0;
}

static int codes_change(struct context *context, const struct operation *operation,
			struct fail *fail)
{
	context->changed = calloc(context->count, sizeof(*context->changed));
	if (context->changed == NULL)
		return fail_memory(fail, "a pattern");
	memcpy(context->changed, context->codes, context->count * sizeof(*context->changed));
	/* its instructions may be others, so nothing is known of what the kernel rewrites */
	context->changed[0] = (struct pattern_code){ .function = &context->after };
	return after_make(context, operation, fail);
}

static bool any(const bool *relocated, unsigned size)
{
	for (unsigned i = 0; i < size; i++) {
		if (relocated[i])
			return true;
	}
	return false;
}

/* Copies one operand up to a comma outside of brackets, with a `*` for a number that a build decides:
 * an immediate, or a displacement. */
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

bool context_line(enum architecture arch, const struct insn *insn, const bool *relocated,
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
	/* that of %rip is one of a build in any case; an address without ModRM is in the immediate */
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

static bool line_make(const struct context *context, const struct insn *insn, char out[ASM_MAX])
{
	return context_line(context->kernel->target->info.architecture, insn,
			    context->relocated + (insn->address -
						  context->codes[0].function->symbol->address), out);
}

/* Between lines they are passed over. */
static bool is_line(const struct context *context, size_t index)
{
	const struct insn *insn = &context->codes[0].function->insns[index];

	return index == context->insn || (!insn->nop && !insn->int3 && !insn->endbr);
}

/* Whether the lines describe the place and nothing else, before and after the change. -1: memory. */
static int is_proved(struct context *context, struct fail *fail)
{
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
		if (hit.code != 0 || hit.insn != context->insn || hit.already != (after == 1))
			return 0;
	}
	return 1;
}

/* Fills in `count` lines of which the site is the one with the index `at`; false: there are not as
 * many, or one of them cannot be told. */
static bool lines_make(struct context *context, size_t count, size_t at)
{
	const struct function *function = context->codes[0].function;
	size_t index = context->insn;
	char text[ASM_MAX];

	for (size_t before = at; before > 0; before -= is_line(context, index)) {
		if (index-- == 0)
			return false;
	}
	for (size_t i = 0; i < count; index++) {
		if (index >= function->count)
			return false;
		if (!is_line(context, index))
			continue;
		free(context->lines[i].text);
		context->lines[i].text = line_make(context, &function->insns[index], text) ?
					 strdup(text) : NULL;
		if (context->lines[i++].text == NULL)
			return false;
	}
	context->pattern = (struct pattern){ .lines = context->lines, .count = count, .at = at };
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
		 size_t insn, const struct operation *operation, struct pattern *out,
		 struct fail *fail)
{
	const struct symbol *symbol = codes[0].function->symbol;
	CLEANUP(context_deinit) struct context context = {
		.kernel = kernel, .codes = codes, .count = count, .insn = insn,
		.steps = PATTERN_STEPS,
		.site = { .where = SITE_FIND, .symbol = (char *)symbol->name,
			  .pattern_count = 1, .operation = *operation },
	};

	context.site.patterns = &context.pattern;
	if (function_relocated(codes[0].function, kernel->image, &context.relocated, fail) < 0 ||
	    codes_change(&context, operation, fail) < 0)
		return -1;
	for (size_t lines = 1; lines <= CONTEXT_LINES_MAX && context.steps > 0; lines++) {
		/* what leads to the site tells more of it than what comes behind */
		for (size_t at = lines; at-- > 0;) {
			int proved = lines_make(&context, lines, at) ? is_proved(&context, fail) : 0;

			if (proved != 0)
				return proved < 0 ? -1 : pattern_take(&context, out, fail);
		}
	}
	return fail_at(fail, OUTCOME_AMBIGUOUS, codes[0].function->insns[insn].address,
		       "%s+0x%jx: no %d lines around it are found there alone", symbol->name,
		       (uintmax_t)(codes[0].function->insns[insn].address - symbol->address),
		       CONTEXT_LINES_MAX);
}
