/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built with patcherd's fault points: what a kill leaves, and what the next start makes of it. */
#include "patcherd/recover.h"
#include "transaction_fixture.h"

static void apply_one(struct fake *fake)
{
	struct job job = job_of(fake, "p", "x", A, 3);
	struct fail fail;

	(void)apply(fake, &job, 1, &fail);
	job_free(&job);
}

static void revert_all(struct fake *fake)
{
	struct reverted out[4] = { 0 };
	struct fail fail;

	(void)revert(fake, false, out, &fail);
	free(out[0].message);
}

static void kill_at(struct fake *fake, const char *point, void (*body)(struct fake *fake))
{
	assert_int_equal(setenv("PATCHERD_FAULT", point, 1), 0);
	killed_in(fake, body);
	assert_int_equal(unsetenv("PATCHERD_FAULT"), 0);
}

static void recovered(struct fake *fake)
{
	struct transaction transaction = transaction_of(fake);
	struct fail fail;

	if (recover(&transaction, &fail) < 0)
		fail_msg("%s", fail.message);
}

static void assert_all(struct fake *fake, enum holds wanted)
{
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(holds(fake, A + 16 * i), wanted);
}

/* The one line of the audit trail. */
static void assert_event(struct fake *fake, const char *outcome, const char *part)
{
	struct journal_event *events = NULL;
	struct fail fail;
	size_t count = 0;

	if (journal_events(fake->journal, "p", 9, &events, &count, &fail) < 0)
		fail_msg("%s", fail.message);
	assert_int_equal(count, 1);
	assert_string_equal(events[0].action, "recover");
	assert_string_equal(events[0].outcome, outcome);
	assert_string_equal(events[0].boot_id, BOOT_1);
	assert_contains(events[0].message, part);
	assert_contains(fake->shared->log, part);
	journal_event_deinit(&events[0]);
	free(events);
}

static void killed_between_intent_and_write_it_is_not_applied(void **state)
{
	struct fake *fake = *state;

	kill_at(fake, "after-intent", apply_one);
	assert_state_of_latest(fake->journal, "p", JOURNAL_INTENDED);
	recovered(fake);
	assert_all(fake, HOLDS_OLD);
	assert_state_of_latest(fake->journal, "p", JOURNAL_FAILED);
	assert_event(fake, "error", "had not been written");
	apply_one(fake);
	assert_all(fake, HOLDS_NEW);
}

static void killed_between_write_and_outcome_it_is_applied(void **state)
{
	struct fake *fake = *state;

	kill_at(fake, "after-write", apply_one);
	assert_all(fake, HOLDS_NEW);
	assert_state_of_latest(fake->journal, "p", JOURNAL_INTENDED);
	recovered(fake);
	assert_all(fake, HOLDS_NEW);
	assert_state_of_latest(fake->journal, "p", JOURNAL_APPLIED);
	assert_event(fake, "applied", "had been written");
	revert_all(fake);
	assert_all(fake, HOLDS_OLD);
}

static void killed_inside_the_write_it_is_what_memory_says(void **state)
{
	struct fake *fake = *state;

	fake->shared->kill_before = 1;
	killed_in(fake, apply_one);
	recovered(fake);
	assert_all(fake, HOLDS_OLD);
	assert_state_of_latest(fake->journal, "p", JOURNAL_FAILED);
	fake->shared->kill_after = 2;
	killed_in(fake, apply_one);
	recovered(fake);
	assert_all(fake, HOLDS_NEW);
	assert_state_of_latest(fake->journal, "p", JOURNAL_APPLIED);
}

