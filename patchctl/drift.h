/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drift: what of an object file was compiled for other structs than a kernel has. */
#ifndef PATCHCTL_DRIFT_H
#define PATCHCTL_DRIFT_H

#include "image.h"
#include "layouts.h"
#include "uses.h"

/* An instruction that uses a member which is elsewhere. */
struct drift_use {
	const struct symbol *symbol;	/* the function */
	unsigned occurrence;		/* which of several of that name, from 1; 0: there is one */
	uint64_t offset;		/* from its start */
	struct insn insn;
	struct use use;
	bool found;			/* the kernel has that member: */
	uint64_t kernel_offset;		/* from the start of the outer struct */
	int64_t displacement;		/* that the instruction should have */
	char *reason;			/* why it cannot be patched; NULL: it can */
};

struct drift {
	struct image image;		/* the object */
	struct layouts *object, *kernel;
	struct layout_drift layouts;
	struct drift_use *uses;		/* by function, in its order */
	size_t use_count, use_room;
	char *patch;			/* its text; NULL: none */
};

/* drift_find.c: the uses; layouts.items are there. */
int drift_find(struct drift *drift, struct fail *fail) MUST_CHECK;
/* drift_place.c: where the kernel has what is used, and whether the instruction can be changed for
 * that; false: where the object has it. */
int drift_place(const struct drift *drift, struct drift_use *use, bool *drifted,
		struct fail *fail) MUST_CHECK;
/* drift_patch.c: the patch of all uses that can be patched, proved. Leaves it NULL where none
 * can. */
int drift_patch(const struct options *options, struct drift *drift,
		struct fail *fail) MUST_CHECK;
/* drift_print.c */
void drift_print(FILE *out, const struct drift *drift);
/* A new reference; NULL: memory ran out. */
json_t *drift_json(const struct drift *drift);

#endif
