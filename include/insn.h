/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * insn: instruction boundaries and branch targets of x86 code, by capstone, with what it gets
 * wrong put right. An instruction that capstone does not know, or names wrongly, is opaque: its
 * length is known, so it can be stepped over; nothing else of it is believed.
 */
#ifndef PATCHERD_INSN_H
#define PATCHERD_INSN_H

#include "arch.h"
#include "fail.h"

enum { INSN_MAX = 15, INSN_TEXT_MAX = 192 };

enum insn_flow {
	FLOW_NEXT,		/* goes on to the next instruction */
	FLOW_BRANCH,		/* conditional: jcc, loop, jrcxz */
	FLOW_JUMP,
	FLOW_CALL,
	FLOW_RETURN,
	FLOW_STOP		/* ud0, ud1, ud2, hlt, int3: code does not go on behind it */
};

struct insn {
	uint64_t address;
	uint8_t bytes[INSN_MAX];
	uint8_t length;
	bool opaque;
	bool nop;			/* any form of nop, by whatever length */
	bool int3;
	bool endbr;			/* endbr64 or endbr32 */
	enum insn_flow flow;
	bool has_target;		/* a direct branch, jump or call */
	uint64_t target;
	char mnemonic[80];		/* AT&T, prefixes before it; "(opaque)" where opaque */
	char operands[INSN_TEXT_MAX - 80];	/* without blanks */
};

struct decoder;

int decoder_create(enum architecture arch, struct decoder **out, struct fail *fail) MUST_CHECK;
void decoder_destroy(struct decoder *decoder);

/*
 * Decodes the one instruction that starts at `bytes`, of which `length` may be read, for the
 * kernel address `address`. -1, with code OUTCOME_MISMATCH: no instruction, or one longer than
 * `length`; *fail carries the address.
 */
int insn_decode(struct decoder *decoder, const uint8_t *bytes, size_t length, uint64_t address,
		struct insn *out, struct fail *fail) MUST_CHECK;

/* Whether the stack may have another depth behind a decoded instruction than before it, by what that
 * pushes, pops or writes to the stack pointer. Calls and returns count as none, as they come in pairs. */
bool insn_moves_stack(enum architecture arch, const struct insn *insn);

/* How many of `length` bytes of code that starts at `address` are left when the padding that
 * assemblers and linkers put behind a function (int3, nops, and zero bytes that no code runs into)
 * is cut off its end. All of them where nothing but padding is there, or something does not
 * decode. */
size_t insn_trim(struct decoder *decoder, const uint8_t *bytes, size_t length, uint64_t address);

#endif
