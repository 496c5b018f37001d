/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way back from a patch to what it replaced. Built with patcherd's fault points. */
#include "replace_fixture.h"

/* The old one at A, A + 16 and A + 32, then the new one at A + 16, A + 32 and A + 48 for it. */
static void swap(struct fake *fake)
{
	apply_old(fake);
	apply_new(fake);
	assert_new_only(fake);
}

/* The one active entry; to be freed. */
static struct journal_entry *new_entry(struct fake *fake)
{
	struct journal_entry *entries = NULL;
	size_t count = 0;
	struct fail fail;

	if (journal_active(fake->journal, "new", &entries, &count, &fail) < 0)
		fail_msg("%s", fail.message);
	assert_int_equal(count, 1);
	return entries;
}

static int give_back(struct fake *fake, struct fail *fail)
{
	struct transaction transaction = transaction_of(fake);
	struct journal_entry *entry = new_entry(fake), *replaced = NULL;
	size_t count = 0;
	int result;

	if (journal_replaced(fake->journal, entry->id, JOURNAL_REVERTED, &replaced, &count,
			     fail) < 0)
		fail_msg("%s", fail->message);
	assert_int_equal(count, 1);
	result = transaction_return(&transaction, entry, replaced, count, fail);
	journal_entries_free(replaced, count);
	journal_entries_free(entry, 1);
	return result;
}

static void given_back(struct fake *fake)
{
	struct fail fail;

	(void)give_back(fake, &fail);
}

/* As it was before the new one came. */
static void assert_back(struct fake *fake)
{
	struct journal_entry *active = NULL;
	size_t count = 0;
	struct fail fail;

	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(holds(fake, A + 16 * i), HOLDS_NEW);
	assert_int_equal(holds(fake, A + 48), HOLDS_OLD);
	assert_state_of_latest(fake->journal, "new", JOURNAL_REVERTED);
	assert_state_of_latest(fake->journal, "old", JOURNAL_APPLIED);
	assert_int_equal(journal_active(fake->journal, NULL, &active, &count, &fail), 0);
	assert_int_equal(count, 1);
	assert_int_equal(active[0].replaced_by, 0);
	journal_entries_free(active, count);
}

static void assert_refused(struct fake *fake, enum outcome outcome, const char *message)
{
	struct fail fail;

	assert_int_equal(give_back(fake, &fail), -1);
	assert_string_equal(outcome_name(fail.code), outcome_name(outcome));
	assert_contains(fail.message, message);
	assert_state_of_latest(fake->journal, "new", JOURNAL_APPLIED);
	assert_state_of_latest(fake->journal, "old", JOURNAL_REVERTED);
}

static void both_change_places_in_one_step_and_can_be_reverted(void **state)
{
	struct fake *fake = *state;
	struct reverted out[4] = { 0 };
	struct fail fail;

	swap(fake);
	assert_int_equal(give_back(fake, &fail), 0);
	assert_int_equal(fake->shared->writes, 3);
	assert_back(fake);
	assert_int_equal(revert(fake, false, out, &fail), 0);
	for (uint64_t i = 0; i <= 3; i++)
		assert_int_equal(holds(fake, A + 16 * i), HOLDS_OLD);
	assert_int_equal(active_count(fake->journal, NULL), 0);
}

static void it_can_be_replaced_and_given_back_again(void **state)
{
	struct fake *fake = *state;
	struct fail fail;

	swap(fake);
	assert_int_equal(give_back(fake, &fail), 0);
	apply_new(fake);
	assert_new_only(fake);
	assert_int_equal(give_back(fake, &fail), 0);
	assert_back(fake);
}

