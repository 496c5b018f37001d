/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * asm: assembler text in one spelling, that of `objdump -d` (AT&T), and its comparison with the
 * patterns of a patch file. Whatever asm_print() prints, asm_match() takes as a pattern.
 */
#ifndef PATCHERD_ASM_H
#define PATCHERD_ASM_H

#include "insn.h"

enum { ASM_MAX = 320 };

/* Prints one instruction, "je nfs_flock+0x6a": `target` names a direct branch's target, and is
 * NULL where there is none or no name, then the number is printed. Returns out. */
const char *asm_print(const struct insn *insn, const char *target, char out[ASM_MAX]);

/* Whether the pattern describes the instruction. Case, blanks, number base, sign and size
 * suffixes do not count; `*` matches within an operand. A branch's target may be written as
 * `target` or as its number. An opaque instruction matches nothing. */
bool asm_match(const char *pattern, const struct insn *insn, const char *target);

/* Whether a pattern can be one at all: printable, not empty, brackets closed, not longer than
 * ASM_MAX - 1; else false and *why is a constant text. */
bool asm_check(const char *pattern, const char **why);

#endif
