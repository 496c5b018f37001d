/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transaction_fixture.h"

static void all_applicable_jobs_are_written_in_one_step_and_journalled(void **state)
{
	struct fake *fake = *state;
	/* Not in address order, and one that is there already. */
	struct job jobs[] = { job_of(fake, "b", "x", B, 2), job_of(fake, "a", "y", A, 3),
			      job_of(fake, "there", "z", A + 0x200, 1) };
	struct transaction transaction = transaction_of(fake);
	struct fail fail;

	jobs[2].plan.outcome = OUTCOME_ALREADY_APPLIED;
	assert_int_equal(transaction_apply(&transaction, jobs, 3, &fail), 0);
	assert_int_equal(fake->shared->writes, 1);
	assert_int_equal(transaction.stop_nanoseconds, 1234);
	for (size_t i = 0; i < 2; i++) {
		assert_memory(fake, &jobs[i], HOLDS_NEW);
		assert_int_equal(jobs[i].plan.outcome, OUTCOME_APPLIED);
		assert_int_equal(jobs[i].plan.sites[1].outcome, OUTCOME_APPLIED);
		assert_state_of_latest(fake->journal, jobs[i].patch.name, JOURNAL_APPLIED);
	}
	assert_memory(fake, &jobs[2], HOLDS_OLD);
	assert_int_equal(jobs[2].plan.outcome, OUTCOME_ALREADY_APPLIED);
	assert_int_equal(active_count(fake->journal, NULL), 2);
	assert_contains(fake->shared->log,
			"[a applied nfs_flock+0x20 0x0000000000010100 00 01 ff fe 1000]");
	for (size_t i = 0; i < 3; i++)
		job_free(&jobs[i]);
}

static void the_journal_has_what_undoes_it(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "text", A, 2);
	struct journal_entry *entries = NULL;
	size_t count = 0;
	struct fail fail;

	struct site *variable = &job.patch.variants[0].sites[1];

	in_module(fake, &job, 1);
	variable->where = SITE_VARIABLE;
	variable->allow = calloc(2, sizeof(*variable->allow));
	assert_non_null(variable->allow);
	variable->allow[0].kind = OWNER_EX_TABLE;
	variable->allow[1].kind = OWNER_RO_AFTER_INIT;
	variable->allow_count = 2;
	job.plan.sites[0].multiple = true;
	applied(fake, &job, 1);
	assert_int_equal(journal_active(fake->journal, "p", &entries, &count, &fail), 0);
	assert_string_equal(entries[0].yaml, "text");
	assert_string_equal(entries[0].source, "p.yaml");
	assert_string_equal(entries[0].release, "6.1-test");
	assert_int_equal(entries[0].caller.uid, 1000);
	assert_int_equal(entries[0].site_count, 2);
	assert_true(bytes_equal(&entries[0].sites[0].old, &job.plan.sites[0].found.bytes));
	assert_null(entries[0].sites[0].module);
	assert_string_equal(entries[0].sites[1].module, "nfs");
	assert_int_equal(entries[0].sites[1].module_identity, 4711);
	assert_int_equal(entries[0].sites[1].address, A + 16);
	assert_int_equal(entries[0].sites[1].offset, 0x21);
	assert_true(entries[0].sites[0].multiple && !entries[0].sites[1].multiple);
	assert_true(!entries[0].sites[0].variable && entries[0].sites[1].variable);
	assert_int_equal(entries[0].sites[0].allowed, 0);
	assert_int_equal(entries[0].sites[1].allowed,
			 1u << OWNER_EX_TABLE | 1u << OWNER_RO_AFTER_INIT);
	journal_entries_free(entries, count);
	job_free(&job);
}

