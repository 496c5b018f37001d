/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elf_internal: what elf_file keeps of a file. Internal to lib/elf_*.c. */
#ifndef PATCHERD_ELF_INTERNAL_H
#define PATCHERD_ELF_INTERNAL_H

#include <gelf.h>

#include "elf_file.h"
#include "lib/elf_note.h"

struct elf_file {
	void *map;			/* the file; MAP_FAILED: none, or it is `owned` */
	uint8_t *owned;
	const uint8_t *data;		/* its bytes */
	size_t size;
	Elf *elf;
	char *path;
	enum architecture architecture;
	bool relocatable;
	struct elf_section *sections;	/* by ELF section index */
	size_t section_count;
	const struct elf_section **in_memory;	/* SHF_ALLOC and not empty, by address */
	size_t in_memory_count;
	size_t symbols_index;		/* of .symtab; 0: none */
	char *module;
	char *release;
	char build_id[BUILD_ID_TEXT_MAX];
};

/* The one predicate: `size` bytes at `offset` lie in something of `whole` bytes. */
static inline bool in_range(uint64_t offset, uint64_t size, uint64_t whole)
{
	return size <= whole && offset <= whole - size;
}

/* Of the index-th symbol; there are fewer than 2^24 in a file that fits FILE_SIZE_MAX and is believed. */
static inline uint64_t undefined_address(size_t index)
{
	return ELF_UNDEFINED_BASE + (uint64_t)(index & 0xffffff) * 16;
}

/* The index-th relocation of either kind of table (lib/elf_relocate.c). */
bool elf_relocation_get(Elf_Data *data, int index, GElf_Rela *out);
/* Calls `each` for every table of relocations of a section, until it returns other than 0. */
int elf_each_relocations(const struct elf_file *elf, const struct elf_section *section,
			 int (*each)(const struct elf_file *elf,
				     const struct elf_section *section, Elf_Data *data,
				     void *context, struct fail *fail),
			 void *context, struct fail *fail);
/* The same of all sections in memory that have bytes, in one go. */
int elf_all_relocations(const struct elf_file *elf,
			int (*each)(const struct elf_file *elf, const struct elf_section *section,
				    Elf_Data *data, void *context, struct fail *fail),
			void *context, struct fail *fail);

#endif
