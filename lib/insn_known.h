/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * insn_known: the texts of instructions that were decoded before. Five of six instructions of a kernel's
 * text were seen a moment ago, but for where a branch goes, and making a text takes far longer than
 * all else of decoding.
 */
#ifndef PATCHERD_INSN_KNOWN_H
#define PATCHERD_INSN_KNOWN_H

#include "insn_layout.h"

enum { KNOWN_BITS = 12 };

/* Nothing but `bytes` tells the text, on one architecture. */
struct known_insn {
	uint8_t bytes[INSN_MAX + 1];	/* zeros behind its end; a direct branch's displacement is 0 */
	char text[48];			/* mnemonic, NUL, operands, NUL; those of a direct branch are
					 * its target, and not here */
};

struct known_insns {
	struct known_insn items[1 << KNOWN_BITS];	/* by a hash of the bytes; all zero: none */
};

/* Fills in the text of an instruction that has all else; false: it is not known. */
bool known_find(const struct known_insns *known, const struct insn_layout *layout,
		struct insn *insn);
/* Keeps the text of one that is not opaque, if it is not too long, in place of another's. */
void known_keep(struct known_insns *known, const struct insn_layout *layout,
		const struct insn *insn);

#endif
