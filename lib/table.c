/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include <stdlib.h>
#include <string.h>

void table_deinit(struct table *table)
{
	free(table->entries);
	free(table->keys);
	memset(table, 0, sizeof(*table));
}

/* One pass of a radix sort, stable: by RADIX_BITS of the address, less `lowest`, from bit `shift` on; by
 * the kind where that is negative. */
enum { RADIX_BITS = 11, RADIX = 1 << RADIX_BITS, BY_KIND = -1 };

static size_t digit(const struct table_entry *entry, uint64_t lowest, int shift)
{
	return shift == BY_KIND ? (size_t)entry->kind :
				  (size_t)((entry->address - lowest) >> shift & (RADIX - 1));
}

static void sort_digit(const struct table_entry *from, struct table_entry *to, size_t count,
		       uint64_t lowest, int shift)
{
	size_t places[RADIX] = { 0 }, place = 0;

	for (size_t i = 0; i < count; i++)
		places[digit(&from[i], lowest, shift)]++;
	for (size_t i = 0; i < RADIX; i++) {
		size_t here = places[i];

		places[i] = place;
		place += here;
	}
	for (size_t i = 0; i < count; i++)
		to[places[digit(&from[i], lowest, shift)]++] = from[i];
}

/* By address, then by kind. A kernel image has 200,000 entries: qsort() takes ten times as long. */
static int sort(struct table_entry *entries, size_t count, struct fail *fail)
{
	struct table_entry *from = entries, *to;
	uint64_t lowest = UINT64_MAX, highest = 0;
	CLEANUP_FREE struct table_entry *other = NULL;

	if (count < 2)
		return 0;
	other = reallocarray(NULL, count, sizeof(*other));
	if (other == NULL)
		return fail_memory(fail, "the kernel's tables");
	to = other;
	for (size_t i = 0; i < count; i++) {
		lowest = entries[i].address < lowest ? entries[i].address : lowest;
		highest = entries[i].address > highest ? entries[i].address : highest;
	}
	for (int shift = BY_KIND; shift < 64 && (shift < 0 || (highest - lowest) >> shift != 0);
	     shift = shift < 0 ? 0 : shift + RADIX_BITS) {
		struct table_entry *swap = from;

		sort_digit(from, to, count, lowest, shift);
		from = to;
		to = swap;
	}
	if (from != entries)
		memcpy(entries, from, count * sizeof(*entries));
	return 0;
}

/* Of the same kind at the same address the longest only: an instruction can have several alternatives,
 * and a key has many sites. */
static size_t merge(struct table_entry *entries, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || entries[kept - 1].address != entries[i].address ||
		    entries[kept - 1].kind != entries[i].kind)
			entries[kept++] = entries[i];
		else if (entries[kept - 1].length < entries[i].length)
			entries[kept - 1].length = entries[i].length;
	}
	return kept;
}

int table_sort(struct table *table, struct fail *fail)
{
	if (sort(table->entries, table->count, fail) != 0 ||
	    sort(table->keys, table->key_count, fail) != 0)
		return -1;
	table->count = merge(table->entries, table->count);
	table->key_count = merge(table->keys, table->key_count);
	return 0;
}

size_t table_first(const struct table *table, uint64_t address)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->entries[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct table_entry *table_key(const struct table *table, uint64_t start, uint64_t end)
{
	size_t low = 0, high = table->key_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->keys[middle].address + table->keys[middle].length <= start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < table->key_count && table->keys[low].address < end ? &table->keys[low] : NULL;
}
