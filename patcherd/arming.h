/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arming: what `when_loaded` makes of the jobs of a request: those whose module is not loaded wait for
 * it, and the others are armed for its return. */
#ifndef PATCHERD_ARMING_H
#define PATCHERD_ARMING_H

#include "job.h"
#include "module.h"

/* Sets the outcome of planned jobs anew: OUTCOME_ARMED where the one module that all sites are in is
 * not loaded; OUTCOME_INVALID_SPEC where they are not all in one. -1: out of memory. */
int arming_prove(const struct modules *modules, struct job *jobs, size_t count,
		 struct fail *fail) MUST_CHECK;

/* OUTCOME_CONFLICT for the jobs of whose name another text is armed, whether `when_loaded` was asked
 * for or not, and for those that would wait, of whose name the request has another. -1: the journal
 * cannot be read. */
int arming_check(struct journal *journal, struct job *jobs, size_t count,
		 struct fail *fail) MUST_CHECK;

/* Notes the jobs that are armed, applicable or applied already as armed, and which of them were not
 * before: all in one step. One whose code is built into the kernel has nothing to wait for, and gets a
 * warning. -1: none was noted. */
int arming_note(struct journal *journal, const struct journal_caller *caller, struct job *jobs,
		size_t count, struct fail *fail) MUST_CHECK;
/* Takes that back. -1: none could be. */
int arming_undo(struct journal *journal, struct job *jobs, size_t count,
		struct fail *fail) MUST_CHECK;

#endif
