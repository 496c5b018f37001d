/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table_parse() of tables in memory, well formed and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table.h"

enum { TEXT = 0x1000, TEXT_SIZE = 64, AT = 0x2000, INIT = 0x4000 };

static uint8_t text[TEXT_SIZE];
static struct table table;
static bool of_module;
static uint64_t text_end;

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
	of_module = false;
	text_end = TEXT + TEXT_SIZE;
	target.info.architecture = ARCH_X86_64;
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
	const struct table_text where = {
		.target = &target, .start = TEXT, .end = text_end,
		.init_start = INIT, .init_end = INIT + TEXT_SIZE, .module = of_module,
	};
	int result = table_parse(&where, name, data, length, AT, &table, fail);
	struct fail ignored;

	assert_int_equal(table_sort(&table, &ignored), 0);
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

static void refused(const char *name, const uint8_t *data, size_t length)
{
	struct fail fail;

	assert_int_equal(parse(name, data, length, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_HAZARD);
	assert_non_null(strstr(fail.message, "has a form that patcherd does not know"));
	assert_non_null(strstr(fail.message, name));
	assert_int_equal(table.count, 0);
}

static void what_is_no_entry_behind_the_last_is_ignored(void **state)
{
	uint8_t data[60] = { 0 };
	struct fail fail;

	(void)state;
	refused("__ex_table", data, sizeof(data));
	of_module = true;
	put(data, 0, TEXT + 3);
	put(data, 4, TEXT + 9);
	put(data, 12, TEXT + 7);
	put(data, 16, TEXT + 9);
	put(data, 24, TEXT + TEXT_SIZE);
	put(data, 36, TEXT - 1);
	put(data, 48, TEXT);
	assert_int_equal(parse("__ex_table", data, sizeof(data), &fail), 0);
	assert_int_equal(table.count, 3);
	assert_int_equal(table.entries[0].address, TEXT + 3);
	assert_int_equal(table.entries[0].kind, OWNER_EX_TABLE);
	assert_int_equal(table.entries[2].kind, OWNER_EX_FIXUP);
}

static void a_table_of_start_up_text_only_has_no_owners(void **state)
{
	uint8_t data[24] = { 0 };
	struct fail fail;

	(void)state;
	put(data, 0, INIT + 3);
	put(data, 4, INIT + 9);
	put(data, 12, INIT + 30);
	put(data, 16, INIT + 9);
	assert_int_equal(parse("__ex_table", data, sizeof(data), &fail), 0);
	assert_int_equal(table.count, 0);
	assert_int_equal(parse("__ex_table", data, 3, &fail), 0);
}

static void most_entries_of_another_place_are_an_unknown_form(void **state)
{
	uint8_t data[36] = { 0 };

	(void)state;
	put(data, 0, TEXT + TEXT_SIZE);
	put(data, 12, TEXT - 1);
	put(data, 24, TEXT);
	put(data, 28, TEXT + 4);
	refused("__ex_table", data, sizeof(data));
	refused("__ex_table", data, 11);
}

static void a_jump_table_of_longs_is_an_unknown_form(void **state)
{
	uint64_t data[6] = { TEXT + 4, TEXT + 20, 0x9000, TEXT + 8, TEXT + 24, 0x9010 };

	(void)state;
	refused("__jump_table", (const uint8_t *)data, sizeof(data));
}

/* Before 4.6: insn and fixup, the fixups behind all other text, sorted by insn. */
static void an_exception_table_of_pairs_is_an_unknown_form(void **state)
{
	uint8_t data[16 * 8] = { 0 };

	(void)state;
	for (size_t i = 0; i < 16; i++) {
		put(data, i * 8, TEXT + 2 * i);
		put(data, i * 8 + 4, TEXT + 40 + i);
	}
	refused("__ex_table", data, sizeof(data));
	of_module = true;
	refused("__ex_table", data, sizeof(data));
	refused("__ex_table", data, 16);
}

/* 4.6 to 5.15: the kernel image's handlers are text of its own. */
static void an_exception_table_with_handlers_is_known(void **state)
{
	uint8_t data[12 * 12] = { 0 };
	struct fail fail;

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		put(data, i * 12, TEXT + 2 * i);
		put(data, i * 12 + 4, TEXT + 40 + i);
		put(data, i * 12 + 8, TEXT + 60 + i % 2);
	}
	assert_int_equal(parse("__ex_table", data, sizeof(data), &fail), 0);
	assert_int_equal(table.count, 24);
}

