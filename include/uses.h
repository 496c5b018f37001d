/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uses: which instructions of an object file use which members of which structs, as far as relocations
 * and types tell: the types of parameters, results and variables are followed through registers,
 * the stack and memory, along all ways through a function. What is not known on every way to an
 * instruction is not known there: a use that is named is one.
 */
#ifndef PATCHERD_USES_H
#define PATCHERD_USES_H

#include "difference.h"
#include "layouts.h"

struct use {
	size_t insn;			/* index in function.insns */
	const struct aggregate *aggregate;
	const struct aggregate_member *member;	/* the one the displacement leads to; an inner one's, where
						 * it leads into a member that is an aggregate: */
	char *path;			/* "f_path.dentry" of `outer` */
	const struct aggregate *outer;	/* whose displacement it is */
	uint64_t offset;		/* from the start of `outer`, bytes: the displacement, where nothing was
					 * added before */
	int64_t displacement;		/* as the instruction has it */
};

struct uses {
	struct use *items;		/* by instruction */
	size_t count;
};
void uses_deinit(struct uses *uses);

/* Those of one function of the object. -1: memory ran out; a function that cannot be followed has
 * none. */
int uses_find(const struct object *object, const struct elf_references *references,
	      struct layouts *layouts, const struct function *function, struct uses *out,
	      struct fail *fail) MUST_CHECK;

#endif
