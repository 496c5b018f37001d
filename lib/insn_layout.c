/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "insn_layout.h"

/*
 * What follows an opcode, a character each:
 *   .  nothing           m  ModRM               x  no opcode (a prefix, an escape)
 *   b  8 bits            B  ModRM and 8 bits    w  16 bits
 *   z  16 or 32 bits     Z  ModRM and those     v  16, 32 or 64 bits
 *   g  ModRM, and 8 bits where reg is 0 or 1 (test of group 3)     G  the same with z
 *   e  enter: 16 and 8   o  an address          p  a far pointer
 *   6  nothing, and no instruction in 64-bit mode; 7: the same with ModRM, 8: with b, P: with p
 *   r  ModRM that names registers whatever its mod says; s: the same, not in 64-bit mode
 *   t  8 and 8
 */
static const char one_byte[] =
	"mmmmbz66" "mmmmbz6x"	/* 00 */
	"mmmmbz66" "mmmmbz66"	/* 10 */
	"mmmmbzx6" "mmmmbzx6"	/* 20 */
	"mmmmbzx6" "mmmmbzx6"	/* 30 */
	"........" "........"	/* 40: inc, dec; REX is taken off before */
	"........" "........"	/* 50 */
	"667mxxxx" "zZbB...."	/* 60 */
	"bbbbbbbb" "bbbbbbbb"	/* 70 */
	"BZ9Bmmmm" "mmmmmmmm"	/* 80 */
	"........" "..P....."	/* 90 */
	"oooo...." "bz......"	/* a0 */
	"bbbbbbbb" "vvvvvvvv"	/* b0 */
	"BBw.77BZ" "e.w..b6."	/* c0 */
	"mmmm88.." "mmmmmmmm"	/* d0 */
	"bbbbbbbb" "zzPb...."	/* e0 */
	"x.xx..gG" "......mm";	/* f0 */

static const char two_byte[] =
	"mmmmx..." "..x.xm.B"	/* 0f 00 */
	"mmmmmmmm" "mmmmmmmm"	/* 0f 10 */
	"rrrrsxsx" "mmmmmmmm"	/* 0f 20 */
	"........" "xxxxxxxx"	/* 0f 30 */
	"mmmmmmmm" "mmmmmmmm"	/* 0f 40 */
	"mmmmmmmm" "mmmmmmmm"	/* 0f 50 */
	"mmmmmmmm" "mmmmmmmm"	/* 0f 60 */
	"BBBBmmm." "mmmmmmmm"	/* 0f 70 */
	"zzzzzzzz" "zzzzzzzz"	/* 0f 80 */
	"mmmmmmmm" "mmmmmmmm"	/* 0f 90 */
	"...mBmmm" "...mBmmm"	/* 0f a0 */
	"mmmmmmmm" "mmBmmmmm"	/* 0f b0 */
	"mmBmBBBm" "........"	/* 0f c0 */
	"mmmmmmmm" "mmmmmmmm"	/* 0f d0 */
	"mmmmmmmm" "mmmmmmmm"	/* 0f e0 */
	"mmmmmmmm" "mmmmmmmm";	/* 0f f0 */

int64_t insn_number(const uint8_t *bytes, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	if (size < 8 && size > 0 && (bytes[size - 1] & 0x80) != 0)
		value |= UINT64_MAX << (8 * size);
	return (int64_t)value;
}

unsigned insn_operand_bits(const struct insn_layout *layout)
{
	if ((layout->rex & REX_W) != 0)
		return 64;
	return layout->operand_size ? 16 : 32;
}

/* Takes a legacy or REX prefix; false: the byte is none. */
static bool prefix_take(struct insn_layout *layout, uint8_t byte)
{
	if (layout->arch == ARCH_X86_64 && (byte & 0xf0) == 0x40) {
		layout->rex = byte & 0x0f;
		layout->has_rex = true;
		return true;
	}
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
		layout->segment = byte;
		break;
	case 0x66:
		layout->operand_size = true;
		break;
	case 0x67:
		layout->address_size = true;
		break;
	case 0xf0:
		layout->lock = true;
		break;
	case 0xf2: case 0xf3:
		layout->repeat = byte;
		break;
	default:
		return false;
	}
	/* REX counts only right before the opcode. */
	layout->rex = 0;
	layout->has_rex = false;
	return true;
}

/* VEX, EVEX or XOP at `bytes`: the number of bytes before the opcode; 0: it is none of them. */
static size_t vector_prefix(struct insn_layout *layout, const uint8_t *bytes, size_t length)
{
	/* Outside of 64-bit mode these are les, lds and bound, where mod is not 3. */
	bool here = length >= 2 && (layout->arch == ARCH_X86_64 || bytes[1] >= 0xc0);
	size_t size = 0;

	if (!here)
		return 0;
	if (bytes[0] == 0xc5) {
		layout->encoding = ENCODING_VEX;
		layout->rex = bytes[1] & 0x80 ? 0 : REX_R;
		layout->map = 1;
		return 2;
	}
	if (bytes[0] == 0xc4) {
		layout->encoding = ENCODING_VEX;
		size = 3;
	} else if (bytes[0] == 0x62) {
		layout->encoding = ENCODING_EVEX;
		size = 4;
	} else if (bytes[0] == 0x8f && (bytes[1] & 0x1f) >= 8) {
		layout->encoding = ENCODING_XOP;
		size = 3;
	}
	if (size == 0 || length < size)
		return 0;
	layout->rex = (uint8_t)(~bytes[1] >> 5 & 7) | (bytes[2] & 0x80 ? REX_W : 0);
	if (layout->arch == ARCH_I386)	/* there are 8 registers, whatever the bits say */
		layout->rex &= REX_W;
	layout->map = bytes[1] & (layout->encoding == ENCODING_EVEX ? 0x07 : 0x1f);
	return size;
}