/* 5.16 and later, up to 6.3: a type and a register, in a module whose one region has the table too. */
static void data_in_a_loaded_module_s_exception_table_is_no_text(void **state)
{
	uint8_t data[24] = { 0 };
	struct fail fail;

	(void)state;
	of_module = true;
	text_end = AT + 0x1000;
	for (size_t i = 0; i < 2; i++) {
		put(data, i * 12, TEXT + 2 * i);
		put(data, i * 12 + 4, TEXT + 40 + i);
		memcpy(data + i * 12 + 8, "\x11\x03\0\0", 4);
	}
	assert_int_equal(parse("__ex_table", data, sizeof(data), &fail), 0);
	assert_int_equal(table.count, 4);
}

static void a_key_has_its_length_and_no_flags_and_is_there_once(void **state)
{
	uint8_t data[32] = { 0 }, calls[8] = { 0 };
	struct fail fail;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		put(data, 16 * i, TEXT + 4 + i);
		put(data, 16 * i + 4, TEXT + 20);
		put(data, 16 * i + 8, 0x9000 + 1 + i);
	}
	put(calls, 0, TEXT + 40);
	put(calls, 4, 0x8000 + 3);
	assert_int_equal(parse("__jump_table", data, sizeof(data), &fail), 0);
	assert_int_equal(parse(".static_call_sites", calls, sizeof(calls), &fail), 0);
	assert_int_equal(table.key_count, 2);
	assert_null(table_key(&table, 0x7fff, 0x8000));
	assert_int_equal(table_key(&table, 0x8000, 0x8001)->kind, OWNER_STATIC_CALL_KEY);
	assert_int_equal(table_key(&table, 0x9008, 0x900c)->kind, OWNER_STATIC_KEY);
	assert_int_equal(table_key(&table, 0x8ff0, 0x9001)->address, 0x9000);
	assert_null(table_key(&table, 0x9010, 0x9018));
}

/* The second byte of an address, and the kind, count too. */
static void entries_are_by_address_and_those_of_one_by_kind(void **state)
{
	static const struct table_entry wanted[] = {
		{ TEXT + 1, OWNER_RETURN_SITE, 0 }, { TEXT + 4, OWNER_RETURN_SITE, 0 },
		{ TEXT + 4, OWNER_CALL_SITE, 0 }, { TEXT + 0x801, OWNER_RETURN_SITE, 0 },
		{ TEXT + 0x1801, OWNER_CALL_SITE, 0 },
	};
	uint8_t calls[8] = { 0 }, returns[12] = { 0 };
	struct fail fail;

	(void)state;
	text_end = TEXT + 0x2000;
	put(calls, 0, TEXT + 0x1801);
	put(calls, 4, TEXT + 4);
	put(returns, 0, TEXT + 0x801);
	put(returns, 4, TEXT + 4);
	put(returns, 8, TEXT + 1);
	assert_int_equal(parse(".call_sites", calls, sizeof(calls), &fail), 0);
	assert_int_equal(parse(".return_sites", returns, sizeof(returns), &fail), 0);
	assert_int_equal(table.count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(table.entries[i].address, wanted[i].address);
		assert_int_equal(table.entries[i].kind, wanted[i].kind);
	}
}

/* In a file the key of another module is an undefined symbol, and the field stays 0. */
static void a_key_that_the_file_does_not_know_is_none(void **state)
{
	uint8_t data[16] = { 0 };
	struct fail fail;

	(void)state;
	put(data, 0, TEXT + 4);
	put(data, 4, TEXT + 20);
	assert_int_equal(parse("__jump_table", data, sizeof(data), &fail), 0);
	assert_int_equal(table.count, 2);
	assert_int_equal(table.key_count, 0);
}

