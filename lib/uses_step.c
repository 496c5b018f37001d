/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uses_step: what an instruction does to what is known. One that is not listed here may have
 * changed anything.
 *
 * Opcodes: Intel SDM volume 2, appendix A.
 */
#include "lib/uses_internal.h"

/* An instruction that is carried out. */
struct step {
	struct flow *flow;
	struct state *state;
	const struct insn *insn;
	const struct insn_layout *layout;
	struct operand operand;
	bool full;		/* the operands are as large as a pointer */
};

static const struct known nothing = { .kind = KNOWN_NOTHING };
static const struct known zero = { .kind = KNOWN_NUMBER };

static int step_reg(const struct step *step)
{
	return (int)(layout_reg(step->layout) | (step->layout->rex & REX_R ? 8 : 0));
}

static int step_rm(const struct step *step)
{
	return (int)(layout_rm(step->layout) | (step->layout->rex & REX_B ? 8 : 0));
}

/* The register in the opcode's low bits. */
static int step_opcode_register(const struct step *step)
{
	return (step->layout->opcode & 7) | (step->layout->rex & REX_B ? 8 : 0);
}

/* Without REX, 4 to 7 are %ah, %ch, %dh and %bh. */
static int byte_register(const struct step *step, int reg)
{
	return step->layout->has_rex || reg < 4 || reg > 7 ? reg : reg - 4;
}

static struct known get(const struct step *step, int reg)
{
	return step->state->registers[reg];
}

/* Into a register. That the frame's address is kept anywhere but in the registers for it lets
 * others write to the stack. */
static void set(const struct step *step, int reg, struct known known)
{
	if (known.kind == KNOWN_STACK && reg != RSP && reg != RBP)
		stack_escape(step->flow, known.offset);
	step->state->registers[reg] = known;
}

/* A register becomes something that is not known, and that may be made of what it was. */
static void lose(const struct step *step, int reg)
{
	if (reg == RBP && get(step, reg).kind == KNOWN_STACK)
		stack_escape(step->flow, get(step, reg).offset);
	set(step, reg, nothing);
}

/* The place of the operand in the stack; false: it is not there. */
static bool stack_operand(const struct step *step, int64_t *out)
{
	const struct operand *operand = &step->operand;

	if (!operand->known || operand->address.kind != KNOWN_STACK)
		return false;
	*out = known_move(operand->address, operand->displacement).offset;
	if (known_move(operand->address, operand->displacement).kind != KNOWN_STACK ||
	    operand->index != NO_REGISTER) {
		stack_escape(step->flow, *out);
		return false;
	}
	return true;
}

/* Into the operand in memory. */
static int store(const struct step *step, struct known known, uint64_t size, struct fail *fail)
{
	int64_t offset;

	if (known.kind == KNOWN_STACK)
		stack_escape(step->flow, known.offset);
	if (!stack_operand(step, &offset))
		return 0;
	slots_forget(step->flow, step->state, offset, size);
	return size == step->flow->pointer ? slot_set(step->state, offset, known, fail) : 0;
}

/* Into the operand of ModRM, a register or memory, something that is not known. */
static int spoil(const struct step *step, bool byte, struct fail *fail)
{
	int reg;

	if (step->operand.memory)
		return store(step, nothing, byte ? 1 : insn_operand_bits(step->layout) / 8, fail);
	reg = byte ? byte_register(step, step_rm(step)) : step_rm(step);
	lose(step, reg);
	return 0;
}

static void spoil_all(const struct step *step, const int *registers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		set(step, registers[i], nothing);
}

#define SPOIL(step, ...) spoil_all(step, (const int[]){ __VA_ARGS__ },			\
				   sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

static int push(const struct step *step, struct known known, struct fail *fail)
{
	struct known *sp = &step->state->registers[RSP];

	*sp = known_move(*sp, -(int64_t)step->flow->pointer);
	if (known.kind == KNOWN_STACK)
		stack_escape(step->flow, known.offset);
	if (sp->kind != KNOWN_STACK)
		return 0;
	slots_forget(step->flow, step->state, sp->offset, step->flow->pointer);
	return slot_set(step->state, sp->offset, known, fail);
}

static struct known pop(const struct step *step)
{
	struct known *sp = &step->state->registers[RSP];
	struct known known = sp->kind == KNOWN_STACK ?
			     slot_get(step->flow, step->state, sp->offset) : nothing;

