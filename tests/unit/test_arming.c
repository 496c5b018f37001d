/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which patches can wait for their module. */
#include "journal_fixture.h"
#include "patcherd/arming.h"
#include "spec.h"

static const char other_modules[] = "sunrpc 4096 0 - Live 0xffffffffc0000000\n";
static const char coming[] = "nfs 4096 1 - Loading 0xffffffffc0000000\n";
static const char live[] = "nfs 4096 0 - Live 0xffffffffc0000000\n";
static const struct journal_caller caller = { .uid = 0, .pid = 7, .comm = "patchctl" };

#define HEAD "patch: p\nsummary: s\nsites:\n"
#define SITE(function, module) "  - {function: " function ", " module "offset: 1," \
	" expect: {bytes: \"74 39\"}, replace: invert}\n"
#define IN_NFS HEAD SITE("a", "module: nfs, ") SITE("b", "module: nfs, ")

/* A job as plan makes it where its functions are not found. */
static struct job job_not_found(const char *yaml)
{
	struct job job = { .source = "p.yaml", .yaml = yaml, .planned = true };

	job.parsed = spec_parse("p.yaml", yaml, strlen(yaml), &job.patch, &job.fail) == 0;
	if (!job.parsed)
		fail_msg("%s", job.fail.message);
	job.plan.patch = &job.patch;
	job.plan.variant = &job.patch.variants[0];
	job.plan.site_count = job.plan.variant->site_count;
	job.plan.sites = calloc(job.plan.site_count, sizeof(*job.plan.sites));
	assert_non_null(job.plan.sites);
	for (size_t i = 0; i < job.plan.site_count; i++) {
		job.plan.sites[i].site = &job.plan.variant->sites[i];
		job.plan.sites[i].outcome = OUTCOME_NOT_FOUND;
		job.plan.sites[i].message = strdup("module nfs is not loaded");
	}
	job.plan.outcome = OUTCOME_NOT_FOUND;
	return job;
}

static void job_free(struct job *job)
{
	plan_deinit(&job->plan);
	patch_deinit(&job->patch);
}

static enum outcome proved(struct job *job, const char *text)
{
	struct modules modules;
	struct fail fail;

	assert_int_equal(modules_parse(text, &modules, &fail), 0);
	assert_int_equal(arming_prove(&modules, job, 1, &fail), 0);
	modules_deinit(&modules);
	return job->plan.outcome;
}

static void a_patch_of_a_module_that_is_not_loaded_or_coming_waits(void **state)
{
	const char *const texts[] = { other_modules, coming };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct job job = job_not_found(IN_NFS);

		assert_int_equal(proved(&job, texts[i]), OUTCOME_ARMED);
		assert_contains(job.plan.message, "module nfs is not loaded");
		assert_int_equal(job.plan.sites[1].outcome, OUTCOME_ARMED);
		job_free(&job);
	}
}

static void what_requires_asks_of_the_module_cannot_be_known_before_it_comes(void **state)
{
	struct job job = job_not_found(IN_NFS);

	(void)state;
	job.plan.outcome = OUTCOME_GUARD;
	assert_int_equal(proved(&job, other_modules), OUTCOME_ARMED);
	job_free(&job);
}

static void a_refusal_that_the_module_does_not_change_stands(void **state)
{
	struct job job = job_not_found(IN_NFS), guarded = job_not_found(IN_NFS);

	(void)state;
	job.plan.outcome = OUTCOME_INVALID_SPEC;
	assert_int_equal(proved(&job, other_modules), OUTCOME_INVALID_SPEC);
	/* no variant is for this kernel */
	guarded.plan.outcome = OUTCOME_GUARD;
	guarded.plan.variant = NULL;
	assert_int_equal(proved(&guarded, other_modules), OUTCOME_GUARD);
	job_free(&job);
	job_free(&guarded);
}

static void what_is_said_of_a_loaded_module_s_patch_stands(void **state)
{
	struct job job = job_not_found(IN_NFS);

	(void)state;
	assert_int_equal(proved(&job, live), OUTCOME_NOT_FOUND);
	job.plan.outcome = OUTCOME_APPLICABLE;
	assert_int_equal(proved(&job, live), OUTCOME_APPLICABLE);
	job_free(&job);
}

