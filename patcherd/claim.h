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

#endif
