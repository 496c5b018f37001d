/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patcherd/claim.h"
#include "job_fixture.h"

enum { A = KERNEL_BASE + 0x100, B = KERNEL_BASE + 0x800 };

/* What an applied patch leaves: an entry, and its bytes in memory. Returns the entry's id. */
static int64_t apply_by_hand(struct fake *fake, const struct job *job)
{
	struct journal_site sites[8] = { 0 };
	struct journal_entry entry = entry_of(job->patch.name, sites, job->plan.site_count);
	struct fail fail;

	entry.yaml = (char *)job->yaml;
	for (size_t i = 0; i < job->plan.site_count; i++) {
		const struct site_plan *plan = &job->plan.sites[i];

		sites[i] = (struct journal_site){
			.symbol = plan->symbol, .module = plan->module,
			.module_identity = plan->module_identity, .offset = plan->offset,
			.address = plan->address, .old = plan->found.bytes,
			.replacement = plan->replacement.bytes,
		};
		memcpy(at_address(fake, plan->address), plan->replacement.bytes.data, 2);
	}
	if (journal_intend(fake->journal, &entry, 1, &fail) < 0)
		fail_msg("%s", fail.message);
	set_state(fake->journal, entry.id, JOURNAL_APPLIED);
	return entry.id;
}

static void check(struct fake *fake, struct job *jobs, size_t count)
{
	struct fail fail;

	if (claim_check(fake->journal, &fake->target, jobs, count, &fail) < 0)
		fail_msg("%s", fail.message);
}

static void bytes_that_nobody_holds_stay_applicable(void **state)
{
	struct fake *fake = *state;
	struct job held = job_of(fake, "held", "x", A, 2), job = job_of(fake, "new", "y", B, 2);

	(void)apply_by_hand(fake, &held);
	check(fake, &job, 1);
	assert_int_equal(job.plan.outcome, OUTCOME_APPLICABLE);
	assert_null(job.plan.message);
	job_free(&held);
	job_free(&job);
}

static void bytes_of_another_patch_are_a_conflict_that_names_it(void **state)
{
	static const enum outcome outcomes[] = {
		OUTCOME_APPLICABLE, OUTCOME_MISMATCH, OUTCOME_ALREADY_APPLIED,
	};
	struct fake *fake = *state;
	struct job held = job_of(fake, "held", "x", A, 2);

	(void)apply_by_hand(fake, &held);
	for (size_t i = 0; i < 3; i++) {
		for (uint64_t shift = 15; shift <= 17; shift++) {
			struct job job = job_of(fake, "new", "y", A + shift, 1);

			job.plan.outcome = outcomes[i];
			check(fake, &job, 1);
			assert_int_equal(job.plan.outcome, OUTCOME_CONFLICT);
			assert_contains(job.plan.message, "the patch held, which is applied");
			assert_contains(job.plan.message, "nfs_flock+0x20 0x00000000000101");
			assert_contains(job.plan.message, "`patchctl revert held` first");
			assert_int_equal(job.plan.sites[0].outcome, OUTCOME_CONFLICT);
			assert_string_equal(job.plan.sites[0].message, job.plan.message);
			job_free(&job);
		}
	}
	for (uint64_t shift = 14; shift <= 18; shift += 4) {	/* beside it, to the byte */
		struct job job = job_of(fake, "new", "y", A + shift, 1);

		check(fake, &job, 1);
		assert_int_equal(job.plan.outcome, OUTCOME_APPLICABLE);
		job_free(&job);
	}
	job_free(&held);
}

static void a_patch_refused_for_another_reason_keeps_it(void **state)
{
	struct fake *fake = *state;
	struct job held = job_of(fake, "held", "x", A, 1), job = job_of(fake, "new", "y", A, 1);

	(void)apply_by_hand(fake, &held);
	job.plan.outcome = OUTCOME_HAZARD;
	check(fake, &job, 1);
	assert_int_equal(job.plan.outcome, OUTCOME_HAZARD);
	job_free(&held);
	job_free(&job);
}

static void the_same_name_with_another_text_is_a_conflict(void **state)
{
	struct fake *fake = *state;
	struct job held = job_of(fake, "p", "x", A, 1), job = job_of(fake, "p", "y", B, 1);

	(void)apply_by_hand(fake, &held);
	check(fake, &job, 1);
	assert_int_equal(job.plan.outcome, OUTCOME_CONFLICT);
	assert_contains(job.plan.message, "a patch p with another text is applied (from "
			"dir/p.yaml");
	job_free(&held);
	job_free(&job);
}

