/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uses_operand: where the operand in memory of an instruction lies. */
#include "lib/uses_internal.h"

/* No struct, and no frame, is as large. */
enum { OFFSET_MAX = 1 << 24 };

struct known known_move(struct known known, int64_t by)
{
	if (known.kind == KNOWN_NOTHING || known.kind == KNOWN_NUMBER || by > OFFSET_MAX ||
	    by < -OFFSET_MAX)
		return (struct known){ .kind = KNOWN_NOTHING };
	known.offset += by;
	if (known.offset > OFFSET_MAX || known.offset < -OFFSET_MAX)
		return (struct known){ .kind = KNOWN_NOTHING };
	return known;
}

/* Base, index and scale of ModRM and SIB; false: of 16 bits. */
static bool registers_take(const struct insn *insn, const struct insn_layout *layout,
			   struct operand *out)
{
	unsigned base = layout_rm(layout);

	out->base = out->index = NO_REGISTER;
	out->scale = 1;
	if (layout->address_size)
		return false;
	if (layout->sib_at != 0) {
		uint8_t sib = insn->bytes[layout->sib_at];
		unsigned index = (sib >> 3 & 7) | (layout->rex & REX_X ? 8 : 0);

		base = sib & 7;
		if (index != RSP)
			out->index = (int)index;
		out->scale = 1u << (sib >> 6);
	}
	if (base == 5 && layout_mod(layout) == 0) {
		if (layout->sib_at == 0 && layout->arch == ARCH_X86_64)
			out->base = RIP;
		return true;
	}
	out->base = (int)(base | (layout->rex & REX_B ? 8 : 0));
	return true;
}

struct operand operand_take(const struct flow *flow, const struct state *state,
			    const struct insn *insn, const struct insn_layout *layout)
{
	struct operand out = { .memory = layout->has_modrm && layout_mod(layout) != 3 };
	uint64_t at = insn->address + layout->displacement_at;
	const struct elf_field *field;

	if (!out.memory || layout->segment == 0x64 || layout->segment == 0x65 ||
	    !registers_take(insn, layout, &out))
		return out;
	if (layout->displacement_size > 0)
		out.displacement = insn_number(insn->bytes + layout->displacement_at,
					       layout->displacement_size);
	field = layout->displacement_size == 0 ? NULL :
		elf_field_in(flow->fields, at, layout->displacement_size);
	if (field != NULL) {
		if (field->address == at && field->size == 4 && out.index == NO_REGISTER &&
		    out.base == (field->class == FIELD_RELATIVE ? RIP : NO_REGISTER))
			out.address = variable_known(flow, field, field->class == FIELD_RELATIVE ?
				(int64_t)(insn->address + insn->length - at) : 0);
		out.displacement = 0;
	} else if (out.base >= 0) {
		out.address = state->registers[out.base];
	}
	out.known = out.address.kind == KNOWN_POINTER || out.address.kind == KNOWN_PLACE ||
		    out.address.kind == KNOWN_STACK;
	return out;
}

struct known operand_load(const struct flow *flow, const struct state *state,
			  const struct operand *operand)
{
	struct known at = operand->address;

	if (!operand->known || operand->index != NO_REGISTER)
		return (struct known){ .kind = KNOWN_NOTHING };
	if (at.kind == KNOWN_POINTER) {
		int64_t offset = at.offset + operand->displacement;

		if (offset >= 0)
			return member_load(at.aggregate, (uint64_t)offset, flow->pointer);
		return (struct known){ .kind = KNOWN_NOTHING };
	}
	at = known_move(operand->address, operand->displacement);
	if (at.kind == KNOWN_PLACE && at.offset == 0)
		return (struct known){ KNOWN_POINTER, at.aggregate, 0 };
	if (at.kind == KNOWN_STACK)
		return slot_get(flow, state, at.offset);
	return (struct known){ .kind = KNOWN_NOTHING };
}

/* Of the moves to and from %xmm that compilers copy with. */
static unsigned size_vector(const struct insn_layout *layout)
{
	uint8_t opcode = layout->opcode;

	if ((opcode == 0x10 || opcode == 0x11) && layout->repeat != 0)
		return layout->repeat == 0xf3 ? 4 : 8;
	if ((opcode == 0x7e && layout->repeat == 0xf3) || opcode == 0xd6)
		return 8;
	if (opcode == 0x6e || opcode == 0x7e)
		return layout->rex & REX_W ? 8 : 4;
	return opcode == 0x12 || opcode == 0x13 || opcode == 0x16 || opcode == 0x17 ? 8 : 16;
}

static unsigned size_two_bytes(const struct insn_layout *layout, unsigned bytes)
{
	switch (layout->opcode) {
	case 0x10 ... 0x13: case 0x16: case 0x17: case 0x28: case 0x29: case 0x6e: case 0x6f:
	case 0x7e: case 0x7f: case 0xd6:
		return size_vector(layout);
	case 0x90 ... 0x9f: case 0xb0: case 0xb6: case 0xbe: case 0xc0:
		return 1;
	case 0xb7: case 0xbf:
		return 2;
	case 0x40 ... 0x4f: case 0xa4: case 0xa5: case 0xac: case 0xad: case 0xaf: case 0xb1:
	case 0xba: case 0xbc: case 0xbd: case 0xc1: case 0xc3:
		return bytes;
	default:
		return 0;	/* also bt with a register, which goes as far as that says */
	}
}

unsigned operand_size(const struct insn_layout *layout, unsigned pointer)
{
	unsigned bytes = insn_operand_bits(layout) / 8;

	if (layout->encoding != ENCODING_LEGACY)
		return 0;
	if (layout->map == 1)
		return size_two_bytes(layout, bytes);
	if (layout->map != 0)
		return 0;
	switch (layout->opcode) {
	case 0x00 ... 0x3f: case 0x84 ... 0x87: case 0x88 ... 0x8b: case 0xc0: case 0xc1:
	case 0xc6: case 0xc7: case 0xd0 ... 0xd3: case 0xf6: case 0xf7: case 0xfe:
	case 0x80 ... 0x83:
		if (layout->opcode == 0x83)
			return bytes;
		return layout->opcode & 1 ? bytes : 1;
	case 0x63:
		return 4;
	case 0x69: case 0x6b:
		return bytes;
	case 0x8f:
		return pointer;
	case 0xff:
		return layout_reg(layout) < 2 ? bytes : pointer;
	default:
		return 0;
	}
}
