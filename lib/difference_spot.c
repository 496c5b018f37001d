/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference_spot: where a field of an instruction, or of a table, leads, so that two files can be
 * compared. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <elf.h>

#include "lib/difference_internal.h"

/* Data that leads to data that leads to data is compared no further. */
enum { DEPTH_MAX = 3 };
/* Of data without writing: what is larger is compared by its name alone. */
#define DATA_MAX ((uint64_t)64 * 1024)
#define HASH_PRIME UINT64_C(0x100000001b3)

uint64_t hash_bytes(uint64_t hash, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * HASH_PRIME;
	return hash;
}

static bool is_string_section(const struct elf_section *section)
{
	return section != NULL && (section->flags & SHF_STRINGS) != 0 && section->data != NULL;
}

const char *spot_string(const struct spot *spot)
{
	const struct elf_section *section = spot->section;
	uint64_t at;

	if (spot->kind != SPOT_STRING)
		return NULL;
	at = spot->address - section->address;
	return memchr(section->data + at, '\0', section->size - at) == NULL ? NULL :
	       (const char *)section->data + at;
}

struct spot address_spot(const struct side *side, uint64_t address, uint64_t anchor)
{
	struct spot spot = { .kind = SPOT_NAMELESS, .address = address };
	const struct symbol *symbol;

	spot.section = elf_file_section_at(side->object->elf, anchor);
	if (is_string_section(spot.section) && address >= spot.section->address &&
	    address - spot.section->address < spot.section->size) {
		spot.kind = SPOT_STRING;
		if (spot_string(&spot) != NULL)
			return spot;
		spot.kind = SPOT_NAMELESS;
	}
	if (spot.section != NULL && (spot.section->flags & SHF_EXECINSTR) != 0) {
		spot.index = side_function(side, anchor);
		if (spot.index == NONE)
			return spot;
		spot.kind = SPOT_CODE;
		spot.offset = (int64_t)(address - side->functions[spot.index]->address);
		return spot;
	}
	symbol = symtab_at(side->object->symtab, anchor);
	/* of .LC0 the number is the compiler's */
	if (symbol == NULL || symbol->type == 'U' || strncmp(symbol->name, ".L", 2) == 0)
		return spot;
	spot.kind = SPOT_DATA;
	spot.index = side_symbol_index(side, symbol);
	spot.offset = (int64_t)(address - symbol->address);
	return spot;
}

struct spot relocation_spot(const struct side *side, const struct relocation *relocation,
			    uint64_t end)
{
	int64_t offset = relocation->addend;
	uint64_t address;

	/* a processor counts from the instruction's end */
	if (relocation->class == RELOCATION_RELATIVE)
		offset = (int64_t)((uint64_t)offset + (end - relocation->address));
	if (!relocation->defined)
		return (struct spot){ .kind = SPOT_UNDEFINED, .name = relocation->name,
				      .offset = offset };
	address = relocation->base + (uint64_t)offset;
	return address_spot(side, address, relocation->name != NULL ? relocation->base : address);
}

/* ---- comparing -------------------------------------------------------------------------- */

bool label_find(const struct label *labels, size_t count, uint64_t offset, uint32_t *out)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (labels[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count || labels[low].offset != offset || labels[low].label == UINT32_MAX)
		return false;
	*out = labels[low].label;
	return true;
}

static bool code_same(const struct comparison *comparison, const struct spot *old,
		      const struct spot *new)
{
	const struct match *match = &comparison->matches[old->index];
	uint32_t a, b;

	if (comparison->old.function_pairs[old->index] != new->index)
		return false;
	if (old->index == comparison->self && comparison->same_offsets)
		return old->offset == new->offset;
	if (!comparison->labels)
		return (old->offset == 0) == (new->offset == 0);
	if (!match->mapped || old->offset < 0 || new->offset < 0)
		return old->offset == new->offset;
	return label_find(match->old, match->old_count, (uint64_t)old->offset, &a) &&
	       label_find(match->new, match->new_count, (uint64_t)new->offset, &b) && a == b;
}

/* What one relocation of data leads to. In a table of places of a function that position independent
 * code has, each counts from the table's start, `into` bytes before. */
static struct spot entry_spot(const struct side *side, const struct relocation *relocation,
			      uint64_t into)
{
	uint64_t end = relocation->address;

	return relocation_spot(side, relocation,
			       relocation->class == RELOCATION_RELATIVE ? end - into : end);
}