static void a_write_refused_changes_nothing_and_is_journalled_as_failed(void **state)
{
	static const enum outcome codes[] = {
		OUTCOME_MISMATCH, OUTCOME_NOT_WRITABLE, OUTCOME_NOT_FOUND, OUTCOME_ERROR,
	};
	struct fake *fake = *state;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct job jobs[] = { job_of(fake, "a", "x", A, 1), job_of(fake, "b", "y", B, 1) };
		struct fail fail;

		fake->shared->writes = 0;
		fake->shared->refuse_from = fake->shared->refuse_to = 1;
		fake->shared->refuse_code = codes[i];
		fake->shared->refuse_site = 1;
		assert_int_equal(apply(fake, jobs, 2, &fail), -1);
		assert_int_equal(fail.code, codes[i]);
		assert_int_equal(fake->shared->writes, 1);
		assert_int_equal(jobs[0].plan.outcome, OUTCOME_APPLICABLE);
		assert_int_equal(jobs[1].plan.outcome, codes[i]);
		assert_string_equal(jobs[1].plan.message, "refused for the test");
		assert_int_equal(jobs[1].plan.sites[0].outcome, codes[i]);
		assert_memory(fake, &jobs[0], HOLDS_OLD);
		assert_memory(fake, &jobs[1], HOLDS_OLD);
		assert_state_of_latest(fake->journal, "a", JOURNAL_FAILED);
		assert_state_of_latest(fake->journal, "b", JOURNAL_FAILED);
		job_free(&jobs[0]);
		job_free(&jobs[1]);
	}
}

static void bytes_that_changed_since_the_plan_are_a_mismatch_at_their_site(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 3);
	struct fail fail;

	scribble(fake, A + 16, 0xcc);
	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_MISMATCH);
	assert_int_equal(job.plan.outcome, OUTCOME_MISMATCH);
	assert_int_equal(job.plan.sites[0].outcome, OUTCOME_APPLICABLE);
	assert_int_equal(job.plan.sites[1].outcome, OUTCOME_MISMATCH);
	assert_int_equal(holds(fake, A), HOLDS_OLD);
	job_free(&job);
}

static void a_module_loaded_anew_since_the_plan_is_not_written_to(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 2);
	struct fail fail;

	in_module(fake, &job, 1);
	fake->shared->identity++;	/* at the same address, with the same bytes */
	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_FOUND);
	assert_contains(fail.message, "the module nfs was unloaded, or loaded anew");
	assert_int_equal(job.plan.outcome, OUTCOME_NOT_FOUND);
	assert_int_equal(job.plan.sites[1].outcome, OUTCOME_NOT_FOUND);
	assert_int_equal(fake->shared->writes, 0);
	assert_memory(fake, &job, HOLDS_OLD);
	assert_state_of_latest(fake->journal, "p", JOURNAL_FAILED);
	job_free(&job);
}

static void a_module_loaded_anew_during_the_write_is_left_alone(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 2);
	struct fail fail;

	in_module(fake, &job, 1);
	fake->shared->reload_after = 1;
	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_contains(fail.message, "is gone with its module");
	assert_contains(fail.message, "put back");
	assert_int_equal(holds(fake, A), HOLDS_OLD);
	assert_int_equal(holds(fake, A + 16), HOLDS_NEW);	/* not ours any more */
	assert_state_of_latest(fake->journal, "p", JOURNAL_FAILED);
	job_free(&job);
}

static void a_task_inside_is_waited_for_a_few_times(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 1);

	fake->shared->refuse_from = 1;
	fake->shared->refuse_to = 3;
	fake->shared->refuse_code = OUTCOME_BUSY;
	applied(fake, &job, 1);
	assert_int_equal(fake->shared->writes, 4);
	assert_memory(fake, &job, HOLDS_NEW);
	assert_contains(fake->shared->log, "trying again in 50 ms");
	job_free(&job);
}

static void a_task_that_stays_inside_is_busy_and_nothing_is_written(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 1);
	struct fail fail;

	fake->shared->refuse_from = 1;
	fake->shared->refuse_to = UINT32_MAX;
	fake->shared->refuse_code = OUTCOME_BUSY;
	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_BUSY);
	assert_int_equal(fake->shared->writes, 10);
	assert_memory(fake, &job, HOLDS_OLD);
	assert_state_of_latest(fake->journal, "p", JOURNAL_FAILED);
	job_free(&job);
}

static void a_write_that_breaks_down_half_way_is_put_back(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 3);
	struct fail fail;

	fake->shared->half_at = 1;
	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_contains(fail.message, "broke down half way; all bytes were put back");
	assert_memory(fake, &job, HOLDS_OLD);
	assert_int_equal(job.plan.outcome, OUTCOME_ERROR);
	assert_state_of_latest(fake->journal, "p", JOURNAL_FAILED);
	job_free(&job);
}

