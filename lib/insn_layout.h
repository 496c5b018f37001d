/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * insn_layout: where the parts of an x86 instruction lie in its bytes: prefixes, opcode, ModRM,
 * displacement, immediate. This gives the length of what capstone does not know, and the numbers
 * that it prints in another way than binutils.
 *
 * Format: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, chapter 2 and
 * appendix A (opcode maps).
 */
#ifndef PATCHERD_INSN_LAYOUT_H
#define PATCHERD_INSN_LAYOUT_H

#include "insn.h"

enum insn_encoding { ENCODING_LEGACY, ENCODING_VEX, ENCODING_EVEX, ENCODING_XOP };

enum { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };

struct insn_layout {
	enum architecture arch;
	enum insn_encoding encoding;
	bool operand_size;		/* prefix 66 */
	bool address_size;		/* prefix 67 */
	bool lock;
	uint8_t repeat;			/* f2 or f3, the last of them; 0: none */
	uint8_t segment;		/* the last segment prefix; 0: none */
	uint8_t rex;			/* of REX, VEX or EVEX: REX_* bits */
	bool has_rex;			/* a REX prefix itself */
	uint8_t map;			/* 0: one byte, 1: 0f, 2: 0f 38, 3: 0f 3a */
	uint8_t opcode;
	uint8_t opcode_at;		/* offset; all before it is prefixes */
	bool has_modrm;
	uint8_t modrm;
	uint8_t sib_at;			/* offset; 0: none */
	uint8_t displacement_at, displacement_size;	/* size 0: none */
	uint8_t immediate_at, immediate_size;		/* also a branch's displacement */
	uint8_t length;
};

/* False: no instruction of this architecture, or not whole within `length` bytes. */
bool insn_layout(enum architecture arch, const uint8_t *bytes, size_t length,
		 struct insn_layout *out);

/* The `size` (1, 2, 4 or 8) bytes at `bytes`, sign-extended. */
int64_t insn_number(const uint8_t *bytes, unsigned size);

/* 16, 32 or 64: the size of general operands. */
unsigned insn_operand_bits(const struct insn_layout *layout);

static inline unsigned layout_mod(const struct insn_layout *layout)
{
	return layout->modrm >> 6;
}

static inline unsigned layout_reg(const struct insn_layout *layout)
{
	return layout->modrm >> 3 & 7;
}

static inline unsigned layout_rm(const struct insn_layout *layout)
{
	return layout->modrm & 7;
}

static inline bool layout_is(const struct insn_layout *layout, unsigned map, unsigned opcode)
{
	return layout->encoding == ENCODING_LEGACY && layout->map == map &&
	       layout->opcode == opcode;
}

#endif
