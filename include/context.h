/* SPDX-License-Identifier: GPL-2.0-or-later */
/* context: a pattern (pattern.h) that describes one place of a function, and no other. */
#ifndef PATCHERD_CONTEXT_H
#define PATCHERD_CONTEXT_H

#include "pattern.h"

enum { CONTEXT_LINES_MAX = 16 };

/* Bytes of a function that become others: whole instructions. */
struct context_edit {
	uint64_t offset;		/* from its start */
	struct bytes bytes;
	const char *target;		/* OPERATION_TARGET's, of a branch whose bytes stay; or
					 * NULL */
};

/* The function as all of a patch's changes leave it, to be freed by function_deinit(). -1: they are
 * no whole instructions, or lie outside of it. */
int context_after(const struct kernel *kernel, const struct function *function,
		  const struct context_edit *edits, size_t count, struct function *out,
		  struct fail *fail) MUST_CHECK;

/*
 * The shortest run of lines around the instruction `insn` of codes[0], itself among them, by which
 * pattern_find() finds that in all of `codes` and nothing else, also in `after`, which codes[0] is
 * then. What a build decides is left out of the lines: where a branch leads (but the site's own
 * where that is what changes, and has a name), what a relocation of kernel->image fills in. Instead
 * of other instructions that change stands "...". *out is to be freed as a patch's
 * (patch_deinit()). -1: OUTCOME_AMBIGUOUS: there is none of up to CONTEXT_LINES_MAX lines, or the
 * search takes too long; OUTCOME_ERROR: memory ran out.
 */
int context_make(const struct kernel *kernel, const struct pattern_code *codes, size_t count,
		 size_t insn, const struct operation *operation, const struct function *after,
		 struct pattern *out, struct fail *fail) MUST_CHECK;
/* What is to be found at `length` bytes of a function from `offset` on, whole instructions that the
 * operation changes: the bytes where all of them are known before the object is loaded, else such a
 * line. `relocated`: function_relocated(). *out is a patch's. -1: OUTCOME_HAZARD: nothing describes
 * the instruction; OUTCOME_ERROR: memory ran out. */
int context_expect(const struct kernel *kernel, const struct function *function,
		   const bool *relocated, uint64_t offset, size_t length,
		   const struct operation *operation, struct expectation *out,
		   struct fail *fail) MUST_CHECK;

#endif