static void a_patch_of_two_places_cannot_wait_for_one_of_them(void **state)
{
	static const struct { const char *yaml, *other; } cases[] = {
		{ HEAD SITE("a", "module: nfs, ") SITE("b", "module: sunrpc, "), "sunrpc" },
		{ HEAD SITE("a", "module: nfs, ") SITE("b", ""), "the kernel image" },
		{ HEAD SITE("a", "") SITE("b", ""), "the kernel image" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct job job = job_not_found(cases[i].yaml);

		assert_int_equal(proved(&job, live), OUTCOME_INVALID_SPEC);
		assert_contains(job.plan.message, i < 2 ? "p.yaml:5:5: error: " : "p.yaml:4:5: error: ");
		assert_contains(job.plan.message, cases[i].other);
		job_free(&job);
	}
}

static size_t armed_count(struct journal *journal)
{
	struct journal_armed *armed;
	struct fail fail;
	size_t count;

	assert_int_equal(journal_armed(journal, NULL, &armed, &count, &fail), 0);
	for (size_t i = 0; i < count; i++)
		journal_armed_deinit(&armed[i]);
	free(armed);
	return count;
}

static void a_request_that_fails_leaves_armed_what_was_before_and_no_more(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct job job = job_not_found(IN_NFS);
	struct fail fail;

	assert_int_equal(proved(&job, other_modules), OUTCOME_ARMED);
	assert_int_equal(arming_note(journal, &caller, &job, 1, &fail), 0);
	assert_int_equal(armed_count(journal), 1);
	assert_int_equal(arming_undo(journal, &job, 1, &fail), 0);
	assert_int_equal(armed_count(journal), 0);
	assert_int_equal(arming_note(journal, &caller, &job, 1, &fail), 0);
	job.newly_armed = false;
	/* the next request */
	assert_int_equal(arming_note(journal, &caller, &job, 1, &fail), 0);
	assert_int_equal(arming_undo(journal, &job, 1, &fail), 0);
	assert_int_equal(armed_count(journal), 1);
	job_free(&job);
	journal_close(journal);
}

static void another_text_of_an_armed_name_is_a_conflict(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct job job = job_not_found(IN_NFS);
	struct fail fail;

	assert_int_equal(proved(&job, other_modules), OUTCOME_ARMED);
	assert_int_equal(arming_note(journal, &caller, &job, 1, &fail), 0);
	assert_int_equal(arming_check(journal, &job, 1, &fail), 0);
	assert_int_equal(job.plan.outcome, OUTCOME_ARMED);
	job.yaml = "patch: p\nsummary: another\n";
	assert_int_equal(arming_check(journal, &job, 1, &fail), 0);
	assert_int_equal(job.plan.outcome, OUTCOME_CONFLICT);
	assert_contains(job.plan.message, "patchctl revert p");
	job_free(&job);
	journal_close(journal);
}

static void two_of_one_name_cannot_both_wait(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct job jobs[] = { job_not_found(IN_NFS), job_not_found(IN_NFS) };
	struct fail fail;

	for (int i = 0; i < 2; i++)
		assert_int_equal(proved(&jobs[i], other_modules), OUTCOME_ARMED);
	assert_int_equal(arming_check(journal, jobs, 2, &fail), 0);
	assert_int_equal(jobs[0].plan.outcome, OUTCOME_ARMED);
	assert_int_equal(jobs[1].plan.outcome, OUTCOME_CONFLICT);
	assert_contains(jobs[1].plan.message, "twice");
	jobs[1].plan.outcome = OUTCOME_APPLICABLE;
	assert_int_equal(arming_check(journal, jobs, 2, &fail), 0);
	assert_int_equal(jobs[1].plan.outcome, OUTCOME_CONFLICT);
	for (int i = 0; i < 2; i++)
		job_free(&jobs[i]);
	journal_close(journal);
}

static void code_that_is_built_in_has_nothing_to_wait_for(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct job job = job_not_found(IN_NFS);
	struct fail fail;

	job.plan.outcome = OUTCOME_APPLICABLE;
	assert_int_equal(arming_note(journal, &caller, &job, 1, &fail), 0);
	assert_int_equal(armed_count(journal), 0);
	assert_int_equal(job.plan.warnings.count, 1);
	job_free(&job);
	journal_close(journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_patch_of_a_module_that_is_not_loaded_or_coming_waits),
		TEST(what_requires_asks_of_the_module_cannot_be_known_before_it_comes),
		TEST(a_refusal_that_the_module_does_not_change_stands),
		TEST(what_is_said_of_a_loaded_module_s_patch_stands),
		TEST(a_patch_of_two_places_cannot_wait_for_one_of_them),
		TEST(a_request_that_fails_leaves_armed_what_was_before_and_no_more),
		TEST(another_text_of_an_armed_name_is_a_conflict),
		TEST(two_of_one_name_cannot_both_wait),
		TEST(code_that_is_built_in_has_nothing_to_wait_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
