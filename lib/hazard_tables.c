/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/hazard_tables.h"

#include <inttypes.h>

/* The longest that an entry owns: see table_entry_length(). */
enum { OWNED_MAX = 6 };

/* What stands there, and what to do. */
static const char *const owners[] = {
	[TABLE_JUMP_LABEL] = "a static key's site (__jump_table): the kernel rewrites it whenever the "
		"key is switched, and stops with BUG() if it finds other bytes; choose another "
		"instruction",
	[TABLE_JUMP_TARGET] = "where a static key's jump goes (__jump_table), inside these bytes; "
		"change the instructions one by one, or others",
	[TABLE_STATIC_CALL] = "a static call's site (.static_call_sites): the kernel rewrites it "
		"whenever the call is switched, and stops with BUG() if it finds other bytes; choose "
		"another instruction",
	[TABLE_EXCEPTION] = "an instruction that may fault (__ex_table): the kernel goes on elsewhere "
		"then, as it was written for; choose another instruction",
	[TABLE_FIXUP] = "where the kernel goes on after a fault (__ex_table), inside these bytes; "
		"change the instructions one by one, or others",
	[TABLE_BUG] = "the ud2 of a WARN or BUG (__bug_table): the kernel finds what to print, and "
		"whether to go on, by its address; change the jump to it instead",
};

int hazard_tables(const struct table *table, const struct function *function, uint64_t offset,
		  size_t length, struct fail *fail)
{
	uint64_t start = function->symbol->address, address = start + offset;
	uint64_t end = address + length;
	uint64_t from = offset < OWNED_MAX ? start : address - OWNED_MAX;

	for (size_t i = table_first(table, from);
	     i < table->count && table->entries[i].address < end; i++) {
		const struct table_entry *entry = &table->entries[i];
		uint64_t at = entry->address - start;
		bool place = entry->kind == TABLE_JUMP_TARGET || entry->kind == TABLE_FIXUP;

		/* Between the function's end and its padding's there is nothing of the function. */
		if (at >= function->size ||
		    (place ? entry->address <= address :
		     entry->address + table_entry_length(entry->kind, function->bytes + at,
							 function->size - at) <= address))
			continue;
		return fail_at(fail, OUTCOME_HAZARD, entry->address,
			       "%s+0x%" PRIx64 " (0x%" PRIx64 ") is %s", function->symbol->name, at,
			       entry->address, owners[entry->kind]);
	}
	return 0;
}
