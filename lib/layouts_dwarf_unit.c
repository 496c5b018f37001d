/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layouts_dwarf_unit: headers of units, and tables of abbreviations (7.5). */
#include "lib/layouts_dwarf.h"

#include <dwarf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

uint64_t cursor_number(struct cursor *cursor, size_t size)
{
	uint64_t value = 0;

	if ((size_t)(cursor->end - cursor->at) < size) {
		cursor->bad = true;
		cursor->at = cursor->end;
		return 0;
	}
	memcpy(&value, cursor->at, size);	/* little-endian, as we are */
	cursor->at += size;
	return value;
}

uint64_t cursor_uleb(struct cursor *cursor)
{
	uint64_t value = 0;
	unsigned shift = 0;

	while (cursor->at < cursor->end) {
		uint8_t byte = *cursor->at++;

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
		shift += shift < 64 ? 7 : 0;
	}
	cursor->bad = true;
	return 0;
}

int64_t cursor_sleb(struct cursor *cursor)
{
	const uint8_t *start = cursor->at;
	uint64_t value = cursor_uleb(cursor);
	size_t bits = (size_t)(cursor->at - start) * 7;

	if (!cursor->bad && bits < 64 && (cursor->at[-1] & 0x40) != 0)
		value |= UINT64_MAX << bits;
	return (int64_t)value;
}

static int damaged(const struct dwarf *dwarf, const char *section, uint64_t offset,
		   struct fail *fail)
{
	return fail_set(fail, OUTCOME_ERROR, "%s: section %s is damaged at 0x%" PRIx64, dwarf->path,
			section, offset);
}

/* ---- abbreviations ---- */

static void *room(void *items, size_t count, size_t *size, size_t item)
{
	if (count < *size)
		return items;
	*size = *size == 0 ? 256 : *size * 2;
	return reallocarray(items, *size, item);
}

static int attributes_read(struct abbreviations *table, struct cursor *cursor, struct fail *fail)
{
	for (;;) {
		struct attribute attribute = { .name = (uint32_t)cursor_uleb(cursor) };
		struct attribute *attributes;

		attribute.form = (uint32_t)cursor_uleb(cursor);
		if (attribute.form == DW_FORM_implicit_const)
			attribute.value = cursor_sleb(cursor);
		if (cursor->bad || (attribute.name == 0 && attribute.form == 0))
			return 0;
		attributes = room(table->attributes, table->attribute_count,
				  &table->attribute_size, sizeof(attribute));
		if (attributes == NULL)
			return fail_memory(fail, "DWARF");
		table->attributes = attributes;
		attributes[table->attribute_count++] = attribute;
	}
}

static int by_code(const void *left, const void *right)
{
	const struct abbreviation *a = left, *b = right;

	return a->code < b->code ? -1 : a->code > b->code;
}

static int abbreviations_read(struct dwarf *dwarf, uint64_t offset, struct fail *fail)
{
	struct abbreviations *table = &dwarf->table;
	struct cursor cursor = { .end = dwarf->abbrev.data + dwarf->abbrev.size };
	bool sorted = true;
	uint64_t code;

	if (table->items != NULL && table->offset == offset)
		return 0;
	if (offset >= dwarf->abbrev.size)
		return damaged(dwarf, ".debug_abbrev", offset, fail);
	cursor.at = dwarf->abbrev.data + offset;
	table->offset = offset;
	table->count = table->attribute_count = 0;
	while ((code = cursor_uleb(&cursor)) != 0 && !cursor.bad) {
		struct abbreviation *items = room(table->items, table->count, &table->size,
						  sizeof(*items));

		if (items == NULL)
			return fail_memory(fail, "DWARF");
		table->items = items;
		items[table->count] = (struct abbreviation){
			.code = code, .tag = (uint32_t)cursor_uleb(&cursor),
			.first = table->attribute_count,
		};
		items[table->count].children = cursor_number(&cursor, 1) != 0;
		if (attributes_read(table, &cursor, fail) != 0)
			return -1;
		items[table->count].count = table->attribute_count - items[table->count].first;
		sorted = sorted && code == table->count + 1;
		table->count++;
	}
	dwarf->work += (size_t)(cursor.at - dwarf->abbrev.data) - offset;
	if (cursor.bad || dwarf->work > LAYOUTS_WORK_MAX)
		return damaged(dwarf, ".debug_abbrev", offset, fail);
	if (!sorted)
		qsort(table->items, table->count, sizeof(*table->items), by_code);
	return 0;
}

