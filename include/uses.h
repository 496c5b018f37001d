/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uses: which instructions of an object file use which members of which structs, as far as
 * relocations and types tell: the types of parameters, results and variables are followed through
 * registers, the stack and memory, along all ways through a function. What is not known on every
 * way to an instruction is not known there: a use that is named is one, as far as the program keeps
 * to the types that it declares.
 *
 * Where parameters and results are: the System V psABI of x86-64; of i386 the kernel's -mregparm=3,
 * and none on the stack, as a file does not tell which of its functions are asmlinkage.
 */
#ifndef PATCHERD_USES_H
#define PATCHERD_USES_H

#include "difference.h"
#include "elf_fields.h"
#include "layouts.h"

enum { USE_STEPS_MAX = 8, USE_PATH_MAX = 512 };

/* One level of "f_path.dentry" or "slots[2].next". */
struct use_step {
	const struct aggregate *aggregate;
	const struct aggregate_member *member;	/* of it */
	uint64_t index;			/* in a member that is an array */
};

/* One operand of one instruction. */
struct use {
	size_t code;			/* index in `codes` */
	size_t insn;			/* index in its insns */
	struct use_step steps[USE_STEPS_MAX];	/* from what the pointer points to inwards */
	size_t step_count;		/* at least 1 */
	uint64_t base;			/* what was added to the pointer before, bytes */
	uint64_t offset;		/* of the place that is used, from the start of
					 * steps[0].aggregate */
	int64_t displacement;		/* offset - base, as the instruction has it */
	unsigned size;			/* of the operand, bytes; 0: of an address, or not known */
	bool indexed;			/* an element of the array, by a register that counts */
	bool immediate;			/* it is the immediate of an `add`, and no displacement */
	bool relocated;			/* it is a variable's: the displacement is the relocation's
					 * addend */
};

struct uses {
	struct use *items;		/* by instruction */
	size_t count, room;
};
void uses_deinit(struct uses *uses);

/*
 * Those of one function of the object: codes[0], and where `count` is 2, its .cold part. -1: memory
 * ran out; a function that cannot be followed (jumps into its instructions or to places that are
 * not known, 32768 instructions and more) has none.
 */
int uses_find(const struct object *object, const struct elf_fields *fields,
	      struct layouts *layouts, const struct function *codes, size_t count,
	      struct uses *out, struct fail *fail) MUST_CHECK;

/* "f_path.dentry", without the name of the struct; returns out. */
const char *use_path(const struct use *use, char out[USE_PATH_MAX]);

/*
 * The member of an aggregate that an operand of `size` bytes at `offset` is in: that of several (of
 * a union, bitfields of one byte) which begins there and is as large, or else the first that does.
 * Into members that are aggregates as deep as it goes. Returns the number of steps; 0: there is
 * none, or the operand begins inside a member and goes over its end.
 */
size_t use_locate(const struct aggregate *aggregate, uint64_t offset, unsigned size,
		  struct use_step steps[USE_STEPS_MAX]);

#endif
