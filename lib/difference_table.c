/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * difference_table: what the kernel's tables say of a function (table.h has their formats): a
 * function is not the same when its entries are not, and changes of code do not change them.
 */
#include <stdlib.h>
#include <string.h>

#include <elf.h>

#include "lib/difference_internal.h"

/* An entry has this many bytes at least, and begins with a field that names the instruction. */
static const struct {
	const char *section;
	uint8_t least;
	uint8_t line_at;		/* offset of 16 bits that are a line's number; 0: none */
} kinds[] = {
	{ "__ex_table", 8, 0 },
	{ "__bug_table", 6, 8 },
	{ "__jump_table", 12, 0 },
	{ ".altinstructions", 10, 0 },
	{ ".static_call_sites", 8, 0 },
	{ ".parainstructions", 8, 0 },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), ENTRY_MAX = 32 };

/* Relocations of a section. */
struct range {
	size_t first, end;
};

static struct range section_relocations(const struct side *side, const struct elf_section *section)
{
	return (struct range){ elf_field_from(&side->fields, section->address),
			       elf_field_from(&side->fields, section->address + section->size) };
}

/* Whether the section is entries of `size` bytes that have their relocations at the same places. */
static bool size_fits(const struct side *side, const struct elf_section *section,
		      const struct range *range, uint64_t size)
{
	uint64_t entries = section->size / size;
	size_t of_each = 0;

	if (section->size % size != 0)
		return false;
	while (range->first + of_each < range->end &&
	       side->fields.items[range->first + of_each].address - section->address < size)
		of_each++;
	if (of_each == 0 || of_each * entries != range->end - range->first ||
	    side->fields.items[range->first].address != section->address)
		return false;
	for (size_t i = range->first + of_each; i < range->end; i++) {
		if (side->fields.items[i].address - side->fields.items[i - of_each].address != size)
			return false;
	}
	return true;
}

static int entry_add(struct side *side, const struct table_note *entry, struct fail *fail)
{
	struct table_note *entries = side->entries;

	/* room is doubled where the count is a power of two */
	if ((side->entry_count & (side->entry_count - 1)) == 0) {
		entries = reallocarray(entries, side->entry_count == 0 ? 1 : side->entry_count * 2,
				       sizeof(*entries));
		if (entries == NULL)
			return fail_memory(fail, "tables");
		side->entries = entries;
	}
	entries[side->entry_count++] = *entry;
	return 0;
}

static int section_load(struct side *side, const struct elf_section *section, unsigned kind,
			struct fail *fail)
{
	struct range range = section_relocations(side, section);
	uint64_t size = kinds[kind].least;

	while (size <= ENTRY_MAX && !size_fits(side, section, &range, size))
		size++;
	if (size > ENTRY_MAX)
		return fail_set(fail, OUTCOME_ERROR, "%s: section %s is not made of entries that each name "
				"an instruction: damaged, or of a kernel that is not known",
				side->object->path, section->name);
	for (uint64_t at = 0; at < section->size; at += size) {
		uint64_t address = section->address + at;
		const struct elf_field *first =
			&side->fields.items[elf_field_from(&side->fields, address)];
		struct spot spot = relocation_spot(side, first, first->address);
		struct table_note entry = { spot.index, kind, spot.offset, address, size };

		if (spot.kind == SPOT_CODE && entry_add(side, &entry, fail) != 0)
			return -1;
	}
	return 0;
}