	*sp = known_move(*sp, step->flow->pointer);
	return known;
}

static void move_to_register(const struct step *step)
{
	struct known known = nothing;

	if (step->full)
		known = step->operand.memory ? operand_load(step->flow, step->state,
							    &step->operand) :
					       get(step, step_rm(step));
	set(step, step_reg(step), known);
}

static void load_address(const struct step *step)
{
	const struct operand *operand = &step->operand;
	int64_t offset;

	/* its offset in the stack, and what is behind it, are somebody else's now */
	if (stack_operand(step, &offset) && step_reg(step) != RSP)
		stack_escape(step->flow, offset);
	set(step, step_reg(step), !step->full || !operand->known ||
				  operand->index != NO_REGISTER ? nothing :
				  known_move(operand->address, operand->displacement));
}

/* A number as pointers are where they are none: NULL, ERR_PTR(). */
static struct known number(const struct step *step)
{
	const struct insn_layout *layout = step->layout;
	uint64_t at = step->insn->address + layout->immediate_at;
	const struct elf_field *field = elf_field_in(step->flow->fields, at, layout->immediate_size);
	int64_t value = insn_number(step->insn->bytes + layout->immediate_at,
				    layout->immediate_size);

	if (layout->operand_size)
		return nothing;
	if (field != NULL)
		return step->full && field->address == at && field->class != FIELD_RELATIVE ?
		       variable_known(step->flow, field, 0) : nothing;
	if (value == 0 || (step->full && value < 0 && value >= -4095))
		return zero;
	return nothing;
}

/* mov of %rax from an address that the instruction has in full, as i386's code does. */
static struct known absolute_load(const struct step *step)
{
	uint64_t at = step->insn->address + step->layout->immediate_at;
	const struct elf_field *field = elf_field_in(step->flow->fields, at,
						     step->layout->immediate_size);
	struct operand operand = { .memory = true, .base = NO_REGISTER, .index = NO_REGISTER };

	if (!step->full || field == NULL || field->address != at || field->class == FIELD_RELATIVE ||
	    step->layout->segment == 0x64 || step->layout->segment == 0x65)
		return nothing;
	operand.address = variable_known(step->flow, field, 0);
	operand.known = operand.address.kind != KNOWN_NOTHING;
	return operand_load(step->flow, step->state, &operand);
}

/* add, or, adc, sbb, and, sub, xor, cmp with an immediate. */
static int group_1(const struct step *step, struct fail *fail)
{
	unsigned reg = layout_reg(step->layout);
	int64_t value = insn_number(step->insn->bytes + step->layout->immediate_at,
				    step->layout->immediate_size);
	bool byte = (step->layout->opcode & 1) == 0;

	if (reg == 7)
		return 0;
	if (step->operand.memory || byte || !step->full || (reg != 0 && reg != 5) ||
	    elf_field_in(step->flow->fields, step->insn->address, step->insn->length) != NULL)
		return spoil(step, byte, fail);
	set(step, step_rm(step), known_move(get(step, step_rm(step)), reg == 0 ? value : -value));
	return 0;
}

/* 00 to 3f but for prefixes and what was taken out of 64-bit mode. */
static int arithmetic(const struct step *step, struct fail *fail)
{
	uint8_t opcode = step->layout->opcode;
	bool byte = (opcode & 1) == 0;

	if (opcode >= 0x38)
		return 0;
	switch (opcode & 7) {
	case 0: case 1:
		/* xor and sub of a register with itself */
		if (!byte && !step->operand.memory && !step->layout->operand_size &&
		    (opcode == 0x31 || opcode == 0x29) && step_reg(step) == step_rm(step)) {
			set(step, step_rm(step), zero);
			return 0;
		}
		return spoil(step, byte, fail);
	case 2: case 3:
		lose(step, byte ? byte_register(step, step_reg(step)) : step_reg(step));
		set(step, byte ? byte_register(step, step_reg(step)) : step_reg(step),
		    opcode == 0x33 && !step->operand.memory && !step->layout->operand_size &&
		    step_reg(step) == step_rm(step) ? zero : nothing);
		return 0;
	case 4: case 5:
		set(step, RAX, nothing);
		return 0;
	default:
		state_forget(step->state);
		return 0;
	}
}

