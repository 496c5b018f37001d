/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built with patcherd's fault points. The machine has the CPUs 0 to 3, of which 0 has no switch and
 * 3 is offline. */
#include "patcherd/offline.h"
#include "patcherd/recover.h"
#include "transaction_fixture.h"
#include "cpus_fixture.h"

static struct machine machine;

static int offline_setup(void **state)
{
	if (kernel_setup(state) < 0 || machine_open(&machine) < 0)
		return -1;
	machine_list(&machine, "0-2\n");
	machine_cpu(&machine, 1, "1\n");
	machine_cpu(&machine, 2, "1\n");
	machine_cpu(&machine, 3, "0\n");
	return 0;
}

static int offline_teardown(void **state)
{
	machine_close(&machine);
	return kernel_teardown(state);
}

static struct transaction with_cpus(struct fake *fake)
{
	struct transaction transaction = transaction_of(fake);

	transaction.cpus = machine.directory;
	transaction.offline_cpus = true;
	return transaction;
}

static int apply_offline(struct fake *fake, struct transaction *transaction, struct fail *fail)
{
	struct job job = job_of(fake, "p", "x", A, 3);
	int result;

	*transaction = with_cpus(fake);
	*fail = (struct fail){ .message = "" };
	result = transaction_apply(transaction, &job, 1, fail);
	job_free(&job);
	return result;
}

static void apply_one(struct fake *fake)
{
	struct transaction transaction;
	struct fail fail;

	(void)apply_offline(fake, &transaction, &fail);
}

static int revert_offline(struct fake *fake, struct fail *fail)
{
	struct transaction transaction = with_cpus(fake);
	struct reverted out = { .message = NULL };
	struct journal_entry *entries = NULL;
	size_t count = 0;
	int result;

	*fail = (struct fail){ .message = "" };
	assert_int_equal(journal_active(fake->journal, NULL, &entries, &count, fail), 0);
	assert_int_equal(count, 1);
	result = transaction_revert(&transaction, entries, 1, false, &out, fail);
	free(out.message);
	journal_entries_free(entries, count);
	return result;
}

static void revert_one(struct fake *fake)
{
	struct fail fail;

	(void)revert_offline(fake, &fail);
}

static void kill_at(struct fake *fake, const char *point, void (*body)(struct fake *fake))
{
	assert_int_equal(setenv("PATCHERD_FAULT", point, 1), 0);
	killed_in(fake, body);
	assert_int_equal(unsetenv("PATCHERD_FAULT"), 0);
}

/* As patcherd starts. Whether any CPUs were listed. */
static bool started(struct fake *fake, struct transaction *transaction)
{
	struct fail fail;
	bool found;

	*transaction = with_cpus(fake);
	transaction->offline_cpus = found = offline_recover(transaction);
	if (recover(transaction, &fail) < 0)
		fail_msg("%s", fail.message);
	return found;
}

static void start_one(struct fake *fake)
{
	struct transaction transaction;

	(void)started(fake, &transaction);
}

/* `wanted`: the digits of the CPUs 1 to 3. */
static void assert_cpus(const char *wanted)
{
	for (unsigned i = 0; i < 3; i++)
		assert_cpu(&machine, 1 + i, wanted[i]);
}

/* The CPUs that the journal lists, as digits. */
static void assert_listed(struct fake *fake, const char *wanted)
{
	struct cpus cpus;
	struct fail fail;
	char listed[16] = "";

	assert_int_equal(journal_offline(fake->journal, &cpus, &fail), 0);
	for (unsigned cpu = 0; cpu < 10; cpu++) {
		if (cpus.has[cpu])
			(void)snprintf(listed + strlen(listed), 2, "%u", cpu);
	}
	assert_string_equal(listed, wanted);
}

static void the_others_are_offline_during_the_write_and_the_journal_knows(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;

	fake->shared->kill_before = 1;
	killed_in(fake, apply_one);
	assert_cpus("000");
	assert_listed(fake, "12");
	assert_true(started(fake, &transaction));
	assert_cpus("110");
	assert_listed(fake, "");
	assert_contains(fake->shared->log, "after an interruption: the CPUs");
	assert_false(started(fake, &transaction));
}

