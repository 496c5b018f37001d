/* SPDX-License-Identifier: GPL-2.0-or-later */
/* insn_text: capstone's AT&T text of an instruction, respelled as `objdump -d` has it. */
#ifndef PATCHERD_INSN_TEXT_H
#define PATCHERD_INSN_TEXT_H

#include "insn_layout.h"

/* Fills in mnemonic and operands from capstone's and from the instruction's bytes, which
 * insn->bytes and insn->target have already. False: it does not fit; nothing is filled in. */
bool insn_text(const struct insn_layout *layout, const char *mnemonic, const char *operands,
	       struct insn *insn);

/* If `mnemonic` is one that takes a size suffix, and has one: the length without it; else 0. */
size_t mnemonic_root(const char *mnemonic);
/* 'b', 'w', 'l' or 'q' for a general register "%rax" (up to the end, or a comma); 0: no such. */
char register_suffix(const char *name);

#endif
