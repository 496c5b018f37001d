/* SPDX-License-Identifier: GPL-2.0-or-later */
/* operation_field: the immediate or the displacement of an instruction, and what fits into it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/operation_internal.h"

static unsigned immediates_named(const struct insn *insn)
{
	unsigned count = 0;

	for (const char *at = insn->operands; (at = strchr(at, '$')) != NULL; at++)
		count++;
	return count;
}

/* How wide the operand is that the immediate stands for: of the one-byte opcodes 83, 6a and 6b sign-
 * extend 8 bits, and those of 64 bits 32 of them, as does push. */
static unsigned immediate_bits(const struct insn_layout *layout)
{
	bool legacy = layout->encoding == ENCODING_LEGACY && layout->map == 0;
	bool push = layout->opcode == 0x68 || layout->opcode == 0x6a;
	bool extends = layout->opcode == 0x83 || layout->opcode == 0x6a || layout->opcode == 0x6b;

	if (!legacy || (!extends && layout->immediate_size != 4))
		return 8U * layout->immediate_size;
	if (push && layout->arch == ARCH_X86_64 && !layout->operand_size)
		return 64;
	return insn_operand_bits(layout);
}

static const char *immediate_find(const struct insn *insn, const struct insn_layout *layout,
				  struct field *out)
{
	unsigned count = immediates_named(insn);

	if (insn->has_target)
		return "its number says where it goes, and is no immediate operand";
	/* A byte there may also be a register (vblendvps), or part of the name (cmpltps): no $ then. */
	if (count == 0 || layout->immediate_size == 0)
		return "it has no immediate operand";
	if (count > 1)
		return "it has two immediate operands, and either could be meant";
	*out = (struct field){ layout->immediate_at, layout->immediate_size,
			       immediate_bits(layout) };
	return NULL;
}

static unsigned address_bits(const struct insn_layout *layout)
{
	if (layout->arch == ARCH_X86_64)
		return layout->address_size ? 32 : 64;
	return layout->address_size ? 16 : 32;
}

static const char *displacement_find(const struct insn_layout *layout, struct field *out)
{
	bool absolute = layout->encoding == ENCODING_LEGACY && layout->map == 0 &&
			(layout->opcode & 0xfc) == 0xa0;	/* mov from and to an address */

	if (absolute) {
		*out = (struct field){ layout->immediate_at, layout->immediate_size,
				       address_bits(layout) };
		return NULL;
	}
	if (!layout->has_modrm || layout_mod(layout) == 3)
		return "it has no memory operand";
	if (layout->displacement_size == 0)
		return "its memory operand has no displacement, and there is no room for one";
	if (layout->arch == ARCH_X86_64 && layout_mod(layout) == 0 && layout_rm(layout) == 5)
		return "its displacement is the distance to an address (%rip), which differs from build "
		       "to build";
	*out = (struct field){ layout->displacement_at, layout->displacement_size,
			       address_bits(layout) };
	return NULL;
}

const char *field_find(enum operation_kind kind, const struct insn *insn,
		       const struct insn_layout *layout, struct field *out)
{
	return kind == OPERATION_IMMEDIATE ? immediate_find(insn, layout, out) :
					     displacement_find(layout, out);
}

/* The largest number of so many bits. */
static uint64_t largest(unsigned bits)
{
	return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

bool field_fits(const struct field *field, const struct number *number)
{
	unsigned bits = 8 * field->size;
	uint64_t half = largest(bits - 1), all = largest(field->bits);

	if (number->negative)
		return number->bits >= ~half;
	if (field->bits == bits)
		return number->bits <= largest(bits);
	/* What it is sign-extended to may be written without sign, too: 0xfffffff0 of 32 bits. */
	return number->bits <= half || (number->bits <= all && number->bits >= all - half);
}

const char *field_range(const struct field *field, char out[FIELD_RANGE_MAX])
{
	unsigned bits = 8 * field->size;
	uint64_t half = largest(bits - 1), all = largest(field->bits);

	(void)snprintf(out, FIELD_RANGE_MAX, field->bits == bits ?
		       "%" PRId64 " to %" PRIu64 ", or %" PRIu64 " to %" PRIu64 " without sign" :
		       "%" PRId64 " to %" PRIu64 ", or 0x%" PRIx64 " to 0x%" PRIx64 " without sign",
		       (int64_t)~half, half, field->bits == bits ? 0 : all - half, all);
	return out;
}
