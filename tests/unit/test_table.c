/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table_parse() against tables in memory, well formed and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table.h"

enum { TEXT = 0x1000, TEXT_SIZE = 64, AT = 0x2000 };

static uint8_t text[TEXT_SIZE];
static struct table table;

static int text_read(struct target *target, uint64_t address, void *buffer, size_t length,
		     const char *what, struct fail *fail)
{
	(void)target;
	if (address < TEXT || length > TEXT_SIZE || address - TEXT > TEXT_SIZE - length)
		return fail_at(fail, OUTCOME_ERROR, address, "%s is not there", what);
	memcpy(buffer, text + (address - TEXT), length);
	return 0;
}

static const struct target_ops ops = { .read = text_read };
static struct target target = { .ops = &ops };

static int setup(void **state)
{
	(void)state;
	memset(text, 0x90, sizeof(text));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	table_deinit(&table);
	return 0;
}

/* Stores at data + at a field that names `address`. */
static void put(uint8_t *data, size_t at, uint64_t address)
{
	int32_t displacement = (int32_t)(address - (AT + at));

	memcpy(data + at, &displacement, sizeof(displacement));
}

static int parse(const char *name, const uint8_t *data, size_t length, struct fail *fail)
{
	int result = table_parse(&target, name, data, length, AT, TEXT, TEXT + TEXT_SIZE, &table,
				 fail);

	table_sort(&table);
	return result;
}

static void a_jump_label_names_its_site_and_where_it_goes(void **state)
{
	uint8_t data[32] = { 0 };
	struct fail fail;

	(void)state;
	put(data, 0, TEXT + 20);
	put(data, 4, TEXT + 8);
	put(data, 16, TEXT + 4);
	put(data, 20, TEXT + 30);
	assert_int_equal(parse("__jump_table", data, sizeof(data), &fail), 0);
	assert_int_equal(table.count, 4);
	assert_int_equal(table.entries[0].address, TEXT + 4);
	assert_int_equal(table.entries[0].kind, OWNER_JUMP_LABEL);
	assert_int_equal(table.entries[1].address, TEXT + 8);
	assert_int_equal(table.entries[1].kind, OWNER_JUMP_TARGET);
	assert_int_equal(table_first(&table, TEXT + 5), 1);
	assert_int_equal(table_first(&table, TEXT + 31), 4);
}

static void an_entry_outside_the_text_and_half_an_entry_are_none(void **state)
{
	uint8_t data[32] = { 0 };
	struct fail fail;

	(void)state;
	put(data, 0, TEXT + TEXT_SIZE);
	put(data, 12, TEXT - 1);
	put(data, 24, TEXT);
	assert_int_equal(parse("__ex_table", data, sizeof(data), &fail), 0);
	assert_int_equal(table.count, 0);
	put(data, 0, TEXT + 3);
	put(data, 4, INT32_MAX);
	assert_int_equal(parse("__ex_table", data, sizeof(data), &fail), 0);
	assert_int_equal(table.count, 1);
	assert_int_equal(table.entries[0].kind, OWNER_EX_TABLE);
	table_deinit(&table);
	assert_int_equal(parse("__ex_table", data, 11, &fail), 0);
	assert_int_equal(parse("__bug_table", data, 3, &fail), 0);
	assert_int_equal(table.count, 0);
}

static void the_size_of_a_bug_s_entry_is_the_one_that_names_ud2s(void **state)
{
	static const size_t sizes[] = { 12, 8 };
	struct fail fail;

	(void)state;
	for (size_t at = 10; at < 40; at += 10)
		memcpy(text + at, "\x0f\x0b", 2);
	for (size_t i = 0; i < 2; i++) {
		uint8_t data[36] = { 0 };

		for (size_t j = 0; j < 3; j++)
			put(data, j * sizes[i], TEXT + 10 * (j + 1));
		assert_int_equal(parse("__bug_table", data, 3 * sizes[i], &fail), 0);
		assert_int_equal(table.count, 3);
		assert_int_equal(table.entries[2].address, TEXT + 30);
		table_deinit(&table);
	}
}

static void bugs_that_name_no_ud2_are_a_hazard(void **state)
{
	uint8_t data[12] = { 0 };
	struct fail fail;

	(void)state;
	put(data, 0, TEXT + 10);
	assert_int_equal(parse("__bug_table", data, sizeof(data), &fail), -1);
	assert_int_equal(fail.code, OUTCOME_HAZARD);
	assert_non_null(strstr(fail.message, "no entry names a ud2"));
}

#define unit(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(a_jump_label_names_its_site_and_where_it_goes),
		unit(an_entry_outside_the_text_and_half_an_entry_are_none),
		unit(the_size_of_a_bug_s_entry_is_the_one_that_names_ud2s),
		unit(bugs_that_name_no_ud2_are_a_hazard),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
