/* SPDX-License-Identifier: GPL-2.0-or-later */
/* context: a pattern (pattern.h) that describes one place of a function, and no other. */
#ifndef PATCHERD_CONTEXT_H
#define PATCHERD_CONTEXT_H

#include "pattern.h"

enum { CONTEXT_LINES_MAX = 16 };

/*
 * The shortest run of lines around the instruction `insn` of codes[0], itself among them, by which
 * pattern_find() finds that in all of `codes` and nothing else, also once `operation` has been done
 * there. What a build decides is left out of the lines: where a branch leads, what a relocation of
 * kernel->image fills in.
 * *out is to be freed as a patch's (patch_deinit()). -1: OUTCOME_AMBIGUOUS: there is none of up to
 * CONTEXT_LINES_MAX lines, or the search takes too long; OUTCOME_ERROR: memory ran out.
 */
int context_make(const struct kernel *kernel, const struct pattern_code *codes, size_t count,
		 size_t insn, const struct operation *operation, struct pattern *out,
		 struct fail *fail) MUST_CHECK;
/* One such line. `relocated`: of each byte of the instruction, whether a relocation fills it in. False:
 * nothing describes it. */
bool context_line(enum architecture arch, const struct insn *insn, const bool *relocated,
		  char out[ASM_MAX]);

#endif
