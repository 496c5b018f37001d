/* SPDX-License-Identifier: GPL-2.0-or-later */
/* operation_internal: what the operations know of encodings. Internal to lib/operation*.c. */
#ifndef PATCHERD_OPERATION_INTERNAL_H
#define PATCHERD_OPERATION_INTERNAL_H

#include "lib/insn_layout.h"
#include "operation.h"

/* The number of an instruction that an operation changes. */
struct field {
	unsigned at, size;	/* bytes: 1, 2, 4 or 8 */
	unsigned bits;		/* of what it is used as: more than it has where it is sign-extended */
};

/* Finds that of OPERATION_IMMEDIATE or OPERATION_DISPLACEMENT; else a constant text says why there
 * is none, to go on behind "because". NULL: found. */
const char *field_find(enum operation_kind kind, const struct insn *insn,
		       const struct insn_layout *layout, struct field *out);
/* Whether the field holds the number, as the instruction uses it. */
bool field_fits(const struct field *field, const struct number *number);
/* "-128 to 127, or 0 to 255 without sign"; returns out. */
enum { FIELD_RANGE_MAX = 128 };
const char *field_range(const struct field *field, char out[FIELD_RANGE_MAX]);

/* OPERATION_TARGET (lib/operation_target.c): fills in the field of a branch's bytes. -1 as
 * operation_apply() has it. */
int target_make(const struct operation *operation, const struct kernel *kernel,
		const struct insn *insn, const struct insn_layout *layout, struct bytes *out,
		struct fail *fail) MUST_CHECK;
/* Whether the instruction, with what a relocation fills in, leads there. */
bool target_is(const struct operation *operation, const struct kernel *kernel,
	       const struct insn *insn, const struct insn_layout *layout);
/* The same of the bytes that were made, without. */
bool target_is_made(const struct operation *operation, const struct kernel *kernel,
		    const struct insn *insn);

/* One nop of `length` bytes, 1 to INSN_MAX. */
void nop_make(enum architecture arch, unsigned length, uint8_t out[INSN_MAX]);

/* 70 to 7f, or 0f 80 to 0f 8f; not one with a 66 prefix, which is opaque. */
static inline bool is_short_jcc(const struct insn *insn, const struct insn_layout *layout)
{
	return !insn->opaque && layout_is(layout, 0, 0x70 | (layout->opcode & 0xf));
}

static inline bool is_long_jcc(const struct insn *insn, const struct insn_layout *layout)
{
	return !insn->opaque && layout_is(layout, 1, 0x80 | (layout->opcode & 0xf));
}

#endif