const struct abbreviation *abbreviation_find(const struct abbreviations *table, uint64_t code)
{
	struct abbreviation key = { .code = code };

	if (code - 1 < table->count && table->items[code - 1].code == code)
		return &table->items[code - 1];
	return table->count == 0 ? NULL :
	       bsearch(&key, table->items, table->count, sizeof(key), by_code);
}

void abbreviations_deinit(struct abbreviations *table)
{
	free(table->items);
	free(table->attributes);
}

/* ---- units ---- */

/* What follows the version and, in version 5, the unit's type (7.5.1). */
static bool header_rest(struct cursor *cursor, struct unit *out)
{
	if (out->version >= 5)
		out->address_size = (uint8_t)cursor_number(cursor, 1);
	out->abbreviations = cursor_number(cursor, out->offset_size);
	if (out->version < 5)
		out->address_size = (uint8_t)cursor_number(cursor, 1);
	if (out->type == DW_UT_skeleton || out->type == DW_UT_split_compile)
		(void)cursor_number(cursor, 8);
	if (out->type == DW_UT_type || out->type == DW_UT_split_type) {
		(void)cursor_number(cursor, 8);
		(void)cursor_number(cursor, out->offset_size);
	}
	return !cursor->bad && (out->address_size == 4 || out->address_size == 8);
}

int unit_read(struct dwarf *dwarf, uint64_t offset, struct unit *out, struct fail *fail)
{
	struct cursor cursor = {
		.at = dwarf->info.data + offset, .end = dwarf->info.data + dwarf->info.size,
	};
	uint64_t length = cursor_number(&cursor, 4);

	*out = (struct unit){ .start = offset, .offset_size = 4, .type = DW_UT_compile };
	if (length == UINT32_MAX) {
		out->offset_size = 8;
		length = cursor_number(&cursor, 8);
	}
	if (cursor.bad || length > (uint64_t)(cursor.end - cursor.at))
		return damaged(dwarf, ".debug_info", offset, fail);
	cursor.end = cursor.at + length;
	out->end = (uint64_t)(cursor.end - dwarf->info.data);
	out->version = (uint16_t)cursor_number(&cursor, 2);
	if (out->version < 2 || out->version > 5)
		return fail_set(fail, OUTCOME_ERROR, "%s: section .debug_info, at 0x%" PRIx64 ": DWARF of "
				"version %u is not known; 2 to 5 are", dwarf->path, offset,
				out->version);
	if (out->version >= 5)
		out->type = (uint8_t)cursor_number(&cursor, 1);
	if (!header_rest(&cursor, out))
		return damaged(dwarf, ".debug_info", offset, fail);
	out->entries = (uint64_t)(cursor.at - dwarf->info.data);
	out->str_offsets = out->offset_size == 8 ? 16 : 8;	/* its header's size (7.26) */
	return abbreviations_read(dwarf, out->abbreviations, fail);
}

/* ---- attributes ---- */

static const char *text_at(const struct bytes *strings, uint64_t offset)
{
	/* the section ends with a NUL */
	return offset < strings->size ? (const char *)strings->data + offset : NULL;
}

static const char *text_by_index(const struct dwarf *dwarf, const struct unit *unit,
				 uint64_t index)
{
	struct cursor cursor = {
		.at = dwarf->str_offsets.data,
		.end = dwarf->str_offsets.data + dwarf->str_offsets.size,
	};
	uint64_t offset;

	if (unit->str_offsets > dwarf->str_offsets.size || index > dwarf->str_offsets.size)
		return NULL;
	offset = unit->str_offsets + index * unit->offset_size;
	if (offset > dwarf->str_offsets.size)
		return NULL;
	cursor.at += offset;
	offset = cursor_number(&cursor, unit->offset_size);
	return cursor.bad ? NULL : text_at(&dwarf->str, offset);
}

