/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pattern: the one place in a function, and in its .cold part, that the patterns of a site (`find` in
 * patch(5)) describe.
 *
 * A line is assembler as asm.h has it, and besides:
 *   "..."            0 to 8 instructions (PATTERN_GAP_MAX), not as the first or last line
 *   @name            a register, the same one, in any width, at each use in the pattern
 *   {type.member}    the member's offset on this kernel, see types.h
 *   ret              also a jump to one of the kernel's return thunks
 * Lines follow each other in memory. Between two of them, nops, int3 and endbr are passed over (code
 * has others of them in memory than in its file), and so is what the kernel itself rewrites
 * (`transparent`): ftrace's sites, static keys' sites, alternatives, retpolines; but a line that
 * describes such an instruction matches it. They do not count in a gap.
 */
#ifndef PATCHERD_PATTERN_H
#define PATCHERD_PATTERN_H

#include "function.h"
#include "kernel.h"
#include "patch.h"
#include "types.h"

enum { PATTERN_LINES_MAX = 64, PATTERN_GAP_MAX = 8 };

/* Comparisons that the searches of one patch may take together: some seconds' worth, as who plans it
 * does nothing else meanwhile. */
#define PATTERN_STEPS (UINT64_C(32) << 20)

/* Syntax of one line, as far as that can be told without a kernel; else *why is a constant text. */
bool pattern_line_check(const char *line, const char **why);

/* A function that is searched. */
struct pattern_code {
	const struct function *function;
	const bool *transparent;	/* for each instruction: the kernel rewrites it; NULL: none */
};

struct pattern_hit {
	size_t code;			/* index of the pattern_code */
	size_t insn;			/* index of the site's instruction */
	bool already;			/* it is as the operation leaves it */
};

/*
 * All patterns of the site are searched in all of `codes`, of which the first is the function that the
 * site names, and all hits must be one address. Where there is none, they are searched as the
 * operation would have left the site's line (a pattern of one line whose operation tells nothing of
 * what was there, as nop does, is not).
 * `types_module`: whose types are meant; NULL: the kernel image's. `steps`: of PATTERN_STEPS those that
 * are left, less what the search takes.
 * A pattern that names a type which is not known is passed over; all passed over: OUTCOME_GUARD with
 * what is missing, and why.
 * -1: OUTCOME_NOT_FOUND: the nearest partial match is shown (how many lines fit, where, and the first
 * line that does not beside the instruction there), and each pattern that was passed over with why;
 * OUTCOME_AMBIGUOUS: all places are shown (at most 16, and how many more), or the patterns fit in too
 * many ways to try them all, or no steps are left; OUTCOME_GUARD: two types of a name (see types.h).
 */
int pattern_find(const struct kernel *kernel, const struct site *site,
		 const struct pattern_code *codes, size_t count, const char *types_module,
		 uint64_t *steps, struct pattern_hit *out, struct fail *fail) MUST_CHECK;

#endif
