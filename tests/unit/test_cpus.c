/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "cpus.h"
#include "cpus_fixture.h"

static int read_list(const char *text, struct cpus *out, struct fail *fail)
{
	struct file file = file_text(text);
	int result = cpus_read(file.path, out, fail);

	file_close(&file);
	return result;
}

static void a_list_is_read_as_the_kernel_writes_it(void **state)
{
	static struct cpus cpus;
	struct fail fail;
	unsigned count = 0;

	(void)state;
	assert_int_equal(read_list("0,2-4,8191\n", &cpus, &fail), 0);
	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
		count += cpus.has[cpu];
	assert_int_equal(count, 5);
	assert_true(cpus.has[0] && cpus.has[2] && cpus.has[3] && cpus.has[4] && cpus.has[8191]);
	assert_false(cpus_none(&cpus));
	cpus = (struct cpus){ { false } };
	assert_true(cpus_none(&cpus));
}

static void a_list_is_printed_as_the_kernel_writes_it(void **state)
{
	static const char *const lists[] = { "0", "0-1", "8191", "0,2-4,8190-8191", "0-8191" };
	static struct cpus cpus;
	struct fail fail;
	char line[32], text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		(void)snprintf(line, sizeof(line), "%s\n", lists[i]);
		assert_int_equal(read_list(line, &cpus, &fail), 0);
		assert_string_equal(cpus_print(&cpus, text, sizeof(text)), lists[i]);
	}
	assert_int_equal(read_list("1000,1002-1004,1006\n", &cpus, &fail), 0);
	assert_string_equal(cpus_print(&cpus, text, 8), "1000,10");
	assert_string_equal(cpus_print(&cpus, text, 10), "1000,1002");
	assert_string_equal(cpus_print(&cpus, text, 12), "1000,1002-1");
	cpus = (struct cpus){ { false } };
	assert_string_equal(cpus_print(&cpus, text, sizeof(text)), "");
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const lists[] = { "", "\n", "0", "3-1\n", "0-8192\n", "0;1\n" };
	static struct cpus cpus;
	struct fail fail;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(read_list(lists[i], &cpus, &fail), -1);
		assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
		assert_message(fail, "not a list of CPUs");
	}
}

static void a_switch_is_set_and_read_again(void **state)
{
	struct machine *machine = *state;
	struct fail fail;

	machine_cpu(machine, 2, "1\n");
	assert_int_equal(cpu_switch(machine->directory, 2, false, &fail), 0);
	assert_cpu(machine, 2, '0');
	assert_int_equal(cpu_switch(machine->directory, 2, false, &fail), 0);
	assert_cpu(machine, 2, '0');
	assert_int_equal(cpu_switch(machine->directory, 2, true, &fail), 0);
	assert_cpu(machine, 2, '1');
}

static void one_that_is_as_it_shall_be_is_not_written_to(void **state)
{
	struct machine *machine = *state;
	struct fail fail;

	machine_stuck_cpu(machine, 2, "1\n");
	assert_int_equal(cpu_switch(machine->directory, 2, true, &fail), 0);
	assert_int_equal(cpu_switch(machine->directory, 2, false, &fail), -1);
	assert_message(fail, "cpu2/online: Operation not permitted");
}

static void what_is_not_a_switch_is_an_error(void **state)
{
	struct machine *machine = *state;
	struct fail fail;

	machine_cpu(machine, 1, "");
	assert_int_equal(cpu_switch(machine->directory, 1, true, &fail), -1);
	assert_message(fail, "cpu1/online: neither 0 nor 1");
	assert_int_equal(cpu_switch(machine->directory, 7, true, &fail), -1);
	assert_message(fail, "cpu7/online: No such file");
	assert_true(cpu_can_go(machine->directory, 1));
	assert_false(cpu_can_go(machine->directory, 7));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, machine_setup, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_read_as_the_kernel_writes_it),
		cmocka_unit_test(a_list_is_printed_as_the_kernel_writes_it),
		cmocka_unit_test(what_is_no_list_is_refused),
		TEST(a_switch_is_set_and_read_again),
		TEST(one_that_is_as_it_shall_be_is_not_written_to),
		TEST(what_is_not_a_switch_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cpus", tests, NULL, NULL);
}