/* The opcode and its map; false: there is none. Leaves *at behind the opcode. */
static bool opcode_take(struct insn_layout *layout, const uint8_t *bytes, size_t length, size_t *at)
{
	size_t vector = vector_prefix(layout, bytes + *at, length - *at);

	if (vector > 0) {
		*at += vector;
	} else if (bytes[*at] == 0x0f) {
		layout->map = 1;
		(*at)++;
		if (*at < length && (bytes[*at] == 0x38 || bytes[*at] == 0x3a)) {
			layout->map = bytes[*at] == 0x38 ? 2 : 3;
			(*at)++;
		}
	}
	if (*at >= length)
		return false;
	layout->opcode = bytes[(*at)++];
	return true;
}

static char opcode_kind(const struct insn_layout *layout)
{
	if (layout->encoding == ENCODING_XOP)	/* map 8 has an 8-bit, map 10 a 32-bit immediate */
		return "BmZx"[layout->map >= 8 && layout->map <= 10 ? layout->map - 8 : 3];
	if (layout->encoding != ENCODING_LEGACY && layout->map == 0)
		return 'x';
	switch (layout->map) {
	case 0:
		return one_byte[layout->opcode];
	case 1:
		/* extrq and insertq of SSE4a */
		if (layout->opcode == 0x78 && layout->encoding == ENCODING_LEGACY &&
		    (layout->operand_size || layout->repeat == 0xf2))
			return 't';
		return two_byte[layout->opcode];
	case 2: case 5: case 6:
		return 'm';
	case 3:
		return 'B';
	default:
		return 'x';
	}
}

/* ModRM, SIB and displacement. */
static bool modrm_take(struct insn_layout *layout, const uint8_t *bytes, size_t length, size_t *at,
		       bool registers)
{
	bool wide = layout->arch == ARCH_X86_64 || !layout->address_size;
	uint8_t size = 0;

	if (*at >= length)
		return false;
	layout->has_modrm = true;
	layout->modrm = bytes[(*at)++];
	if (registers)
		layout->modrm |= 0xc0;
	if (layout_mod(layout) == 3)
		return true;
	unsigned base = layout_rm(layout);

	if (wide && base == 4) {
		if (*at >= length)
			return false;
		layout->sib_at = (uint8_t)*at;
		base = bytes[(*at)++] & 7;
	}
	if (layout_mod(layout) == 1)
		size = 1;
	else if (layout_mod(layout) == 2)
		size = wide ? 4 : 2;
	else if (wide && base == 5)
		size = 4;
	else if (!wide && base == 6)
		size = 2;
	layout->displacement_at = (uint8_t)*at;
	layout->displacement_size = size;
	*at += size;
	return true;
}

static bool kind_has_modrm(char kind)
{
	switch (kind) {
	case 'm': case 'B': case 'Z': case 'g': case 'G': case '7': case '9': case 'r': case 's':
	case 't':
		return true;
	default:
		return false;
	}
}

/* No instruction in 64-bit mode. */
static bool kind_is_old(char kind)
{
	switch (kind) {
	case '6': case '7': case '8': case '9': case 'P': case 's':
		return true;
	default:
		return false;
	}
}

static uint8_t immediate_size(const struct insn_layout *layout, char kind)
{
	uint8_t z = insn_operand_bits(layout) == 16 ? 2 : 4;
	uint8_t address = layout->arch == ARCH_X86_64 ? (layout->address_size ? 4 : 8) :
							(layout->address_size ? 2 : 4);

	switch (kind) {
	case 'b': case 'B': case '8': case '9':
		return 1;
	case 'g':
		return layout_reg(layout) < 2 ? 1 : 0;
	case 'G':
		return layout_reg(layout) < 2 ? z : 0;
	case 'z': case 'Z':
		return layout->encoding == ENCODING_XOP ? 4 : z;
	case 'v':
		return (layout->rex & REX_W) != 0 ? 8 : z;
	case 'w': case 't':
		return 2;
	case 'e':
		return 3;
	case 'o':
		return address;
	case 'P':
		return (uint8_t)(z + 2);
	default:
		return 0;
	}
}

bool insn_layout(enum architecture arch, const uint8_t *bytes, size_t length,
		 struct insn_layout *out)
{
	struct insn_layout layout = { .arch = arch };
	size_t at = 0;

	if (length > INSN_MAX)
		length = INSN_MAX;
	while (at < length && prefix_take(&layout, bytes[at]))
		at++;
	layout.opcode_at = (uint8_t)at;
	if (at >= length || !opcode_take(&layout, bytes, length, &at))
		return false;

	char kind = opcode_kind(&layout);

	if (kind == 'x' || (arch == ARCH_X86_64 && kind_is_old(kind)))
		return false;
	if (kind_has_modrm(kind) &&
	    !modrm_take(&layout, bytes, length, &at, kind == 'r' || kind == 's'))
		return false;
	layout.immediate_at = (uint8_t)at;
	layout.immediate_size = immediate_size(&layout, kind);
	at += layout.immediate_size;
	if (at > length)
		return false;
	layout.length = (uint8_t)at;
	*out = layout;
	return true;
}
