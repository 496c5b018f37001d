/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uses_fixture: an object file of one function, f, whose code and relocations are given. */
#ifndef PATCHERD_USES_FIXTURE_H
#define PATCHERD_USES_FIXTURE_H

#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "uses.h"

/* Sections by index; each has its relocations behind it. */
enum { U_TEXT = 1, U_COLD = 3, U_RODATA = 5, U_BUGS = 7, U_SYMTAB = 9, U_STRTAB, U_SHSTRTAB };

struct uses_relocation {
	unsigned section;
	uint64_t offset;
	unsigned type;
	const char *symbol;		/* ".text": the section's; NULL: no more */
	int64_t addend;			/* of i386 it is in the code */
};

struct uses_case {
	enum architecture arch;
	const char *prototype;		/* which of those of the test f has */
	const char *code;		/* hexadecimal */
	const char *cold;		/* of f.cold; "": none */
	const char *expected;
	struct uses_relocation relocations[4];
};

struct uses_file {
	Elf *elf;
	bool wide;
	char strings[256];
	size_t string_size;
	uint8_t symbols[16 * 24];
	size_t symbol_count;
	const char *last;
	uint8_t relocations[4][8 * 24];
	size_t relocation_counts[4];
	uint8_t code[2][256];
	size_t sizes[2];
	uint8_t data[64];
};

static inline size_t hex_read(const char *text, uint8_t *out)
{
	size_t length = 0;
	unsigned byte;
	int used;

	while (sscanf(text, "%2x %n", &byte, &used) == 1) {
		out[length++] = (uint8_t)byte;
		text += used;
	}
	return length;
}

/* Words of the file's class, little-endian as the machine that tests run on. */
static inline size_t symbol_add(struct uses_file *file, const char *name, unsigned info,
				unsigned section, uint64_t size)
{
	size_t index = file->symbol_count++, string = file->string_size;

	file->last = name;
	strcpy(file->strings + string, name);
	file->string_size += strlen(name) + 1;
	if (file->wide)
		((Elf64_Sym *)(void *)file->symbols)[index] = (Elf64_Sym){
			.st_name = (Elf64_Word)string, .st_info = (unsigned char)info,
			.st_shndx = (Elf64_Section)section, .st_size = size };
	else
		((Elf32_Sym *)(void *)file->symbols)[index] = (Elf32_Sym){
			.st_name = (Elf32_Word)string, .st_info = (unsigned char)info,
			.st_shndx = (Elf32_Section)section, .st_size = (Elf32_Word)size };
	return index;
}

static inline void relocation_add(struct uses_file *file, const struct uses_relocation *from)
{
	size_t table = from->section / 2, index = file->relocation_counts[table]++, symbol;

	if (strcmp(from->symbol, ".text") == 0)
		symbol = 1;
	else if (strcmp(from->symbol, ".text.unlikely") == 0)	/* f.cold begins it */
		symbol = 2;
	else if (strcmp(from->symbol, file->last) == 0)
		symbol = file->symbol_count - 1;
	else
		symbol = symbol_add(file, from->symbol, GELF_ST_INFO(STB_GLOBAL, STT_NOTYPE),
				    SHN_UNDEF, 0);
	if (file->wide)
		((Elf64_Rela *)(void *)file->relocations[table])[index] = (Elf64_Rela){
			from->offset, ELF64_R_INFO(symbol, from->type), from->addend };
	else
		((Elf32_Rel *)(void *)file->relocations[table])[index] = (Elf32_Rel){
			(Elf32_Addr)from->offset, ELF32_R_INFO(symbol, from->type) };
}

static inline void section_add(struct uses_file *file, const char *names, const char *name,
			       const GElf_Shdr *header, void *data, size_t size, Elf_Type type)
{
	Elf_Scn *section = elf_newscn(file->elf);
	Elf_Data *content = elf_newdata(section);
	GElf_Shdr filled = *header;
	size_t at = 1;

	while (strcmp(names + at, name) != 0)
		at += strlen(names + at) + 1;
	filled.sh_name = (GElf_Word)at;
	content->d_buf = data;
	content->d_size = size;
	content->d_type = type;
	content->d_align = 8;
	assert_true(gelf_update_shdr(section, &filled) != 0);
}

