/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * elf_fields: what the relocations of a .ko or .o fill in, and what they lead to.
 *
 * Formats: the psABIs' relocations of x86-64 (table 4.9) and i386 (table 2.12), with the addend in
 * place there.
 */
#ifndef PATCHERD_ELF_FIELDS_H
#define PATCHERD_ELF_FIELDS_H

#include "elf_file.h"

enum field_class {
	FIELD_ABSOLUTE,
	FIELD_RELATIVE,			/* to the field's address */
	FIELD_OPAQUE			/* to something else */
};

struct elf_field {
	uint64_t address;
	const struct elf_section *section;	/* that the field is in */
	const char *symbol;		/* NULL: one without a name, as a section's */
	uint64_t base;			/* the symbol's address, as elf_file lays it; of an
					 * undefined one it is made up (ELF_UNDEFINED_BASE) */
	int64_t addend;			/* from there */
	uint8_t size;			/* bytes */
	uint8_t type;			/* of the psABI */
	uint8_t class;			/* enum field_class */
	bool defined;			/* the symbol is, in a section that lies in memory */
	bool known;			/* it leads to base + addend itself, which elf_field_leads()
					 * tells */
};

struct elf_fields {
	struct elf_field *items;	/* by address, none over another */
	size_t count;
	const struct elf_field **to;	/* elf_fields_turn(): those that are known, by what they
					 * lead to */
	size_t to_count;
};

/* All fields of the sections that lie in memory of a relocatable file. -1: OUTCOME_ERROR: a damaged
 * table, a type that the kernel's code does not have, or a field that is not in its section, or
 * over another, with file and section. */
int elf_fields_load(const struct elf_file *elf, struct elf_fields *out,
		    struct fail *fail) MUST_CHECK;
/* Fills in `to`. */
int elf_fields_turn(struct elf_fields *fields, struct fail *fail) MUST_CHECK;
void elf_fields_deinit(struct elf_fields *fields);

static inline uint64_t elf_field_leads(const struct elf_field *field)
{
	return field->base + (uint64_t)field->addend;
}

/* The index in `items` of the first at `address` or behind it; count: none. */
size_t elf_field_from(const struct elf_fields *fields, uint64_t address);
/* The first field that has bytes among the `length` ones from `address` on; NULL: none. */
const struct elf_field *elf_field_in(const struct elf_fields *fields, uint64_t address,
				     uint64_t length);
/* The index in `to` of the first that leads to `address` or behind it; to_count: none. */
size_t elf_field_to(const struct elf_fields *fields, uint64_t address);

#endif
