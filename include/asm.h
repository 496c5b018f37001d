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
 * NULL where there is none or no name, then the number is printed, with 0x. Returns out. The
 * spelling is that of binutils 2.40, except that prefixes without any effect ("rex.W push %rax")
 * are not named. */
const char *asm_print(const struct insn *insn, const char *target, char out[ASM_MAX]);

/*
 * Whether the pattern describes the instruction: same prefixes, same name, as many operands, and
 * each operand alike. An opaque instruction matches nothing.
 * - Case and blanks do not count (but the case of a symbol's name does), nor does what objdump
 *   adds behind `#`.
 * - Numbers are compared as numbers: 0x2 and 2; an immediate by the size of its operation: for one
 *   of 32 bits 0xffffffff is -1, for one of 64 it is not. A displacement of 0 and a scale of 1 may
 *   be left out. A number with a leading 0 (octal?) matches nothing.
 * - A size suffix may be left out, or given where a register tells the size: test, testb; call,
 *   callq. A wrong one does not match. Synonyms: jz and je, setnae and setb, cmovz and cmove …;
 *   repz, repe and rep; repne and repnz; "rep stosq" without its operands; "shl $1,%eax" for
 *   "shl %eax".
 * - `*` is any run of characters within one operand, none included: "mov *(%rdi),*" has two. Digits
 *   beside it are compared as text: "0x5*(%rdi)". Where the instruction has an indirection
 *   ("call *0x8(%rax)"), a `*` in front of more is that: "call *(%rax)" is no other displacement,
 *   "call *" is any operand.
 * - A branch's target is `target`, or its number, which may be as objdump has it: without 0x, with
 *   the name in <> behind it.
 * - A name alone is an instruction without operands: "ret", but "je *".
 */
bool asm_match(const char *pattern, const struct insn *insn, const char *target);

/* What the @names of a pattern stand for: each a general register, by its number in any width (%al,
 * %eax, %rax: 0; %ah too). */
enum { ASM_NAMES_MAX = 8, ASM_NAME_MAX = 24 };
struct asm_names {
	struct {
		char name[ASM_NAME_MAX];
		unsigned number;
	} items[ASM_NAMES_MAX];
	size_t count;
};

/* The same with @name in place of registers: the first use of a name binds it, each later one must be
 * the same register. Behind a `*` in its operand it is the first register that fits that operand. False
 * leaves *names as it was. */
bool asm_match_names(const char *pattern, const struct insn *insn, const char *target,
		     struct asm_names *names);

/* Whether a pattern can be one at all: printable ASCII, a name in it that has no `*`, brackets
 * closed, at most 6 operands, not longer than ASM_MAX - 1; else false and *why is a constant text
 * like "a ( without its )". */
bool asm_check(const char *pattern, const char **why);

#endif