static void killed_before_or_after_the_reverts_write_the_revert_is_completed(void **state)
{
	static const char *const points[] = { "after-reverting", "after-revert-write" };
	struct fake *fake = *state;

	for (size_t i = 0; i < 2; i++) {
		struct fail fail;
		struct journal_event *events = NULL;
		size_t count = 0;

		apply_one(fake);
		kill_at(fake, points[i], revert_all);
		assert_all(fake, i == 0 ? HOLDS_NEW : HOLDS_OLD);
		assert_state_of_latest(fake->journal, "p", JOURNAL_REVERTING);
		recovered(fake);
		assert_all(fake, HOLDS_OLD);
		assert_state_of_latest(fake->journal, "p", JOURNAL_REVERTED);
		assert_int_equal(journal_events(fake->journal, "p", 9, &events, &count, &fail), 0);
		assert_int_equal(count, i + 1);
		assert_string_equal(events[i].outcome, "reverted");
		for (size_t j = 0; j < count; j++)
			journal_event_deinit(&events[j]);
		free(events);
	}
}

static void a_revert_that_cannot_be_completed_stays_begun_and_is_told(void **state)
{
	struct fake *fake = *state;

	apply_one(fake);
	kill_at(fake, "after-reverting", revert_all);
	scribble(fake, A, 0xcc);
	recovered(fake);
	assert_state_of_latest(fake->journal, "p", JOURNAL_REVERTING);
	assert_event(fake, "mismatch", "holds cc fe");
	assert_int_equal(holds(fake, A + 16), HOLDS_NEW);
}

static void some_old_and_some_new_is_left_and_told(void **state)
{
	struct fake *fake = *state;
	unsigned writes;

	kill_at(fake, "after-write", apply_one);
	scribble(fake, A, 0x00);
	scribble(fake, A + 1, 0x01);
	assert_int_equal(holds(fake, A), HOLDS_OLD);
	writes = fake->shared->writes;
	recovered(fake);
	assert_int_equal(fake->shared->writes, writes);
	assert_state_of_latest(fake->journal, "p", JOURNAL_INTENDED);
	assert_event(fake, "incomplete", "neither all original bytes nor all of the patch");
	revert_all(fake);
	assert_all(fake, HOLDS_OLD);
	assert_state_of_latest(fake->journal, "p", JOURNAL_REVERTED);
}

static void memory_that_cannot_be_read_is_told_and_decides_nothing(void **state)
{
	struct fake *fake = *state;

	kill_at(fake, "after-write", apply_one);
	fake->shared->unreadable = A + 16;
	recovered(fake);
	assert_state_of_latest(fake->journal, "p", JOURNAL_INTENDED);
	assert_event(fake, "attention", "not known whether the patch was written");
}

static void what_is_applied_or_ended_is_not_touched(void **state)
{
	struct fake *fake = *state;
	struct journal_event *events = NULL;
	struct fail fail;
	size_t count = 0;

	apply_one(fake);
	recovered(fake);
	assert_state_of_latest(fake->journal, "p", JOURNAL_APPLIED);
	revert_all(fake);
	recovered(fake);
	assert_state_of_latest(fake->journal, "p", JOURNAL_REVERTED);
	assert_int_equal(fake->shared->writes, 2);
	assert_int_equal(journal_events(fake->journal, NULL, 9, &events, &count, &fail), 0);
	assert_int_equal(count, 0);
	free(events);
}

static void a_journal_that_cannot_be_written_is_a_failure(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;
	struct fail fail;

	kill_at(fake, "after-write", apply_one);
	journal_refuses(fake, "'applied'");
	transaction = transaction_of(fake);
	assert_int_equal(recover(&transaction, &fail), -1);
	assert_contains(fail.message, "cannot write an outcome");
	assert_all(fake, HOLDS_NEW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(killed_between_intent_and_write_it_is_not_applied),
		KERNEL_TEST(killed_between_write_and_outcome_it_is_applied),
		KERNEL_TEST(killed_inside_the_write_it_is_what_memory_says),
		KERNEL_TEST(killed_before_or_after_the_reverts_write_the_revert_is_completed),
		KERNEL_TEST(a_revert_that_cannot_be_completed_stays_begun_and_is_told),
		KERNEL_TEST(some_old_and_some_new_is_left_and_told),
		KERNEL_TEST(memory_that_cannot_be_read_is_told_and_decides_nothing),
		KERNEL_TEST(what_is_applied_or_ended_is_not_touched),
		KERNEL_TEST(a_journal_that_cannot_be_written_is_a_failure),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("recover", tests, NULL, NULL);
}