/* Bytes without those that relocations fill in, and what these lead to. */
static bool data_same(struct comparison *comparison, uint64_t old, uint64_t new, uint64_t length)
{
	const struct side *sides[2] = { &comparison->old, &comparison->new };
	const uint8_t *a = elf_file_bytes(sides[0]->object->elf, old, length);
	const uint8_t *b = elf_file_bytes(sides[1]->object->elf, new, length);
	size_t i = side_relocation(sides[0], old), k = side_relocation(sides[1], new);
	uint64_t at = 0;

	if (a == NULL || b == NULL)
		return false;
	if (comparison->depth >= DEPTH_MAX)
		return true;
	while (at < length) {
		const struct relocation *ra = i < sides[0]->relocation_count ?
					      &sides[0]->relocations[i] : NULL;
		const struct relocation *rb = k < sides[1]->relocation_count ?
					      &sides[1]->relocations[k] : NULL;
		uint64_t a_at = ra == NULL ? length : ra->address - old;
		uint64_t b_at = rb == NULL ? length : rb->address - new;
		struct spot a_spot, b_spot;
		bool same;

		if (a_at > length)
			a_at = length;
		if (b_at > length)
			b_at = length;
		if (a_at != b_at || memcmp(a + at, b + at, a_at - at) != 0)
			return false;
		if (a_at == length)
			break;
		if (ra->type != rb->type)
			return false;
		a_spot = entry_spot(sides[0], ra, 0);
		b_spot = entry_spot(sides[1], rb, 0);
		comparison->depth++;
		same = spot_same(comparison, &a_spot, &b_spot);
		comparison->depth--;
		if (!same)
			return false;
		at = a_at + ra->size;
		i++;
		k++;
	}
	return true;
}

/* Relocations that follow each other and lead into the function that is compared: a table of places
 * that it jumps to. It ends where one side's leads elsewhere. 1: the same; 0: not; -1: it is none. */
static int table_same(struct comparison *comparison, uint64_t old, uint64_t new)
{
	const struct side *sides[2] = { &comparison->old, &comparison->new };
	uint64_t old_end = side_extent(sides[0], old), new_end = side_extent(sides[1], new);
	size_t i = side_relocation(sides[0], old), k = side_relocation(sides[1], new);
	uint64_t at = 0;

	while (true) {
		const struct relocation *ra = at < old_end && i < sides[0]->relocation_count &&
			sides[0]->relocations[i].address == old + at ?
			&sides[0]->relocations[i] : NULL;
		const struct relocation *rb = at < new_end && k < sides[1]->relocation_count &&
			sides[1]->relocations[k].address == new + at ?
			&sides[1]->relocations[k] : NULL;
		struct spot a = { .kind = SPOT_UNDEFINED }, b = { .kind = SPOT_UNDEFINED };
		bool a_inside, b_inside;

		if (ra != NULL)
			a = entry_spot(sides[0], ra, at);
		if (rb != NULL)
			b = entry_spot(sides[1], rb, at);
		a_inside = a.kind == SPOT_CODE && a.index == comparison->self;
		b_inside = b.kind == SPOT_CODE &&
			   b.index == comparison->old.function_pairs[comparison->self];
		if (!a_inside || !b_inside)
			return a_inside == b_inside ? (at == 0 ? -1 : 1) : 0;
		if (ra->type != rb->type || !spot_same(comparison, &a, &b))
			return 0;
		at += ra->size;
		i++;
		k++;
	}
}

static bool nameless_same(struct comparison *comparison, const struct spot *old,
			  const struct spot *new)
{
	uint64_t length, other;
	int table;

	if (old->section == NULL || new->section == NULL)
		return old->section == new->section && old->address == new->address;
	if (((old->section->flags ^ new->section->flags) & (SHF_WRITE | SHF_EXECINSTR)) != 0)
		return false;
	if ((old->section->flags & SHF_WRITE) != 0 || old->section->data == NULL ||
	    new->section->data == NULL)
		return strcmp(old->section->name, new->section->name) == 0 &&
		       old->address - old->section->address == new->address - new->section->address;
	table = table_same(comparison, old->address, new->address);
	if (table >= 0)
		return table > 0;
	length = side_extent(&comparison->old, old->address);
	other = side_extent(&comparison->new, new->address);
	if (length > other)
		length = other;
	if (length > DATA_MAX)
		length = DATA_MAX;
	return data_same(comparison, old->address, new->address, length);
}

