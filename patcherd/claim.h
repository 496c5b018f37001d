/* SPDX-License-Identifier: GPL-2.0-or-later */
/* claim: a proved plan against what is applied already: bytes belong to one patch. */
#ifndef PATCHERD_CLAIM_H
#define PATCHERD_CLAIM_H

#include "job.h"
#include "target.h"

/*
 * Sets the outcome of each planned job (and of its sites) anew where the journal or another job of
 * the same request says so: OUTCOME_CONFLICT: another patch, in the journal or in this request,
 * holds some of the bytes (named, with address), or one of the same name and other text is
 * applied; OUTCOME_ALREADY_APPLIED gets a message that says whether it was patcherd that applied
 * it, and when, so that the user knows whether revert can undo it. -1: the journal cannot be read.
 */
int claim_check(struct journal *journal, struct target *target, struct job *jobs, size_t count,
		struct fail *fail) MUST_CHECK;

/* The ids of this boot's entries that hold no byte any more (undone by somebody else, or their
 * module is gone), and whose name or bytes one of the applicable jobs takes over: they are to be
 * ended before those are applied. *out is to be freed. */
int claim_superseded(struct journal *journal, struct target *target, const struct job *jobs,
		     size_t count, int64_t **out, size_t *out_count, struct fail *fail) MUST_CHECK;

#endif
