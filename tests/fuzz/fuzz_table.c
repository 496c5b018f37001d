/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_table: a table of the kernel's from anywhere (libFuzzer): what comes out of it is text, in
 * order, and once each. The first byte says which table, the second of what kernel. */
#include <stdlib.h>
#include <string.h>

#include "table.h"

enum { TEXT = 0x10000, TEXT_SIZE = 0x100, AT = 0x10080 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int text_read(struct target *target, uint64_t address, void *buffer, size_t length,
		     const char *what, struct fail *fail)
{
	(void)target;
	if (address % 3 == 0)
		return fail_at(fail, OUTCOME_ERROR, address, "%s is not there", what);
	memcpy(buffer, address % 2 == 0 ? "\x0f\x0b" : "\xf0\x90", length);
	return 0;
}

static void check(const struct table_entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (entries[i].address < entries[i - 1].address ||
		    (entries[i].address == entries[i - 1].address &&
		     entries[i].kind == entries[i - 1].kind))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"__jump_table", ".static_call_sites", "__ex_table", "__bug_table",
		".altinstructions", ".parainstructions", ".retpoline_sites", ".smp_locks",
		"__mcount_loc",
	};
	static const struct target_ops ops = { .read = text_read };
	struct target target = { .ops = &ops };
	struct table table = { .entries = NULL };
	struct table_text text = {
		.target = &target, .start = TEXT, .end = TEXT + TEXT_SIZE,
		.init_start = 0x20000, .init_end = 0x20100,
	};
	struct fail fail;

	if (size < 2)
		return 0;
	target.info.architecture = (data[1] & 1) != 0 ? ARCH_I386 : ARCH_X86_64;
	text.module = (data[1] & 2) != 0;
	if (table_parse(&text, names[data[0] % (sizeof(names) / sizeof(names[0]))], data + 2,
			size - 2, AT, &table, &fail) == 0) {
		if (table_sort(&table, &fail) != 0)
			abort();
	} else if (fail.code != OUTCOME_HAZARD) {
		abort();
	}
	check(table.entries, table.count);
	check(table.keys, table.key_count);
	for (size_t i = 0; i < table.count; i++) {
		if (table.entries[i].address - TEXT >= TEXT_SIZE)
			abort();
	}
	table_deinit(&table);
	return 0;
}
