/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transaction_fixture.h"

static void revert_puts_all_old_bytes_back_in_one_step(void **state)
{
	struct fake *fake = *state;
	struct job jobs[] = { job_of(fake, "b", "x", B, 2), job_of(fake, "a", "y", A, 3) };
	struct reverted out[4];
	struct fail fail;

	applied(fake, jobs, 2);
	assert_int_equal(revert(fake, false, out, &fail), 0);
	assert_int_equal(fake->shared->writes, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(out[i].outcome, OUTCOME_REVERTED);
		assert_null(out[i].message);
		assert_memory(fake, &jobs[i], HOLDS_OLD);
		assert_state_of_latest(fake->journal, jobs[i].patch.name, JOURNAL_REVERTED);
		job_free(&jobs[i]);
	}
	assert_contains(fake->shared->log,
			"[a reverted nfs_flock+0x20 0x0000000000010100 ff fe 00 01 1000]");
}

static void revert_leaves_alone_what_is_old_already_and_what_is_gone(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 3), old = job_of(fake, "q", "y", B, 1);
	struct job jobs[2];
	struct reverted out[4];
	struct fail fail;

	in_module(fake, &job, 1);
	jobs[0] = job;
	jobs[1] = old;
	applied(fake, jobs, 2);
	fake->shared->identity = 0;
	memcpy(at_address(fake, B), old.plan.sites[0].found.bytes.data, 2);
	assert_int_equal(revert(fake, false, out, &fail), 0);
	assert_int_equal(holds(fake, A), HOLDS_OLD);
	assert_int_equal(holds(fake, A + 16), HOLDS_NEW);	/* not ours any more */
	assert_int_equal(holds(fake, A + 32), HOLDS_OLD);
	assert_int_equal(out[0].outcome, OUTCOME_REVERTED);
	assert_string_equal(out[0].message, "lost: the module nfs it had changed is gone");
	assert_int_equal(out[1].outcome, OUTCOME_REVERTED);
	assert_string_equal(out[1].message, "the kernel held the original bytes already");
	assert_int_equal(active_count(fake->journal, NULL), 0);
	for (size_t i = 0; i < 2; i++) {
		free(out[i].message);
		job_free(&jobs[i]);
	}
}

static void revert_of_what_is_gone_alone_writes_nothing(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 1);
	struct reverted out[4];
	struct fail fail;

	in_module(fake, &job, 0);
	applied(fake, &job, 1);
	fake->shared->identity = 0;
	assert_int_equal(revert(fake, false, out, &fail), 0);
	assert_int_equal(fake->shared->writes, 1);
	assert_state_of_latest(fake->journal, "p", JOURNAL_REVERTED);
	free(out[0].message);
	job_free(&job);
}

