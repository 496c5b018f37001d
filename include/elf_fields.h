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

struct elf_field {
	uint64_t address;
	uint8_t size;			/* bytes */
	bool relative;			/* to `address` */
	bool known;			/* what follows is */
	const struct elf_section *section;	/* that the field is in */
	const char *symbol;		/* NULL: one without a name, as a section's */
	int64_t addend;			/* from the symbol's start */
	uint64_t to;			/* the sum, as elf_file lays it; an undefined symbol's address is
					 * made up (ELF_UNDEFINED_BASE) */
};

struct elf_fields {
	struct elf_field *items;	/* by address */
	size_t count;
	const struct elf_field **to;	/* those that are known, by what they lead to */
	size_t to_count;
};

/* All fields of the sections that lie in memory. -1: OUTCOME_ERROR: a damaged table, or a field that is
 * not in its section, with file and section. */
int elf_fields_load(const struct elf_file *elf, struct elf_fields *out,
		    struct fail *fail) MUST_CHECK;
void elf_fields_deinit(struct elf_fields *fields);

/* The first field that has bytes among the `length` ones from `address` on; NULL: none. */
const struct elf_field *elf_field_in(const struct elf_fields *fields, uint64_t address,
				     uint64_t length);
/* The index in `to` of the first that leads to `address` or behind it; to_count: none. */
size_t elf_field_to(const struct elf_fields *fields, uint64_t address);

#endif
