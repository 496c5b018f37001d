/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pattern_search: what lib/pattern*.c share. */
#ifndef PATCHERD_PATTERN_SEARCH_H
#define PATCHERD_PATTERN_SEARCH_H

#include "asm_line.h"
#include "pattern.h"

/* A line of a pattern, read once. */
struct search_line {
	struct asm_line text;
	bool gap;			/* "..." */
	bool returns;			/* "ret" */
};

struct search_pattern {
	const struct pattern *pattern;
	struct search_line *lines;	/* NULL: passed over */
	char *missing;			/* why it is */
};

/* How far a pattern fitted: all before line `line`, from instruction `from` on, and that did not at
 * instruction `insn`, or behind the function's last where `insn` is its count. */
struct search_near {
	size_t fitting;			/* lines, without gaps; 0: none did */
	size_t pattern, line;
	size_t code, from, insn;
};

struct search {
	const struct kernel *kernel;
	const struct site *site;
	const struct pattern_code *codes;
	size_t code_count;
	struct search_pattern *patterns;
	/* for each code and instruction: 1 and more, the pattern of which it is the site; 0: none */
	uint32_t **hits;
	size_t hit_count;		/* instructions that are */
	bool already;			/* searched is what the operation left */
	struct search_near near;
	/* on the way */
	size_t pattern, code, start, site_insn;
	struct asm_names names;
	uint64_t steps;			/* comparisons that may yet be made */
	bool last;			/* they are the last ones of the patch */
};

/* Reads all patterns, with this kernel's offsets. -1: OUTCOME_GUARD where all would be passed over or
 * a type is ambiguous, OUTCOME_INVALID_SPEC, OUTCOME_ERROR. */
int search_prepare(struct search *search, const char *types_module, struct fail *fail) MUST_CHECK;
void search_deinit(struct search *search);

/* Each fills in *fail for a search that found nothing, several places, or did not come to its end. */
int search_fail_none(const struct search *search, struct fail *fail) MUST_CHECK;
int search_fail_several(const struct search *search, struct fail *fail) MUST_CHECK;
int search_fail_endless(const struct search *search, struct fail *fail) MUST_CHECK;

#endif
