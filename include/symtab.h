/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symtab: names and addresses of a kernel's functions and data, as an index that does not
 * change once it is built. Equal names are all kept, in address order.
 *
 * Formats: /proc/kallsyms "ADDRESS TYPE NAME[\t[MODULE]]" (kernel/kallsyms.c, s_show) and
 * System.map "ADDRESS TYPE NAME" (nm -n); the type letters are those of nm(1).
 */
#ifndef PATCHERD_SYMTAB_H
#define PATCHERD_SYMTAB_H

#include "elf_file.h"
#include "fail.h"

struct symbol {
	uint64_t address;
	uint64_t size;		/* bytes; from ELF, else up to the next symbol of another address and
				 * never past the end of its section as far as that is known; 0 where
				 * nothing is (a linker's end marker) */
	const char *name;
	const char *module;	/* NULL: the kernel image */
	char type;		/* letter of nm(1) */
};

struct symtab;

/* From a file in the form of /proc/kallsyms. All-zero addresses (kptr_restrict), an empty, a
 * truncated and a garbled file each have their own message. */
int symtab_load_kallsyms(const char *path, struct symtab **out, struct fail *fail) MUST_CHECK;
/* From a System.map, at the addresses it has. Debian's one-line stub has its own message. */
int symtab_load_system_map(const char *path, struct symtab **out, struct fail *fail) MUST_CHECK;
/* From an ELF file's .symtab, at the addresses elf_file gives its sections. No symbols in it:
 * OUTCOME_NOT_FOUND. */
int symtab_load_elf(const struct elf_file *elf, struct symtab **out, struct fail *fail) MUST_CHECK;
void symtab_destroy(struct symtab *symtab);

/* By how much the text symbols of `map` that `live` has too (names that occur once in each, and in
 * the kernel image) are moved. -1: none in common, or not all by one and the same slide (OUTCOME_GUARD, two that
 * differ are named). */
int symtab_slide(const struct symtab *map, const struct symtab *live, int64_t *slide,
		 struct fail *fail) MUST_CHECK;
/* A copy with all but absolute and per-CPU symbols moved by `slide`. */
int symtab_move(const struct symtab *map, int64_t slide, struct symtab **out,
		struct fail *fail) MUST_CHECK;
/* All of `live`, and what `map`, at its final addresses, has and `live` has not: the same name at the
 * same address is the same symbol. */
int symtab_join(const struct symtab *live, const struct symtab *map, struct symtab **out,
		struct fail *fail) MUST_CHECK;
/* Whether the kernel image's data is among the symbols. Of a kernel that was built without
 * CONFIG_KALLSYMS_ALL, kallsyms has functions only. */
bool symtab_has_data(const struct symtab *symtab);

size_t symtab_count(const struct symtab *symtab);
/* The index-th in address order, index < symtab_count(). */
const struct symbol *symtab_item(const struct symtab *symtab, size_t index);
/* Those of exactly that name in address order: `previous` NULL for the first; NULL at the end. */
const struct symbol *symtab_next(const struct symtab *symtab, const char *name,
				 const struct symbol *previous);
/* The first of that name in the kernel image; NULL: there is none. */
const struct symbol *symtab_in_image(const struct symtab *symtab, const char *name);
/* Those whose name is `name` followed by a dot and more (nfs_flock.cold), the same way. */
const struct symbol *symtab_next_sibling(const struct symtab *symtab, const char *name,
					 const struct symbol *previous);
/* The symbol in whose bytes `address` lies (of several, a global function is preferred); NULL:
 * none. */
const struct symbol *symtab_at(const struct symtab *symtab, uint64_t address);
/* Up to `max` names like `name`, nearest first; returns how many. For messages: it is slow. */
size_t symtab_near(const struct symtab *symtab, const char *name, const struct symbol **out,
		   size_t max);
/* Whether nm's letter means code: t, T, w, W. */
bool symbol_is_text(const struct symbol *symbol);
/* Whether both are in the kernel image, or in one module. */
bool symbol_same_module(const struct symbol *a, const struct symbol *b);

#endif
