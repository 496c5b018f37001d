/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_table_owners(): how much each entry owns, and what may be done about it and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/hazard_tables.h"

enum { BASE = 0x1000 };

/* 0 nopl; 5 call; 10 jne, of 6 bytes; 16 lock incl; 20 jmp; 25 ret, int3 …; 30 ret; 31 nop */
static uint8_t text[] = {
	0x0f, 0x1f, 0x44, 0x00, 0x00, 0xe8, 0, 0, 0, 0, 0x0f, 0x85, 0, 0, 0, 0, 0xf0, 0xff, 0x40, 4,
	0xe9, 0, 0, 0, 0, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc, 0xc3, 0x90,
};
static const struct symbol symbol = { .address = BASE, .size = sizeof(text), .name = "victim" };
static struct function function = { .symbol = &symbol, .bytes = text, .size = sizeof(text) };
static struct owners owners;
static char directory[] = "/tmp/test_hazard_tables.XXXXXX";

static int setup(void **state)
{
	struct decoder *decoder;
	struct fail fail;

	(void)state;
	assert_int_equal(decoder_create(ARCH_X86_64, &decoder, &fail), 0);
	function.insns = calloc(sizeof(text), sizeof(*function.insns));
	assert_non_null(function.insns);
	for (size_t at = 0; at < sizeof(text); at += function.insns[function.count++].length)
		assert_int_equal(insn_decode(decoder, text + at, sizeof(text) - at, BASE + at,
					     &function.insns[function.count], &fail), 0);
	decoder_destroy(decoder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(function.insns);
	return 0;
}

static int forget(void **state)
{
	(void)state;
	owners_deinit(&owners);
	return 0;
}

/* The owner that an entry at `offset` makes; NULL: none. */
static const struct owner *owner_of(enum owner_kind kind, uint64_t offset, unsigned length,
				    enum table_time time)
{
	struct table_entry entry = { BASE + offset, kind, length };
	const struct table table = { .entries = &entry, .count = 1 };
	struct fail fail;

	owners_deinit(&owners);
	assert_int_equal(hazard_table_owners(&table, &function, time, &owners, &fail), 0);
	if (owners.count == 0)
		return NULL;
	assert_int_equal(owners.items[0].kind, kind);
	assert_int_equal(owners.items[0].address, BASE + offset);
	return &owners.items[0];
}

static void an_entry_owns_what_the_kernel_writes(void **state)
{
	static const struct { enum owner_kind kind; uint64_t offset; unsigned says, owns; } known[] = {
		{ OWNER_FTRACE, 0, 0, 5 },
		{ OWNER_JUMP_LABEL, 0, 0, 5 },
		{ OWNER_JUMP_TARGET, 0, 0, 0 },
		{ OWNER_STATIC_CALL, 5, 0, 5 },
		{ OWNER_STATIC_CALL, 10, 0, 6 },
		{ OWNER_STATIC_CALL, 25, 0, 5 },
		{ OWNER_EX_TABLE, 16, 0, 4 },
		{ OWNER_EX_FIXUP, 20, 0, 0 },
		{ OWNER_SMP_LOCK, 16, 1, 1 },
		{ OWNER_ALTERNATIVE, 0, 10, 10 },
		{ OWNER_RETPOLINE, 10, 0, 6 },
		{ OWNER_RETURN_SITE, 20, 0, 5 },
		{ OWNER_RETURN_SITE, 25, 0, 5 },
		{ OWNER_RETURN_SITE, 30, 0, 1 },
		{ OWNER_CALL_SITE, 5, 0, 5 },
		{ OWNER_BUG_TABLE, 31, 0, 1 },
		{ OWNER_KPROBE_BLACKLIST, 0, 0, sizeof(text) },
		{ OWNER_RETPOLINE, 6, 0, 1 },		/* inside an instruction */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct owner *owner = owner_of(known[i].kind, known[i].offset,
						     known[i].says, TABLE_IMAGE);

		assert_non_null(owner);
		assert_int_equal(owner->end - owner->address, known[i].owns);
	}
}

static void entries_of_other_functions_are_none(void **state)
{
	(void)state;
	assert_null(owner_of(OWNER_EX_TABLE, (uint64_t)-1, 0, TABLE_IMAGE));
	assert_null(owner_of(OWNER_EX_TABLE, sizeof(text), 0, TABLE_IMAGE));
	assert_null(owner_of(OWNER_KPROBE_BLACKLIST, 5, 0, TABLE_IMAGE));
}

static void the_running_kernel_tells_its_blacklist_itself(void **state)
{
	(void)state;
	assert_null(owner_of(OWNER_KPROBE_BLACKLIST, 0, 0, TABLE_LIVE));
}

static void what_is_written_once_is_settled_when_it_was(void **state)
{
	static const enum owner_kind once[] = {
		OWNER_ALTERNATIVE, OWNER_RETPOLINE, OWNER_RETURN_SITE, OWNER_CALL_SITE,
		OWNER_ENDBR_SEAL,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		assert_int_equal(owner_of(once[i], 0, 0, TABLE_IMAGE)->policy, OWNER_ALLOWABLE);
		assert_int_equal(owner_of(once[i], 0, 0, TABLE_LIVE)->policy, OWNER_SETTLED);
	}
	assert_int_equal(owner_of(OWNER_STATIC_CALL, 5, 0, TABLE_LIVE_SMP)->policy,
			 OWNER_FORBIDDEN);
	assert_int_equal(owner_of(OWNER_EX_TABLE, 5, 0, TABLE_LIVE_SMP)->policy, OWNER_ALLOWABLE);
}

static void a_lock_prefix_is_settled_once_there_are_two_cpus(void **state)
{
	(void)state;
	assert_int_equal(owner_of(OWNER_SMP_LOCK, 16, 1, TABLE_IMAGE)->policy, OWNER_ALLOWABLE);
	assert_int_equal(owner_of(OWNER_SMP_LOCK, 16, 1, TABLE_LIVE)->policy, OWNER_ALLOWABLE);
	assert_int_equal(owner_of(OWNER_SMP_LOCK, 16, 1, TABLE_LIVE_SMP)->policy, OWNER_SETTLED);
}

static void list(const char *name, const char *text_of)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	(void)unlink(path);
	if (text_of == NULL)
		return;
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text_of, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void two_cpus_online_or_one_possible_end_the_rewriting_of_locks(void **state)
{
	static const struct { const char *online, *possible; enum table_time time; } known[] = {
		{ "0\n", "0-1\n", TABLE_LIVE },
		{ "0\n", "0,3\n", TABLE_LIVE },
		{ "0-1\n", "0-1\n", TABLE_LIVE_SMP },
		{ "0,2\n", "0-3\n", TABLE_LIVE_SMP },
		{ "0\n", "0\n", TABLE_LIVE_SMP },
		{ "banana\n", "0-3\n", TABLE_LIVE },
		{ "", "", TABLE_LIVE },
		{ NULL, NULL, TABLE_LIVE },
	};

	(void)state;
	assert_non_null(mkdtemp(directory));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		list("online", known[i].online);
		list("possible", known[i].possible);
		assert_int_equal(hazard_table_time(directory), known[i].time);
	}
	assert_int_equal(rmdir(directory), 0);
}

#define unit(name) cmocka_unit_test_teardown(name, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(an_entry_owns_what_the_kernel_writes),
		unit(entries_of_other_functions_are_none),
		unit(the_running_kernel_tells_its_blacklist_itself),
		unit(what_is_written_once_is_settled_when_it_was),
		unit(a_lock_prefix_is_settled_once_there_are_two_cpus),
		unit(two_cpus_online_or_one_possible_end_the_rewriting_of_locks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
