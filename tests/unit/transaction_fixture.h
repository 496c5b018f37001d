/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applying and reverting jobs on the fake kernel. */
#ifndef PATCHERD_TRANSACTION_FIXTURE_H
#define PATCHERD_TRANSACTION_FIXTURE_H

#include <sqlite3.h>

#include "job_fixture.h"
#include "patcherd/transaction.h"

enum { A = KERNEL_BASE + 0x100, B = KERNEL_BASE + 0x800 };

static inline struct transaction transaction_of(struct fake *fake)
{
	return (struct transaction){
		.journal = fake->journal, .target = &fake->target, .boot_id = BOOT_1,
		.caller = { .uid = 1000, .pid = 7, .comm = "patchctl" },
	};
}

static inline int apply(struct fake *fake, struct job *jobs, size_t count, struct fail *fail)
{
	struct transaction transaction = transaction_of(fake);

	*fail = (struct fail){ .message = "" };
	return transaction_apply(&transaction, jobs, count, fail);
}

static inline void applied(struct fake *fake, struct job *jobs, size_t count)
{
	struct fail fail;

	if (apply(fake, jobs, count, &fail) < 0)
		fail_msg("%s", fail.message);
}

/* Reverts all that is active. `out`: at most 4. */
static inline int revert(struct fake *fake, bool force, struct reverted *out, struct fail *fail)
{
	struct transaction transaction = transaction_of(fake);
	struct journal_entry *entries = NULL;
	size_t count = 0;
	int result;

	*fail = (struct fail){ .message = "" };
	if (journal_active(fake->journal, NULL, &entries, &count, fail) < 0)
		fail_msg("%s", fail->message);
	assert_in_range(count, 1, 4);
	result = transaction_revert(&transaction, entries, count, force, out, fail);
	journal_entries_free(entries, count);
	return result;
}

static inline void assert_memory(struct fake *fake, const struct job *job, enum holds wanted)
{
	for (size_t i = 0; i < job->plan.site_count; i++)
		assert_int_equal(holds(fake, job->plan.sites[i].address), wanted);
}

/* Every write to the journal fails from now on, as far as the name of a state goes. */
static inline void journal_refuses(struct fake *fake, const char *state)
{
	char sql[256];
	sqlite3 *db = NULL;

	journal_close(fake->journal);
	fake->journal = NULL;
	snprintf(sql, sizeof(sql), "CREATE TRIGGER refuse BEFORE UPDATE ON entry"
		 " WHEN NEW.state IN (%s) BEGIN SELECT raise(ABORT, 'refused for the test'); "
		 "END", state);
	assert_int_equal(sqlite3_open(fake->place->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	fake->journal = opened(fake->place->path, BOOT_1);
}

#endif