/* Whether data that is never written has the same in it. */
static bool content_same(struct comparison *comparison, const struct symbol *old,
			 const struct symbol *new)
{
	const struct elf_section *a = elf_file_section_at(comparison->old.object->elf, old->address);
	const struct elf_section *b = elf_file_section_at(comparison->new.object->elf, new->address);

	if (a == NULL || b == NULL || ((a->flags ^ b->flags) & SHF_WRITE) != 0)
		return false;
	if ((a->flags & SHF_WRITE) != 0 || a->data == NULL || b->data == NULL ||
	    old->size > DATA_MAX)
		return true;
	return old->size == new->size &&
	       data_same(comparison, old->address, new->address, old->size);
}

static bool variable_same(struct comparison *comparison, const struct spot *old,
			  const struct spot *new)
{
	const struct side *sides[2] = { &comparison->old, &comparison->new };
	const struct symbol *a = symtab_item(sides[0]->object->symtab, old->index);
	const struct symbol *b = symtab_item(sides[1]->object->symtab, new->index);
	size_t pair = sides[0]->symbol_pairs[old->index];

	if (old->offset != new->offset)
		return false;
	/* one that has no pair is the same as another that has its name but for the number */
	if (pair != new->index &&
	    (strcmp(sides[0]->roots[old->index], sides[1]->roots[new->index]) != 0 ||
	     a->size != b->size))
		return false;
	return content_same(comparison, a, b);
}

bool spot_same(struct comparison *comparison, const struct spot *old, const struct spot *new)
{
	const char *a, *b;

	if (old->kind != new->kind)
		return false;
	switch (old->kind) {
	case SPOT_UNDEFINED:
		return old->offset == new->offset && strcmp(old->name, new->name) == 0;
	case SPOT_CODE:
		return code_same(comparison, old, new);
	case SPOT_DATA:
		return variable_same(comparison, old, new);
	case SPOT_STRING:
		a = spot_string(old);
		b = spot_string(new);
		return strcmp(a, b) == 0;
	default:
		return nameless_same(comparison, old, new);
	}
}

uint64_t spot_hash(const struct side *side, bool is_new, const struct spot *spot)
{
	uint64_t hash = hash_bytes(HASH_START, &spot->kind, sizeof(spot->kind));
	const char *text = spot->kind == SPOT_UNDEFINED ? spot->name : spot_string(spot);
	size_t index;

	switch (spot->kind) {
	case SPOT_UNDEFINED: case SPOT_STRING:
		return hash_bytes(hash, text, strlen(text));
	case SPOT_CODE:	/* what both have in common is the old one's index */
		index = is_new ? side->function_pairs[spot->index] : spot->index;
		return hash_bytes(hash, &index, sizeof(index));
	case SPOT_DATA:
		text = side->roots[spot->index];
		return hash_bytes(hash_bytes(hash, text, strlen(text)), &spot->offset,
				  sizeof(spot->offset));
	default:
		return hash;
	}
}

/* A text as a C string has it, cut where it is long. */
static void quote(const char *text, char out[SPOT_TEXT_MAX])
{
	size_t at = 0;

	out[at++] = '"';
	for (; *text != '\0' && at < SPOT_TEXT_MAX - 12; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '\n' || byte == '"' || byte == '\\')
			at += (size_t)snprintf(out + at, 5, "\\%c", byte == '\n' ? 'n' : byte);
		else if (byte < 0x20 || byte >= 0x7f)
			at += (size_t)snprintf(out + at, 5, "\\%03o", byte);
		else
			out[at++] = (char)byte;
	}
	(void)strcpy(out + at, *text == '\0' ? "\"" : "...\"");
}

const char *spot_print(const struct side *side, const struct spot *spot, char out[SPOT_TEXT_MAX])
{
	const char *name = NULL;
	int64_t offset = spot->offset;

	switch (spot->kind) {
	case SPOT_STRING:
		quote(spot_string(spot), out);
		return out;
	case SPOT_UNDEFINED:
		name = spot->name;
		break;
	case SPOT_CODE:
		name = side->functions[spot->index]->name;
		break;
	case SPOT_DATA:
		name = symtab_item(side->object->symtab, spot->index)->name;
		break;
	default:
		name = spot->section == NULL ? "no section" : spot->section->name;
		offset = spot->section == NULL ? (int64_t)spot->address :
			 (int64_t)(spot->address - spot->section->address);
		break;
	}
	if (offset == 0)
		(void)snprintf(out, SPOT_TEXT_MAX, "%.64s", name);
	else
		(void)snprintf(out, SPOT_TEXT_MAX, "%.64s%c0x%" PRIx64, name, offset < 0 ? '-' : '+',
			       offset < 0 ? 0 - (uint64_t)offset : (uint64_t)offset);
	return out;
}
