/* SPDX-License-Identifier: GPL-2.0-or-later */
/* orc against a kernel in memory, and a module whose sections a directory of the test's tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "orc.h"

enum { COUNT = 100 * 1000, STEP = 16 };

static const uint64_t text = 0xffffffff81000000, ips = 0xffffffff82000000,
		      entries = 0xffffffff82100000;

/* A state every STEP bytes of text; the entry's first field is its index. */
struct memory {
	struct target target;
	int32_t ips[COUNT];
	uint8_t entries[COUNT * ORC_ENTRY_SIZE];
	bool sick;
	size_t reads, bytes;
};

static struct memory memory;
static struct orc orc;
static struct orc_states states;
static struct fail fail;

static int memory_read(struct target *target, uint64_t address, void *buffer, size_t length,
		       const char *what, struct fail *why)
{
	(void)target;
	memory.reads++;
	memory.bytes += length;
	if (!memory.sick && address >= ips && address - ips <= sizeof(memory.ips) - length)
		memcpy(buffer, (uint8_t *)memory.ips + (address - ips), length);
	else if (!memory.sick && address >= entries &&
		 address - entries <= sizeof(memory.entries) - length)
		memcpy(buffer, memory.entries + (address - entries), length);
	else
		return fail_at(why, OUTCOME_ERROR, address, "%s is not there", what);
	return 0;
}

static void set(size_t index, uint64_t address, int16_t depth)
{
	memory.ips[index] = (int32_t)(address - (ips + index * sizeof(*memory.ips)));
	memset(memory.entries + index * ORC_ENTRY_SIZE, 0, ORC_ENTRY_SIZE);
	memcpy(memory.entries + index * ORC_ENTRY_SIZE, &depth, sizeof(depth));
}

static int setup(void **state)
{
	static const struct target_ops ops = { .read = memory_read };

	(void)state;
	memset(&memory, 0, sizeof(memory));
	memory.target.ops = &ops;
	memory.target.info.architecture = ARCH_X86_64;
	for (size_t i = 0; i < COUNT; i++)
		set(i, text + i * STEP, (int16_t)(i % 1000 + 8));
	orc = (struct orc){ .ips = ips, .entries = entries, .count = COUNT };
	fail.message[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	orc_states_deinit(&states);
	orc_deinit(&orc);
	return 0;
}

#define assert_says(part) \
	do { \
		assert_int_equal(fail.code, OUTCOME_HAZARD); \
		if (strstr(fail.message, part) == NULL) \
			fail_msg("\"%s\" is not in: \"%s\"", part, fail.message); \
	} while (0)

static void read_range(uint64_t start, uint64_t end)
{
	orc_states_deinit(&states);
	if (orc_read(&memory.target, &orc, start, end, &states, &fail) != 0)
		fail_msg("%s", fail.message);
}

static int16_t depth(size_t index)
{
	int16_t value;

	assert_true(index < states.count);
	memcpy(&value, states.items[index].entry, sizeof(value));
	return value;
}

static void a_range_has_the_state_that_holds_at_its_start_and_those_up_to_its_end(void **state)
{
	(void)state;
	read_range(text + 777 * STEP + 3, text + 779 * STEP);
	assert_int_equal(states.count, 3);
	assert_true(states.items[0].address == text + 777 * STEP);
	assert_int_equal(depth(0), 777 + 8);
	assert_true(states.items[2].address == text + 779 * STEP);
	assert_int_equal(depth(2), 779 + 8);
	read_range(text + 777 * STEP, text + 777 * STEP + 1);
	assert_int_equal(states.count, 1);
	assert_int_equal(depth(0), 777 + 8);
}

static void every_place_of_a_large_table_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i += 97) {
		read_range(text + i * STEP + STEP - 1, text + i * STEP + STEP - 1);
		assert_int_equal(states.count, 1);
		assert_true(states.items[0].address == text + i * STEP);
	}
	read_range(text + (uint64_t)COUNT * STEP + 4096, text + (uint64_t)COUNT * STEP + 8192);
	assert_int_equal(states.count, 1);
	assert_int_equal(depth(0), (COUNT - 1) % 1000 + 8);
	read_range(text - 64, text - 32);
	assert_int_equal(states.count, 0);
	read_range(text - 64, text);
	assert_int_equal(states.count, 1);
}