static int group_3(const struct step *step, struct fail *fail)
{
	if (layout_reg(step->layout) < 2)
		return 0;
	if (layout_reg(step->layout) < 4)
		return spoil(step, (step->layout->opcode & 1) == 0, fail);
	SPOIL(step, RAX, RDX);
	return 0;
}

static int group_5(const struct step *step, struct fail *fail)
{
	if (layout_reg(step->layout) < 2)
		return spoil(step, (step->layout->opcode & 1) == 0, fail);
	if (layout_reg(step->layout) != 6)
		return 0;	/* calls and jumps are the flow's */
	return push(step, step->operand.memory ? operand_load(step->flow, step->state,
							      &step->operand) : nothing, fail);
}

static int move_number(const struct step *step, struct fail *fail)
{
	struct known known = number(step);

	if (layout_reg(step->layout) != 0) {	/* xbegin, xabort */
		state_forget(step->state);
		return 0;
	}
	if (step->layout->opcode == 0xc6 || step->layout->operand_size)
		return spoil(step, step->layout->opcode == 0xc6, fail);
	if (step->operand.memory)
		return store(step, known, insn_operand_bits(step->layout) / 8, fail);
	set(step, step_rm(step), known);
	return 0;
}

static int exchange(const struct step *step, struct fail *fail)
{
	bool byte = (step->layout->opcode & 1) == 0;

	lose(step, byte ? byte_register(step, step_reg(step)) : step_reg(step));
	return spoil(step, byte, fail);
}

/* Whether the instruction only reads, or changes nothing that is followed. */
static bool is_harmless_one(const struct insn_layout *layout)
{
	switch (layout->opcode) {
	case 0x70 ... 0x7f: case 0xe0 ... 0xe3: case 0xe8: case 0xe9: case 0xeb:
	case 0x84: case 0x85: case 0xa8: case 0xa9: case 0x8e: case 0x9b: case 0x9e:
	case 0xc2: case 0xc3: case 0xcc: case 0xf4: case 0xf5: case 0xf8 ... 0xfd:
	case 0xe6: case 0xe7: case 0xee: case 0xef:
		return layout->opcode != 0xe0 && layout->opcode != 0xe1 &&
		       layout->opcode != 0xe2;	/* loops count in %rcx */
	default:
		return false;
	}
}

/* Those with an operand of ModRM. */
static int step_modrm(const struct step *step, struct fail *fail)
{
	uint8_t opcode = step->layout->opcode;

	switch (opcode) {
	case 0x63: case 0x69: case 0x6b:
		set(step, step_reg(step), nothing);
		return 0;
	case 0x80: case 0x81: case 0x83:
		return group_1(step, fail);
	case 0x86: case 0x87:
		return exchange(step, fail);
	case 0x88: case 0x8c:
		return spoil(step, opcode == 0x88, fail);
	case 0x89:
		if (step->operand.memory)
			return store(step, step->full ? get(step, step_reg(step)) : nothing,
				     insn_operand_bits(step->layout) / 8, fail);
		set(step, step_rm(step), step->full ? get(step, step_reg(step)) : nothing);
		return 0;
	case 0x8a:
		set(step, byte_register(step, step_reg(step)), nothing);
		return 0;
	case 0x8b:
		move_to_register(step);
		return 0;
	case 0x8d:
		load_address(step);
		return 0;
	case 0xc0: case 0xc1: case 0xd0 ... 0xd3:
		return spoil(step, (opcode & 1) == 0, fail);
	case 0xc6: case 0xc7:
		return move_number(step, fail);
	case 0xf6: case 0xf7:
		return group_3(step, fail);
	case 0xfe:
		return spoil(step, true, fail);
	case 0xff:
		return group_5(step, fail);
	default:
		state_forget(step->state);
		return 0;
	}
}

