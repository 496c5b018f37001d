/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layouts_dwarf: units, abbreviations and attributes of DWARF 2 to 5 (dwarfstd.org; the chapters
 * named are version 5's). Not by libdw: it keeps the abbreviations of each unit, so that a file of
 * 2 MB whose units share them takes all memory. Internal to lib/layouts_dwarf*.c. */
#ifndef PATCHERD_LAYOUTS_DWARF_H
#define PATCHERD_LAYOUTS_DWARF_H

#include "lib/layouts_internal.h"

/* Where something is read; `bad` from the first read past the end, which gives zeroes. */
struct cursor {
	const uint8_t *at, *end;
	bool bad;
};
uint64_t cursor_number(struct cursor *cursor, size_t size);
uint64_t cursor_uleb(struct cursor *cursor);
int64_t cursor_sleb(struct cursor *cursor);

struct bytes {
	const uint8_t *data;
	size_t size;
};

struct attribute {
	uint32_t name, form;
	int64_t value;			/* of DW_FORM_implicit_const */
};
struct abbreviation {
	uint64_t code;
	uint32_t tag;
	bool children;
	size_t first, count;		/* attributes */
};
struct abbreviations {
	uint64_t offset;		/* UINT64_MAX: none was read */
	struct abbreviation *items;
	size_t count, size;
	struct attribute *attributes;
	size_t attribute_count, attribute_size;
};

struct dwarf {
	const char *path;
	struct bytes info, abbrev, str, line_str, str_offsets;
	struct abbreviations table;	/* of one unit at a time */
	size_t work;			/* bytes of tables that were read */
	uint64_t attributes;		/* that were read */
	bool elsewhere;			/* something is in another file */
};

struct unit {
	uint64_t start, end;		/* in .debug_info; all of it, with the header */
	uint64_t entries;		/* where those begin */
	uint16_t version;
	uint8_t address_size, offset_size, type;
	uint64_t abbreviations, str_offsets;
};

/* The unit at `offset`, and its abbreviations. */
int unit_read(struct dwarf *dwarf, uint64_t offset, struct unit *out, struct fail *fail) MUST_CHECK;
/* NULL: there is none. */
const struct abbreviation *abbreviation_find(const struct abbreviations *table, uint64_t code);
void abbreviations_deinit(struct abbreviations *table);

enum datum_kind { DATUM_NONE, DATUM_NUMBER, DATUM_TEXT, DATUM_REFERENCE, DATUM_BLOCK };
struct datum {
	enum datum_kind kind;
	uint64_t number;		/* or what is referred to, from the start of .debug_info */
	const char *text;
	struct bytes block;
};
/* The value of one attribute; what is not needed is DATUM_NONE. */
void datum_read(struct dwarf *dwarf, const struct unit *unit, const struct attribute *attribute,
		struct cursor *cursor, struct datum *out);

#endif
