/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "insn.h"

#include <capstone/capstone.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "insn_known.h"
#include "insn_layout.h"
#include "insn_operand.h"
#include "insn_text.h"

struct decoder {
	enum architecture arch;
	csh handle;
	cs_insn *buffer;
	struct known_insns known;
};

int decoder_create(enum architecture arch, struct decoder **out, struct fail *fail)
{
	struct decoder *decoder = calloc(1, sizeof(*decoder));
	cs_err error;

	if (decoder == NULL)
		return fail_memory(fail, "decoder");
	decoder->arch = arch;
	error = cs_open(CS_ARCH_X86, arch == ARCH_X86_64 ? CS_MODE_64 : CS_MODE_32,
			&decoder->handle);
	if (error == CS_ERR_OK)
		error = cs_option(decoder->handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
	if (error == CS_ERR_OK) {
		decoder->buffer = cs_malloc(decoder->handle);
		if (decoder->buffer == NULL)
			error = CS_ERR_MEM;
	}
	if (error != CS_ERR_OK) {
		decoder_destroy(decoder);
		return fail_set(fail, OUTCOME_ERROR, "capstone cannot disassemble %s: %s",
				arch_name(arch), cs_strerror(error));
	}
	*out = decoder;
	return 0;
}

void decoder_destroy(struct decoder *decoder)
{
	if (decoder == NULL)
		return;
	if (decoder->buffer != NULL)
		cs_free(decoder->buffer, 1);
	if (decoder->handle != 0)
		(void)cs_close(&decoder->handle);	/* fails only for no handle at all */
	free(decoder);
}

/* Where a direct branch goes: its displacement is its immediate, counted from its end. */
static void target_set(const struct insn_layout *layout, struct insn *insn)
{
	int64_t displacement = insn_number(insn->bytes + layout->immediate_at,
					   layout->immediate_size);

	insn->has_target = true;
	insn->target = insn->address + insn->length + (uint64_t)displacement;
	if (layout->immediate_size == 2)
		insn->target &= UINT16_MAX;
	else if (layout->arch == ARCH_I386)
		insn->target &= UINT32_MAX;
}

static enum insn_flow flow_one_byte(const struct insn_layout *layout, bool *direct)
{
	switch (layout->opcode) {
	case 0x70 ... 0x7f:
	case 0xe0 ... 0xe3:
		*direct = true;
		return FLOW_BRANCH;
	case 0xe8:
		*direct = true;
		return FLOW_CALL;
	case 0xe9: case 0xeb:
		*direct = true;
		return FLOW_JUMP;
	case 0x9a:
		return FLOW_CALL;
	case 0xea:
		return FLOW_JUMP;
	case 0xc2: case 0xc3: case 0xca: case 0xcb: case 0xcf:
		return FLOW_RETURN;
	case 0xc7:	/* xbegin */
		*direct = layout->modrm == 0xf8;
		return *direct ? FLOW_BRANCH : FLOW_NEXT;
	case 0xcc: case 0xf4:
		return FLOW_STOP;
	case 0xff:
		switch (layout_reg(layout)) {
		case 2: case 3:
			return FLOW_CALL;
		case 4: case 5:
			return FLOW_JUMP;
		default:
			return FLOW_NEXT;
		}
	default:
		return FLOW_NEXT;
	}
}

static enum insn_flow flow_two_bytes(const struct insn_layout *layout, bool *direct)
{
	switch (layout->opcode) {
	case 0x80 ... 0x8f:
		*direct = true;
		return FLOW_BRANCH;
	case 0x07: case 0x35: case 0xaa:	/* sysret, sysexit, rsm */
		return FLOW_RETURN;
	case 0x01:	/* erets, eretu; uiret */
		if ((layout->modrm == 0xca && layout->repeat != 0) ||
		    (layout->modrm == 0xec && layout->repeat == 0xf3))
			return FLOW_RETURN;
		return FLOW_NEXT;
	case 0x0b: case 0xb9: case 0xff:	/* ud2, ud1, ud0 */
		return FLOW_STOP;
	default:
		return FLOW_NEXT;
	}
}

static void flow_set(const struct insn_layout *layout, struct insn *insn)
{
	bool direct = false;

	insn->flow = FLOW_NEXT;
	if (layout->encoding == ENCODING_LEGACY && layout->map == 0)
		insn->flow = flow_one_byte(layout, &direct);
	else if (layout->encoding == ENCODING_LEGACY && layout->map == 1)
		insn->flow = flow_two_bytes(layout, &direct);
	if (direct)
		target_set(layout, insn);
}

/* lea 0(%reg),%reg: with full registers it changes nothing. gas pads so (opcodes: 8d 76 00,
 * 8d b4 26 …), and the kernel's i386 nops are these (arch/x86/include/asm/nops.h). */
static bool is_lea_nop(const struct insn_layout *layout, const uint8_t *bytes)
{
	unsigned base = layout_rm(layout), index = 4;
	bool full = layout->arch == ARCH_I386 || (layout->rex & REX_W) != 0;

	if (!layout_is(layout, 0, 0x8d) || !full || layout->operand_size || layout->address_size ||
	    layout_mod(layout) == 3 || layout_mod(layout) == 0)
		return false;
	if (layout->sib_at != 0) {
		base = bytes[layout->sib_at] & 7;
		index = bytes[layout->sib_at] >> 3 & 7;
	}
	return index == 4 && (layout->rex & REX_X) == 0 && base == layout_reg(layout) &&
	       !(layout->rex & REX_B) == !(layout->rex & REX_R) &&
	       insn_number(bytes + layout->displacement_at, layout->displacement_size) == 0;
}

static bool is_nop(const struct insn_layout *layout, const uint8_t *bytes)
{
	/* 90 with REX.B exchanges r8 and rax; with f3 it is pause, which is no padding. */
	if (layout_is(layout, 0, 0x90))
		return (layout->rex & REX_B) == 0 && layout->repeat != 0xf3 && !layout->lock;
	if (layout_is(layout, 1, 0x1f))
		return layout_reg(layout) == 0 && !layout->lock;
	/* mov %esi,%esi: i386's nop of two bytes; in 64-bit mode it clears the upper half. */
	if (layout_is(layout, 0, 0x89) && layout->arch == ARCH_I386)
		return layout_mod(layout) == 3 && layout_reg(layout) == layout_rm(layout);
	return is_lea_nop(layout, bytes);
}

/* The one-byte opcodes of is_misnamed(). */
static bool is_misnamed_one(const struct insn_layout *layout, const struct insn *insn)
{
	bool wide = (layout->rex & REX_W) != 0;
	uint8_t opcode = layout->opcode;

	/* 16-bit branches: Intel ignores the prefix, AMD does not; and capstone has both ways. */
	if (layout->operand_size && (insn->flow != FLOW_NEXT || wide))
		return true;
	if (layout->operand_size && (opcode == 0x6a || opcode == 0xc8 || opcode == 0xc9 ||
				     (opcode >= 0xd8 && opcode <= 0xdf)))
		return true;
	switch (opcode) {
	case 0x62:				/* bound: operands in the other order */
	case 0xd4: case 0xd5:			/* aam, aad: the operand 10 is lost */
		return true;
	case 0x63:				/* movsxd of 32 bits as movslq */
		return layout->arch == ARCH_X86_64 && !wide;
	case 0x90:				/* pause as xchg */
		return layout->repeat != 0 && wide;
	case 0xdc:				/* the register's number is lost */
		return layout->modrm >= 0xc0;
	case 0xdb:				/* of the 8087 and 80287 only */
		return layout->modrm == 0xe0 || layout->modrm == 0xe1 || layout->modrm == 0xe4;
	case 0xd7:
	case 0xe0: case 0xe1: case 0xe2:	/* xlat, loop with another register */
		return layout->address_size;
	default:
		return false;
	}
}

/* Those with 0f. */
static bool is_misnamed_two(const struct insn_layout *layout)
{
	bool wide = (layout->rex & REX_W) != 0, registers = layout_mod(layout) == 3;
	unsigned reg = layout_reg(layout);

	switch (layout->opcode) {
	case 0x01:	/* erets, eretu, vmgexit, seamcall and others, by their prefix */
		return registers ? layout->operand_size || layout->address_size ||
					   layout->repeat != 0 :
				   layout->operand_size && reg < 4;	/* lgdt … */
	case 0x02: case 0x50: case 0xd7:
		return wide;
	case 0x09:	/* wbnoinvd as wbinvd */
		return layout->repeat != 0;
	case 0x18:	/* prefetchit0 and later hints as nop */
		return reg > 3;
	case 0x1e:
		return layout->repeat != 0xf3 || (layout->modrm != 0xfa && layout->modrm != 0xfb);
	case 0x19: case 0x1a: case 0x1b: case 0x1c: case 0x1d:	/* MPX, cldemote as nop */
	case 0xa6: case 0xa7:					/* PadLock */
		return true;
	case 0x1f:
		return reg != 0;
	case 0x7e:	/* movq to memory for movq from it */
		return wide && layout->repeat != 0;
	case 0x80 ... 0x8f:	/* see 16-bit branches above */
		return layout->operand_size;
	case 0xa0: case 0xa1: case 0xa8: case 0xa9:
		return layout->operand_size && wide;
	case 0xae:	/* incssp, umwait, tpause, ptwrite, clrssbsy … as fences and xsave */
		return (layout->repeat != 0 && !(layout->repeat == 0xf3 && registers && reg < 4)) ||
		       (layout->operand_size && (registers || wide));
	case 0xb7: case 0xbf:	/* movzww */
		return layout->operand_size;
	case 0xc7:	/* rdpid, senduipi as rdseed, rdrand */
		return registers && layout->repeat != 0;
	default:
		return false;
	}
}

static bool is_misnamed_vex(const struct insn_layout *layout)
{
	bool wide = (layout->rex & REX_W) != 0;

	if (layout->map == 1)	/* vmovmskpd, vpmovmskb */
		return wide && (layout->opcode == 0x50 || layout->opcode == 0xd7);
	if (layout->map == 3)	/* vpermil2ps; vpextrq, vpinsrq where there are none */
		return layout->opcode == 0x48 || layout->opcode == 0x49 ||
		       (wide && layout->arch == ARCH_I386 &&
			(layout->opcode == 0x16 || layout->opcode == 0x22));
	return false;
}

/*
 * Whether capstone 4.0.2 names another instruction than the processor executes. Found by comparing
 * it with libopcodes over all opcodes: see tests/boundaries/. EVEX and XOP are not compared: of
 * AVX-512 it knows too little.
 */
static bool is_misnamed(const struct insn_layout *layout, const struct insn *insn)
{
	if (layout->encoding == ENCODING_VEX)
		return is_misnamed_vex(layout);
	if (layout->encoding != ENCODING_LEGACY)
		return true;
	/* Which of the two counts differs; strings are spelled without capstone. */
	if (layout->operand_size && layout->repeat != 0 && !insn_is_string(layout))
		return true;
	switch (layout->map) {
	case 0:
		return is_misnamed_one(layout, insn);
	case 1:
		return is_misnamed_two(layout);
	case 3:		/* pcmpestrm, pcmpestri with REX.W */
		return (layout->opcode == 0x60 || layout->opcode == 0x61) &&
		       (layout->rex & REX_W) != 0;
	default:
		return false;
	}
}

/* 66 90, a nop by its effect, is xchg for objdump, and all x86 assemblers. */
static void xchg_set(struct insn *insn)
{
	strcpy(insn->mnemonic, "xchg");
	strcpy(insn->operands, "%ax,%ax");
}

static void opaque_set(struct insn *insn)
{
	insn->opaque = true;
	strcpy(insn->mnemonic, "(opaque)");
	insn->operands[0] = '\0';
}

/* All but the text. False: it is no instruction, or not a whole one. */
static bool decode(enum architecture arch, const uint8_t *bytes, size_t length, uint64_t address,
		   struct insn_layout *layout, struct insn *out)
{
	if (!insn_layout(arch, bytes, length, layout))
		return false;
	memset(out, 0, offsetof(struct insn, mnemonic));	/* not the texts, which are most of it */
	out->mnemonic[0] = '\0';
	out->operands[0] = '\0';
	out->address = address;
	out->length = layout->length;
	memcpy(out->bytes, bytes, layout->length);
	out->nop = is_nop(layout, bytes);
	out->int3 = layout_is(layout, 0, 0xcc);
	out->endbr = layout_is(layout, 1, 0x1e) && layout->repeat == 0xf3 &&
		     (layout->modrm == 0xfa || layout->modrm == 0xfb);
	flow_set(layout, out);
	return true;
}

/* The text of what decode() has filled in; false: it is opaque. */
static bool text_make(struct decoder *decoder, const struct insn_layout *layout, struct insn *insn)
{
	const uint8_t *at = insn->bytes;
	size_t left = insn->length;
	uint64_t next = insn->address;

	if (!cs_disasm_iter(decoder->handle, &at, &left, &next, decoder->buffer) ||
	    decoder->buffer->size != insn->length || is_misnamed(layout, insn) ||
	    !insn_text(layout, decoder->buffer->mnemonic, decoder->buffer->op_str, insn)) {
		opaque_set(insn);
		return false;
	}
	if (insn->length == 2 && insn->bytes[0] == 0x66 && insn->bytes[1] == 0x90)
		xchg_set(insn);
	return true;
}

int insn_decode(struct decoder *decoder, const uint8_t *bytes, size_t length, uint64_t address,
		struct insn *out, struct fail *fail)
{
	struct insn_layout layout;

	if (!decode(decoder->arch, bytes, length, address, &layout, out))
		return fail_at(fail, OUTCOME_MISMATCH, address,
			       "no instruction of %s, or not a whole one, at 0x%" PRIx64,
			       arch_name(decoder->arch), address);

	if (!known_find(&decoder->known, &layout, out) && text_make(decoder, &layout, out))
		known_keep(&decoder->known, &layout, out);
	return 0;
}

/* The zero bytes at `bytes`; 0 where they are no padding: something else than more padding or the
 * end comes behind them. */
static size_t zeros(const uint8_t *bytes, size_t length)
{
	size_t count = 0;

	while (count < length && bytes[count] == 0)
		count++;
	return count == length || bytes[count] == 0xcc || bytes[count] == 0x90 ? count : 0;
}

size_t insn_trim(struct decoder *decoder, const uint8_t *bytes, size_t length, uint64_t address)
{
	enum insn_flow flow = FLOW_NEXT;
	size_t end = 0;

	for (size_t at = 0; at < length;) {
		struct insn_layout layout;
		struct insn insn;
		/* Zero bytes are `add %al,(%rax)` too: padding only where no code runs into them. */
		size_t skip = flow == FLOW_NEXT || flow == FLOW_BRANCH ? 0 :
			      zeros(bytes + at, length - at);

		if (skip > 0) {
			at += skip;
			continue;
		}
		if (!decode(decoder->arch, bytes + at, length - at, address + at, &layout, &insn))
			return length;
		at += insn.length;
		if (insn.int3 || insn.nop)
			continue;
		flow = insn.flow;
		end = at;
	}
	return end > 0 ? end : length;
}
