/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asm_line: a line of assembler taken apart, so that one that is compared often is read once.
 * Internal to lib/asm*.c and lib/pattern*.c. */
#ifndef PATCHERD_ASM_LINE_H
#define PATCHERD_ASM_LINE_H

#include "asm.h"

enum { ASM_WORDS_MAX = 15, ASM_OPERANDS_MAX = 6 };

/* Prefixes, mnemonic and operands point into `text`: not to be copied beyond its life. */
struct asm_line {
	char text[ASM_MAX];
	const char *prefixes[ASM_WORDS_MAX];
	size_t prefix_count;
	const char *mnemonic;
	const char *operands[ASM_OPERANDS_MAX];
	size_t operand_count;
};

/* False: too long or too many parts, so that it describes no instruction. */
bool asm_line_cut(const char *line, struct asm_line *out);

/* asm_match_names() of a pattern that is cut already; names NULL: an @ is no name. */
bool asm_line_match(const struct asm_line *pattern, const struct insn *insn, const char *target,
		    struct asm_names *names);

/* Whether the pattern's operand and the instruction's are alike: `bits` is the size of an immediate,
 * `symbol` says that the text is a symbol's name, whose case counts. False may leave names behind. */
bool asm_operand_match(const char *pattern, const char *text, unsigned bits, bool symbol,
		       struct asm_names *names);

/* The length of a name of a register's that starts behind the `@` at `at`; 0: none, or too long. */
size_t asm_name_length(const char *at);

#endif