/* What a form is (7.5.5), and how large: a number of bytes, or one of these. */
enum { SIZE_OFFSET = 32, SIZE_ADDRESS, SIZE_LEB, SIZE_SLEB };
enum form_kind { FORM_UNKNOWN, FORM_NUMBER, FORM_STRP, FORM_LINE_STRP, FORM_STRX, FORM_REF,
		 FORM_REF_ADDR, FORM_BLOCK, FORM_SKIP, FORM_ELSEWHERE };
static const struct {
	uint8_t kind, size;
} forms[] = {
	[DW_FORM_addr] = { FORM_SKIP, SIZE_ADDRESS }, [DW_FORM_block2] = { FORM_BLOCK, 2 },
	[DW_FORM_block4] = { FORM_BLOCK, 4 }, [DW_FORM_data2] = { FORM_NUMBER, 2 },
	[DW_FORM_data4] = { FORM_NUMBER, 4 }, [DW_FORM_data8] = { FORM_NUMBER, 8 },
	[DW_FORM_block] = { FORM_BLOCK, SIZE_LEB }, [DW_FORM_block1] = { FORM_BLOCK, 1 },
	[DW_FORM_data1] = { FORM_NUMBER, 1 }, [DW_FORM_flag] = { FORM_NUMBER, 1 },
	[DW_FORM_sdata] = { FORM_NUMBER, SIZE_SLEB }, [DW_FORM_strp] = { FORM_STRP, SIZE_OFFSET },
	[DW_FORM_udata] = { FORM_NUMBER, SIZE_LEB },
	[DW_FORM_ref_addr] = { FORM_REF_ADDR, SIZE_OFFSET }, [DW_FORM_ref1] = { FORM_REF, 1 },
	[DW_FORM_ref2] = { FORM_REF, 2 }, [DW_FORM_ref4] = { FORM_REF, 4 },
	[DW_FORM_ref8] = { FORM_REF, 8 }, [DW_FORM_ref_udata] = { FORM_REF, SIZE_LEB },
	[DW_FORM_sec_offset] = { FORM_NUMBER, SIZE_OFFSET },
	[DW_FORM_exprloc] = { FORM_BLOCK, SIZE_LEB }, [DW_FORM_strx] = { FORM_STRX, SIZE_LEB },
	[DW_FORM_addrx] = { FORM_SKIP, SIZE_LEB }, [DW_FORM_ref_sup4] = { FORM_ELSEWHERE, 4 },
	[DW_FORM_strp_sup] = { FORM_ELSEWHERE, SIZE_OFFSET }, [DW_FORM_data16] = { FORM_SKIP, 16 },
	[DW_FORM_line_strp] = { FORM_LINE_STRP, SIZE_OFFSET },
	[DW_FORM_ref_sig8] = { FORM_SKIP, 8 }, [DW_FORM_loclistx] = { FORM_SKIP, SIZE_LEB },
	[DW_FORM_rnglistx] = { FORM_SKIP, SIZE_LEB }, [DW_FORM_ref_sup8] = { FORM_ELSEWHERE, 8 },
	[DW_FORM_strx1] = { FORM_STRX, 1 }, [DW_FORM_strx2] = { FORM_STRX, 2 },
	[DW_FORM_strx3] = { FORM_STRX, 3 }, [DW_FORM_strx4] = { FORM_STRX, 4 },
	[DW_FORM_addrx1] = { FORM_SKIP, 1 }, [DW_FORM_addrx2] = { FORM_SKIP, 2 },
	[DW_FORM_addrx3] = { FORM_SKIP, 3 }, [DW_FORM_addrx4] = { FORM_SKIP, 4 },
};

