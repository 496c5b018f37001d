/* SPDX-License-Identifier: GPL-2.0-or-later */
/* transaction: the only writer. Intent to the journal, the kernel in one step, read back,
 * outcome to the journal; and the same way back. All or nothing. */
#ifndef PATCHERD_TRANSACTION_H
#define PATCHERD_TRANSACTION_H

#include "job.h"
#include "target.h"
#include "times.h"
#include "trace.h"

struct transaction {
	struct journal *journal;
	struct target *target;
	const char *boot_id;
	struct journal_caller caller;
	const char *cpus;		/* CPUS_DIRECTORY */
	bool offline_cpus;		/* see offline.h */
	const struct trace *trace;	/* NULL: none is left */
	int64_t confirm_by;		/* of the entries to be applied, as journal.h has them */
	bool ignore_warnings;
	struct trouble_mark mark;
	struct fail left_offline;	/* out: which CPUs did not come back; message "": none */
	struct fail untraced;		/* out: what of the trace could not be left; message "": nothing */
	bool unnoted;			/* out: the journal lacks the outcome, which recover() finds out */
	struct times *times;		/* of an apply; NULL: nobody asks */
	uint64_t stop_nanoseconds;	/* out: all CPUs were stopped so long */
};

/*
 * Writes all sites of all jobs whose outcome is OUTCOME_APPLICABLE in one target_write(); jobs that
 * are already applied are left alone. 0: their plans and sites are OUTCOME_APPLIED. -1: *fail, and
 * the plan of the job at fault has the outcome too; nothing is changed, unless the code is
 * OUTCOME_INCOMPLETE: then the kernel is neither old nor new, and the message names the bytes. A
 * task inside a `multiple` site (OUTCOME_BUSY) is tried again a few times, 50 ms apart, in all
 * less than a second. Each step is logged.
 */
int transaction_apply(struct transaction *transaction, struct job *jobs, size_t count,
		      struct fail *fail) MUST_CHECK;

/* How the revert of one entry ended. */
struct reverted {
	struct journal_entry *entry;
	enum outcome outcome;		/* OUTCOME_REVERTED or why not */
	char *message;			/* owned; NULL where there is nothing to say */
};

/*
 * Puts the old bytes back at all sites of all entries, in one target_write(). Sites that hold the old
 * bytes already are left alone; gone ones (module unloaded) are nothing to do. Tampered sites:
 * OUTCOME_MISMATCH, unless `force`: then what is found there is replaced, and logged. `out`: count
 * of them, to be freed by the caller. -1: nothing was changed, or OUTCOME_INCOMPLETE.
 */
int transaction_revert(struct transaction *transaction, struct journal_entry *entries, size_t count,
		       bool force, struct reverted *out, struct fail *fail) MUST_CHECK;

/*
 * Puts the old bytes back at all sites of `entry`, and what it replaced in its place again, in one
 * target_write(), so that things are as before it was applied. `replaced`: `count` entries that are
 * REVERTED. -1: nothing was changed, and `entry` is APPLIED still, or OUTCOME_INCOMPLETE. What it is
 * refused for, beside what any revert is: a site of theirs that does not hold what it did without them,
 * that is gone with its module, or that another patch has now (OUTCOME_CONFLICT).
 */
int transaction_return(struct transaction *transaction, const struct journal_entry *entry,
		       const struct journal_entry *replaced, size_t count,
		       struct fail *fail) MUST_CHECK;

#endif
