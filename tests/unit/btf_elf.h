/* SPDX-License-Identifier: GPL-2.0-or-later */
/* btf_elf: an object file in memory that has nothing but a section .BTF. */
#ifndef PATCHERD_TESTS_BTF_ELF_H
#define PATCHERD_TESTS_BTF_ELF_H

#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "elf_file.h"

/* Of x86-64; NULL: elf_file does not take it. */
static inline struct elf_file *btf_elf(const void *btf, size_t size)
{
	static const char names[] = "\0.BTF\0.shstrtab";
	enum { NULL_SECTION, BTF_SECTION, NAMES_SECTION, SECTIONS };
	size_t headers = (sizeof(Elf64_Ehdr) + size + sizeof(names) + 7) / 8 * 8;
	size_t all = headers + SECTIONS * sizeof(Elf64_Shdr);
	uint8_t *data = calloc(1, all);
	Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_REL, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_shoff = headers, .e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = SECTIONS,
		.e_shstrndx = NAMES_SECTION,
	};
	Elf64_Shdr sections[SECTIONS] = {
		[BTF_SECTION] = { .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_addralign = 1,
				  .sh_offset = sizeof(header), .sh_size = size },
		[NAMES_SECTION] = { .sh_name = 6, .sh_type = SHT_STRTAB, .sh_addralign = 1,
				    .sh_offset = sizeof(header) + size, .sh_size = sizeof(names) },
	};
	struct elf_file *elf;
	struct fail fail;

	if (data == NULL)
		return NULL;
	memcpy(data, &header, sizeof(header));
	memcpy(data + sizeof(header), btf, size);
	memcpy(data + sizeof(header) + size, names, sizeof(names));
	memcpy(data + headers, sections, sizeof(sections));
	return elf_file_open_bytes("test.o", data, all, &elf, &fail) == 0 ? elf : NULL;
}

#endif