/* 5.10, 6.1 and 6.12; each entry of 4, 5, 6 … bytes. */
static void the_size_of_an_alternative_s_entry_is_the_one_that_makes_sense(void **state)
{
	static const struct { size_t size, length_at; } known[] = { { 13, 10 }, { 12, 10 }, { 14, 12 } };
	struct fail fail;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint8_t data[5 * 14] = { 0 };

		for (size_t j = 0; j < 5; j++) {
			uint8_t *entry = data + j * known[i].size;

			put(data, j * known[i].size, TEXT + 10 * j);
			put(data, j * known[i].size + 4, INIT + 4 * j);
			entry[8] = (uint8_t)(0x21 + j);
			entry[known[i].length_at] = (uint8_t)(4 + j);
			entry[known[i].length_at + 1] = (uint8_t)(3 + j);
		}
		assert_int_equal(parse(".altinstructions", data, 5 * known[i].size, &fail), 0);
		assert_int_equal(table.count, 5);
		for (unsigned j = 0; j < 5; j++) {
			assert_int_equal(table.entries[j].address, TEXT + 10 * j);
			assert_int_equal(table.entries[j].length, 4 + j);
			assert_int_equal(table.entries[j].kind, OWNER_ALTERNATIVE);
		}
		table_deinit(&table);
	}
}

static void of_several_alternatives_the_longest_counts(void **state)
{
	uint8_t data[24] = { 0 };
	struct fail fail;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		put(data, 12 * i, TEXT + 8);
		data[12 * i + 10] = (uint8_t)(5 - i);
	}
	assert_int_equal(parse(".altinstructions", data, sizeof(data), &fail), 0);
	assert_int_equal(table.count, 1);
	assert_int_equal(table.entries[0].length, 5);
}

static void alternatives_of_no_length_or_replaced_by_more_are_an_unknown_form(void **state)
{
	uint8_t data[36] = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		put(data, 12 * i, TEXT + 8 * i);
	refused(".altinstructions", data, sizeof(data));
	for (size_t i = 0; i < 3; i++)
		memcpy(data + 12 * i + 10, "\x04\x05", 2);
	refused(".altinstructions", data, sizeof(data));
}

static void a_lock_prefix_is_one_or_what_stands_for_it(void **state)
{
	uint8_t data[16] = { 0 }, other[8 * 4];
	struct fail fail;

	(void)state;
	text[4] = 0xf0;
	text[20] = 0x3e;
	put(data, 0, TEXT + 4);
	put(data, 4, TEXT + 20);
	assert_int_equal(parse(".smp_locks", data, sizeof(data), &fail), 0);
	assert_int_equal(table.count, 2);
	assert_int_equal(table.entries[1].length, 1);
	table_deinit(&table);
	for (size_t i = 0; i < sizeof(other); i += 4)
		put(other, i, TEXT + 30 + i);
	refused(".smp_locks", other, sizeof(other));
}

/* As of virtio_console on 6.1, whose one region is text and tables. */
static void zeros_behind_a_loaded_module_s_table_are_no_entries(void **state)
{
	uint8_t data[32] = { 0 };
	struct fail fail;

	(void)state;
	of_module = true;
	text_end = AT + sizeof(data);
	text[4] = 0xf0;
	put(data, 0, TEXT + 4);
	assert_int_equal(parse(".smp_locks", data, sizeof(data), &fail), 0);
	assert_int_equal(table.count, 1);
}

