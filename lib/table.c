/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { UD2_PROBES = 64 };

/* `second` is the field behind the first; size 0: to be found out. */
static const struct format {
	const char *name;
	size_t size;
	enum owner_kind kind;
	bool has_second;
	enum owner_kind second;
} formats[] = {
	{ "__jump_table", 16, OWNER_JUMP_LABEL, true, OWNER_JUMP_TARGET },
	{ ".static_call_sites", 8, OWNER_STATIC_CALL, false, 0 },
	{ "__ex_table", 12, OWNER_EX_TABLE, true, OWNER_EX_FIXUP },
	{ "__bug_table", 0, OWNER_BUG_TABLE, false, 0 },
};

void table_deinit(struct table *table)
{
	free(table->entries);
	free(table->keys);
	memset(table, 0, sizeof(*table));
}

static int by_address(const void *left, const void *right)
{
	const struct table_entry *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

void table_sort(struct table *table)
{
	if (table->count > 1)
		qsort(table->entries, table->count, sizeof(*table->entries), by_address);
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

/* The address that the relative field at `data` names; `at` is where the field is in memory. */
static uint64_t named(const uint8_t *data, uint64_t at)
{
	int32_t displacement;

	memcpy(&displacement, data, sizeof(displacement));
	return at + (uint64_t)(int64_t)displacement;
}

/* How many entries of that size have a ud2 in text, of the first ones that lie there at all. */
static size_t count_ud2(struct target *target, const uint8_t *data, size_t length,
			uint64_t address, size_t size, uint64_t start, uint64_t end, size_t *tried)
{
	size_t found = 0;

	*tried = 0;
	for (size_t at = 0; size <= length - at && *tried < UD2_PROBES; at += size) {
		uint64_t site = named(data + at, address + at);
		struct fail ignored;	/* of another size's entry, or text that was given back */
		uint8_t bytes[2];

		if (site < start || site >= end)
			continue;
		++*tried;
		if (target_read(target, site, bytes, sizeof(bytes), "a ud2", &ignored) == 0 &&
		    bytes[0] == 0x0f && bytes[1] == 0x0b)
			found++;
	}
	return found;
}

/* The size of an entry of __bug_table: the one with which most entries are ud2. */
static int bug_size(struct target *target, const uint8_t *data, size_t length, uint64_t address,
		    uint64_t start, uint64_t end, size_t *out, struct fail *fail)
{
	static const size_t sizes[] = { 12, 8 };
	size_t most = 0;
	bool any = false;

	*out = sizes[0];
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t tried, found = count_ud2(target, data, length, address, sizes[i], start, end,
						&tried);

		any = any || tried > 0;
		if (found > most) {
			most = found;
			*out = sizes[i];
		}
	}
	if (any && most == 0)
		return fail_at(fail, OUTCOME_HAZARD, address,
			       "__bug_table at 0x%" PRIx64 " has a form that patcherd does not know (no "
			       "entry names a ud2), so it is not known whether these bytes are a WARN's",
			       address);
	return 0;
}

static void add(struct table *table, uint64_t address, enum owner_kind kind, uint64_t start,
		uint64_t end)
{
	if (address >= start && address < end)
		table->entries[table->count++] = (struct table_entry){ address, kind, 0 };
}

int table_parse(struct target *target, const char *name, const uint8_t *data, size_t length,
		uint64_t address, uint64_t start, uint64_t end, struct table *table,
		struct fail *fail)
{
	const struct format *format = formats;
	struct table_entry *entries;
	size_t size;

	while (strcmp(format->name, name) != 0)
		format++;
	size = format->size;
	if (size == 0 && bug_size(target, data, length, address, start, end, &size, fail) != 0)
		return -1;
	if (length < size)
		return 0;
	entries = reallocarray(table->entries, table->count + length / size * 2, sizeof(*entries));
	if (entries == NULL)
		return fail_memory(fail, "the kernel's tables");
	table->entries = entries;
	for (size_t at = 0; size <= length - at; at += size) {
		uint64_t site = named(data + at, address + at);

		add(table, site, format->kind, start, end);
		if (format->has_second && site >= start && site < end)
			add(table, named(data + at + 4, address + at + 4), format->second, start,
			    end);
	}
	return 0;
}