static void a_write_that_did_nothing_is_noticed(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 2);
	struct fail fail;

	fake->shared->nothing_at = 1;
	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_contains(fail.message, "nfs_flock+0x20 0x0000000000010100 holds 00 01 (before: "
			"00 01, wanted: ff fe)");
	assert_contains(fail.message, "as they were before");
	assert_int_equal(fake->shared->writes, 1);
	assert_memory(fake, &job, HOLDS_OLD);
	assert_state_of_latest(fake->journal, "p", JOURNAL_FAILED);
	job_free(&job);
}

static void other_bytes_read_back_are_put_back_to_the_old_ones(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 2);
	struct fail fail;

	fake->shared->other_at = 1;
	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_contains(fail.message, "holds ee fe");
	assert_int_equal(fake->shared->writes, 2);
	assert_memory(fake, &job, HOLDS_OLD);
	assert_int_equal(job.plan.sites[0].outcome, OUTCOME_ERROR);
	assert_state_of_latest(fake->journal, "p", JOURNAL_FAILED);
	job_free(&job);
}

static void what_cannot_be_put_back_is_incomplete_and_named(void **state)
{
	struct fake *fake = *state;
	struct job jobs[] = { job_of(fake, "p", "x", A, 2), job_of(fake, "q", "y", B, 1) };
	struct fail fail;

	fake->shared->other_at = 1;
	fake->shared->refuse_from = fake->shared->refuse_to = 2;
	fake->shared->refuse_code = OUTCOME_NOT_WRITABLE;
	assert_int_equal(apply(fake, jobs, 2, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_INCOMPLETE);
	assert_contains(fail.message, "putting the bytes back failed too: refused for the test; "
			"now nfs_flock+0x20 0x0000000000010100 holds ee fe (before: 00 01, wanted: "
			"ff fe)");
	assert_contains(fail.message, "`patchctl revert --force`");
	assert_int_equal(jobs[0].plan.outcome, OUTCOME_INCOMPLETE);
	assert_int_equal(jobs[1].plan.outcome, OUTCOME_INCOMPLETE);
	assert_state_of_latest(fake->journal, "p", JOURNAL_INTENDED);
	job_free(&jobs[0]);
	job_free(&jobs[1]);
}

static void an_undo_that_does_nothing_is_incomplete(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 1);
	struct fail fail;

	fake->shared->other_at = 1;
	fake->shared->nothing_at = 2;
	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_INCOMPLETE);
	assert_contains(fail.message, "reading back shows other bytes than written");
	job_free(&job);
}

static void memory_that_cannot_be_read_back_is_incomplete(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 1);
	struct fail fail;

	fake->shared->sick_after_write = true;
	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_INCOMPLETE);
	assert_contains(fail.message, "cannot be read");
	assert_int_equal(holds(fake, A), HOLDS_OLD);
	job_free(&job);
}

static void an_intent_that_cannot_be_written_keeps_the_kernel_untouched(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 1);
	struct fail fail;

	job.yaml = NULL;	/* in place of a full disk */
	free(job.patch.name);
	job.patch.name = calloc(3 * 1024 * 1024 + 1, 1);
	assert_non_null(job.patch.name);
	memset(job.patch.name, 'n', 3 * 1024 * 1024);
	job.yaml = "x";
	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_int_equal(job.plan.outcome, OUTCOME_ERROR);
	assert_int_equal(fake->shared->writes, 0);
	assert_memory(fake, &job, HOLDS_OLD);
	job_free(&job);
}

static void an_outcome_that_cannot_be_journalled_is_undone(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 2);
	struct fail fail;

	journal_refuses(fake, "'applied'");
	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_contains(fail.message, "cannot write an outcome");
	assert_contains(fail.message, "all bytes were put back");
	assert_memory(fake, &job, HOLDS_OLD);
	assert_state_of_latest(fake->journal, "p", JOURNAL_FAILED);
	job_free(&job);
}

static void an_outcome_neither_journalled_nor_undone_is_incomplete(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 1);
	struct fail fail;

	journal_refuses(fake, "'applied', 'failed'");
	fake->shared->refuse_from = fake->shared->refuse_to = 2;
	fake->shared->refuse_code = OUTCOME_ERROR;
	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_INCOMPLETE);
	assert_contains(fail.message, "cannot write an outcome");
	assert_contains(fail.message, "holds ff fe");
	job_free(&job);
}