static void already_applied_says_whether_revert_can_undo_it(void **state)
{
	struct fake *fake = *state;
	struct job job = job_of(fake, "p", "x", A, 1);

	job.plan.outcome = OUTCOME_ALREADY_APPLIED;
	check(fake, &job, 1);
	assert_int_equal(job.plan.outcome, OUTCOME_ALREADY_APPLIED);
	assert_contains(job.plan.message, "revert cannot undo them");
	(void)apply_by_hand(fake, &job);
	check(fake, &job, 1);
	assert_int_equal(job.plan.outcome, OUTCOME_ALREADY_APPLIED);
	assert_contains(job.plan.message, "patcherd applied it at 20");
	assert_contains(job.plan.message, "for user 4000000000 (patchctl)");
	assert_contains(job.plan.message, "`patchctl revert p` undoes it");
	assert_null(strstr(job.plan.message, "confirm"));
	job_free(&job);
}

static void what_is_applied_is_so_though_the_function_looks_otherwise_with_it(void **state)
{
	struct fake *fake = *state;
	struct job held = job_of(fake, "held", "x", A, 2), job = job_of(fake, "held", "x", A, 2);

	(void)apply_by_hand(fake, &held);
	job.plan.outcome = job.plan.sites[1].outcome = OUTCOME_MISMATCH;
	check(fake, &job, 1);
	assert_int_equal(job.plan.outcome, OUTCOME_ALREADY_APPLIED);
	assert_int_equal(job.plan.sites[1].outcome, OUTCOME_ALREADY_APPLIED);
	assert_contains(job.plan.message, "`patchctl revert held` undoes it");
	scribble(fake, A + 16, 0xcc);
	job.plan.outcome = job.plan.sites[1].outcome = OUTCOME_MISMATCH;
	check(fake, &job, 1);
	assert_int_equal(job.plan.outcome, OUTCOME_MISMATCH);
	job_free(&held);
	job_free(&job);
}

static void a_patch_that_is_applied_is_so_though_its_patterns_do_not_find_it_any_more(void **state)
{
	static const enum outcome outcomes[] = {
		OUTCOME_NOT_FOUND, OUTCOME_AMBIGUOUS, OUTCOME_GUARD,
	};
	struct fake *fake = *state;
	struct job held = job_of(fake, "held", "x", A, 1);

	in_module(fake, &held, 0);
	(void)apply_by_hand(fake, &held);
	for (size_t i = 0; i < 3; i++) {
		struct job job = job_of(fake, "held", "x", B, 1), other = job_of(fake, "q", "y", B, 1);

		job.plan.outcome = job.plan.sites[0].outcome = outcomes[i];
		job.plan.sites[0].located = false;
		check(fake, &job, 1);
		assert_int_equal(job.plan.outcome, OUTCOME_ALREADY_APPLIED);
		assert_true(job.plan.sites[0].located);
		assert_int_equal(job.plan.sites[0].address, A);
		assert_string_equal(job.plan.sites[0].module, "nfs");
		other.plan.outcome = other.plan.sites[0].outcome = outcomes[i];
		other.plan.sites[0].located = false;
		check(fake, &other, 1);
		assert_int_equal(other.plan.outcome, outcomes[i]);
		job_free(&other);
		job_free(&job);
	}
	job_free(&held);
}

static void another_text_of_an_applied_patch_is_a_conflict_though_it_finds_nothing(void **state)
{
	struct fake *fake = *state;
	struct job held = job_of(fake, "p", "x", A, 1), job = job_of(fake, "p", "y", B, 1);

	(void)apply_by_hand(fake, &held);
	job.plan.outcome = job.plan.sites[0].outcome = OUTCOME_NOT_FOUND;
	job.plan.sites[0].located = false;
	check(fake, &job, 1);
	assert_int_equal(job.plan.outcome, OUTCOME_CONFLICT);
	job_free(&held);
	job_free(&job);
}

static void own_bytes_changed_by_somebody_else_are_not_applied_over(void **state)
{
	struct fake *fake = *state;
	struct job held = job_of(fake, "p", "x", A, 1), job;

	(void)apply_by_hand(fake, &held);
	scribble(fake, A, 0xcc);
	job = job_of(fake, "p", "x", A, 1);
	check(fake, &job, 1);
	assert_int_equal(job.plan.outcome, OUTCOME_CONFLICT);
	assert_contains(job.plan.message, "`patchctl revert --force p` first");
	job_free(&held);
	job_free(&job);
}

static void two_patches_of_one_request_may_not_share_bytes_or_a_name(void **state)
{
	struct fake *fake = *state;
	struct job jobs[] = {
		job_of(fake, "one", "x", A, 2), job_of(fake, "two", "y", A + 17, 1),
		job_of(fake, "three", "z", B, 1), job_of(fake, "one", "x", B + 64, 1),
	};

	check(fake, jobs, 4);
	assert_int_equal(jobs[0].plan.outcome, OUTCOME_APPLICABLE);
	assert_int_equal(jobs[1].plan.outcome, OUTCOME_CONFLICT);
	assert_contains(jobs[1].plan.message, "the patch one of the same request");
	assert_int_equal(jobs[2].plan.outcome, OUTCOME_APPLICABLE);
	assert_int_equal(jobs[3].plan.outcome, OUTCOME_CONFLICT);
	assert_contains(jobs[3].plan.message, "the request has the patch one twice");
	for (size_t i = 0; i < 4; i++)
		job_free(&jobs[i]);
}

