/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operation.h"
#include "pattern_search.h"

/* Comparisons that one search may take, a second's worth: gaps within gaps multiply. What an
 * operation may have changed takes as long as several to make up. */
static const uint64_t steps_max = UINT64_C(8) << 20;
enum { BEFORE_STEPS = 8 };

/* Whether it leaves the function by one of the kernel's return thunks, which objtool's return sites
 * jump to: __x86_return_thunk, retbleed_return_thunk, srso_alias_return_thunk and what comes yet
 * (arch/x86/lib/retpoline.S; alternative.c, __apply_returns()). */
static bool is_thunk_return(const struct kernel *kernel, const struct insn *insn)
{
	static const char end[] = "return_thunk";
	const struct symbol *symbol;

	if (insn->flow != FLOW_JUMP || !insn->has_target)
		return false;
	symbol = symtab_at(kernel->symtab, insn->target);
	if (symbol == NULL || symbol->address != insn->target)
		return false;
	size_t length = strlen(symbol->name);

	return length >= sizeof(end) - 1 &&
	       strcmp(symbol->name + length - (sizeof(end) - 1), end) == 0;
}

/* `insn` may be what was there before. */
static bool insn_match(struct search *search, const struct search_line *line,
		       const struct insn *insn)
{
	const struct symbol *within = search->codes[search->code].function->symbol;
	const char *target = NULL;
	char text[ASM_MAX];

	if (line->returns && is_thunk_return(search->kernel, insn))
		return true;
	if (insn->has_target && line->text.mnemonic[0] == insn->mnemonic[0] &&
	    line->text.operand_count == 1 && strcmp(line->text.operands[0], "*") != 0)
		target = function_print(search->kernel->symtab, within, insn, text) +
			 strlen(insn->mnemonic) + 1;
	return asm_line_match(&line->text, insn, target, &search->names);
}

/* The operand with a `*` in place of the number or target that an operation may have changed. */
static const char *number_open(const char *operand, enum operation_kind kind, char out[ASM_MAX])
{
	const char *bracket = strchr(operand, '('), *colon = strchr(operand, ':');
	size_t head = colon != NULL ? (size_t)(colon - operand) + 1 : operand[0] == '*';

	if (kind == OPERATION_IMMEDIATE)
		return operand[0] == '$' ? "$*" : operand;
	if (bracket == NULL && colon == NULL && strchr("%$@", operand[0]) != NULL)
		return operand;
	(void)snprintf(out, ASM_MAX, "%.*s*%s", (int)head, operand, bracket == NULL ? "" : bracket);
	return out;
}

/* The same for an instruction that the operation may have made of the one before it. */
static bool before_match(struct search *search, const struct search_line *line,
			 const struct operation_before *before)
{
	char texts[ASM_OPERANDS_MAX][ASM_MAX];
	struct search_line open = { .returns = line->returns };

	if (before->lost == LOST_ALL)	/* what is around it must tell */
		return search->patterns[search->pattern].pattern->count > 1;
	if (before->lost == LOST_NOTHING)
		return insn_match(search, line, &before->insn);
	open.text = line->text;		/* its words stay where they are */
	for (size_t i = 0; i < open.text.operand_count; i++)
		open.text.operands[i] = number_open(line->text.operands[i],
						    search->site->operation.kind, texts[i]);
	return insn_match(search, &open, &before->insn);
}

/* Whether the instruction, of which nothing tells what it was before, can be the operation's work:
 * not where the kernel writes (the nop may be its own, of a static key), and of several
 * instructions all must be there. */
static bool is_left(const struct search *search, size_t index)
{
	const struct pattern_code *code = &search->codes[search->code];
	const struct function *function = code->function;
	const struct operation *operation = &search->site->operation;
	size_t offset = (size_t)(function->insns[index].address - function->symbol->address);

	if (code->transparent != NULL && code->transparent[index])
		return false;
	return operation->kind != OPERATION_BYTES ||
	       (operation->bytes.length <= function->size - offset &&
		memcmp(function->bytes + offset, operation->bytes.data,
		       operation->bytes.length) == 0);
}

static bool line_match(struct search *search, const struct search_line *line, size_t index)
{
	const struct search_pattern *pattern = &search->patterns[search->pattern];
	const struct insn *insn = &search->codes[search->code].function->insns[index];
	struct operation_before before[OPERATION_BEFORE_MAX];
	size_t count;

	search->steps--;
	if (!search->already || line != &pattern->lines[pattern->pattern->at])
		return insn_match(search, line, insn);
	count = operation_before(&search->site->operation, search->kernel, insn, before);
	search->steps -= count * BEFORE_STEPS < search->steps ? count * BEFORE_STEPS : search->steps;
	for (size_t i = 0; i < count; i++) {
		if ((before[i].lost != LOST_ALL || is_left(search, index)) &&
		    before_match(search, line, &before[i]))
			return true;
	}
	return false;
}

/* Whether lines may pass the instruction over: nops and int3, of which live code has others than
 * its file (a return thunk can be `ret` and int3 there), endbr, which is sealed in live code, and
 * what the kernel rewrites. */
static bool is_passed(const struct search *search, size_t index)
{
	const struct pattern_code *code = &search->codes[search->code];
	const struct insn *insn = &code->function->insns[index];

	return insn->nop || insn->int3 || insn->endbr ||
	       (code->transparent != NULL && code->transparent[index]);
}

static void hit_add(struct search *search)
{
	uint32_t *hit = &search->hits[search->code][search->site_insn];

	search->hit_count += *hit == 0;
	if (*hit == 0)
		*hit = (uint32_t)search->pattern + 1;
}

