/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference_spot: where a field of an instruction, or of a table, leads, so that two files can be
 * compared. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <elf.h>

#include "lib/difference_internal.h"

/* Data that leads to data that leads to data, and so on, is compared no further, nor more of it. */
enum { DEPTH_MAX = 16 };
#define LOOKED_MAX ((uint64_t)256 * 1024)
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

/* Of wide characters the first has a NUL in it: they are compared as bytes. */
static bool is_string_section(const struct elf_section *section)
{
	return section != NULL && (section->flags & SHF_STRINGS) != 0 && section->entry_size <= 1 &&
	       section->data != NULL;
}

/* Whether its bytes are what the file says for ever; .data.rel.ro is written only by what loads
 * it. */
static bool is_constant(const struct elf_section *section)
{
	return (section->flags & SHF_WRITE) == 0 || strncmp(section->name, ".data.rel.ro", 12) == 0;
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

/* An address by a section's symbol may lie before its first thing (table - 1, to which an index of
 * 1 or more is added), or behind its last. */
static uint64_t section_anchor(const struct side *side, uint64_t base, uint64_t address)
{
	const struct elf_section *section = elf_file_section_at(side->object->elf, base);

	if (section == NULL || (section->flags & SHF_EXECINSTR) != 0 ||
	    address - section->address < section->size)
		return address;
	return (int64_t)(address - section->address) < 0 ? section->address :
	       section->address + section->size - 1;
}

struct spot relocation_spot(const struct side *side, const struct elf_field *relocation,
			    uint64_t end)
{
	int64_t offset = relocation->addend;
	uint64_t address;

	/* a processor counts from the instruction's end */
	if (relocation->class == FIELD_RELATIVE)
		offset = (int64_t)((uint64_t)offset + (end - relocation->address));
	if (!relocation->defined)
		return (struct spot){ .kind = SPOT_UNDEFINED, .name = relocation->symbol,
				      .offset = offset };
	address = relocation->base + (uint64_t)offset;
	return address_spot(side, address, relocation->symbol != NULL ? relocation->base :
			    section_anchor(side, relocation->base, address));
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

static bool code_same(struct comparison *comparison, const struct spot *old,
		      const struct spot *new)
{
	const struct match *match = &comparison->matches[old->index];
	uint32_t a, b;

	if (comparison->old.function_pairs[old->index] != new->index)
		return false;
	if (old->index == comparison->self && comparison->same_offsets)
		return old->offset == new->offset;
	if (!comparison->labels) {
		if (old->offset != 0)
			comparison->matches[comparison->self].seeks = true;
		return (old->offset == 0) == (new->offset == 0);
	}
	if (!match->mapped || old->offset < 0 || new->offset < 0)
		return old->offset == new->offset;
	return label_find(match->old, match->old_count, (uint64_t)old->offset, &a) &&
	       label_find(match->new, match->new_count, (uint64_t)new->offset, &b) && a == b;
}

/* What one relocation of data leads to. In a table of places of a function that position
 * independent code has, each counts from the table's start, `into` bytes before. */
static struct spot entry_spot(const struct side *side, const struct elf_field *relocation,
			      uint64_t into)
{
	uint64_t end = relocation->address;

	return relocation_spot(side, relocation,
			       relocation->class == FIELD_RELATIVE ? end - into : end);
}

/* As deep as DEPTH_MAX, NOLINTNEXTLINE(misc-no-recursion) */
bool data_same(struct comparison *comparison, uint64_t old, uint64_t new, uint64_t length)
{
	const struct side *sides[2] = { &comparison->old, &comparison->new };
	const uint8_t *a = elf_file_bytes(sides[0]->object->elf, old, length);
	const uint8_t *b = elf_file_bytes(sides[1]->object->elf, new, length);
	size_t i = elf_field_from(&sides[0]->fields, old), k = elf_field_from(&sides[1]->fields, new);
	uint64_t at = 0;

	if (a == NULL || b == NULL)
		return false;
	if (comparison->depth == 0)
		comparison->looked = 0;
	if (comparison->depth >= DEPTH_MAX || comparison->looked > LOOKED_MAX)
		return true;
	comparison->looked += length + 1;
	while (at < length) {
		const struct elf_field *ra = i < sides[0]->fields.count ?
					      &sides[0]->fields.items[i] : NULL;
		const struct elf_field *rb = k < sides[1]->fields.count ?
					      &sides[1]->fields.items[k] : NULL;
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
		if (a_at == length || ra == NULL || rb == NULL)
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

/* Whether it leads into a function, or into what a compiler has split off it for cold paths. */
static bool leads_inside(const struct side *side, const struct spot *spot, size_t function)
{
	const char *name = side->functions[function]->name, *other;
	size_t length = strlen(name);

	if (spot->kind != SPOT_CODE)
		return false;
	other = side->functions[spot->index]->name;
	return spot->index == function ||
	       (strncmp(other, name, length) == 0 && strncmp(other + length, ".cold", 5) == 0);
}

/* Relocations that follow each other and lead into the function that is compared: a table of places
 * that it jumps to. It ends where one side's leads elsewhere. 1: the same; 0: not; -1: it is none.
 * NOLINTNEXTLINE(misc-no-recursion) */
static int table_same(struct comparison *comparison, uint64_t old, uint64_t new)
{
	const struct side *sides[2] = { &comparison->old, &comparison->new };
	uint64_t old_end = side_extent(sides[0], old), new_end = side_extent(sides[1], new);
	size_t i = elf_field_from(&sides[0]->fields, old), k = elf_field_from(&sides[1]->fields, new);
	size_t new_self;
	uint64_t at = 0;

	if (comparison->self == NONE)
		return -1;
	new_self = sides[0]->function_pairs[comparison->self];
	while (true) {
		const struct elf_field *ra = at < old_end && i < sides[0]->fields.count &&
			sides[0]->fields.items[i].address == old + at ?
			&sides[0]->fields.items[i] : NULL;
		const struct elf_field *rb = at < new_end && k < sides[1]->fields.count &&
			sides[1]->fields.items[k].address == new + at ?
			&sides[1]->fields.items[k] : NULL;
		struct spot a = { .kind = SPOT_UNDEFINED }, b = { .kind = SPOT_UNDEFINED };
		bool a_inside, b_inside;

		if (ra != NULL)
			a = entry_spot(sides[0], ra, at);
		if (rb != NULL)
			b = entry_spot(sides[1], rb, at);
		a_inside = leads_inside(sides[0], &a, comparison->self);
		b_inside = leads_inside(sides[1], &b, new_self);
		if (!a_inside || !b_inside)
			return a_inside == b_inside ? (at == 0 ? -1 : 1) : 0;
		if (ra->type != rb->type || !spot_same(comparison, &a, &b))
			return 0;
		at += ra->size;
		i++;
		k++;
	}
}

/* By how much it lies behind its section's end, as what an index below 0 counts from may; negative: it is
 * in it. */
static int64_t behind_end(const struct spot *spot)
{
	return (int64_t)(spot->address - spot->section->address - spot->section->size);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static bool nameless_same(struct comparison *comparison, const struct spot *old,
			  const struct spot *new)
{
	uint64_t length, other;
	int table;

	if (old->section == NULL || new->section == NULL)
		return old->section == new->section && old->address == new->address;
	if (((old->section->flags ^ new->section->flags) & (SHF_WRITE | SHF_EXECINSTR)) != 0)
		return false;
	if (behind_end(old) >= 0 || behind_end(new) >= 0)
		return behind_end(old) == behind_end(new) &&
		       strcmp(old->section->name, new->section->name) == 0;
	if (!is_constant(old->section) || !is_constant(new->section) || old->section->data == NULL ||
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
	if ((old->section->flags & SHF_EXECINSTR) != 0)
		return fragment_same(comparison, old, new, length);
	return data_same(comparison, old->address, new->address, length);
}

/* Whether data that is never written has the same in it. NOLINTNEXTLINE(misc-no-recursion) */
static bool content_same(struct comparison *comparison, const struct symbol *old,
			 const struct symbol *new)
{
	const struct elf_section *a = elf_file_section_at(comparison->old.object->elf, old->address);
	const struct elf_section *b = elf_file_section_at(comparison->new.object->elf, new->address);

	if (a == NULL || b == NULL || ((a->flags ^ b->flags) & SHF_WRITE) != 0)
		return false;
	if (!is_constant(a) || !is_constant(b) || a->data == NULL || b->data == NULL ||
	    old->size > DATA_MAX)
		return true;
	return old->size == new->size &&
	       data_same(comparison, old->address, new->address, old->size);
}

/* Whether no instruction has said before that one of them is another. Of data that is never written
 * what is in it tells. */
static bool twins_agree(struct comparison *comparison, size_t old, size_t new)
{
	size_t *a = &comparison->old.twins[old], *b = &comparison->new.twins[new];

	if (*a != NONE || *b != NONE)
		return *a == new;
	*a = new;
	*b = old;
	comparison->paired[comparison->paired_count++] = old;
	return true;
}

void twins_keep(struct comparison *comparison, bool keep)
{
	while (!keep && comparison->paired_count > 0) {
		size_t *twin = &comparison->old.twins[comparison->paired[--comparison->paired_count]];

		comparison->new.twins[*twin] = NONE;
		*twin = NONE;
	}
	comparison->paired_count = 0;
}

/* The first symbol behind it in its section; NULL: there is none. */
static const struct symbol *behind(const struct side *side, size_t index,
				   const struct elf_section *section)
{
	const struct symtab *symtab = side->object->symtab;
	const uint64_t address = symtab_item(symtab, index)->address;

	for (index++; index < symtab_count(symtab); index++) {
		const struct symbol *symbol = symtab_item(symtab, index);

		if (symbol->address != address)
			return symbol->address - section->address < section->size ? symbol : NULL;
	}
	return NULL;
}

/* What an index may reach: compared where it lies equally in both files.
 * NOLINTNEXTLINE(misc-no-recursion) */
static bool behind_same(struct comparison *comparison, const struct spot *old,
			const struct spot *new)
{
	const struct symbol *a = behind(&comparison->old, old->index, old->section);
	const struct symbol *b = behind(&comparison->new, new->index, new->section);

	if (a == NULL || b == NULL || a->address - old->address != b->address - new->address ||
	    strcmp(comparison->old.roots[side_symbol_index(&comparison->old, a)],
		   comparison->new.roots[side_symbol_index(&comparison->new, b)]) != 0)
		return true;
	return content_same(comparison, a, b);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static bool variable_same(struct comparison *comparison, const struct spot *old,
			  const struct spot *new)
{
	const struct side *sides[2] = { &comparison->old, &comparison->new };
	const struct symbol *a = symtab_item(sides[0]->object->symtab, old->index);
	const struct symbol *b = symtab_item(sides[1]->object->symtab, new->index);
	size_t pair = sides[0]->symbol_pairs[old->index];
	/* to data that is compared by itself, too */
	bool from_data = comparison->self == NONE && pair == new->index &&
			 data_section(sides[0], old->index) != NULL;

	if (old->offset != new->offset)
		return false;
	/* numbers say nothing: one may be another that has its name but for them */
	if (pair != new->index &&
	    (strcmp(sides[0]->roots[old->index], sides[1]->roots[new->index]) != 0 ||
	     a->size != b->size))
		return false;
	if ((!from_data && !content_same(comparison, a, b)) ||
	    (old->indexed && !behind_same(comparison, old, new)))
		return false;
	return old->section == NULL || is_constant(old->section) ||
	       twins_agree(comparison, old->index, new->index);
}

/* As deep as DEPTH_MAX: see data_same(). NOLINTNEXTLINE(misc-no-recursion) */
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
		return a != NULL && b != NULL && strcmp(a, b) == 0;
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
		return text == NULL ? hash : hash_bytes(hash, text, strlen(text));
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
	(void)snprintf(out + at, sizeof("...\""), "%s", *text == '\0' ? "\"" : "...\"");
}

const char *spot_print(const struct side *side, const struct spot *spot, char out[SPOT_TEXT_MAX])
{
	const char *name = spot_string(spot);
	int64_t offset = spot->offset;

	switch (spot->kind) {
	case SPOT_STRING:
		quote(name == NULL ? "" : name, out);
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
