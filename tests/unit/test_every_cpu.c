/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>

/* Each CPU that this thread is sent to. */
static int visited[64];
static size_t visit_count;
static int refuse_cpu = -1, refuse_error;
static bool stay, real;
static int here;

static int recording_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	assert_int_equal(pid, 0);
	if (real || CPU_COUNT_S(size, set) != 1)
		return sched_setaffinity(pid, size, set);
	for (int cpu = 0; cpu < 64; cpu++) {
		if (!CPU_ISSET_S(cpu, size, set))
			continue;
		if (cpu == refuse_cpu) {
			errno = refuse_error;
			return -1;
		}
		visited[visit_count++] = cpu;
		here = stay ? 0 : cpu;
	}
	return 0;
}

static int recorded_cpu(void)
{
	return real ? sched_getcpu() : here;
}

#define sched_setaffinity recording_setaffinity
#define sched_getcpu recorded_cpu
#include "lib/every_cpu.c"
#undef sched_setaffinity
#undef sched_getcpu

#include "tests/unit/file_fixture.h"

static int run_without(const char *list, const struct cpus *away, struct fail *fail)
{
	struct file file = file_text(list);
	int result = every_cpu_serialise(file.path, away, fail);

	file_close(&file);
	return result;
}

static int run(const char *list, struct fail *fail)
{
	return run_without(list, NULL, fail);
}

static int setup(void **state)
{
	(void)state;
	visit_count = 0;
	refuse_cpu = -1;
	refuse_error = EINVAL;
	stay = real = false;
	return 0;
}

static void every_cpu_of_the_list_is_visited(void **state)
{
	static const int wanted[] = { 0, 1, 2, 5, 17, 18 };
	struct fail fail;

	(void)state;
	assert_int_equal(run("0-2,5,17-18\n", &fail), 0);
	assert_int_equal(visit_count, 6);
	assert_memory_equal(visited, wanted, sizeof(wanted));
}

static void a_cpu_that_refuses_is_named(void **state)
{
	struct fail fail;

	(void)state;
	refuse_cpu = 2;
	assert_int_equal(run("0-3\n", &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "CPU 2 is online and cannot be told");
	assert_message(fail, "Invalid argument");
	assert_message(fail, "its cpuset");
}

static void a_sandbox_that_forbids_the_call_is_named(void **state)
{
	struct fail fail;

	(void)state;
	refuse_cpu = 0;
	refuse_error = EPERM;
	assert_int_equal(run("0\n", &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "Operation not permitted; let patcherd call sched_setaffinity()");
}

/* As in a cpuset of CPU 0 alone, where the others are about to go offline. */
static void cpus_that_will_be_away_need_not_be_reached(void **state)
{
	static const struct cpus others = { .has = { [1] = true, [2] = true } };
	struct fail fail;

	(void)state;
	refuse_cpu = 1;
	assert_int_equal(run_without("0-2\n", &others, &fail), 0);
	assert_int_equal(visit_count, 1);
	assert_int_equal(visited[0], 0);
	refuse_cpu = 0;
	assert_int_equal(run_without("0-2\n", &others, &fail), -1);
	assert_message(fail, "CPU 0 is online and cannot be told");
}

static void being_elsewhere_is_noticed(void **state)
{
	struct fail fail;

	(void)state;
	stay = true;
	assert_int_equal(run("0-1\n", &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "CPU 1 is online");
}

static void a_list_that_cannot_be_read_is_not_writable(void **state)
{
	static const char *const lists[] = {
		"", "\n", "0", "0-\n", "-1\n", "a\n", "0,\n", "0-1 \n", "9000\n", "0-99999999999999999999\n",
	};
	struct fail fail;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		assert_int_equal(run(lists[i], &fail), -1);
		assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
		assert_message(fail, "not a list of CPUs");
	}
	assert_int_equal(every_cpu_serialise("/nonexistent/online", NULL, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_int_equal(visit_count, 0);
}

static void affinity_is_as_before(void **state)
{
	cpu_set_t before, after;
	struct fail fail;
	char list[32];
	int first = 0;

	(void)state;
	real = true;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	while (!CPU_ISSET(first, &before))
		first++;
	(void)snprintf(list, sizeof(list), "%d\n", first);
	assert_int_equal(run(list, &fail), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	(void)snprintf(list, sizeof(list), "%d,8191\n", first);
	assert_int_equal(run(list, &fail), -1);
	assert_message(fail, "CPU 8191");
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_memory_equal(&before, &after, sizeof(before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_cpu_of_the_list_is_visited, setup),
		cmocka_unit_test_setup(a_cpu_that_refuses_is_named, setup),
		cmocka_unit_test_setup(a_sandbox_that_forbids_the_call_is_named, setup),
		cmocka_unit_test_setup(cpus_that_will_be_away_need_not_be_reached, setup),
		cmocka_unit_test_setup(being_elsewhere_is_noticed, setup),
		cmocka_unit_test_setup(a_list_that_cannot_be_read_is_not_writable, setup),
		cmocka_unit_test_setup(affinity_is_as_before, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("every_cpu", tests, NULL, NULL);
}