static void they_are_back_after_it_and_who_was_offline_stays_so(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;
	struct fail fail;

	assert_int_equal(apply_offline(fake, &transaction, &fail), 0);
	assert_int_equal(holds(fake, A), HOLDS_NEW);
	assert_cpus("110");
	assert_listed(fake, "");
	assert_string_equal(transaction.left_offline.message, "");
	assert_int_equal(revert_offline(fake, &fail), 0);
	assert_int_equal(holds(fake, A), HOLDS_OLD);
	assert_cpus("110");
	assert_listed(fake, "");
}

static void they_are_back_after_a_failure_too(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;
	struct fail fail;

	fake->shared->refuse_from = fake->shared->refuse_to = 1;
	fake->shared->refuse_code = OUTCOME_NOT_WRITABLE;
	assert_int_equal(apply_offline(fake, &transaction, &fail), -1);
	assert_string_equal(fail.message, "refused for the test");
	assert_cpus("110");
	assert_listed(fake, "");
	fake->shared->half_at = 2;
	assert_int_equal(apply_offline(fake, &transaction, &fail), -1);
	assert_contains(fail.message, "put back");
	assert_cpus("110");
	assert_listed(fake, "");
}

static void killed_at_any_point_of_apply_they_come_back_at_the_next_start(void **state)
{
	static const struct {
		const char *point, *cpus;
		enum holds after;
	} points[] = {
		{ "before-offline", "110", HOLDS_OLD }, { "after-offline", "000", HOLDS_OLD },
		{ "after-intent", "000", HOLDS_OLD }, { "after-write", "000", HOLDS_NEW },
	};
	struct fake *fake = *state;
	struct transaction transaction;

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		kill_at(fake, points[i].point, apply_one);
		assert_cpus(points[i].cpus);
		assert_listed(fake, "12");
		assert_true(started(fake, &transaction));
		assert_cpus("110");
		assert_listed(fake, "");
		assert_int_equal(holds(fake, A), points[i].after);
	}
}

static void killed_after_they_came_back_the_list_is_done_with_at_the_next_start(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;

	kill_at(fake, "after-online", apply_one);
	assert_cpus("110");
	assert_listed(fake, "12");
	assert_true(started(fake, &transaction));
	assert_cpus("110");
	assert_listed(fake, "");
	assert_state_of_latest(fake->journal, "p", JOURNAL_APPLIED);
}

static void killed_between_two_cpus_both_are_online_at_the_next_start(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;

	kill_at(fake, "before-offline", apply_one);
	machine_cpu(&machine, 2, "0\n");
	assert_true(started(fake, &transaction));
	assert_cpus("110");
	assert_listed(fake, "");
}

static void a_killed_revert_is_completed_with_them_offline_again(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;

	apply_one(fake);
	kill_at(fake, "after-offline", revert_one);
	assert_cpus("000");
	assert_true(started(fake, &transaction));
	assert_int_equal(holds(fake, A), HOLDS_NEW);	/* it had not begun */
	kill_at(fake, "after-reverting", revert_one);
	assert_cpus("000");
	fake->shared->kill_before = fake->shared->writes + 1;
	killed_in(fake, start_one);
	assert_contains(fake->shared->log, "the CPUs that were offline");
	assert_cpus("000");
	assert_true(started(fake, &transaction));
	assert_int_equal(holds(fake, A), HOLDS_OLD);
	assert_cpus("110");
	assert_listed(fake, "");
}