static void a_site_that_both_write_the_same_to_stays(void **state)
{
	struct fake *fake = *state;
	struct job job;
	struct fail fail;

	apply_old(fake);
	job = new_job(fake, "new", A + 16, 1);
	for (size_t i = 0; i < 2; i++)
		job.plan.sites[0].replacement.bytes.data[i] =
			job.plan.sites[0].found.bytes.data[i] ^ 0xff;
	assert_int_equal(apply(fake, &job, 1, &fail), 0);
	assert_int_equal(holds(fake, A + 16), HOLDS_NEW);
	assert_int_equal(holds(fake, A), HOLDS_OLD);
	free_new(&job);
	assert_int_equal(give_back(fake, &fail), 0);
	assert_back(fake);
}

static void one_that_somebody_had_undone_is_not_brought_back(void **state)
{
	struct fake *fake = *state;
	struct journal_entry *entry, *replaced = NULL;
	size_t count = 0;
	struct fail fail;

	apply_old(fake);
	for (uint64_t i = 0; i < 3; i++) {
		for (uint64_t j = 0; j < 2; j++)
			scribble(fake, A + 16 * i + j, (uint8_t)((A + 16 * i + j - KERNEL_BASE) & 0x7f));
	}
	apply_new(fake);
	entry = new_entry(fake);
	assert_int_equal(journal_replaced(fake->journal, entry->id, JOURNAL_REVERTED, &replaced,
					  &count, &fail), 0);
	assert_int_equal(count, 0);
	assert_state_of_latest(fake->journal, "old", JOURNAL_REVERTED);
	journal_entries_free(replaced, count);
	journal_entries_free(entry, 1);
}

static void bytes_that_somebody_changed_since_are_not_written(void **state)
{
	struct fake *fake = *state;

	swap(fake);
	scribble(fake, A, 0xee);
	assert_refused(fake, OUTCOME_MISMATCH, "was changed by somebody else");
	scribble(fake, A, (A - KERNEL_BASE) & 0x7f);
	scribble(fake, A + 48, 0xee);
	assert_refused(fake, OUTCOME_MISMATCH, "was changed by somebody else");
	assert_int_equal(fake->shared->writes, 2);
}

static void bytes_that_another_patch_has_now_are_left_to_it(void **state)
{
	struct fake *fake = *state;
	struct job third = job_of(fake, "third", "z", A + 1, 1);

	swap(fake);
	for (size_t i = 0; i < 2; i++)
		third.plan.sites[0].found.bytes.data[i] = *at_address(fake, A + 1 + i);
	applied(fake, &third, 1);
	assert_refused(fake, OUTCOME_CONFLICT, "the patch third changes bytes there now");
	job_free(&third);
}

static void one_of_its_name_that_is_applied_anew_stays(void **state)
{
	struct fake *fake = *state;
	struct job again = job_of(fake, "old", "another text", B, 1);
	struct fail fail;

	swap(fake);
	applied(fake, &again, 1);
	assert_int_equal(give_back(fake, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_CONFLICT);
	assert_contains(fail.message, "old is applied anew");
	assert_int_equal(holds(fake, B), HOLDS_NEW);
	assert_int_equal(holds(fake, A), HOLDS_OLD);
	job_free(&again);
}

static void nothing_is_written_where_a_module_has_gone(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "old", "x", A, 3);

	in_module(fake, &job, 0);
	applied(fake, &job, 1);
	job_free(&job);
	apply_new(fake);
	fake->shared->identity++;
	assert_refused(fake, OUTCOME_NOT_FOUND, "the module nfs is gone");
	assert_int_equal(fake->shared->writes, 2);
}