static int by_function(const void *left, const void *right)
{
	const struct table_note *a = left, *b = right;

	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

int side_load_tables(struct side *side, struct fail *fail)
{
	const struct elf_section *section = NULL;

	while ((section = elf_file_section_next(side->object->elf, "", section)) != NULL) {
		if ((section->flags & SHF_ALLOC) == 0 || section->data == NULL || section->size == 0)
			continue;
		for (unsigned kind = 0; kind < KINDS; kind++) {
			if (strcmp(section->name, kinds[kind].section) == 0 &&
			    section_load(side, section, kind, fail) != 0)
				return -1;
		}
	}
	if (side->entry_count > 0)
		qsort(side->entries, side->entry_count, sizeof(*side->entries), by_function);
	return 0;
}

static struct range function_entries(const struct side *side, size_t function)
{
	struct range range;
	size_t low = 0, high = side->entry_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (side->entries[middle].function < function)
			low = middle + 1;
		else
			high = middle;
	}
	range.first = range.end = low;
	while (range.end < side->entry_count && side->entries[range.end].function == function)
		range.end++;
	return range;
}

/* The index-th relocation; NULL: it is not of the entry. */
static const struct elf_field *entry_relocation(const struct side *side, size_t index,
						 const struct table_note *entry)
{
	if (index >= side->fields.count ||
	    side->fields.items[index].address - entry->address >= entry->size)
		return NULL;
	return &side->fields.items[index];
}

static enum table_change entry_compare(struct comparison *comparison,
				       const struct table_note *old, const struct table_note *new)
{
	uint8_t a[ENTRY_MAX], b[ENTRY_MAX], line = kinds[old->kind].line_at;
	const struct side *sides[2] = { &comparison->old, &comparison->new };
	const uint8_t *a_bytes = elf_file_bytes(sides[0]->object->elf, old->address, old->size);
	const uint8_t *b_bytes = elf_file_bytes(sides[1]->object->elf, new->address, new->size);
	size_t i = elf_field_from(&sides[0]->fields, old->address);
	size_t k = elf_field_from(&sides[1]->fields, new->address);

	if (old->kind != new->kind || old->size != new->size || a_bytes == NULL || b_bytes == NULL)
		return TABLE_DIFFERENT;
	memcpy(a, a_bytes, old->size);
	memcpy(b, b_bytes, new->size);
	for (;; i++, k++) {
		const struct elf_field *from = entry_relocation(sides[0], i, old);
		const struct elf_field *to = entry_relocation(sides[1], k, new);
		struct spot from_spot, to_spot;

		if (from == NULL && to == NULL)
			break;
		if (from == NULL || to == NULL || from->type != to->type ||
		    from->address - old->address != to->address - new->address)
			return TABLE_DIFFERENT;
		from_spot = relocation_spot(sides[0], from, from->address);
		to_spot = relocation_spot(sides[1], to, to->address);
		if (!spot_same(comparison, &from_spot, &to_spot))
			return TABLE_DIFFERENT;
		memset(a + (from->address - old->address), 0, from->size);
		memset(b + (to->address - new->address), 0, to->size);
	}
	if (memcmp(a, b, old->size) == 0)
		return TABLE_SAME;
	if (line == 0 || line + 2u > old->size)
		return TABLE_DIFFERENT;
	memset(a + line, 0, 2);
	memset(b + line, 0, 2);
	return memcmp(a, b, old->size) == 0 ? TABLE_LINES : TABLE_DIFFERENT;
}

enum table_change tables_compare(struct comparison *comparison, const char **section)
{
	struct range old = function_entries(&comparison->old, comparison->self);
	struct range new = function_entries(&comparison->new,
					    comparison->old.function_pairs[comparison->self]);
	enum table_change worst = TABLE_SAME;

	while (old.first < old.end || new.first < new.end) {
		const struct table_note *a = old.first == old.end ? NULL :
					     &comparison->old.entries[old.first];
		const struct table_note *b = new.first == new.end ? NULL :
					     &comparison->new.entries[new.first];
		enum table_change change = TABLE_DIFFERENT;

		if (a != NULL && b != NULL)
			change = entry_compare(comparison, a, b);
		if (change > worst) {
			const struct table_note *one = a != NULL ? a :
						       &comparison->new.entries[new.first];

			worst = change;
			*section = kinds[one->kind].section;
		}
		if (worst == TABLE_DIFFERENT)
			break;
		old.first++;
		new.first++;
	}
	return worst;
}
