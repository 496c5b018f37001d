/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * difference: what became of the functions of an object file when its source was changed and
 * compiled anew. Two instructions are the same if their bytes are, relocated fields left out, and
 * each relocation, and each branch that the assembler resolved by itself, leads to the same: a
 * symbol and an addend, a place in the same function, a string, the bytes of a constant; never an
 * address, a section's offset or the number in a compiler's name (.L7, .LC3, .part.0, .constprop.1,
 * __func__.12345).
 *
 * Formats: relocations of the System V psABIs of x86-64 and i386 (elf(5)).
 */
#ifndef PATCHERD_DIFFERENCE_H
#define PATCHERD_DIFFERENCE_H

#include "function.h"
#include "patch.h"

/* The words of `patchctl derive --json`. */
enum difference_kind {
	DIFFERENCE_IN_PLACE,		/* "in-place": other instructions, no more room */
	DIFFERENCE_RELOCATION,		/* "relocation": the same bytes lead to something else, of
					 * which branches to functions can be changed */
	DIFFERENCE_GREW,		/* "grew": no room for it; also a function that is new */
	DIFFERENCE_SHRANK,		/* "shrank": what is left over becomes nops; also one that
					 * is gone */
	DIFFERENCE_IMMEDIATE		/* "immediate-only": numbers like __LINE__ */
};
const char *difference_kind_name(enum difference_kind kind);

/* Whole instructions of the old function that become other whole ones of the same length in all;
 * the new ones are filled up with nops. Or a branch, of which only `target` changes. */
struct change {
	uint64_t offset;		/* from the old function's start */
	struct bytes old, replacement;
	size_t first, count;		/* the old instructions, by index */
	size_t new_count;		/* instructions of the replacement, nops for filling
					 * included */
	char *target;			/* where a branch leads, whose bytes, which the kernel fills
					 * in, stay: a function's name, in the old object or in
					 * another. NULL: the bytes say all */
	bool line_number;		/* one immediate differs, and it is like __LINE__ */
};

/* A function that differs. */
struct difference {
	char *function;
	unsigned occurrence;		/* which of several of that name, from 1; 0: there is one */
	enum difference_kind kind;
	uint64_t old_size, new_size;	/* bytes; 0: it is not there */
	struct change *changes;		/* all that makes the old function do what the new one does,
					 * in order; none where that cannot be written */
	size_t change_count;
	char *message;			/* what differs, by symbol+offset and disassembly of both;
					 * where there are no changes also why none can be
					 * written */
};

/* Data that has a name, in .data, .rodata or .bss, and other contents, or another size. */
struct data_difference {
	char *symbol;
	uint64_t old_size, new_size;	/* bytes; 0: it is not there */
};

struct differences {
	struct difference *items;	/* by the old function's address, new ones last */
	size_t count;
	size_t compared;		/* functions that both have */
	struct data_difference *data;	/* by the old one's address, new ones last */
	size_t data_count;
};
void differences_deinit(struct differences *differences);

/* One object file; its functions are decoded with `decoder`, its names are those of `symtab`. */
struct object {
	const struct elf_file *elf;	/* relocatable */
	const struct symtab *symtab;
	struct target *target;		/* target_open_image() */
	struct decoder *decoder;
	const char *path;		/* for messages */
};

/*
 * Compares all functions of both, or the one of that name with its .cold part. Functions that only
 * moved do not differ. -1: OUTCOME_ERROR: a damaged file, by its name and section; two
 * architectures; OUTCOME_NOT_FOUND: neither has the function (near names are listed).
 */
int objects_compare(const struct object *old, const struct object *new, const char *function,
		    struct differences *out, struct fail *fail) MUST_CHECK;

#endif