static void a_write_that_fails_leaves_the_new_one_in_place(void **state)
{
	struct fake *fake = *state;
	struct fail fail;

	swap(fake);
	fake->shared->half_at = 3;
	assert_int_equal(give_back(fake, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_contains(fail.message, "put back");
	assert_new_only(fake);
	assert_int_equal(give_back(fake, &fail), 0);
	assert_back(fake);
}

static void what_cannot_be_put_in_the_journal_is_not_begun(void **state)
{
	struct fake *fake = *state;
	struct fail fail;

	swap(fake);
	journal_refuses(fake, "'intended'");
	assert_int_equal(give_back(fake, &fail), -1);
	assert_new_only(fake);
	assert_int_equal(fake->shared->writes, 2);
}

static void kill_at(struct fake *fake, const char *point)
{
	assert_int_equal(setenv("PATCHERD_FAULT", point, 1), 0);
	killed_in(fake, given_back);
	assert_int_equal(unsetenv("PATCHERD_FAULT"), 0);
	assert_state_of_latest(fake->journal, "new", JOURNAL_REVERTING);
	assert_state_of_latest(fake->journal, "old", JOURNAL_INTENDED);
}

static void killed_before_the_write_it_is_completed(void **state)
{
	struct fake *fake = *state;

	swap(fake);
	kill_at(fake, "after-returning");
	recovered(fake);
	assert_back(fake);
	assert_int_equal(fake->shared->writes, 3);
	assert_contains(fake->shared->log, "what it had replaced is applied again");
}

static void killed_after_the_write_the_books_are_finished(void **state)
{
	struct fake *fake = *state;

	swap(fake);
	kill_at(fake, "after-return-write");
	recovered(fake);
	assert_back(fake);
	assert_int_equal(fake->shared->writes, 3);
	assert_contains(fake->shared->log, "new, which had replaced it, was reverted");
}

static void killed_and_not_possible_any_more_the_new_one_stays_to_be_undone(void **state)
{
	struct fake *fake = *state;

	swap(fake);
	kill_at(fake, "after-returning");
	fake->shared->refuse_from = 3;
	fake->shared->refuse_to = 3;
	fake->shared->refuse_code = OUTCOME_HAZARD;
	recovered(fake);
	assert_new_only(fake);
}

/* A way in that does not write in one step, killed between two. */
static void killed_half_way_both_are_put_back_by_force(void **state)
{
	struct fake *fake = *state;
	struct reverted out[4] = { 0 };
	struct fail fail;

	swap(fake);
	kill_at(fake, "after-returning");
	for (uint64_t j = 0; j < 2; j++)
		scribble(fake, A + 16 + j, (uint8_t)((A + 16 + j - KERNEL_BASE) & 0x7f) ^ 0xff);
	recovered(fake);
	assert_contains(fake->shared->log, "neither all original bytes nor all of the patch");
	assert_int_equal(fake->shared->writes, 2);
	assert_int_equal(revert(fake, true, out, &fail), 0);
	for (uint64_t i = 0; i <= 3; i++)
		assert_int_equal(holds(fake, A + 16 * i), HOLDS_OLD);
	assert_int_equal(active_count(fake->journal, NULL), 0);
	free(out[0].message);
	free(out[1].message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(both_change_places_in_one_step_and_can_be_reverted),
		KERNEL_TEST(it_can_be_replaced_and_given_back_again),
		KERNEL_TEST(a_site_that_both_write_the_same_to_stays),
		KERNEL_TEST(one_that_somebody_had_undone_is_not_brought_back),
		KERNEL_TEST(bytes_that_somebody_changed_since_are_not_written),
		KERNEL_TEST(bytes_that_another_patch_has_now_are_left_to_it),
		KERNEL_TEST(one_of_its_name_that_is_applied_anew_stays),
		KERNEL_TEST(nothing_is_written_where_a_module_has_gone),
		KERNEL_TEST(a_write_that_fails_leaves_the_new_one_in_place),
		KERNEL_TEST(what_cannot_be_put_in_the_journal_is_not_begun),
		KERNEL_TEST(killed_before_the_write_it_is_completed),
		KERNEL_TEST(killed_after_the_write_the_books_are_finished),
		KERNEL_TEST(killed_and_not_possible_any_more_the_new_one_stays_to_be_undone),
		KERNEL_TEST(killed_half_way_both_are_put_back_by_force),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("return", tests, NULL, NULL);
}
