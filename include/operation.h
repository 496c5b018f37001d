/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * operation: what is made of an instruction: invert, always, never, nop, immediate, displacement,
 * target, bytes, and return, which is made at a function's entry. Each keeps the length, and is proved
 * by decoding what came out.
 *
 * Encodings: Intel SDM volume 2 (jcc, jmp, mov); nops: arch/x86/include/asm/nops.h.
 */
#ifndef PATCHERD_OPERATION_H
#define PATCHERD_OPERATION_H

#include "function.h"
#include "kernel.h"
#include "patch.h"

/* "invert" */
const char *operation_name(enum operation_kind kind);

/*
 * The bytes that the operation makes of one instruction, as many. Not OPERATION_RETURN and
 * OPERATION_VALUE, which are made of no instruction.
 *   invert        jcc -> its opposite
 *   always        jcc rel8 -> eb rel8; jcc rel32 -> 2e e9 with the same rel32
 *   never         jcc rel8 -> displacement 0; jcc rel32 -> one nop
 *   nop           anything -> one nop of that length (of up to 9 bytes; longer: with 66 or 2e in front;
 *                 i386 has those of lea and mov)
 *   immediate     the immediate operand becomes `number`
 *   displacement  the displacement of the memory operand becomes `number`, which must fit the field
 *                 that is there (a rip-relative one is refused)
 *   target        call, jmp or jcc rel32 -> the same, to the start of the function of that name; see
 *                 operation_target(). In a .ko or .o, whose relocation fills the field in, the bytes
 *                 tell nothing of where it leads, neither those made nor those there
 * -1, OUTCOME_INVALID_SPEC: it cannot be made of this instruction: why, by the instruction's text
 * (jrcxz and loop, jcc with a 66 prefix, no immediate, two of them, a number that does not fit the
 * field: both ranges are said; opaque; no direct branch of 32 bits, a target that it does not reach);
 * of `target` also what operation_target() has. OUTCOME_ERROR: what came out does not decode as meant.
 */
int operation_apply(const struct operation *operation, const struct kernel *kernel,
		    const struct insn *insn, struct bytes *out, struct fail *fail) MUST_CHECK;

/* Where OPERATION_TARGET leads. */
struct operation_target {
	uint64_t address;
	const struct symbol *symbol;	/* NULL: a .ko or .o does not name it, so that it is another
					 * file's; the address is made up */
};
/*
 * The function of that name, for a branch at `site`: of the module that has the site, else of the kernel
 * image, else of any module; in a .ko or .o also one that the file only refers to, or does not name.
 * Whether it may be called is plan's to tell. -1: OUTCOME_NOT_FOUND (near names), OUTCOME_AMBIGUOUS (all
 * listed).
 */
int operation_target(const struct operation *operation, const struct kernel *kernel, uint64_t site,
		     struct operation_target *out, struct fail *fail) MUST_CHECK;

/* What the operation may have made `insn` of. */
enum operation_lost {
	LOST_NOTHING,
	LOST_TARGET,			/* the branch's target is not known any more */
	LOST_NUMBER,			/* the immediate, or the displacement, is not */
	LOST_ALL			/* it may have been any instruction */
};
struct operation_before {
	struct insn insn;		/* with LOST_ALL nothing of it counts */
	enum operation_lost lost;
};
enum { OPERATION_BEFORE_MAX = 16 };
/* How many there are; 0: the operation never leaves such an instruction. Those that nothing was
 * changed of (an immediate that is `number`) count as well. OPERATION_BYTES: LOST_ALL where the bytes
 * are the operation's. */
size_t operation_before(const struct operation *operation, const struct kernel *kernel,
			const struct insn *insn,
			struct operation_before out[OPERATION_BEFORE_MAX]);

/* Where and what `return` writes. */
struct operation_return {
	uint64_t offset;		/* behind endbr, or its seal, and ftrace's nop */
	struct bytes bytes;		/* whole instructions of the function as it is */
	bool already;			/* it is there already */
};
/*
 * `return: N` in this function: N sign-extended to the whole register, and out as this function's own
 * returns go (ret, or a jump to the same return thunk; of the running kernel, as they are now).
 * What is left of the last instruction that is overwritten is filled with int3.
 * `owners` are the function's (hazard.h). -1: OUTCOME_HAZARD: ftrace's site is a call now; a prologue
 * stands before mcount's call; it returns by `ret $n`, or in several ways, or by none; no room (both
 * sizes); a loop goes back to what would be overwritten is hazard_bytes()'s. OUTCOME_INVALID_SPEC: N
 * does not fit 32 bits with sign.
 */
int operation_return(const struct operation *operation, const struct kernel *kernel,
		     const struct function *function, const struct owners *owners,
		     struct operation_return *out, struct fail *fail) MUST_CHECK;

#endif