static const char uses_names[] = "\0.text\0.text.unlikely\0.rodata.tables\0__bug_table\0.symtab\0"
				 ".strtab\0.shstrtab\0.rela";

static inline void sections_write(struct uses_file *file)
{
	static const char *const names[] = { ".text", ".text.unlikely", ".rodata.tables",
					     "__bug_table" };
	size_t symbol = file->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	size_t relocation = file->wide ? sizeof(Elf64_Rela) : sizeof(Elf32_Rel);

	for (size_t i = 0; i < 4; i++) {
		section_add(file, uses_names, names[i], &(GElf_Shdr){ .sh_type = SHT_PROGBITS,
			.sh_flags = SHF_ALLOC | (i < 2 ? SHF_EXECINSTR : 0), .sh_addralign = 16 },
			i < 2 ? file->code[i] : file->data,
			i < 2 ? file->sizes[i] : sizeof(file->data), ELF_T_BYTE);
		section_add(file, uses_names, ".rela", &(GElf_Shdr){
			.sh_type = file->wide ? SHT_RELA : SHT_REL, .sh_link = U_SYMTAB,
			.sh_info = (GElf_Word)(i * 2 + 1), .sh_entsize = relocation,
			.sh_addralign = 8 }, file->relocations[i],
			file->relocation_counts[i] * relocation, file->wide ? ELF_T_RELA : ELF_T_REL);
	}
	section_add(file, uses_names, ".symtab", &(GElf_Shdr){ .sh_type = SHT_SYMTAB,
		.sh_link = U_STRTAB, .sh_info = 3, .sh_entsize = symbol, .sh_addralign = 8 },
		file->symbols, file->symbol_count * symbol, ELF_T_SYM);
	section_add(file, uses_names, ".strtab", &(GElf_Shdr){ .sh_type = SHT_STRTAB,
		.sh_addralign = 1 }, file->strings, file->string_size, ELF_T_BYTE);
	section_add(file, uses_names, ".shstrtab", &(GElf_Shdr){ .sh_type = SHT_STRTAB,
		.sh_addralign = 1 }, (void *)uses_names, sizeof(uses_names), ELF_T_BYTE);
}

/* Writes the file of the case; `fd` is open for it. */
static inline void uses_file_write(int fd, const struct uses_case *from)
{
	struct uses_file file = { .wide = from->arch == ARCH_X86_64, .string_size = 1 };
	GElf_Ehdr header;

	assert_int_not_equal(elf_version(EV_CURRENT), EV_NONE);
	file.elf = elf_begin(fd, ELF_C_WRITE, NULL);
	assert_non_null(file.elf);
	assert_non_null(gelf_newehdr(file.elf, file.wide ? ELFCLASS64 : ELFCLASS32));
	assert_non_null(gelf_getehdr(file.elf, &header));
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_type = ET_REL;
	header.e_machine = file.wide ? EM_X86_64 : EM_386;
	header.e_version = EV_CURRENT;
	header.e_shstrndx = U_SHSTRTAB;
	assert_true(gelf_update_ehdr(file.elf, &header) != 0);
	file.sizes[0] = hex_read(from->code, file.code[0]);
	file.sizes[1] = hex_read(from->cold, file.code[1]);
	(void)symbol_add(&file, "", 0, SHN_UNDEF, 0);
	(void)symbol_add(&file, "", GELF_ST_INFO(STB_LOCAL, STT_SECTION), U_TEXT, 0);
	(void)symbol_add(&file, "f.cold", GELF_ST_INFO(STB_LOCAL, STT_FUNC), U_COLD, file.sizes[1]);
	(void)symbol_add(&file, "f", GELF_ST_INFO(STB_GLOBAL, STT_FUNC), U_TEXT, file.sizes[0]);
	for (size_t i = 0; i < 4 && from->relocations[i].symbol != NULL; i++)
		relocation_add(&file, &from->relocations[i]);
	sections_write(&file);
	assert_true(elf_update(file.elf, ELF_C_WRITE) > 0);
	(void)elf_end(file.elf);
}

#endif
