/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A patch that takes another's place. Built with patcherd's fault points. */
#include "patcherd/claim.h"
#include "replace_fixture.h"

static void both_are_swapped_in_one_step_and_the_new_ones_revert_is_the_original(void **state)
{
	struct fake *fake = *state;
	struct reverted out[4] = { 0 };
	struct fail fail;

	apply_old(fake);
	apply_new(fake);
	assert_int_equal(fake->shared->writes, 2);
	assert_new_only(fake);
	assert_contains(fake->shared->log, "replaced by new");
	assert_int_equal(revert(fake, false, out, &fail), 0);
	for (uint64_t i = 0; i <= 3; i++)
		assert_int_equal(holds(fake, A + 16 * i), HOLDS_OLD);
	assert_int_equal(active_count(fake->journal, NULL), 0);
}

static void what_is_replaced_is_not_seen_by_the_proof(void **state)
{
	struct fake *fake = *state;
	struct target *view = NULL;
	struct job job;
	uint8_t bytes[64];
	struct fail fail;

	apply_old(fake);
	job = new_job(fake, "new", A + 16, 1);
	assert_int_equal(replace_view(&fake->target, &job, &view, &fail), 0);
	assert_int_equal(view->info.writable, fake->target.info.writable);
	/* from the middle of one change to the middle of another */
	assert_int_equal(target_read(view, A + 1, bytes, 32, "it", &fail), 0);
	for (uint64_t i = 0; i < 32; i++)
		assert_int_equal(bytes[i], (A + 1 + i - KERNEL_BASE) & 0x7f);
	assert_int_equal(target_read(view, A + 17, bytes, 1, "it", &fail), 0);
	assert_int_equal(bytes[0], (A + 17 - KERNEL_BASE) & 0x7f);
	target_close(view);
	free_new(&job);
}

static void one_that_is_not_applied_is_no_obstacle(void **state)
{
	struct fake *fake = *state;
	struct job job = new_job(fake, "new", A, 1);
	struct fail fail;

	assert_int_equal(job.replaced_count, 0);
	assert_int_equal(apply(fake, &job, 1, &fail), 0);
	assert_true(holds_new(fake, A));
	free_new(&job);
}

static void a_change_of_more_bytes_takes_the_old_one_into_it(void **state)
{
	struct fake *fake = *state;
	struct journal_entry *entries = NULL;
	size_t count = 0;
	struct job job;
	struct fail fail;

	apply_old(fake);
	/* 1 byte before and 2 behind the old one's 2 at A + 16 */
	job = new_job(fake, "new", A + 15, 1);
	job.plan.sites[0].found.bytes.length = job.plan.sites[0].replacement.bytes.length = 5;
	for (uint64_t i = 0; i < 5; i++) {
		job.plan.sites[0].found.bytes.data[i] = (A + 15 + i - KERNEL_BASE) & 0x7f;
		job.plan.sites[0].replacement.bytes.data[i] =
			((A + 15 + i - KERNEL_BASE) & 0x7f) ^ 0x0f;
	}
	assert_int_equal(apply(fake, &job, 1, &fail), 0);
	for (uint64_t i = 0; i < 5; i++)
		assert_true(holds_new(fake, A + 15 + i));
	assert_int_equal(holds(fake, A), HOLDS_OLD);
	assert_int_equal(holds(fake, A + 32), HOLDS_OLD);
	assert_int_equal(journal_active(fake->journal, "new", &entries, &count, &fail), 0);
	assert_true(bytes_equal(&entries[0].sites[0].old, &job.plan.sites[0].found.bytes));
	journal_entries_free(entries, count);
	free_new(&job);
}

static void a_change_of_fewer_bytes_leaves_the_original_beside_it(void **state)
{
	struct fake *fake = *state;
	struct job job;
	struct fail fail;

	apply_old(fake);
	job = new_job(fake, "new", A + 17, 1);
	job.plan.sites[0].found.bytes.length = job.plan.sites[0].replacement.bytes.length = 1;
	assert_int_equal(apply(fake, &job, 1, &fail), 0);
	assert_int_equal(*at_address(fake, A + 16), (A + 16 - KERNEL_BASE) & 0x7f);
	assert_true(holds_new(fake, A + 17));
	free_new(&job);
}

static void a_write_that_fails_leaves_the_old_one_in_place(void **state)
{
	struct fake *fake = *state;

	apply_old(fake);
	fake->shared->half_at = 2;
	apply_new(fake);
	assert_old_only(fake);
	fake->shared->other_at = 4;
	apply_new(fake);
	assert_old_only(fake);
}

static void one_that_somebody_changed_since_is_not_replaced(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "new", "y", A + 16, 1);
	struct fail fail;

	apply_old(fake);
	assert_int_equal(strings_add(&job.patch.replaces, "old"), 0);
	scribble(fake, A + 32, 0xee);
	assert_int_equal(replace_load(fake->journal, &fake->target, &job, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_MISMATCH);
	assert_int_equal(fail.address, A + 32);
	assert_contains(fail.message, "patchctl revert --force old");
	free_new(&job);
}

static void one_that_somebody_undid_is_ended(void **state)
{
	struct fake *fake = *state;

	apply_old(fake);
	for (uint64_t i = 0; i < 3; i++) {
		for (uint64_t j = 0; j < 2; j++)
			scribble(fake, A + 16 * i + j, (uint8_t)((A + 16 * i + j - KERNEL_BASE) & 0x7f));
	}
	apply_new(fake);
	assert_new_only(fake);
}

