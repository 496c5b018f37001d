/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * elf_file: an ELF file as a kernel would lie in memory: vmlinux and /proc/kcore at the
 * addresses the file gives, a .ko or .o with its sections laid one behind the other. The file is
 * hostile until checked: nothing in it is used before one range predicate has seen it.
 *
 * Formats: elf(5); modinfo (include/linux/moduleinfo.h: NUL-separated "key=value");
 * notes (elf(5), NT_GNU_BUILD_ID).
 */
#ifndef PATCHERD_ELF_FILE_H
#define PATCHERD_ELF_FILE_H

#include "arch.h"
#include "fail.h"

struct elf_section {
	const char *name;
	uint64_t address;	/* where it lies, given or assigned; 0 where not SHF_ALLOC */
	uint64_t size;
	const uint8_t *data;	/* NULL: no bytes in the file */
	uint64_t flags;		/* SHF_* */
	uint64_t entry_size;	/* of tables and strings: bytes of each entry or character */
};

struct elf_symbol {
	const char *name;
	uint64_t address;
	uint64_t size;
	const struct elf_section *section;	/* NULL: absolute */
	unsigned char type;	/* STT_* */
	unsigned char binding;	/* STB_* */
};

struct elf_file;

/* Opens and checks. -1: OUTCOME_ERROR with the file's name, the section and why. */
int elf_file_open(const char *path, struct elf_file **out, struct fail *fail) MUST_CHECK;
/* The same of bytes in memory, which belong to the elf_file and are freed with it, also when this
 * fails; `path` is for messages. */
int elf_file_open_bytes(const char *path, uint8_t *data, size_t size, struct elf_file **out,
			struct fail *fail) MUST_CHECK;
void elf_file_close(struct elf_file *elf);

enum architecture elf_file_architecture(const struct elf_file *elf);
bool elf_file_relocatable(const struct elf_file *elf);
/* Of .modinfo: "nfs"; NULL: not a module. */
const char *elf_file_module(const struct elf_file *elf);
/* Of "Linux version R " in .rodata, or of .modinfo's vermagic; NULL: the file names none. */
const char *elf_file_release(const struct elf_file *elf);
/* Lower-case hexadecimal; NULL: none. */
const char *elf_file_build_id(const struct elf_file *elf);

/* `length` bytes at `address`; NULL: not all of them are in one section of the file. */
const uint8_t *elf_file_bytes(const struct elf_file *elf, uint64_t address, size_t length);
/* The section in which `address` lies; NULL: none. */
const struct elf_section *elf_file_section_at(const struct elf_file *elf, uint64_t address);
/* The section of that name; NULL: none. */
const struct elf_section *elf_file_section(const struct elf_file *elf, const char *name);
/* The sections whose names begin so, one after the other: `previous` NULL for the first; NULL: no more. */
const struct elf_section *elf_file_section_next(const struct elf_file *elf, const char *beginning,
						const struct elf_section *previous);
/* A copy of a section of a relocatable file with its relocations applied (the psABIs' 64, PC64, PC32
 * and PLT32 of x86-64; 32, PC32 and PLT32 of i386, with the addend in place), to be freed; fields that
 * name undefined symbols stay as they are, as only the kernel that loads the file knows them. -1:
 * another type, or one out of range. */
int elf_file_relocate(const struct elf_file *elf, const struct elf_section *section,
		      uint8_t **out, struct fail *fail) MUST_CHECK;
/* Calls `each` with the address and size in bytes of every field of a section that a relocation of a
 * .ko or .o fills in, until it returns other than 0, and returns that; -1 with *fail also for a type
 * whose size is not known. */
int elf_file_relocations(const struct elf_file *elf, const struct elf_section *section,
			 int (*each)(uint64_t address, size_t size, void *data, struct fail *fail),
			 void *data, struct fail *fail) MUST_CHECK;
/*
 * Where the code of a .ko or .o leads that only its relocations say. An undefined symbol has an address
 * made up for it, ELF_UNDEFINED_BASE and behind, where nothing of the file lies.
 */
#define ELF_UNDEFINED_BASE 0x80000000u
struct elf_references;
int elf_references_load(const struct elf_file *elf, struct elf_references **out,
			struct fail *fail) MUST_CHECK;
void elf_references_destroy(struct elf_references *references);
/* What the relocation of the 4 bytes at `address` points to, its addend added; false: there is none. */
bool elf_references_find(const struct elf_references *references, uint64_t address, uint64_t *out);
/* Calls `each` for every undefined, named symbol as elf_file_symbols() does for the others. */
int elf_file_undefined(const struct elf_file *elf,
		       int (*each)(const struct elf_symbol *symbol, void *data, struct fail *fail),
		       void *data, struct fail *fail) MUST_CHECK;
/* What stands in the file behind the last byte that its headers name, `*length` bytes. */
const uint8_t *elf_file_behind(const struct elf_file *elf, size_t *length);
/* Calls `each` for every defined, named symbol, until it returns other than 0, and returns that;
 * -1 with *fail also when the table is damaged. */
int elf_file_symbols(const struct elf_file *elf,
		     int (*each)(const struct elf_symbol *symbol, void *data, struct fail *fail),
		     void *data, struct fail *fail) MUST_CHECK;

#endif
