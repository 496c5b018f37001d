/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elf_fixture: a small kernel or module as an ELF file of x86-64, laid out as plain structs so that
 * a test can damage any field of it. */
#ifndef PATCHERD_ELF_FIXTURE_H
#define PATCHERD_ELF_FIXTURE_H

#include <elf.h>
#include <stdint.h>
#include <string.h>

enum {
	S_NULL, S_TEXT, S_RODATA, S_MODINFO, S_NOTES, S_BSS, S_SYMTAB, S_STRTAB, S_SHSTRTAB,
	S_DEBUG, S_COUNT
};
enum {
	Y_NULL, Y_ENTRY, Y_INNER, Y_FUNCTION, Y_COLD, Y_BANNER, Y_COUNTER, Y_ABSOLUTE, Y_UNDEFINED,
	Y_WEAK, Y_FILE, Y_DEBUG, Y_COUNT
};

#define FIXTURE_TEXT 0xffffffff81000000u
#define FIXTURE_RODATA 0xffffffff81200000u
#define FIXTURE_BSS 0xffffffff81400000u
#define FIXTURE_BUILD_ID "00112233445566778899aabbccddeeff00112233"

/* Section headers at the end: a file cut anywhere is a damaged one. */
struct elf_fixture {
	Elf64_Ehdr header;
	uint8_t text[256];
	char rodata[128];
	char modinfo[96];
	struct {
		Elf64_Nhdr other;
		char other_name[4];
		uint8_t other_desc[4];
		Elf64_Nhdr note;
		char name[4];
		uint8_t desc[20];
	} notes;
	char debug[16];
	Elf64_Sym symbols[Y_COUNT];
	char strings[256];
	char names[128];
	Elf64_Shdr sections[S_COUNT];
};

/* Where `text` is among NUL-separated texts: it is appended if need be. */
static inline uint32_t fixture_string(char *table, size_t size, const char *text)
{
	size_t at = 1;

	while (at < size && table[at] != '\0')
		at += strlen(table + at) + 1;
	assert_true(at + strlen(text) < size);
	strcpy(table + at, text);
	return (uint32_t)at;
}

#define FIXTURE_SECTION(elf, index, label, kind, flag, member, place, alignment)		\
	(elf)->sections[index] = (Elf64_Shdr){							\
		.sh_name = fixture_string((elf)->names, sizeof((elf)->names), label),		\
		.sh_type = (kind), .sh_flags = (flag), .sh_addr = (place),			\
		.sh_offset = offsetof(struct elf_fixture, member),				\
		.sh_size = sizeof((elf)->member), .sh_addralign = (alignment),			\
	}

#define FIXTURE_SYMBOL(elf, index, label, bind, type, section, value, size)			\
	(elf)->symbols[index] = (Elf64_Sym){							\
		fixture_string((elf)->strings, sizeof((elf)->strings), label),			\
		ELF64_ST_INFO(bind, type), STV_DEFAULT, section, value, size }

static inline void fixture_symbols(struct elf_fixture *elf, uint64_t text, uint64_t rodata,
				   uint64_t bss)
{
	FIXTURE_SYMBOL(elf, Y_ENTRY, "entry", STB_GLOBAL, STT_NOTYPE, S_TEXT, text, 0);
	FIXTURE_SYMBOL(elf, Y_INNER, "inner_label", STB_LOCAL, STT_NOTYPE, S_TEXT, text + 0x50, 4);
	FIXTURE_SYMBOL(elf, Y_FUNCTION, "nfs_flock", STB_LOCAL, STT_FUNC, S_TEXT, text + 0x40,
		       0x60);
	FIXTURE_SYMBOL(elf, Y_COLD, "nfs_flock.cold", STB_LOCAL, STT_FUNC, S_TEXT, text + 0xf0,
		       0x1000);
	FIXTURE_SYMBOL(elf, Y_BANNER, "linux_banner", STB_GLOBAL, STT_OBJECT, S_RODATA, rodata + 32,
		       40);
	FIXTURE_SYMBOL(elf, Y_COUNTER, "counter", STB_LOCAL, STT_OBJECT, S_BSS, bss + 8, 8);
	FIXTURE_SYMBOL(elf, Y_ABSOLUTE, "absolute", STB_GLOBAL, STT_NOTYPE, SHN_ABS, 0x1234, 0);
	FIXTURE_SYMBOL(elf, Y_UNDEFINED, "printk", STB_GLOBAL, STT_NOTYPE, SHN_UNDEF, 0, 0);
	FIXTURE_SYMBOL(elf, Y_WEAK, "weak_one", STB_WEAK, STT_FUNC, S_TEXT, text + 0xc0, 8);
	FIXTURE_SYMBOL(elf, Y_FILE, "file.c", STB_LOCAL, STT_FILE, SHN_ABS, 0, 0);
	FIXTURE_SYMBOL(elf, Y_DEBUG, "debug_one", STB_LOCAL, STT_OBJECT, S_DEBUG, 0, 4);
}