static void near_note(struct search *search, size_t line, size_t insn)
{
	const struct search_pattern *pattern = &search->patterns[search->pattern];
	const struct function *function = search->codes[search->code].function;
	size_t fitting = 0;

	for (size_t i = 0; i < line; i++)
		fitting += !pattern->lines[i].gap;
	if (search->already || fitting <= search->near.fitting)
		return;
	while (insn < function->count && is_passed(search, insn))
		insn++;
	search->near = (struct search_near){ .fitting = fitting, .pattern = search->pattern,
					     .line = line, .code = search->code,
					     .from = search->start, .insn = insn };
}

/* Notes each way in which the lines from `line` on fit, from instruction `from` on; false: there is
 * none. Without a gap the nearest instruction that fits is the one, unless those behind it do not.
 * As deep as PATTERN_LINES_MAX, NOLINTNEXTLINE(misc-no-recursion) */
static bool lines_match(struct search *search, size_t line, size_t from)
{
	const struct search_pattern *pattern = &search->patterns[search->pattern];
	const struct function *function = search->codes[search->code].function;
	size_t gap = 0, named = search->names.count;
	bool found = false;

	while (line < pattern->pattern->count && pattern->lines[line].gap) {
		gap += PATTERN_GAP_MAX;
		line++;
	}
	if (line == pattern->pattern->count) {
		hit_add(search);
		return true;
	}
	bool all = gap > 0;

	for (size_t i = from; i < function->count && search->steps > 0; i++) {
		if (line_match(search, &pattern->lines[line], i)) {
			if (line == pattern->pattern->at)
				search->site_insn = i;
			found |= lines_match(search, line + 1, i + 1);
			search->names.count = named;
			if (found && !all)
				return true;
		}
		if (is_passed(search, i))
			continue;
		if (gap == 0)
			break;
		gap--;
	}
	if (!found)
		near_note(search, line, from);
	return found;
}

/* Searches one pattern in one function. */
static void search_one(struct search *search)
{
	const struct search_pattern *pattern = &search->patterns[search->pattern];
	size_t count = search->codes[search->code].function->count;

	for (search->start = 0; search->start < count && search->steps > 0; search->start++) {
		if (!line_match(search, &pattern->lines[0], search->start))
			continue;
		if (pattern->pattern->at == 0)
			search->site_insn = search->start;
		(void)lines_match(search, 1, search->start + 1);
		search->names.count = 0;
	}
}

/* Searches all patterns in all of the code. -1: not to the end. */
static int search_all(struct search *search, struct fail *fail)
{
	for (search->pattern = 0; search->pattern < search->site->pattern_count;
	     search->pattern++) {
		if (search->patterns[search->pattern].lines == NULL)
			continue;
		for (search->code = 0; search->code < search->code_count; search->code++)
			search_one(search);
		if (search->steps == 0)
			return search_fail_endless(search, fail);
	}
	return 0;
}

static int hits_create(struct search *search, struct fail *fail)
{
	search->hits = calloc(search->code_count, sizeof(*search->hits));
	for (size_t i = 0; i < search->code_count && search->hits != NULL; i++) {
		size_t count = search->codes[i].function->count;

		search->hits[i] = calloc(count == 0 ? 1 : count, sizeof(*search->hits[i]));
		if (search->hits[i] == NULL)
			return fail_memory(fail, "searching a pattern");
	}
	return search->hits == NULL ? fail_memory(fail, "searching a pattern") : 0;
}

void search_deinit(struct search *search)
{
	for (size_t i = 0; i < search->code_count && search->hits != NULL; i++)
		free(search->hits[i]);
	free(search->hits);
	for (size_t i = 0; i < search->site->pattern_count && search->patterns != NULL; i++) {
		free(search->patterns[i].lines);
		free(search->patterns[i].missing);
	}
	free(search->patterns);
}

static struct pattern_hit the_hit(const struct search *search)
{
	struct pattern_hit hit = { .already = search->already };

	while (hit.code < search->code_count) {
		if (hit.insn == search->codes[hit.code].function->count) {
			hit.code++;
			hit.insn = 0;
		} else if (search->hits[hit.code][hit.insn] != 0) {
			break;
		} else {
			hit.insn++;
		}
	}
	return hit;
}

static int search_run(struct search *search, const char *types_module, struct pattern_hit *out,
		      struct fail *fail)
{
	if (search_prepare(search, types_module, fail) != 0 || hits_create(search, fail) != 0 ||
	    search_all(search, fail) != 0)
		return -1;
	if (search->hit_count == 0) {
		search->already = true;
		if (search_all(search, fail) != 0)
			return -1;
	}
	if (search->hit_count == 0)
		return search_fail_none(search, fail);
	if (search->hit_count > 1)
		return search_fail_several(search, fail);
	*out = the_hit(search);
	return 0;
}

int pattern_find(const struct kernel *kernel, const struct site *site,
		 const struct pattern_code *codes, size_t count, const char *types_module,
		 uint64_t *steps, struct pattern_hit *out, struct fail *fail)
{
	const uint64_t granted = *steps < steps_max ? *steps : steps_max;
	CLEANUP(search_deinit) struct search search = {
		.kernel = kernel, .site = site, .codes = codes, .code_count = count,
		.steps = granted, .last = *steps <= steps_max,
	};
	int result = search_run(&search, types_module, out, fail);

	*steps -= granted - search.steps;
	return result;
}
