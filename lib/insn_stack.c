/* SPDX-License-Identifier: GPL-2.0-or-later */
/* insn_stack: which instructions move the stack pointer. */
#include "insn.h"

#include "insn_layout.h"

/*
 * What an opcode writes of the general registers, a character each:
 *   .  none, or none that could be the stack pointer     s  the stack pointer: push, pop …
 *   M  that of ModRM's rm                  R  that of ModRM's reg          X  both
 *   O  that of the opcode's low bits       Y  rm of a segment's selector, or reg: arpl, movslq
 *   m, r, x, o  the same, of 8 bits
 * and where it is one of a group, or a prefix makes another of it:
 *   1  rm but with reg 7 (cmp); a: the same of 8 bits
 *   3  rm with reg 2 and 3 (not, neg); c: the same of 8 bits
 *   5  rm with reg 0 and 1 (inc, dec), the stack pointer with 6 (push)
 *   6  rm with reg 0 and 1 (sldt, str)     7  rm with reg 4 (smsw)
 *   8  rm with f3 and reg 1 (rdssp)        9  rm with f3 and reg 0 and 1 (rdfsbase, rdgsbase)
 *   F  reg with f2 or f3                   E  rm without f3                V  rm without a prefix
 *   T  rm with reg above 4 (bts, btr, btc) N  rm with reg above 5 (rdrand, rdseed, rdpid)
 * A call pushes what the return pops, and what returns or stops leaves nothing behind it.
 */
static const char one_byte[] =
	"mMrR..ss" "mMrR..s."	/* 00: add, or */
	"mMrR..ss" "mMrR..ss"	/* 10: adc, sbb */
	"mMrR...." "mMrR...."	/* 20: and, sub */
	"mMrR...." "........"	/* 30: xor, cmp */
	"OOOOOOOO" "OOOOOOOO"	/* 40: inc, dec */
	"ssssssss" "ssssssss"	/* 50 */
	"ss.Y...." "sRsR...."	/* 60 */
	"........" "........"	/* 70 */
	"a1a1..xX" "mMrRMR.s"	/* 80 */
	"OOOOOOOO" "....ss.."	/* 90: xchg; pushf, popf */
	"........" "........"	/* a0 */
	"oooooooo" "OOOOOOOO"	/* b0 */
	"mM..RRmM" "ss......"	/* c0: shifts, les, lds, mov; enter, leave */
	"mMmM...." "........"	/* d0: shifts */
	"........" "........"	/* e0 */
	"......c3" "......m5";	/* f0 */

static const char two_byte[] =
	"67RR...." "........"	/* 0f 00: lar, lsl */
	"........" "......8."	/* 0f 10 */
	"MM......" "....FF.."	/* 0f 20: from control and debug registers; cvttss2si */
	"........" "........"	/* 0f 30 */
	"RRRRRRRR" "RRRRRRRR"	/* 0f 40: cmovcc */
	"R......." "........"	/* 0f 50: movmskps */
	"........" "........"	/* 0f 60 */
	"........" "V.....E."	/* 0f 70: vmread, movd */
	"........" "........"	/* 0f 80 */
	"mmmmmmmm" "mmmmmmmm"	/* 0f 90: setcc */
	"ss..MM.." "ss.MMM9R"	/* 0f a0: push and pop of fs and gs, shld; bts, shrd, imul */
	"mMRMRRRR" "F.TMRRRR"	/* 0f b0: cmpxchg, lss, btr, lfs, lgs, movz; popcnt, btc, bsf, bsr, movs */
	"xX...R.N" "OOOOOOOO"	/* 0f c0: xadd, pextrw; bswap */
	".......R" "........"	/* 0f d0: pmovmskb */
	"........" "........"	/* 0f e0 */
	"........" "........";	/* 0f f0 */

/* Of the other maps and encodings, those that write a general register at all. 'v': reg, or vvvv of the
 * prefix; 'e': rm where the prefix does not stand for f3. */
static const struct {
	enum insn_encoding encoding;
	uint8_t map, first, last;
	char writes;
} others[] = {
	{ ENCODING_LEGACY, 2, 0xf0, 0xf0, 'R' },	/* movbe, crc32 */
	{ ENCODING_LEGACY, 2, 0xf1, 0xf1, 'F' },	/* crc32 */
	{ ENCODING_LEGACY, 2, 0xf6, 0xf6, 'R' },	/* adcx, adox */
	{ ENCODING_LEGACY, 3, 0x14, 0x17, 'M' },	/* pextrb, -w, -d, extractps */
	{ ENCODING_VEX, 1, 0x2c, 0x2d, 'R' },		/* vcvttss2si, vcvtss2si */
	{ ENCODING_VEX, 1, 0x50, 0x50, 'R' },		/* vmovmskps */
	{ ENCODING_VEX, 1, 0x7e, 0x7e, 'e' },		/* vmovd */
	{ ENCODING_VEX, 1, 0x93, 0x93, 'R' },		/* kmovw */
	{ ENCODING_VEX, 1, 0xc5, 0xc5, 'R' },		/* vpextrw */
	{ ENCODING_VEX, 1, 0xd7, 0xd7, 'R' },		/* vpmovmskb */
	{ ENCODING_VEX, 2, 0xf2, 0xf2, 'R' },		/* andn */
	{ ENCODING_VEX, 2, 0xf3, 0xf3, 'v' },		/* blsr, blsmsk, blsi */
	{ ENCODING_VEX, 2, 0xf5, 0xf5, 'R' },		/* bzhi, pdep, pext */
	{ ENCODING_VEX, 2, 0xf6, 0xf6, 'v' },		/* mulx */
	{ ENCODING_VEX, 2, 0xf7, 0xf7, 'R' },		/* bextr, sarx, shlx, shrx */
	{ ENCODING_VEX, 3, 0x14, 0x17, 'M' },		/* vpextrb … */
	{ ENCODING_VEX, 3, 0xf0, 0xf0, 'R' },		/* rorx */
	{ ENCODING_EVEX, 1, 0x2c, 0x2d, 'R' },
	{ ENCODING_EVEX, 1, 0x78, 0x79, 'R' },		/* vcvttss2usi, vcvtss2usi */
	{ ENCODING_EVEX, 1, 0x7e, 0x7e, 'e' },
	{ ENCODING_EVEX, 1, 0xc5, 0xc5, 'R' },
	{ ENCODING_EVEX, 3, 0x14, 0x17, 'M' },
	{ ENCODING_XOP, 9, 0x01, 0x02, 'v' },		/* blcfill … */
	{ ENCODING_XOP, 10, 0x10, 0x10, 'R' },		/* bextr */
};