static inline void fixture_sections(struct elf_fixture *elf, bool module)
{
	FIXTURE_SECTION(elf, S_TEXT, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text,
			module ? 0 : FIXTURE_TEXT, 64);
	FIXTURE_SECTION(elf, S_RODATA, ".rodata", SHT_PROGBITS, SHF_ALLOC, rodata,
			module ? 0 : FIXTURE_RODATA, 4096);
	FIXTURE_SECTION(elf, S_MODINFO, ".modinfo", SHT_PROGBITS, module ? SHF_ALLOC : 0,
			modinfo, 0, 1);
	FIXTURE_SECTION(elf, S_NOTES, ".notes", SHT_NOTE, SHF_ALLOC, notes,
			module ? 0 : FIXTURE_RODATA + 0x1000, 4);
	FIXTURE_SECTION(elf, S_BSS, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, debug,
			module ? 0 : FIXTURE_BSS, 16);
	FIXTURE_SECTION(elf, S_SYMTAB, ".symtab", SHT_SYMTAB, 0, symbols, 0, 8);
	FIXTURE_SECTION(elf, S_STRTAB, ".strtab", SHT_STRTAB, 0, strings, 0, 1);
	FIXTURE_SECTION(elf, S_SHSTRTAB, ".shstrtab", SHT_STRTAB, 0, names, 0, 1);
	FIXTURE_SECTION(elf, S_DEBUG, ".debug_info", SHT_PROGBITS, 0, debug, 0, 1);
	elf->sections[S_SYMTAB].sh_link = S_STRTAB;
	elf->sections[S_SYMTAB].sh_entsize = sizeof(Elf64_Sym);
	elf->sections[S_SYMTAB].sh_info = 1;
	elf->sections[S_BSS].sh_size = 64;
}

static inline void fixture_notes(struct elf_fixture *elf)
{
	elf->notes.other = (Elf64_Nhdr){ 4, 4, 1 };
	memcpy(elf->notes.other_name, "Xen", 4);
	elf->notes.note = (Elf64_Nhdr){ 4, 20, NT_GNU_BUILD_ID };
	memcpy(elf->notes.name, "GNU", 4);
	for (size_t i = 0; i < sizeof(elf->notes.desc); i++)
		elf->notes.desc[i] = (uint8_t)(i % 16 * 0x11);
}

static inline void fixture_make(struct elf_fixture *elf, bool module)
{
	memset(elf, 0, sizeof(*elf));
	elf->header = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = module ? ET_REL : ET_EXEC, .e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_shoff = offsetof(struct elf_fixture, sections), .e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = S_COUNT, .e_shstrndx = S_SHSTRTAB,
	};
	for (size_t i = 0; i < sizeof(elf->text); i++)
		elf->text[i] = (uint8_t)i;
	fixture_sections(elf, module);
	fixture_notes(elf);
	if (module) {
		memcpy(elf->modinfo,
		       "license=GPL\0name=nfs\0vermagic=6.1.0-56-cloud-amd64 SMP preempt ", 64);
		fixture_symbols(elf, 0, 0, 0);
	} else {
		strcpy(elf->rodata, "no: Linux version here");
		strcpy(elf->rodata + 32, "Linux version 6.1.0-test (root@x) #1\n");
		fixture_symbols(elf, FIXTURE_TEXT, FIXTURE_RODATA, FIXTURE_BSS);
	}
}

#endif
