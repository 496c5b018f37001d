/* SPDX-License-Identifier: GPL-2.0-or-later */
/* insn_operand: the operands of an instruction as `objdump -d` spells them: memory and numbers from
 * the instruction's bytes, registers from capstone. */
#ifndef PATCHERD_INSN_OPERAND_H
#define PATCHERD_INSN_OPERAND_H

#include "insn_layout.h"

/* Text being put together; `full` when it did not fit. */
struct text {
	char *at;
	char *end;
	bool full;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same of a text alone, and of a number, "0x28", in a tenth of the time. */
void text_put(struct text *text, const char *string, size_t length);
void text_put_number(struct text *text, uint64_t number);

/* "fs" for 64 */
const char *insn_segment_name(uint8_t prefix);
/* Whether the segment prefix has an effect: in 64-bit mode only that of fs and gs. */
bool insn_segment_counts(const struct insn_layout *layout);
/* Whether any operand is memory, named or implied. */
bool insn_has_memory(const struct insn_layout *layout);
/* movs, stos and the like; and their names, with the size suffix where no operand tells it. */
bool insn_is_string(const struct insn_layout *layout);
void insn_string_mnemonic_print(struct text *text, const struct insn_layout *layout);
/* call, lcall, jmp, ljmp through a register or memory. */
bool insn_is_indirect(const struct insn_layout *layout);
/* in and out by the port %dx. */
bool insn_is_port(const struct insn_layout *layout);

/* `operands` are capstone's, without blanks. */
void insn_operands_print(struct text *text, const struct insn_layout *layout,
			 const char *const *operands, size_t count, const struct insn *insn);

#endif