static void a_list_that_cannot_be_written_leaves_them_alone(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;
	struct fail fail;
	sqlite3 *db = NULL;

	journal_close(fake->journal);
	fake->journal = NULL;
	assert_int_equal(sqlite3_open(fake->place->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TRIGGER refuse BEFORE INSERT ON offline_cpu "
				      "BEGIN SELECT raise(ABORT, 'refused for the test'); END",
				      NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	fake->journal = opened(fake->place->path, BOOT_1);
	machine_stuck_cpu(&machine, 1, "1\n");	/* to touch it would say so */
	assert_int_equal(apply_offline(fake, &transaction, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_contains(fail.message, "cannot write the list of CPUs");
	assert_cpus("110");
	assert_int_equal(fake->shared->writes, 0);
	assert_int_equal(active_count(fake->journal, NULL), 0);
}

static void a_second_cpu_that_cannot_go_is_named_before_any_goes(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;
	struct fail fail;

	machine_cpu(&machine, 2, NULL);
	machine_stuck_cpu(&machine, 1, "1\n");
	assert_int_equal(apply_offline(fake, &transaction, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_contains(fail.message, "CPU 2 cannot be taken offline");
	assert_contains(fail.message, "neither can CPU 0");
	assert_int_equal(fake->shared->writes, 0);
	assert_listed(fake, "");
}

static void a_cpu_that_refuses_is_named_and_those_that_went_come_back(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;
	struct fail fail;

	machine_stuck_cpu(&machine, 2, "1\n");
	assert_int_equal(apply_offline(fake, &transaction, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_contains(fail.message, "CPU 2 does not go offline");
	assert_contains(fail.message, "Operation not permitted");
	assert_int_equal(fake->shared->writes, 0);
	assert_int_equal(active_count(fake->journal, NULL), 0);
	assert_cpus("110");
	assert_listed(fake, "");
}

static void one_that_does_not_come_back_is_told_and_kept_until_it_does(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;
	struct fail fail;

	/* The list says that it is online: it goes without a word. */
	machine_stuck_cpu(&machine, 2, "0\n");
	assert_int_equal(apply_offline(fake, &transaction, &fail), 0);
	assert_int_equal(holds(fake, A), HOLDS_NEW);
	assert_contains(transaction.left_offline.message, "do not come back: CPU 2 (");
	assert_contains(transaction.left_offline.message, "echo 1 >");
	assert_contains(fake->shared->log, "<2>[");	/* LOG_CRIT */
	assert_contains(fake->shared->log, "CPU 2 was taken offline");
	assert_cpus("100");
	assert_listed(fake, "2");
	assert_true(started(fake, &transaction));
	assert_contains(transaction.left_offline.message, "CPU 2 (");
	assert_listed(fake, "2");
	/* Nor does another change forget it. */
	machine_list(&machine, "0-1\n");
	assert_int_equal(revert_offline(fake, &fail), 0);
	assert_listed(fake, "2");
	machine_cpu(&machine, 2, "0\n");
	assert_true(started(fake, &transaction));
	assert_string_equal(transaction.left_offline.message, "");
	assert_cpus("110");
	assert_listed(fake, "");
}

static bool left(struct fake *fake, struct cpus *cpus, struct fail *said)
{
	*said = (struct fail){ .message = "" };
	return offline_left(fake->journal, machine.directory, cpus, said);
}

static void who_is_away_still_is_told_with_what_to_do(void **state)
{
	struct fake *fake = *state;
	struct fail said;
	struct cpus cpus;
	char text[16];

	assert_false(left(fake, &cpus, &said));	/* CPU 3 was offline before */
	kill_at(fake, "after-offline", apply_one);
	machine_list(&machine, "0\n");
	assert_true(left(fake, &cpus, &said));
	assert_string_equal(cpus_print(&cpus, text, sizeof(text)), "1-2");
	assert_contains(said.message, "are not back: 1-2; bring each back with `echo 1 >/tmp/");
	assert_contains(said.message, "/cpuN/online`");
	/* Somebody brought one back. */
	machine_list(&machine, "0-1\n");
	assert_true(left(fake, &cpus, &said));
	assert_string_equal(cpus_print(&cpus, text, sizeof(text)), "2");
	machine_list(&machine, "0-2\n");
	assert_false(left(fake, &cpus, &said));
	machine_list(&machine, "none\n");
	assert_true(left(fake, &cpus, &said));
	assert_true(cpus_none(&cpus));
	assert_contains(said.message, "not a list of CPUs");
	assert_listed(fake, "12");	/* it only looks */
	assert_cpus("000");
}

static void a_failure_says_also_who_did_not_come_back(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;
	struct fail fail;

	machine_stuck_cpu(&machine, 2, "0\n");
	fake->shared->refuse_from = fake->shared->refuse_to = 1;
	fake->shared->refuse_code = OUTCOME_NOT_WRITABLE;
	assert_int_equal(apply_offline(fake, &transaction, &fail), -1);
	assert_contains(fail.message, "refused for the test; CPUs that were taken offline");
	assert_contains(fail.message, "CPU 2 (");
}

static void where_every_cpu_can_go_the_first_goes_on(void **state)
{
	struct fake *fake = *state;

	machine_list(&machine, "1-2\n");
	fake->shared->kill_before = 1;
	killed_in(fake, apply_one);
	assert_cpus("100");
	assert_listed(fake, "2");
}

static void one_that_cannot_go_is_the_one_that_goes_on(void **state)
{
	struct fake *fake = *state;

	machine_list(&machine, "1-2\n");
	machine_cpu(&machine, 2, NULL);
	fake->shared->kill_before = 1;
	killed_in(fake, apply_one);
	assert_cpu(&machine, 1, '0');
	assert_listed(fake, "1");
}

static void one_cpu_alone_needs_nothing(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;
	struct fail fail;

	machine_list(&machine, "0\n");
	machine_stuck_cpu(&machine, 1, "1\n");
	assert_int_equal(apply_offline(fake, &transaction, &fail), 0);
	assert_int_equal(holds(fake, A), HOLDS_NEW);
}

static void where_the_cpus_are_stopped_or_it_is_not_asked_for_none_goes(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;
	struct job job;
	struct fail fail;

	machine_stuck_cpu(&machine, 1, "1\n");
	fake->target.info.stops = true;
	assert_int_equal(apply_offline(fake, &transaction, &fail), 0);
	fake->target.info.stops = false;
	job = job_of(fake, "q", "x", B, 1);
	transaction = with_cpus(fake);
	transaction.offline_cpus = false;
	assert_int_equal(transaction_apply(&transaction, &job, 1, &fail), 0);
	job_free(&job);
	assert_cpus("110");
}

static void a_revert_without_anything_to_write_takes_none(void **state)
{
	struct fake *fake = *state;
	struct fail fail;

	apply_one(fake);
	for (uint64_t i = 0; i < 6; i++)
		scribble(fake, A + 16 * (i / 2) + i % 2, (uint8_t)((16 * (i / 2) + i % 2) & 0x7f));
	machine_stuck_cpu(&machine, 1, "1\n");
	assert_int_equal(holds(fake, A), HOLDS_OLD);
	assert_int_equal(revert_offline(fake, &fail), 0);
}

static void without_a_list_of_cpus_nothing_is_written(void **state)
{
	struct fake *fake = *state;
	struct transaction transaction;
	struct fail fail;

	machine_list(&machine, "2-1\n");
	assert_int_equal(apply_offline(fake, &transaction, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_int_equal(fake->shared->writes, 0);
}

#define OFFLINE_TEST(function) \
	cmocka_unit_test_setup_teardown(function, offline_setup, offline_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OFFLINE_TEST(the_others_are_offline_during_the_write_and_the_journal_knows),
		OFFLINE_TEST(they_are_back_after_it_and_who_was_offline_stays_so),
		OFFLINE_TEST(they_are_back_after_a_failure_too),
		OFFLINE_TEST(killed_at_any_point_of_apply_they_come_back_at_the_next_start),
		OFFLINE_TEST(killed_after_they_came_back_the_list_is_done_with_at_the_next_start),
		OFFLINE_TEST(killed_between_two_cpus_both_are_online_at_the_next_start),
		OFFLINE_TEST(a_killed_revert_is_completed_with_them_offline_again),
		OFFLINE_TEST(a_list_that_cannot_be_written_leaves_them_alone),
		OFFLINE_TEST(a_second_cpu_that_cannot_go_is_named_before_any_goes),
		OFFLINE_TEST(a_cpu_that_refuses_is_named_and_those_that_went_come_back),
		OFFLINE_TEST(one_that_does_not_come_back_is_told_and_kept_until_it_does),
		OFFLINE_TEST(who_is_away_still_is_told_with_what_to_do),
		OFFLINE_TEST(a_failure_says_also_who_did_not_come_back),
		OFFLINE_TEST(where_every_cpu_can_go_the_first_goes_on),
		OFFLINE_TEST(one_that_cannot_go_is_the_one_that_goes_on),
		OFFLINE_TEST(one_cpu_alone_needs_nothing),
		OFFLINE_TEST(where_the_cpus_are_stopped_or_it_is_not_asked_for_none_goes),
		OFFLINE_TEST(a_revert_without_anything_to_write_takes_none),
		OFFLINE_TEST(without_a_list_of_cpus_nothing_is_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("offline", tests, NULL, NULL);
}