static void tampered_bytes_are_not_reverted_unless_forced(void **state)
{
	struct fake *fake = *state;
	struct job jobs[] = { job_of(fake, "p", "x", A, 2), job_of(fake, "q", "y", B, 1) };
	struct reverted out[4];
	struct fail fail;

	applied(fake, jobs, 2);
	scribble(fake, A, 0xcc);
	assert_int_equal(revert(fake, false, out, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_MISMATCH);
	assert_true(fail.has_address && fail.address == A);
	assert_int_equal(out[0].outcome, OUTCOME_MISMATCH);
	assert_contains(out[0].message, "holds cc fe, neither the patch's ff fe nor the original "
			"00 01");
	assert_int_equal(out[1].outcome, OUTCOME_MISMATCH);
	assert_contains(out[1].message, "nothing was reverted: the patch p");
	assert_memory(fake, &jobs[1], HOLDS_NEW);
	assert_state_of_latest(fake->journal, "p", JOURNAL_APPLIED);
	assert_int_equal(fake->shared->writes, 1);
	free(out[0].message);
	free(out[1].message);
	assert_int_equal(revert(fake, true, out, &fail), 0);
	assert_memory(fake, &jobs[0], HOLDS_OLD);
	assert_contains(out[0].message, "held cc fe, which somebody else wrote");
	assert_contains(fake->shared->log, "cc fe 00 01");
	free(out[0].message);
	job_free(&jobs[0]);
	job_free(&jobs[1]);
}

static void a_variable_set_since_is_not_reverted_unless_forced_and_all_values_are_told(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 1);
	struct reverted out[4];
	struct fail fail;

	job.patch.variants[0].sites[0].where = SITE_VARIABLE;
	applied(fake, &job, 1);
	scribble(fake, A, 0xcc);
	assert_int_equal(revert(fake, false, out, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_MISMATCH);
	assert_int_equal(out[0].outcome, OUTCOME_MISMATCH);
	assert_contains(out[0].message, "holds 0xfecc, neither the patch's 0xfeff nor the original "
			"0x100: the kernel or somebody else changed it since; revert --force puts "
			"0x100 there");
	free(out[0].message);
	assert_int_equal(holds(fake, A), HOLDS_OTHER);
	assert_int_equal(revert(fake, true, out, &fail), 0);
	assert_contains(out[0].message, "held 0xfecc");
	assert_memory(fake, &job, HOLDS_OLD);
	free(out[0].message);
	job_free(&job);
}

static void a_revert_refused_leaves_the_patch_applied(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 2);
	struct reverted out[4];
	struct fail fail;

	applied(fake, &job, 1);
	fake->shared->refuse_from = fake->shared->refuse_to = 2;
	fake->shared->refuse_code = OUTCOME_NOT_WRITABLE;
	assert_int_equal(revert(fake, false, out, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_int_equal(out[0].outcome, OUTCOME_NOT_WRITABLE);
	assert_string_equal(out[0].message, "refused for the test");
	assert_memory(fake, &job, HOLDS_NEW);
	assert_state_of_latest(fake->journal, "p", JOURNAL_APPLIED);
	free(out[0].message);
	job_free(&job);
}

static void a_revert_that_reads_back_wrong_puts_the_patch_back(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 2);
	struct reverted out[4];
	struct fail fail;

	applied(fake, &job, 1);
	fake->shared->other_at = 2;
	assert_int_equal(revert(fake, false, out, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_memory(fake, &job, HOLDS_NEW);
	assert_state_of_latest(fake->journal, "p", JOURNAL_APPLIED);
	free(out[0].message);
	fake->shared->other_at = 4;
	fake->shared->refuse_from = fake->shared->refuse_to = 5;
	fake->shared->refuse_code = OUTCOME_ERROR;
	assert_int_equal(revert(fake, false, out, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_INCOMPLETE);
	assert_int_equal(out[0].outcome, OUTCOME_INCOMPLETE);
	assert_contains(out[0].message, "holds ee 01");
	assert_state_of_latest(fake->journal, "p", JOURNAL_REVERTING);
	free(out[0].message);
	assert_int_equal(revert(fake, true, out, &fail), 0);
	assert_memory(fake, &job, HOLDS_OLD);
	free(out[0].message);
	job_free(&job);
}

static void a_revert_whose_start_cannot_be_journalled_does_nothing(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 1);
	struct reverted out[4];
	struct fail fail;

	applied(fake, &job, 1);
	journal_refuses(fake, "'reverting'");
	assert_int_equal(revert(fake, false, out, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_int_equal(fake->shared->writes, 1);
	assert_memory(fake, &job, HOLDS_NEW);
	free(out[0].message);
	job_free(&job);
}

static void a_revert_whose_end_cannot_be_journalled_is_done_and_says_so(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 1);
	struct reverted out[4];
	struct fail fail;

	applied(fake, &job, 1);
	journal_refuses(fake, "'reverted'");
	assert_int_equal(revert(fake, false, out, &fail), 0);
	assert_int_equal(out[0].outcome, OUTCOME_REVERTED);
	assert_contains(out[0].message, "that could not be noted");
	assert_memory(fake, &job, HOLDS_OLD);
	assert_state_of_latest(fake->journal, "p", JOURNAL_REVERTING);
	free(out[0].message);
	job_free(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(revert_puts_all_old_bytes_back_in_one_step),
		KERNEL_TEST(revert_leaves_alone_what_is_old_already_and_what_is_gone),
		KERNEL_TEST(revert_of_what_is_gone_alone_writes_nothing),
		KERNEL_TEST(tampered_bytes_are_not_reverted_unless_forced),
		KERNEL_TEST(a_variable_set_since_is_not_reverted_unless_forced_and_all_values_are_told),
		KERNEL_TEST(a_revert_refused_leaves_the_patch_applied),
		KERNEL_TEST(a_revert_that_reads_back_wrong_puts_the_patch_back),
		KERNEL_TEST(a_revert_whose_start_cannot_be_journalled_does_nothing),
		KERNEL_TEST(a_revert_whose_end_cannot_be_journalled_is_done_and_says_so),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("revert", tests, NULL, NULL);
}