static size_t superseded_by(struct fake *fake, const struct job *job, int64_t *first)
{
	int64_t *ids = NULL;
	size_t count = 0;
	struct fail fail;

	if (claim_superseded(fake->journal, &fake->target, job, 1, &ids, &count, &fail) < 0)
		fail_msg("%s", fail.message);
	*first = count != 0 ? ids[0] : 0;
	free(ids);
	return count;
}

static void what_somebody_else_undid_holds_nothing_and_is_superseded(void **state)
{
	struct fake *fake = *state;
	struct job held = job_of(fake, "held", "x", A, 1);
	struct job over = job_of(fake, "new", "y", A + 1, 1);
	struct job away = job_of(fake, "new", "y", B, 1), again = job_of(fake, "held", "z", B, 1);
	int64_t id = apply_by_hand(fake, &held), found;

	assert_int_equal(superseded_by(fake, &over, &found), 0);
	memcpy(at_address(fake, A), held.plan.sites[0].found.bytes.data, 2);
	check(fake, &over, 1);
	assert_int_equal(over.plan.outcome, OUTCOME_APPLICABLE);
	assert_int_equal(superseded_by(fake, &over, &found), 1);
	assert_int_equal(found, id);
	assert_int_equal(superseded_by(fake, &away, &found), 0);
	check(fake, &again, 1);
	assert_int_equal(again.plan.outcome, OUTCOME_APPLICABLE);
	assert_int_equal(superseded_by(fake, &again, &found), 1);
	over.plan.outcome = OUTCOME_MISMATCH;
	assert_int_equal(superseded_by(fake, &over, &found), 0);
	job_free(&held);
	job_free(&over);
	job_free(&away);
	job_free(&again);
}

static void a_module_loaded_anew_can_be_patched_anew(void **state)
{
	struct fake *fake = *state;
	struct job held = job_of(fake, "p", "x", A, 1), job = job_of(fake, "p", "x", A, 1);
	int64_t found;

	in_module(fake, &held, 0);
	(void)apply_by_hand(fake, &held);
	fake->shared->identity++;
	check(fake, &job, 1);
	assert_int_equal(job.plan.outcome, OUTCOME_APPLICABLE);
	assert_int_equal(superseded_by(fake, &job, &found), 1);
	job_free(&held);
	job_free(&job);
}

static void memory_that_cannot_be_read_may_still_be_held(void **state)
{
	struct fake *fake = *state;
	struct job held = job_of(fake, "held", "x", A, 1), job = job_of(fake, "new", "y", A, 1);

	(void)apply_by_hand(fake, &held);
	fake->shared->unreadable = A;
	check(fake, &job, 1);
	assert_int_equal(job.plan.outcome, OUTCOME_CONFLICT);
	job_free(&held);
	job_free(&job);
}

static void what_is_reverted_holds_nothing(void **state)
{
	struct fake *fake = *state;
	struct job held = job_of(fake, "held", "x", A, 1), job = job_of(fake, "new", "y", A, 1);

	set_state(fake->journal, apply_by_hand(fake, &held), JOURNAL_REVERTED);
	check(fake, &job, 1);
	assert_int_equal(job.plan.outcome, OUTCOME_APPLICABLE);
	job_free(&held);
	job_free(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(bytes_that_nobody_holds_stay_applicable),
		KERNEL_TEST(bytes_of_another_patch_are_a_conflict_that_names_it),
		KERNEL_TEST(a_patch_refused_for_another_reason_keeps_it),
		KERNEL_TEST(the_same_name_with_another_text_is_a_conflict),
		KERNEL_TEST(already_applied_says_whether_revert_can_undo_it),
		KERNEL_TEST(what_is_applied_is_so_though_the_function_looks_otherwise_with_it),
		KERNEL_TEST(a_patch_that_is_applied_is_so_though_its_patterns_do_not_find_it_any_more),
		KERNEL_TEST(another_text_of_an_applied_patch_is_a_conflict_though_it_finds_nothing),
		KERNEL_TEST(own_bytes_changed_by_somebody_else_are_not_applied_over),
		KERNEL_TEST(two_patches_of_one_request_may_not_share_bytes_or_a_name),
		KERNEL_TEST(what_somebody_else_undid_holds_nothing_and_is_superseded),
		KERNEL_TEST(a_module_loaded_anew_can_be_patched_anew),
		KERNEL_TEST(memory_that_cannot_be_read_may_still_be_held),
		KERNEL_TEST(what_is_reverted_holds_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
