/* SPDX-License-Identifier: GPL-2.0-or-later */
/* context: a pattern (pattern.h) that describes one place of a function, and no other. */
#ifndef PATCHERD_CONTEXT_H
#define PATCHERD_CONTEXT_H

#include "function.h"
#include "kernel.h"
#include "patch.h"

/*
 * The shortest run of lines around the instruction `insn` of `function`, itself among them, that
 * pattern_find() finds in it, and in the others of `codes`, exactly once, also once `operation` has been
 * done. What a build decides is left out of a line: where a branch leads, what a relocation fills in.
 * `out` is to be freed by its owner (patch_deinit()). -1: OUTCOME_AMBIGUOUS: there is none of up to
 * PATTERN_LINES_MAX lines.
 */
int context_make(const struct kernel *kernel, const struct function *function, size_t insn,
		 const struct operation *operation, struct pattern *out, struct fail *fail) MUST_CHECK;

#endif