static void a_range_longer_than_what_is_read_at_once_is_whole(void **state)
{
	(void)state;
	read_range(text, text + (uint64_t)COUNT * STEP);
	assert_int_equal(states.count, COUNT);
	for (size_t i = 0; i < COUNT; i++)
		assert_true(states.items[i].address == text + i * STEP);
}

static void a_few_pages_of_a_large_table_are_read(void **state)
{
	(void)state;
	read_range(text + 50000 * STEP, text + 50000 * STEP + 400);
	assert_in_range(memory.reads, 1, 30);
	assert_in_range(memory.bytes, 1, 4 * 4096);
}

static void of_one_address_the_last_state_holds(void **state)
{
	(void)state;
	set(10, text + 11 * STEP, 0);
	read_range(text + 11 * STEP + 1, text + 11 * STEP + 2);
	assert_int_equal(states.count, 1);
	assert_true(orc_known(&states.items[0]));
	assert_int_equal(depth(0), 11 + 8);
}

static void nothing_is_known_where_all_is_zero(void **state)
{
	(void)state;
	set(20, text + 20 * STEP, 0);
	read_range(text + 20 * STEP, text + 21 * STEP);
	assert_false(orc_known(&states.items[0]));
	assert_true(orc_known(&states.items[1]));
	assert_false(orc_equal(&states.items[0], &states.items[1]));
	assert_true(orc_equal(&states.items[1], &states.items[1]));
}

static void a_table_out_of_order_is_a_hazard(void **state)
{
	(void)state;
	set(30, text + 28 * STEP, 8);
	assert_int_equal(orc_read(&memory.target, &orc, text + 25 * STEP, text + 40 * STEP, &states,
				  &fail), -1);
	assert_says("is not sorted by address: 0xffffffff810001c0 follows 0xffffffff810001d0");
}

static void a_table_that_cannot_be_read_is_a_hazard(void **state)
{
	(void)state;
	memory.sick = true;
	assert_int_equal(orc_read(&memory.target, &orc, text, text + 40, &states, &fail), -1);
	assert_says("(.orc_unwind) cannot be read (.orc_unwind_ip is not there)");
}

/* What orc_find() says of a kernel with these symbols. */
static int find(const char *map, enum architecture architecture)
{
	char path[] = "/tmp/test_orc.XXXXXX";
	int fd = mkstemp(path), result;
	struct symtab *symtab;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, map, strlen(map)), strlen(map));
	assert_int_equal(close(fd), 0);
	if (symtab_load_system_map(path, &symtab, &fail) != 0)
		fail_msg("%s", fail.message);
	assert_int_equal(unlink(path), 0);
	memory.target.info.architecture = architecture;
	result = orc_find(&memory.target, symtab, NULL, NULL, &orc, &fail);
	symtab_destroy(symtab);
	return result;
}

#define TEXT "ffffffff81000000 T _stext\nffffffff81000010 T schedule\nffffffff81800000 T _etext\n"
#define IPS "ffffffff82000000 R __start_orc_unwind_ip\nffffffff82061a80 R __stop_orc_unwind_ip\n"

static void the_kernels_own_lie_between_its_symbols(void **state)
{
	(void)state;
	assert_int_equal(find(TEXT IPS "ffffffff82100000 R __start_orc_unwind\n"
			      "ffffffff821927c0 R __stop_orc_unwind\n", ARCH_X86_64), 0);
	assert_true(orc.ips == ips && orc.entries == entries);
	assert_int_equal(orc.count, COUNT);
	read_range(text + 5 * STEP, text + 5 * STEP);
	assert_int_equal(depth(0), 5 + 8);
}

static void sections_of_another_number_of_entries_are_a_hazard(void **state)
{
	(void)state;
	assert_int_equal(find(TEXT IPS "ffffffff82100000 R __start_orc_unwind\n"
			      "ffffffff821927ba R __stop_orc_unwind\n", ARCH_X86_64), -1);
	assert_says(".orc_unwind_ip and .orc_unwind of the kernel do not fit each other (400000 and "
		    "599994 bytes)");
	assert_int_equal(orc.count, 0);
	assert_int_equal(find(TEXT IPS, ARCH_X86_64), -1);
	assert_says("do not say where .orc_unwind lies");
}

static void a_kernel_without_any_has_none(void **state)
{
	(void)state;
	assert_int_equal(find(TEXT, ARCH_X86_64), 0);
	assert_int_equal(orc.count, 0);
	read_range(text, text + 100);
	assert_int_equal(states.count, 0);
	assert_int_equal(find(TEXT IPS, ARCH_I386), 0);
	assert_int_equal(orc.count, 0);
}