static int step_one(const struct step *step, struct fail *fail)
{
	uint8_t opcode = step->layout->opcode;
	struct known known;

	if (is_harmless_one(step->layout))
		return 0;
	if (opcode < 0x40)
		return arithmetic(step, fail);
	if (step->layout->has_modrm)
		return step_modrm(step, fail);
	switch (opcode) {
	case 0x40 ... 0x4f:	/* of i386: inc, dec */
	case 0xb0 ... 0xb7:
		set(step, opcode < 0x50 ? opcode & 7 :
			  byte_register(step, step_opcode_register(step)), nothing);
		return 0;
	case 0x50 ... 0x57:
		return push(step, get(step, step_opcode_register(step)), fail);
	case 0x58 ... 0x5f:
		known = pop(step);
		set(step, step_opcode_register(step), known);
		return 0;
	case 0x68: case 0x6a: case 0x9c:
		return push(step, nothing, fail);
	case 0x9d:
		(void)pop(step);	/* into the flags */
		return 0;
	case 0x90 ... 0x97:
		SPOIL(step, RAX, step_opcode_register(step));
		return 0;
	case 0xa1:
		set(step, RAX, absolute_load(step));
		return 0;
	case 0xa2: case 0xa3:	/* to an absolute address */
		return 0;
	case 0x98: case 0x9f: case 0xa0: case 0xe4: case 0xe5: case 0xec: case 0xed:
		set(step, RAX, nothing);
		return 0;
	case 0x99:
		set(step, RDX, nothing);
		return 0;
	case 0xa4 ... 0xa7: case 0xaa ... 0xaf:	/* to the stack only by an address that went away */
		SPOIL(step, RAX, RCX, RSI, RDI);
		return 0;
	case 0xb8 ... 0xbf:
		set(step, step_opcode_register(step), number(step));
		return 0;
	case 0xc9:
		set(step, RSP, get(step, RBP));
		known = pop(step);
		set(step, RBP, known);
		return 0;
	default:
		state_forget(step->state);
		return 0;
	}
}

static void move_if(const struct step *step)
{
	struct known other = nothing;

	if (step->full)
		other = step->operand.memory ? operand_load(step->flow, step->state,
							    &step->operand) :
					       get(step, step_rm(step));
	other = known_join(get(step, step_reg(step)), other);
	lose(step, step_reg(step));
	set(step, step_reg(step), other);
}

/* Those with 0f. */
static int step_two(const struct step *step, struct fail *fail)
{
	uint8_t opcode = step->layout->opcode;

	switch (opcode) {
	case 0x0b: case 0x0d: case 0x18: case 0x1e: case 0x1f: case 0x30: case 0x80 ... 0x8f:
	case 0xa3: case 0xb9: case 0xff:
		return 0;
	case 0x31: case 0x32:
		SPOIL(step, RAX, RDX);
		return 0;
	case 0xa2:
		SPOIL(step, RAX, RCX, RDX, RBX);
		return 0;
	case 0x40 ... 0x4f:
		move_if(step);
		return 0;
	case 0x90 ... 0x9f:
		return spoil(step, true, fail);
	case 0xa4: case 0xa5: case 0xac: case 0xad:
		return spoil(step, false, fail);
	case 0xba:
		return layout_reg(step->layout) == 4 ? 0 : spoil(step, false, fail);
	case 0xab: case 0xb3: case 0xbb:	/* in memory as far as the register says */
		if (step->operand.memory)
			step->state->slot_count = 0;
		return spoil(step, false, fail);
	case 0xaf: case 0xb6: case 0xb7: case 0xbe: case 0xbf: case 0xb8: case 0xbc: case 0xbd:
		set(step, step_reg(step), nothing);
		return 0;
	case 0xb0: case 0xb1:
		set(step, RAX, nothing);
		return spoil(step, opcode == 0xb0, fail);
	case 0xc0: case 0xc1:
		return exchange(step, fail);
	case 0xc8 ... 0xcf:
		set(step, step_opcode_register(step), nothing);
		return 0;
	case 0xae:	/* fences; and what stores state */
		if (!step->operand.memory && layout_reg(step->layout) >= 5 &&
		    step->layout->repeat == 0)
			return 0;
		break;
	default:
		break;
	}
	state_forget(step->state);
	return 0;
}

int insn_step(struct flow *flow, struct state *state, const struct insn *insn,
	      const struct insn_layout *layout, struct fail *fail)
{
	const struct step step = {
		.flow = flow, .state = state, .insn = insn, .layout = layout,
		.operand = operand_take(flow, state, insn, layout),
		.full = insn_operand_bits(layout) == flow->pointer * 8,
	};

	if (insn->nop || insn->endbr)
		return 0;
	if (layout->encoding != ENCODING_LEGACY || insn->opaque || layout->map > 1) {
		state_forget(state);
		return 0;
	}
	return layout->map == 0 ? step_one(&step, fail) : step_two(&step, fail);
}