static uint64_t sized_read(const struct unit *unit, uint8_t size, struct cursor *cursor)
{
	if (size == SIZE_LEB)
		return cursor_uleb(cursor);
	if (size == SIZE_SLEB)
		return (uint64_t)cursor_sleb(cursor);
	if (size > 8 && size < SIZE_OFFSET) {
		(void)cursor_number(cursor, 8);
		(void)cursor_number(cursor, size - 8u);
		return 0;
	}
	return cursor_number(cursor, size == SIZE_OFFSET ? unit->offset_size :
			     size == SIZE_ADDRESS ? unit->address_size : size);
}

static void string_read(struct cursor *cursor, struct datum *out)
{
	const uint8_t *end = memchr(cursor->at, '\0', (size_t)(cursor->end - cursor->at));

	cursor->bad = cursor->bad || end == NULL;
	if (end == NULL)
		return;
	*out = (struct datum){ .kind = DATUM_TEXT, .text = (const char *)cursor->at };
	cursor->at = end + 1;
}

static void block_read(struct cursor *cursor, struct datum *out)
{
	cursor->bad = cursor->bad || out->number > (size_t)(cursor->end - cursor->at);
	if (cursor->bad)
		return;
	out->kind = DATUM_BLOCK;
	out->block = (struct bytes){ cursor->at, (size_t)out->number };
	cursor->at += out->number;
}

/* Those that are in no standard, or stand for another one; true: it was one of these. */
static bool form_special(struct dwarf *dwarf, const struct unit *unit, uint32_t form,
			 struct cursor *cursor, struct datum *out)
{
	switch (form) {
	case DW_FORM_string:
		string_read(cursor, out);
		return true;
	case DW_FORM_flag_present:
		*out = (struct datum){ .kind = DATUM_NUMBER, .number = 1 };
		return true;
	case DW_FORM_GNU_ref_alt: case DW_FORM_GNU_strp_alt:
		dwarf->elsewhere = true;
		(void)cursor_number(cursor, unit->offset_size);
		return true;
	case DW_FORM_GNU_addr_index: case DW_FORM_GNU_str_index:
		dwarf->elsewhere = true;
		(void)cursor_uleb(cursor);
		return true;
	default:
		return false;
	}
}

void datum_read(struct dwarf *dwarf, const struct unit *unit, const struct attribute *attribute,
		struct cursor *cursor, struct datum *out)
{
	uint32_t form = attribute->form;
	uint8_t size;

	*out = (struct datum){ .kind = DATUM_NONE };
	if (form == DW_FORM_implicit_const) {
		*out = (struct datum){ .kind = DATUM_NUMBER, .number = (uint64_t)attribute->value };
		return;
	}
	if (form == DW_FORM_indirect)
		form = (uint32_t)cursor_uleb(cursor);
	if (form_special(dwarf, unit, form, cursor, out))
		return;
	if (form >= sizeof(forms) / sizeof(*forms) || forms[form].kind == FORM_UNKNOWN) {
		cursor->bad = true;
		return;
	}
	size = forms[form].size;
	if (forms[form].kind == FORM_REF_ADDR && unit->version == 2)	/* (DWARF 2, 7.5.4) */
		size = SIZE_ADDRESS;
	out->number = sized_read(unit, size, cursor);
	switch (forms[form].kind) {
	case FORM_NUMBER:
		out->kind = DATUM_NUMBER;
		break;
	case FORM_STRP:
		out->text = text_at(&dwarf->str, out->number);
		break;
	case FORM_LINE_STRP:
		out->text = text_at(&dwarf->line_str, out->number);
		break;
	case FORM_STRX:
		out->text = text_by_index(dwarf, unit, out->number);
		break;
	case FORM_REF:
		out->number += unit->start;
		out->kind = DATUM_REFERENCE;
		break;
	case FORM_REF_ADDR:
		out->kind = DATUM_REFERENCE;
		break;
	case FORM_BLOCK:
		block_read(cursor, out);
		break;
	case FORM_ELSEWHERE:
		dwarf->elsewhere = true;
		break;
	default:
		break;
	}
	if (out->text != NULL)
		out->kind = DATUM_TEXT;
	else if (forms[form].kind >= FORM_STRP && forms[form].kind <= FORM_STRX)
		cursor->bad = cursor->bad || attribute->name == DW_AT_name;
}
