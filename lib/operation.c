/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "operation.h"

#include <inttypes.h>
#include <string.h>

#include "asm.h"
#include "lib/operation_internal.h"

const char *operation_name(enum operation_kind kind)
{
	static const char *const names[] = {
		[OPERATION_BYTES] = "bytes",
		[OPERATION_INVERT] = "invert",
		[OPERATION_ALWAYS] = "always",
		[OPERATION_NEVER] = "never",
		[OPERATION_NOP] = "nop",
		[OPERATION_RETURN] = "return",
		[OPERATION_IMMEDIATE] = "immediate",
		[OPERATION_DISPLACEMENT] = "displacement",
		[OPERATION_TARGET] = "target",
		[OPERATION_VALUE] = "value",
	};

	return names[kind];
}

/* arch/x86/include/asm/nops.h. i386 has processors without 0f 1f, and takes what gas pads with:
 * mov and lea of a register to itself. */
enum { NOPS = 8 };
static const uint8_t nops[ARCH_COUNT][NOPS][NOPS] = {
	[ARCH_X86_64] = {
		{ 0x90 },
		{ 0x66, 0x90 },
		{ 0x0f, 0x1f, 0x00 },
		{ 0x0f, 0x1f, 0x40, 0x00 },
		{ 0x0f, 0x1f, 0x44, 0x00, 0x00 },
		{ 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
		{ 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 },
		{ 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
	},
	[ARCH_I386] = {
		{ 0x90 },
		{ 0x89, 0xf6 },
		{ 0x8d, 0x76, 0x00 },
		{ 0x8d, 0x74, 0x26, 0x00 },
		{ 0x3e, 0x8d, 0x74, 0x26, 0x00 },
		{ 0x8d, 0xb6, 0x00, 0x00, 0x00, 0x00 },
		{ 0x8d, 0xb4, 0x26, 0x00, 0x00, 0x00, 0x00 },
		{ 0x3e, 0x8d, 0xb4, 0x26, 0x00, 0x00, 0x00, 0x00 },
	},
};

/* In front of the longest come prefixes that change nothing: 66 and one 2e (since 6.9 the kernel has
 * nops of up to 11 bytes like that); to lea 66 means another register, so i386 has more of 3e. */
void nop_make(enum architecture arch, unsigned length, uint8_t out[INSN_MAX])
{
	unsigned prefixes = length > NOPS ? length - NOPS : 0;

	memset(out, arch == ARCH_X86_64 ? 0x66 : 0x3e, prefixes);
	if (arch == ARCH_X86_64 && prefixes > 1)
		out[prefixes - 1] = 0x2e;
	memcpy(out + prefixes, nops[arch][length - prefixes - 1], length - prefixes);
}

static int refuse(const struct operation *operation, const struct insn *insn, const char *why,
		  struct fail *fail)
{
	char text[ASM_MAX];

	return fail_at(fail, OUTCOME_INVALID_SPEC, insn->address,
		       "`%s` cannot be made of %s (0x%" PRIx64 "): %s",
		       operation_name(operation->kind), asm_print(insn, NULL, text), insn->address,
		       why);
}

/* Why it is no jump that invert, always and never can change. */
static int refuse_jump(const struct operation *operation, const struct insn *insn,
		       const struct insn_layout *layout, struct fail *fail)
{
	if (layout->operand_size && insn->flow == FLOW_BRANCH && insn->opaque)
		return refuse(operation, insn, "it has a 66 prefix, and processors differ in where it "
			      "jumps to; change it with `bytes`", fail);
	if (layout->encoding == ENCODING_LEGACY && layout->map == 0 && layout->opcode >= 0xe0 &&
	    layout->opcode <= 0xe3)
		return refuse(operation, insn, "it jumps by what %ecx or %rcx counts, not by a flag, and "
			      "has no opposite; change it with `bytes`, or choose another instruction",
			      fail);
	return refuse(operation, insn, "it is no conditional jump (je, jne, ja …); choose the jump that "
		      "is meant, or another operation", fail);
}

static int make_jump(const struct operation *operation, const struct insn *insn,
		     const struct insn_layout *layout, struct bytes *out, struct fail *fail)
{
	bool is_long = is_long_jcc(insn, layout);
	uint8_t *opcode = out->data + layout->opcode_at;

	if (!is_long && !is_short_jcc(insn, layout))
		return refuse_jump(operation, insn, layout, fail);
	switch (operation->kind) {
	case OPERATION_INVERT:	/* the lowest bit of the condition negates it */
		opcode[is_long ? 1 : 0] ^= 1;
		break;
	case OPERATION_ALWAYS:	/* 2e says nothing before a jump that has no condition */
		opcode[0] = is_long ? 0x2e : 0xeb;
		if (is_long)
			opcode[1] = 0xe9;
		break;
	default:
		if (is_long)
			nop_make(layout->arch, insn->length, out->data);
		else
			out->data[layout->immediate_at] = 0;
		break;
	}
	return 0;
}

static int make_number(const struct operation *operation, const struct insn *insn,
		       const struct insn_layout *layout, struct bytes *out, struct fail *fail)
{
	char range[FIELD_RANGE_MAX];
	struct field field;
	const char *why = field_find(operation->kind, insn, layout, &field);

	if (why != NULL)
		return refuse(operation, insn, why, fail);
	if (!field_fits(&field, &operation->number)) {
		(void)refuse(operation, insn, "", fail);
		fail_append(fail, operation->number.negative ? "%" PRId64 : "%" PRIu64,
			    operation->number.bits);
		fail_append(fail, " does not fit its %u byte%s, which take %s", field.size,
			    field.size == 1 ? "" : "s", field_range(&field, range));
		return -1;
	}
	for (unsigned i = 0; i < field.size; i++)
		out->data[field.at + i] = (uint8_t)(operation->number.bits >> (8 * i));
	return 0;
}

/* That what was made is one instruction, and the one that is meant. */
static bool is_meant(const struct operation *operation, const struct kernel *kernel,
		     const struct insn *old, const struct insn_layout *layout,
		     const struct insn *new)
{
	struct insn_layout made;
	struct field field;

	if (new->length != old->length || new->opaque ||
	    !insn_layout(layout->arch, new->bytes, new->length, &made))
		return false;
	switch (operation->kind) {
	case OPERATION_INVERT:
		return new->flow == FLOW_BRANCH && new->has_target && new->target == old->target &&
		       made.map == layout->map && made.opcode == (layout->opcode ^ 1);
	case OPERATION_ALWAYS:
		return new->flow == FLOW_JUMP && new->has_target && new->target == old->target;
	case OPERATION_NEVER:
		return new->nop || (new->flow == FLOW_BRANCH && made.opcode == layout->opcode &&
				    new->has_target && new->target == new->address + new->length);
	case OPERATION_NOP:
		return new->nop;
	case OPERATION_IMMEDIATE: case OPERATION_DISPLACEMENT:
		return made.map == layout->map && made.opcode == layout->opcode &&
		       made.modrm == layout->modrm && new->flow == old->flow &&
		       field_find(operation->kind, new, &made, &field) == NULL &&
		       field_fits(&field, &operation->number);
	case OPERATION_TARGET:
		return made.map == layout->map && made.opcode == layout->opcode &&
		       new->flow == old->flow && target_is_made(operation, kernel, new);
	default:
		return true;
	}
}

static int prove(const struct operation *operation, const struct kernel *kernel,
		 const struct insn *insn, const struct insn_layout *layout, const struct bytes *made,
		 struct fail *fail)
{
	char text[ASM_MAX], bytes[BYTES_TEXT_MAX];
	struct insn new;
	struct fail why;

	if (made->length == insn->length &&
	    insn_decode(kernel->decoder, made->data, made->length, insn->address, &new, &why) == 0 &&
	    (operation->kind == OPERATION_TARGET ||	/* it is the relocation that is replaced */
	     function_refer(kernel->target, &new, &why) == 0) &&
	    is_meant(operation, kernel, insn, layout, &new))
		return 0;
	return fail_at(fail, operation->kind == OPERATION_BYTES ? OUTCOME_INVALID_SPEC : OUTCOME_ERROR,
		       insn->address, "`%s` makes %s of %s (0x%" PRIx64 "), which does not decode as "
		       "%s; change it with other `bytes`, or choose another instruction",
		       operation_name(operation->kind), bytes_print(made, bytes),
		       asm_print(insn, NULL, text), insn->address,
		       operation->kind == OPERATION_BYTES ? "one instruction of its length that patcherd "
							    "knows" : "meant");
}

int operation_apply(const struct operation *operation, const struct kernel *kernel,
		    const struct insn *insn, struct bytes *out, struct fail *fail)
{
	enum architecture arch = kernel->target->info.architecture;
	struct insn_layout layout;
	int result = 0;

	if (!insn_layout(arch, insn->bytes, insn->length, &layout))
		return refuse(operation, insn, "it is no instruction", fail);
	out->length = insn->length;
	memcpy(out->data, insn->bytes, insn->length);
	switch (operation->kind) {
	case OPERATION_INVERT: case OPERATION_ALWAYS: case OPERATION_NEVER:
		result = make_jump(operation, insn, &layout, out, fail);
		break;
	case OPERATION_NOP: case OPERATION_IMMEDIATE: case OPERATION_DISPLACEMENT:
		if (insn->opaque)
			return refuse(operation, insn, "patcherd does not know this instruction well "
				      "enough to change it; choose another", fail);
		if (operation->kind == OPERATION_NOP)
			nop_make(arch, insn->length, out->data);
		else
			result = make_number(operation, insn, &layout, out, fail);
		break;
	case OPERATION_TARGET:
		result = target_make(operation, kernel, insn, &layout, out, fail);
		break;
	case OPERATION_BYTES:
		*out = operation->bytes;
		if (operation->multiple)
			return 0;	/* of how many, the instruction does not tell */
		break;
	default:
		return refuse(operation, insn, "it is not made of an instruction", fail);
	}
	return result == 0 ? prove(operation, kernel, insn, &layout, out, fail) : -1;
}

/* ---- what was there before ---------------------------------------------------------------------- */

/* Adds the instruction of those bytes in the place of `insn`, if it is one. */
static size_t before_add(const struct kernel *kernel, const struct insn *insn, const uint8_t *bytes,
			 enum operation_lost lost, struct operation_before *out)
{
	struct fail ignored;	/* then it was not there before, either */

	out->lost = lost;
	return insn_decode(kernel->decoder, bytes, insn->length, insn->address, &out->insn,
			   &ignored) == 0 &&
	       function_refer(kernel->target, &out->insn, &ignored) == 0 &&
	       out->insn.length == insn->length && !out->insn.opaque;
}

/* Each conditional jump that has its first opcode byte at `at`. */
static size_t before_jumps(const struct kernel *kernel, const struct insn *insn, size_t at,
			   bool is_long, enum operation_lost lost,
			   struct operation_before out[OPERATION_BEFORE_MAX])
{
	uint8_t bytes[INSN_MAX];
	size_t count = 0;

	memcpy(bytes, insn->bytes, sizeof(bytes));
	for (unsigned condition = 0; condition < OPERATION_BEFORE_MAX; condition++) {
		bytes[at] = (uint8_t)(is_long ? 0x0f : 0x70 | condition);
		if (is_long)
			bytes[at + 1] = (uint8_t)(0x80 | condition);
		count += before_add(kernel, insn, bytes, lost, &out[count]);
	}
	return count;
}

static size_t before_invert(const struct kernel *kernel, const struct insn *insn,
			    const struct insn_layout *layout, struct operation_before *out)
{
	uint8_t bytes[INSN_MAX];
	bool is_long = is_long_jcc(insn, layout);

	if (!is_long && !is_short_jcc(insn, layout))
		return 0;
	memcpy(bytes, insn->bytes, sizeof(bytes));
	bytes[layout->opcode_at + (is_long ? 1 : 0)] ^= 1;
	return before_add(kernel, insn, bytes, LOST_NOTHING, out);
}

static size_t before_always(const struct kernel *kernel, const struct insn *insn,
			    const struct insn_layout *layout,
			    struct operation_before out[OPERATION_BEFORE_MAX])
{
	size_t at = layout->opcode_at;

	if (insn->opaque)
		return 0;
	if (layout_is(layout, 0, 0xeb))
		return before_jumps(kernel, insn, at, false, LOST_NOTHING, out);
	if (layout_is(layout, 0, 0xe9) && at > 0 && insn->bytes[at - 1] == 0x2e)
		return before_jumps(kernel, insn, at - 1, true, LOST_NOTHING, out);
	return 0;
}

static bool is_made_nop(enum architecture arch, const struct insn *insn)
{
	uint8_t bytes[INSN_MAX];

	nop_make(arch, insn->length, bytes);
	return memcmp(bytes, insn->bytes, insn->length) == 0;
}

/* 0f 8x rel32 without a prefix has 6 bytes; which prefixes a longer one had is not known. */
static size_t before_never(const struct kernel *kernel, const struct insn *insn,
			   const struct insn_layout *layout,
			   struct operation_before out[OPERATION_BEFORE_MAX])
{
	enum { LONG_JCC = 6 };

	if (is_short_jcc(insn, layout) && insn->bytes[layout->immediate_at] == 0) {
		out[0] = (struct operation_before){ *insn, LOST_TARGET };
		return 1;
	}
	if (insn->length < LONG_JCC || !is_made_nop(layout->arch, insn))
		return 0;
	if (insn->length == LONG_JCC)
		return before_jumps(kernel, insn, 0, true, LOST_TARGET, out);
	out[0] = (struct operation_before){ *insn, LOST_ALL };
	return 1;
}

static bool has_number(const struct operation *operation, const struct insn *insn,
		       const struct insn_layout *layout)
{
	struct field field;

	if (insn->opaque || field_find(operation->kind, insn, layout, &field) != NULL ||
	    !field_fits(&field, &operation->number))
		return false;
	for (unsigned i = 0; i < field.size; i++) {
		if (insn->bytes[field.at + i] != (uint8_t)(operation->number.bits >> (8 * i)))
			return false;
	}
	return true;
}

/* Of several instructions `insn` is the first. */
static bool has_bytes(const struct operation *operation, const struct insn *insn)
{
	const struct bytes *bytes = &operation->bytes;

	return (operation->multiple ? insn->length <= bytes->length :
				      insn->length == bytes->length) &&
	       memcmp(insn->bytes, bytes->data, insn->length) == 0;
}

size_t operation_before(const struct operation *operation, const struct kernel *kernel,
			const struct insn *insn,
			struct operation_before out[OPERATION_BEFORE_MAX])
{
	enum operation_lost lost = LOST_ALL;
	struct insn_layout layout;
	bool made;

	if (!insn_layout(kernel->target->info.architecture, insn->bytes, insn->length, &layout))
		return 0;
	switch (operation->kind) {
	case OPERATION_INVERT:
		return before_invert(kernel, insn, &layout, out);
	case OPERATION_ALWAYS:
		return before_always(kernel, insn, &layout, out);
	case OPERATION_NEVER:
		return before_never(kernel, insn, &layout, out);
	case OPERATION_NOP:
		made = is_made_nop(layout.arch, insn);
		break;
	case OPERATION_IMMEDIATE: case OPERATION_DISPLACEMENT:
		made = has_number(operation, insn, &layout);
		lost = LOST_NUMBER;
		break;
	case OPERATION_TARGET:
		made = target_is(operation, kernel, insn, &layout);
		lost = LOST_TARGET;
		break;
	case OPERATION_BYTES:
		made = has_bytes(operation, insn);
		break;
	default:
		return 0;
	}
	if (made)
		out[0] = (struct operation_before){ *insn, lost };
	return made ? 1 : 0;
}