struct section {
	const char *name, *start;
};

/* What orc_find_loaded() says of a module with these sections. */
static int find_loaded(const struct section *sections, size_t count)
{
	char directory[] = "/tmp/test_orc.XXXXXX", path[128];
	int result;

	assert_non_null(mkdtemp(directory));
	for (size_t i = 0; i < count; i++) {
		FILE *file;

		(void)snprintf(path, sizeof(path), "%s/%s", directory, sections[i].name);
		file = fopen(path, "w");
		assert_non_null(file);
		assert_true(fprintf(file, "%s\n", sections[i].start) > 0);
		assert_int_equal(fclose(file), 0);
	}
	result = orc_find_loaded(&memory.target, directory, &orc, &fail);
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, sections[i].name);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(directory), 0);
	return result;
}

static void a_modules_end_where_the_next_section_starts(void **state)
{
	/* 1000 entries, and 8 bytes behind each that align the next section */
	static const struct section sections[] = {
		{ ".text", "0xffffffff81000000" },
		{ ".orc_unwind_ip", "0xffffffff82000000" },
		{ ".rodata", "0xffffffff82000fa8" },
		{ ".orc_unwind", "0xffffffff82100000" },
		{ ".data", "0xffffffff82101778" },
	};
	static const struct section apart[] = {
		{ ".orc_unwind_ip", "0xffffffff82000000" },
		{ ".orc_unwind", "0xffffffff82100000" },
		{ ".data", "0xffffffff82101778" },
	};

	(void)state;
	memory.ips[1000] = memory.ips[1001] = 0;
	assert_int_equal(find_loaded(sections, 5), 0);
	assert_true(orc.ips == ips && orc.entries == entries);
	assert_int_equal(orc.count, 1000);
	/* of the two the one that ends sooner tells it */
	assert_int_equal(find_loaded(sections, 4), 0);
	assert_int_equal(orc.count, 1000);
	assert_int_equal(find_loaded(apart, 3), 0);
	assert_int_equal(orc.count, 1000);
}

static void a_module_without_any_has_none(void **state)
{
	static const struct section sections[] = { { ".text", "0xffffffff81000000" } };

	(void)state;
	assert_int_equal(find_loaded(sections, 1), 0);
	assert_int_equal(orc.count, 0);
}

static void a_modules_that_cannot_be_told_are_a_hazard(void **state)
{
	static const struct section one[] = {
		{ ".orc_unwind_ip", "0xffffffff82000000" }, { ".data", "0xffffffff82001000" },
	};
	static const struct section far[] = {
		{ ".orc_unwind_ip", "0xffff000000000000" }, { ".orc_unwind", "0xffffffff82100000" },
	};
	static const struct section hidden[] = {
		{ ".orc_unwind_ip", "0x0000000000000000" },
	};

	(void)state;
	assert_int_equal(find_loaded(one, 2), -1);
	assert_says("has only one of .orc_unwind_ip and .orc_unwind");
	assert_int_equal(find_loaded(far, 2), -1);
	assert_says("it is not known where they end");
	assert_int_equal(find_loaded(hidden, 1), -1);
	assert_says("no address; patcherd needs CAP_SYSLOG");
	assert_int_equal(orc_find_loaded(&memory.target, "/nonexistent/sections", &orc, &fail), -1);
	assert_says("/nonexistent/sections");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_range_has_the_state_that_holds_at_its_start_and_those_up_to_its_end),
		TEST(every_place_of_a_large_table_is_found),
		TEST(a_range_longer_than_what_is_read_at_once_is_whole),
		TEST(a_few_pages_of_a_large_table_are_read),
		TEST(of_one_address_the_last_state_holds),
		TEST(nothing_is_known_where_all_is_zero),
		TEST(a_table_out_of_order_is_a_hazard),
		TEST(a_table_that_cannot_be_read_is_a_hazard),
		TEST(the_kernels_own_lie_between_its_symbols),
		TEST(sections_of_another_number_of_entries_are_a_hazard),
		TEST(a_kernel_without_any_has_none),
		TEST(a_modules_end_where_the_next_section_starts),
		TEST(a_module_without_any_has_none),
		TEST(a_modules_that_cannot_be_told_are_a_hazard),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