static void pointers_are_of_the_architecture_s_size(void **state)
{
	const uint64_t wide[] = { TEXT + 1, TEXT + 2 };
	const uint32_t narrow[] = { TEXT + 1, TEXT + 2 };
	struct fail fail;

	(void)state;
	assert_int_equal(parse("__mcount_loc", (const uint8_t *)wide, sizeof(wide), &fail), 0);
	assert_int_equal(table.count, 2);
	assert_int_equal(table.entries[1].kind, OWNER_FTRACE);
	table_deinit(&table);
	target.info.architecture = ARCH_I386;
	assert_int_equal(parse("__mcount_loc", (const uint8_t *)narrow, sizeof(narrow), &fail), 0);
	assert_int_equal(table.count, 2);
}

static void i386_has_short_keys_and_absolute_bugs(void **state)
{
	uint8_t data[24] = { 0 };
	uint32_t bugs[] = { TEXT + 10, 0x9999, 7, TEXT + 20, 0x9999, 8 };
	struct fail fail;

	(void)state;
	target.info.architecture = ARCH_I386;
	for (size_t i = 0; i < 2; i++) {
		put(data, 12 * i, TEXT + 4 + i);
		put(data, 12 * i + 4, TEXT + 20);
		put(data, 12 * i + 8, 0x9000 + 16 * i + 1);
		memcpy(text + bugs[3 * i] - TEXT, "\x0f\x0b", 2);
	}
	assert_int_equal(parse("__jump_table", data, sizeof(data), &fail), 0);
	assert_int_equal(table.count, 3);
	assert_int_equal(table.key_count, 2);
	assert_int_equal(table_key(&table, 0x9010, 0x9011)->length, 8);
	table_deinit(&table);
	assert_int_equal(parse("__bug_table", (const uint8_t *)bugs, sizeof(bugs), &fail), 0);
	assert_int_equal(table.count, 2);
	assert_int_equal(table.entries[1].address, TEXT + 20);
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
	uint8_t data[8 * 12] = { 0 };

	(void)state;
	for (size_t i = 0; i < 8; i++)
		put(data, i * 12, TEXT + 10 + 2 * i);
	refused("__bug_table", data, sizeof(data));
}

static void a_bug_or_lock_that_was_patched_leaves_its_table_known(void **state)
{
	uint8_t data[12] = { 0 };
	struct fail fail;

	(void)state;
	of_module = true;
	put(data, 0, TEXT + 10);
	assert_int_equal(parse("__bug_table", data, sizeof(data), &fail), 0);
	assert_int_equal(table.count, 1);
	assert_int_equal(table.entries[0].address, TEXT + 10);
	table_deinit(&table);
	assert_int_equal(parse(".smp_locks", data, 4, &fail), 0);
	assert_int_equal(table.count, 1);
}

#define unit(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(a_jump_label_names_its_site_and_where_it_goes),
		unit(what_is_no_entry_behind_the_last_is_ignored),
		unit(a_table_of_start_up_text_only_has_no_owners),
		unit(most_entries_of_another_place_are_an_unknown_form),
		unit(a_jump_table_of_longs_is_an_unknown_form),
		unit(an_exception_table_of_pairs_is_an_unknown_form),
		unit(an_exception_table_with_handlers_is_known),
		unit(data_in_a_loaded_module_s_exception_table_is_no_text),
		unit(a_key_has_its_length_and_no_flags_and_is_there_once),
		unit(entries_are_by_address_and_those_of_one_by_kind),
		unit(a_key_that_the_file_does_not_know_is_none),
		unit(the_size_of_an_alternative_s_entry_is_the_one_that_makes_sense),
		unit(of_several_alternatives_the_longest_counts),
		unit(alternatives_of_no_length_or_replaced_by_more_are_an_unknown_form),
		unit(a_lock_prefix_is_one_or_what_stands_for_it),
		unit(zeros_behind_a_loaded_module_s_table_are_no_entries),
		unit(pointers_are_of_the_architecture_s_size),
		unit(i386_has_short_keys_and_absolute_bugs),
		unit(the_size_of_a_bug_s_entry_is_the_one_that_names_ud2s),
		unit(bugs_that_name_no_ud2_are_a_hazard),
		unit(a_bug_or_lock_that_was_patched_leaves_its_table_known),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
