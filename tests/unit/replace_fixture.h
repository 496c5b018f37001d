/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A patch "old", and one "new" that takes its place. */
#ifndef PATCHERD_REPLACE_FIXTURE_H
#define PATCHERD_REPLACE_FIXTURE_H

#include "patcherd/recover.h"
#include "patcherd/replace.h"
#include "transaction_fixture.h"

/* The old patch changes 2 bytes at A, A + 16 and A + 32. */
static inline void apply_old(struct fake *fake)
{
	struct job job = job_of(fake, "old", "x", A, 3);

	applied(fake, &job, 1);
	job_free(&job);
}

/* The new one changes 2 bytes at `first` and at the next places 16 on, as they were originally, and
 * replaces the old one. */
static inline struct job new_job(struct fake *fake, const char *name, uint64_t first, size_t count)
{
	struct job job = job_of(fake, name, "y", first, count);
	struct fail fail;

	for (size_t i = 0; i < count; i++) {
		struct site_plan *site = &job.plan.sites[i];

		for (size_t j = 0; j < 2; j++) {
			uint8_t original = (uint8_t)((site->address + j - KERNEL_BASE) & 0x7f);

			site->found.bytes.data[j] = original;
			site->replacement.bytes.data[j] = original ^ 0x0f;
		}
	}
	assert_int_equal(strings_add(&job.patch.replaces, "old"), 0);
	if (replace_load(fake->journal, &fake->target, &job, &fail) < 0)
		fail_msg("%s", fail.message);
	return job;
}

static inline void free_new(struct job *job)
{
	replace_deinit(job);
	job_free(job);
}

static inline bool holds_new(struct fake *fake, uint64_t address)
{
	return *at_address(fake, address) == (((address - KERNEL_BASE) & 0x7f) ^ 0x0f);
}

/* At A + 16, A + 32 and A + 48; nothing at A. */
static inline void apply_new(struct fake *fake)
{
	struct job job = new_job(fake, "new", A + 16, 3);
	struct fail fail;

	(void)apply(fake, &job, 1, &fail);
	free_new(&job);
}

static inline void assert_new_only(struct fake *fake)
{
	assert_int_equal(holds(fake, A), HOLDS_OLD);
	for (uint64_t i = 1; i <= 3; i++)
		assert_true(holds_new(fake, A + 16 * i) && holds_new(fake, A + 16 * i + 1));
	assert_state_of_latest(fake->journal, "new", JOURNAL_APPLIED);
	assert_state_of_latest(fake->journal, "old", JOURNAL_REVERTED);
}

static inline void assert_old_only(struct fake *fake)
{
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(holds(fake, A + 16 * i), HOLDS_NEW);
	assert_int_equal(holds(fake, A + 48), HOLDS_OLD);
	assert_state_of_latest(fake->journal, "new", JOURNAL_FAILED);
	assert_state_of_latest(fake->journal, "old", JOURNAL_APPLIED);
	assert_int_equal(active_count(fake->journal, NULL), 1);
}

static inline void recovered(struct fake *fake)
{
	struct transaction transaction = transaction_of(fake);
	struct fail fail;

	if (recover(&transaction, &fail) < 0)
		fail_msg("%s", fail.message);
}

#endif
