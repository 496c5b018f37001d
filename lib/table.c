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

static int by_address(const void *left, const void *right)
{
	const struct table_entry *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (int)a->kind - (int)b->kind;
}

/* By address, of the same kind at the same one the longest only: an instruction can have several
 * alternatives, and a key has many sites. */
static size_t sort(struct table_entry *entries, size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(entries, count, sizeof(*entries), by_address);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || by_address(&entries[kept - 1], &entries[i]) != 0)
			entries[kept++] = entries[i];
		else if (entries[kept - 1].length < entries[i].length)
			entries[kept - 1].length = entries[i].length;
	}
	return kept;
}

void table_sort(struct table *table)
{
	table->count = sort(table->entries, table->count);
	table->key_count = sort(table->keys, table->key_count);
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