static void a_failure_that_cannot_be_journalled_says_both(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 1);
	struct fail fail;

	journal_refuses(fake, "'failed'");
	fake->shared->refuse_from = fake->shared->refuse_to = 1;
	fake->shared->refuse_code = OUTCOME_NOT_WRITABLE;
	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_contains(fail.message, "refused for the test; and that could not be noted (");
	job_free(&job);
}

static void more_sites_than_one_step_takes_are_refused_before_the_intent(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", KERNEL_BASE, 1025);
	struct fail fail;

	assert_int_equal(apply(fake, &job, 1, &fail), -1);
	assert_contains(fail.message, "1025 sites together, and one step changes up to 1024");
	assert_int_equal(job.plan.outcome, OUTCOME_ERROR);
	assert_int_equal(fake->shared->writes, 0);
	assert_int_equal(active_count(fake->journal, NULL), 0);
	job.plan.site_count = 1024;
	job.plan.outcome = OUTCOME_APPLICABLE;
	applied(fake, &job, 1);
	assert_memory(fake, &job, HOLDS_NEW);
	job.plan.site_count = 1025;
	job_free(&job);
}

static void a_site_that_was_not_proved_is_never_written(void **state)
{
	struct fake *fake = *state;
	struct fail fail;

	for (int i = 0; i < 4; i++) {
		struct job job = job_of(fake, "p", "x", A, 2);

		if (i == 0)
			job.plan.sites[1].outcome = OUTCOME_MISMATCH;
		else if (i == 1)
			job.plan.sites[1].located = false;
		else if (i == 2)
			job.plan.sites[1].found.bytes.length = 1;
		else
			job.plan.sites[1].found.bytes.length = 0;
		assert_int_equal(apply(fake, &job, 1, &fail), -1);
		assert_contains(fail.message, "nfs_flock+0x21 was not proved");
		assert_int_equal(fake->shared->writes, 0);
		job_free(&job);
	}
}

static void applying_anew_what_somebody_undid_leaves_one_entry(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 1), again = job_of(fake, "p", "x", A, 1);
	struct reverted out[4];
	struct fail fail;

	applied(fake, &job, 1);
	memcpy(at_address(fake, A), job.plan.sites[0].found.bytes.data, 2);
	applied(fake, &again, 1);
	assert_int_equal(active_count(fake->journal, NULL), 1);
	assert_int_equal(revert(fake, false, out, &fail), 0);
	free(out[0].message);
	assert_memory(fake, &job, HOLDS_OLD);
	job_free(&job);
	job_free(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(all_applicable_jobs_are_written_in_one_step_and_journalled),
		KERNEL_TEST(the_journal_has_what_undoes_it),
		KERNEL_TEST(a_write_refused_changes_nothing_and_is_journalled_as_failed),
		KERNEL_TEST(bytes_that_changed_since_the_plan_are_a_mismatch_at_their_site),
		KERNEL_TEST(a_module_loaded_anew_since_the_plan_is_not_written_to),
		KERNEL_TEST(a_module_loaded_anew_during_the_write_is_left_alone),
		KERNEL_TEST(a_task_inside_is_waited_for_a_few_times),
		KERNEL_TEST(a_task_that_stays_inside_is_busy_and_nothing_is_written),
		KERNEL_TEST(a_write_that_breaks_down_half_way_is_put_back),
		KERNEL_TEST(a_write_that_did_nothing_is_noticed),
		KERNEL_TEST(other_bytes_read_back_are_put_back_to_the_old_ones),
		KERNEL_TEST(what_cannot_be_put_back_is_incomplete_and_named),
		KERNEL_TEST(an_undo_that_does_nothing_is_incomplete),
		KERNEL_TEST(memory_that_cannot_be_read_back_is_incomplete),
		KERNEL_TEST(an_intent_that_cannot_be_written_keeps_the_kernel_untouched),
		KERNEL_TEST(an_outcome_that_cannot_be_journalled_is_undone),
		KERNEL_TEST(an_outcome_neither_journalled_nor_undone_is_incomplete),
		KERNEL_TEST(a_failure_that_cannot_be_journalled_says_both),
		KERNEL_TEST(more_sites_than_one_step_takes_are_refused_before_the_intent),
		KERNEL_TEST(a_site_that_was_not_proved_is_never_written),
		KERNEL_TEST(applying_anew_what_somebody_undid_leaves_one_entry),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("transaction", tests, NULL, NULL);
}