enum { STACK_POINTER = 4 };

static bool is_reg(const struct insn_layout *layout)
{
	return layout_reg(layout) == STACK_POINTER && (layout->rex & REX_R) == 0;
}

static bool is_rm(const struct insn_layout *layout)
{
	return layout_mod(layout) == 3 && layout_rm(layout) == STACK_POINTER &&
	       (layout->rex & REX_B) == 0;
}

static bool is_low(const struct insn_layout *layout)
{
	return (layout->opcode & 7) == STACK_POINTER && (layout->rex & REX_B) == 0;
}

/* The byte of VEX, EVEX and XOP with vvvv, inverted, in bits 6 to 3 and pp in bits 1 and 0. */
static uint8_t prefix_byte(const struct insn_layout *layout, const uint8_t *bytes)
{
	const uint8_t *prefix = bytes + layout->opcode_at;

	return prefix[prefix[0] == 0xc5 ? 1 : 2];
}

static bool is_vvvv(uint8_t prefix)
{
	return (~prefix >> 3 & 0xf) == STACK_POINTER;
}

static char writes(const struct insn_layout *layout)
{
	if (layout->encoding == ENCODING_LEGACY && layout->map == 0)
		return one_byte[layout->opcode];
	if (layout->encoding == ENCODING_LEGACY && layout->map == 1)
		return two_byte[layout->opcode];
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (others[i].encoding == layout->encoding && others[i].map == layout->map &&
		    layout->opcode >= others[i].first && layout->opcode <= others[i].last)
			return others[i].writes;
	}
	return '.';
}

/* Of a group, or by a prefix, what it is then. */
static char resolve(const struct insn_layout *layout, char kind)
{
	unsigned reg = layout_reg(layout);

	switch (kind) {
	case 'Y':
		return layout->arch == ARCH_X86_64 ? 'R' : 'M';
	case '1':
		return reg != 7 ? 'M' : '.';
	case 'a':
		return reg != 7 ? 'm' : '.';
	case '3':
		return reg == 2 || reg == 3 ? 'M' : '.';
	case 'c':
		return reg == 2 || reg == 3 ? 'm' : '.';
	case '5':
		if (reg == 6)
			return 's';
		return reg < 2 ? 'M' : '.';
	case '6':
		return reg < 2 ? 'M' : '.';
	case '7':
		return reg == 4 ? 'M' : '.';
	case '8':
		return layout->repeat == 0xf3 && reg == 1 ? 'M' : '.';
	case '9':
		return layout->repeat == 0xf3 && reg < 2 ? 'M' : '.';
	case 'F':
		return layout->repeat != 0 ? 'R' : '.';
	case 'E':
		return layout->repeat != 0xf3 ? 'M' : '.';
	case 'V':
		return layout->repeat == 0 && !layout->operand_size ? 'M' : '.';
	case 'T':
		return reg > 4 ? 'M' : '.';
	case 'N':
		return reg > 5 ? 'M' : '.';
	default:
		return kind;
	}
}

bool insn_moves_stack(enum architecture arch, const struct insn *insn)
{
	struct insn_layout layout;

	if (!insn_layout(arch, insn->bytes, insn->length, &layout))
		return false;	/* not reached: it was decoded */

	/* of 8 bits, register 4 is %ah without a REX prefix, and %spl with one */
	switch (resolve(&layout, writes(&layout))) {
	case 's':
		return true;
	case 'M':
		return is_rm(&layout);
	case 'R':
		return is_reg(&layout);
	case 'X':
		return is_rm(&layout) || is_reg(&layout);
	case 'O':
		return is_low(&layout);
	case 'm':
		return layout.has_rex && is_rm(&layout);
	case 'r':
		return layout.has_rex && is_reg(&layout);
	case 'x':
		return layout.has_rex && (is_rm(&layout) || is_reg(&layout));
	case 'o':
		return layout.has_rex && is_low(&layout);
	case 'v':
		return is_reg(&layout) || is_vvvv(prefix_byte(&layout, insn->bytes));
	case 'e':
		return is_rm(&layout) && (prefix_byte(&layout, insn->bytes) & 3) != 2;
	default:
		return false;
	}
}
