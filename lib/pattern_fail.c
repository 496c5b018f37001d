/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of a search that did not find one place. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pattern_search.h"

enum { SHOWN_MAX = 16 };

/* "nfs_flock+0x2f (0xffffffffc0412345): je nfs_flock+0x6a" */
static void insn_append(const struct search *search, size_t code, size_t index, struct fail *fail)
{
	const struct function *function = search->codes[code].function;
	const struct insn *insn = &function->insns[index];
	char text[ASM_MAX];

	fail_append(fail, "%s+0x%" PRIx64 " (0x%" PRIx64 "): %s", function->symbol->name,
		    insn->address - function->symbol->address, insn->address,
		    function_print(search->kernel->symtab, function->symbol, insn, text));
}

/* "nfs_flock and its parts", the functions that were searched. */
static void codes_append(const struct search *search, struct fail *fail)
{
	for (size_t i = 0; i < search->code_count; i++)
		fail_append(fail, "%s%s",
			    i == 0 ? "" : i + 1 == search->code_count ? " and " : ", ",
			    search->codes[i].function->symbol->name);
}

static void near_append(const struct search *search, struct fail *fail)
{
	const struct search_near *near = &search->near;
	const struct pattern *pattern = &search->site->patterns[near->pattern];
	const struct function *function = search->codes[near->code].function;
	const struct pattern_line *line = &pattern->lines[near->line];
	size_t lines = 0;

	for (size_t i = 0; i < pattern->count; i++)
		lines += !search->patterns[near->pattern].lines[i].gap;
	fail_append(fail, "\nnearest: %zu of %zu lines of pattern %zu %s, from\n  ", near->fitting,
		    lines, near->pattern + 1, near->fitting == 1 ? "fits" : "fit");
	insn_append(search, near->code, near->from, fail);
	fail_append(fail, "\nthen its line %zu, \"%s\" (%u:%u of the patch file), %s",
		    near->line + 1, line->text, line->place.line, line->place.column,
		    search->patterns[near->pattern].lines[near->line - 1].gap ?
		    "fits none of the instructions that \"...\" may lead to, from\n  " :
		    "does not fit\n  ");
	if (near->insn < function->count)
		insn_append(search, near->code, near->insn, fail);
	else
		fail_append(fail, "the function's end");
}

int search_fail_none(const struct search *search, struct fail *fail)
{
	const struct function *first = search->codes[0].function;
	size_t count = search->site->pattern_count;

	if (count == 1)
		(void)fail_at(fail, OUTCOME_NOT_FOUND, first->symbol->address,
			      "the pattern is not found in ");
	else
		(void)fail_at(fail, OUTCOME_NOT_FOUND, first->symbol->address,
			      "none of the %zu patterns is found in ", count);
	codes_append(search, fail);
	if (search->near.fitting > 0)
		near_append(search, fail);
	else
		fail_append(fail, "; no instruction fits the first line");
	for (size_t i = 0; i < search->code_count; i++) {
		const struct function *function = search->codes[i].function;

		if (function->decoded < function->size)
			fail_append(fail, "\n%s cannot be decoded beyond +0x%zx, so it was "
				    "searched up to there", function->symbol->name,
				    function->decoded);
	}
	for (size_t i = 0; i < count; i++) {
		if (search->patterns[i].missing != NULL)
			fail_append(fail, "\npattern %zu was passed over: %s", i + 1,
				    search->patterns[i].missing);
	}
	fail_append(fail, "\ncompare with `patchctl disassemble %s`", first->symbol->name);
	return -1;
}

int search_fail_several(const struct search *search, struct fail *fail)
{
	const struct function *first = search->codes[0].function;
	size_t shown = 0;

	(void)fail_at(fail, OUTCOME_AMBIGUOUS, first->symbol->address,
		      "%zu places fit%s; add lines until one does:", search->hit_count,
		      search->already ? " as the operation would have left them" : "");
	for (size_t i = 0; i < search->code_count; i++) {
		for (size_t j = 0; j < search->codes[i].function->count && shown < SHOWN_MAX; j++) {
			if (search->hits[i][j] == 0)
				continue;
			fail_append(fail, "\n  ");
			insn_append(search, i, j, fail);
			if (search->site->pattern_count > 1)
				fail_append(fail, " (pattern %" PRIu32 ")", search->hits[i][j]);
			shown++;
		}
	}
	if (shown < search->hit_count)
		fail_append(fail, "\n  and %zu more", search->hit_count - shown);
	fail_append(fail, "\nsee `patchctl disassemble %s`", first->symbol->name);
	return -1;
}

int search_fail_endless(const struct search *search, struct fail *fail)
{
	const struct symbol *symbol = search->codes[0].function->symbol;

	if (search->last)
		return fail_at(fail, OUTCOME_AMBIGUOUS, symbol->address,
			       "%s: the search was given up, as the patterns of all sites together take "
			       "too long to search: leave out some \"...\", make the lines before them say "
			       "more, or make several patches of this one", symbol->name);
	return fail_at(fail, OUTCOME_AMBIGUOUS, symbol->address,
		       "%s: the search was given up, as pattern %zu fits in too many ways: leave "
		       "out some \"...\", or make the lines before them say more", symbol->name,
		       search->pattern + 1);
}
