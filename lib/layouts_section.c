/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layouts_section: a section with type information, unpacked (elf(5), SHF_COMPRESSED) and
 * relocated. */
#include "lib/layouts_internal.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "lib/elf_internal.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2	/* glibc 2.37 */
#endif

enum { RATIO_MAX = 1100 };	/* zlib's best is 1032:1 */

/* The header that stands before what is packed, in either class. */
struct packed {
	uint32_t type;
	uint64_t size;
	size_t header;
};

static bool packed_read(const struct elf_file *elf, const struct elf_section *section,
			struct packed *out)
{
	Elf64_Chdr wide;
	Elf32_Chdr narrow;

	if (elf->architecture == ARCH_I386) {
		if (section->size < sizeof(narrow))
			return false;
		memcpy(&narrow, section->data, sizeof(narrow));
		*out = (struct packed){ narrow.ch_type, narrow.ch_size, sizeof(narrow) };
	} else {
		if (section->size < sizeof(wide))
			return false;
		memcpy(&wide, section->data, sizeof(wide));
		*out = (struct packed){ wide.ch_type, wide.ch_size, sizeof(wide) };
	}
	return out->size <= LAYOUTS_BYTES_MAX && out->size / RATIO_MAX <= section->size;
}

static int unpack(const struct elf_file *elf, const struct elf_section *section, uint8_t **out,
		  size_t *size, struct fail *fail)
{
	CLEANUP_FREE uint8_t *bytes = NULL;
	struct packed packed;
	uLongf got;
	bool right;

	if (!packed_read(elf, section, &packed))
		return fail_set(fail, OUTCOME_ERROR, "%s: section %s is damaged: it cannot be packed so",
				elf->path, section->name);
	if (packed.type != ELFCOMPRESS_ZLIB && packed.type != ELFCOMPRESS_ZSTD)
		return fail_set(fail, OUTCOME_ERROR, "%s: section %s is packed in a way that is not "
				"known (%u): unpack it by objcopy --decompress-debug-sections",
				elf->path, section->name, packed.type);
	bytes = malloc(packed.size + 1);
	if (bytes == NULL)
		return fail_memory(fail, section->name);
	got = packed.size;
	if (packed.type == ELFCOMPRESS_ZLIB)
		right = uncompress(bytes, &got, section->data + packed.header,
				   section->size - packed.header) == Z_OK && got == packed.size;
	else
		right = ZSTD_decompress(bytes, packed.size, section->data + packed.header,
					section->size - packed.header) == packed.size;
	if (!right)
		return fail_set(fail, OUTCOME_ERROR, "%s: section %s is damaged: it cannot be unpacked",
				elf->path, section->name);
	*out = bytes;
	*size = packed.size;
	bytes = NULL;
	return 0;
}

/* What is to be relocated: `elf_section` has another size where it is packed. */
struct copy {
	uint8_t *data;
	size_t size;
};

/* Whether what the relocation leads to is in another section with debug information. Where code and
 * data will lie is not known, and says nothing about types. -1: that cannot be. */
static int debug_value(const struct elf_file *elf, Elf_Data *symbols, const GElf_Rela *rela,
		       uint64_t *out)
{
	size_t index = GELF_R_SYM(rela->r_info);
	GElf_Sym symbol;

	if (symbols == NULL || index > INT_MAX ||
	    gelf_getsym(symbols, (int)index, &symbol) == NULL || symbol.st_shndx == SHN_XINDEX)
		return -1;
	if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= SHN_LORESERVE)
		return 0;
	if (symbol.st_shndx >= elf->section_count)
		return -1;
	*out = symbol.st_value;
	return (elf->sections[symbol.st_shndx].flags & SHF_ALLOC) == 0;
}

/* The types that lead from one section of debug information to another: psABI of x86-64, table 4.9;
 * of i386, table 2.12, where the addend is in place. */
static size_t field_size(enum architecture architecture, unsigned type)
{
	if (architecture == ARCH_I386)
		return type == R_386_32 ? 4 : 0;
	return type == R_X86_64_64 ? 8 : type == R_X86_64_32 ? 4 : 0;
}

static bool relocate(const struct elf_file *elf, Elf_Data *symbols, const GElf_Rela *rela,
		     const struct copy *copy)
{
	size_t size = field_size(elf->architecture, (unsigned)GELF_R_TYPE(rela->r_info));
	uint64_t value = 0, addend = (uint64_t)rela->r_addend;
	uint32_t in_place;
	int known;

	if (!in_range(rela->r_offset, size, copy->size))
		return false;
	known = size == 0 ? 0 : debug_value(elf, symbols, rela, &value);
	if (known <= 0)
		return known == 0;
	if (elf->architecture == ARCH_I386) {
		memcpy(&in_place, copy->data + rela->r_offset, sizeof(in_place));
		addend = in_place;
	}
	value += addend;
	if (size == 4 && value > UINT32_MAX)
		return false;
	memcpy(copy->data + rela->r_offset, &value, size);
	return true;
}

static int relocate_all(const struct elf_file *elf, const struct elf_section *section,
			Elf_Data *data, void *context, struct fail *fail)
{
	Elf_Data *symbols = elf->symbols_index == 0 ? NULL :
			    elf_getdata(elf_getscn(elf->elf, elf->symbols_index), NULL);
	GElf_Rela rela;

	for (int i = 0; elf_relocation_get(data, i, &rela); i++) {
		if (!relocate(elf, symbols, &rela, context))
			return fail_set(fail, OUTCOME_ERROR, "%s: relocation %d of %s (type %u, offset "
					"0x%" PRIx64 ") cannot be applied", elf->path, i,
					section->name, (unsigned)GELF_R_TYPE(rela.r_info),
					rela.r_offset);
	}
	return 0;
}

int graph_section(struct layouts *layouts, const struct elf_file *elf, const char *name,
		  const uint8_t **out, size_t *size, struct fail *fail)
{
	const struct elf_section *section = elf_file_section(elf, name);
	struct copy copy;

	*out = (const uint8_t *)"";
	*size = 0;
	if (section == NULL || section->data == NULL || section->size == 0)
		return 0;
	if ((section->flags & SHF_COMPRESSED) != 0) {
		if (unpack(elf, section, &copy.data, &copy.size, fail) != 0)
			return -1;
	} else {
		copy.size = section->size;
		copy.data = malloc(copy.size);
		if (copy.data == NULL)
			return fail_memory(fail, name);
		memcpy(copy.data, section->data, copy.size);
	}
	if (graph_keep(layouts, copy.data, fail) != 0)
		return -1;
	*out = copy.data;
	*size = copy.size;
	return elf->relocatable ?
	       elf_each_relocations(elf, section, relocate_all, &copy, fail) : 0;
}
