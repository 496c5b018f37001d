/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of a loaded module by a directory in the form of /sys/module/NAME/sections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/table_loaded.h"

/* Two pages are there, and then the guard page. */
enum { BASE = 0x10000, SIZE = 8192 };

static char directory[] = "/tmp/test_table_loaded.XXXXXX";
static const char *const sections[] = { ".text", ".table", ".next", ".init.text" };
static uint8_t memory[SIZE];

static int memory_read(struct target *target, uint64_t address, void *buffer, size_t length,
		       const char *what, struct fail *fail)
{
	(void)target;
	if (address < BASE || length > SIZE || address - BASE > SIZE - length)
		return fail_at(fail, OUTCOME_ERROR, address, "%s is not there", what);
	memcpy(buffer, memory + (address - BASE), length);
	return 0;
}

static const struct target_ops ops = { .read = memory_read };
static struct target target = { .ops = &ops };

/* What the section's file says; NULL: there is none. */
static void section(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	(void)unlink(path);
	if (text == NULL)
		return;
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		memory[i] = (uint8_t)(i / 16);
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	return mkdtemp(directory) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		section(sections[i], NULL);
	return rmdir(directory);
}

/* How many bytes are read of .table; -1: it fails. */
static long reads(struct fail *fail)
{
	CLEANUP(module_sections_deinit) struct module_sections known = { .items = NULL };
	uint8_t *data = NULL;
	uint64_t start;
	size_t length;
	int result = module_sections_read(directory, &known, fail);

	if (result == 0)
		result = table_loaded_read(&target, &known, ".table", &data, &start, &length, fail);
	if (result == 0 && length > 0)
		assert_memory_equal(data, memory + (start - BASE), length);
	free(data);
	return result == 0 ? (long)length : -1;
}

static void a_table_ends_where_the_next_section_starts(void **state)
{
	struct fail fail;

	(void)state;
	section(".text", "0x0000000000010000\n");
	section(".table", "0x0000000000010ff0\n");
	section(".next", "0x0000000000011008\n");
	assert_int_equal(reads(&fail), 0x18);
	section(".next", "0x0000000000010ff8\n");
	assert_int_equal(reads(&fail), 8);
	section(".init.text", "0x0000000000010ff4\n");
	assert_int_equal(reads(&fail), 4);
	section(".init.text", "0x0000000000011100\n");
	assert_int_equal(reads(&fail), 8);
}

static void an_empty_section_at_its_start_does_not_end_a_table(void **state)
{
	struct fail fail;

	(void)state;
	section(".text", "0x0000000000010ff0\n");
	section(".table", "0x0000000000010ff0\n");
	section(".init.text", "0x0000000000010ff0\n");
	section(".next", "0x0000000000010ff8\n");
	assert_int_equal(reads(&fail), 8);
}

static void the_last_table_ends_at_the_guard_page(void **state)
{
	struct fail fail;

	(void)state;
	section(".text", "0x0000000000010000\n");
	section(".table", "0x0000000000010ff0\n");
	assert_int_equal(reads(&fail), 0x1010);
	section(".next", "0x0000000000ff0000\n");
	assert_int_equal(reads(&fail), 0x1010);
}

static void a_module_without_the_table_has_none(void **state)
{
	struct fail fail;

	(void)state;
	section(".text", "0x0000000000010000\n");
	assert_int_equal(reads(&fail), 0);
}

static void what_is_hidden_garbled_or_not_there_fails(void **state)
{
	static const char *const bad[] = {
		"0x0000000000000000\n", "\n", "0x10000", "banana\n", "0x10000 \n",
		"0x1ffffffffffffffff\n",
	};
	struct fail fail;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		section(".table", bad[i]);
		assert_int_equal(reads(&fail), -1);
		assert_non_null(strstr(fail.message, "/.table: no address; patcherd needs CAP_SYSLOG"));
	}
	section(".table", "");
	assert_int_equal(reads(&fail), -1);
	assert_non_null(strstr(fail.message, "/.table: empty"));
	section(".table", "0x20000\n");
	assert_int_equal(reads(&fail), -1);
	assert_true(fail.has_address);
	section(".table", "0x10010\n");
	section(".next", "0x0\n");
	assert_int_equal(reads(&fail), -1);
	assert_non_null(strstr(fail.message, "/.next"));
}

static void init_text(uint64_t *start, uint64_t *end)
{
	CLEANUP(module_sections_deinit) struct module_sections known = { .items = NULL };
	struct fail fail;

	assert_int_equal(module_sections_read(directory, &known, &fail), 0);
	table_loaded_init(&known, start, end);
}

static void start_up_text_has_an_end(void **state)
{
	uint64_t start, end;

	(void)state;
	init_text(&start, &end);
	assert_int_equal(start, 0);
	assert_int_equal(end, 0);
	section(".init.text", "0x20000\n");
	init_text(&start, &end);
	assert_int_equal(start, 0x20000);
	assert_int_equal(end, 0x20000 + TABLE_SIZE_MAX);
	section(".next", "0x20100\n");
	init_text(&start, &end);
	assert_int_equal(end, 0x20100);
}

#define unit(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(a_table_ends_where_the_next_section_starts),
		unit(an_empty_section_at_its_start_does_not_end_a_table),
		unit(the_last_table_ends_at_the_guard_page),
		unit(a_module_without_the_table_has_none),
		unit(what_is_hidden_garbled_or_not_there_fails),
		unit(start_up_text_has_an_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