static void no_other_patchs_bytes_are_taken(void **state)
{
	struct fake *fake = *state;
	struct job third = job_of(fake, "third", "z", A + 48, 1), job;
	struct fail fail;

	applied(fake, &third, 1);
	apply_old(fake);
	job = new_job(fake, "new", A + 16, 3);
	assert_int_equal(claim_check(fake->journal, &fake->target, &job, 1, &fail), 0);
	assert_int_equal(job.plan.outcome, OUTCOME_CONFLICT);
	assert_contains(job.plan.message, "third");
	free_new(&job);
	job = new_job(fake, "new", A + 16, 2);
	assert_int_equal(claim_check(fake->journal, &fake->target, &job, 1, &fail), 0);
	assert_int_equal(job.plan.outcome, OUTCOME_APPLICABLE);
	free_new(&job);
	job_free(&third);
}

static void two_patches_of_a_request_do_not_replace_the_same_one(void **state)
{
	struct fake *fake = *state;
	struct job jobs[2];
	struct fail fail;

	apply_old(fake);
	jobs[0] = new_job(fake, "new", A, 1);
	jobs[1] = new_job(fake, "newer", A + 16, 1);
	assert_int_equal(claim_check(fake->journal, &fake->target, jobs, 2, &fail), 0);
	assert_int_equal(jobs[0].plan.outcome, OUTCOME_APPLICABLE);
	assert_int_equal(jobs[1].plan.outcome, OUTCOME_CONFLICT);
	assert_contains(jobs[1].plan.message, "both replace old");
	free_new(&jobs[0]);
	free_new(&jobs[1]);
}

static void a_patch_and_what_it_replaces_are_not_applied_together(void **state)
{
	struct fake *fake = *state;
	struct job jobs[] = { job_of(fake, "old", "x", A, 1), new_job(fake, "new", B, 1) };
	struct fail fail;

	assert_int_equal(claim_check(fake->journal, &fake->target, jobs, 2, &fail), 0);
	assert_int_equal(jobs[1].plan.outcome, OUTCOME_CONFLICT);
	assert_contains(jobs[1].plan.message, "one of which replaces the other");
	job_free(&jobs[0]);
	free_new(&jobs[1]);
}

static void kill_at(struct fake *fake, const char *point)
{
	assert_int_equal(setenv("PATCHERD_FAULT", point, 1), 0);
	killed_in(fake, apply_new);
	assert_int_equal(unsetenv("PATCHERD_FAULT"), 0);
}

static void killed_before_the_write_the_old_one_stays(void **state)
{
	struct fake *fake = *state;

	apply_old(fake);
	kill_at(fake, "after-intent");
	recovered(fake);
	assert_old_only(fake);
	apply_new(fake);
	assert_new_only(fake);
}

static void killed_after_the_write_the_new_one_is_applied(void **state)
{
	struct fake *fake = *state;

	apply_old(fake);
	kill_at(fake, "after-write");
	recovered(fake);
	assert_new_only(fake);
	assert_contains(fake->shared->log, "replaced by new");
}

static void what_it_replaced_has_its_line_in_the_kernels_log_all_the_same(void **state)
{
	struct fake *fake = *state;
	int messages[2];
	char path[64], text[4096] = "";
	const struct trace trace = { .messages = path };
	struct transaction transaction;
	struct fail fail;

	assert_int_equal(pipe(messages), 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", messages[1]);
	apply_old(fake);
	kill_at(fake, "after-write");
	transaction = transaction_of(fake);
	transaction.trace = &trace;
	assert_int_equal(recover(&transaction, &fail), 0);
	assert_true(read(messages[0], text, sizeof(text) - 1) > 0);
	assert_contains(text, "patcherd: applied new (");
	assert_contains(text, "patcherd: reverted old (");
	assert_int_equal(close(messages[0]) | close(messages[1]), 0);
}

/* A way in that does not write in one step, killed between two. */
static void killed_half_way_both_are_put_back_by_force(void **state)
{
	struct fake *fake = *state;
	struct reverted out[4] = { 0 };
	struct fail fail;

	apply_old(fake);
	kill_at(fake, "after-intent");
	*at_address(fake, A + 16) = ((A + 16 - KERNEL_BASE) & 0x7f) ^ 0x0f;
	*at_address(fake, A + 17) = ((A + 17 - KERNEL_BASE) & 0x7f) ^ 0x0f;
	recovered(fake);
	assert_state_of_latest(fake->journal, "new", JOURNAL_INTENDED);
	assert_state_of_latest(fake->journal, "old", JOURNAL_APPLIED);
	assert_contains(fake->shared->log, "neither all original bytes nor all of the patch");
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
		KERNEL_TEST(both_are_swapped_in_one_step_and_the_new_ones_revert_is_the_original),
		KERNEL_TEST(what_is_replaced_is_not_seen_by_the_proof),
		KERNEL_TEST(one_that_is_not_applied_is_no_obstacle),
		KERNEL_TEST(a_change_of_more_bytes_takes_the_old_one_into_it),
		KERNEL_TEST(a_change_of_fewer_bytes_leaves_the_original_beside_it),
		KERNEL_TEST(a_write_that_fails_leaves_the_old_one_in_place),
		KERNEL_TEST(one_that_somebody_changed_since_is_not_replaced),
		KERNEL_TEST(one_that_somebody_undid_is_ended),
		KERNEL_TEST(no_other_patchs_bytes_are_taken),
		KERNEL_TEST(two_patches_of_a_request_do_not_replace_the_same_one),
		KERNEL_TEST(a_patch_and_what_it_replaces_are_not_applied_together),
		KERNEL_TEST(killed_before_the_write_the_old_one_stays),
		KERNEL_TEST(killed_after_the_write_the_new_one_is_applied),
		KERNEL_TEST(what_it_replaced_has_its_line_in_the_kernels_log_all_the_same),
		KERNEL_TEST(killed_half_way_both_are_put_back_by_force),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("replace", tests, NULL, NULL);
}
