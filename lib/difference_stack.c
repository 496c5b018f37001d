/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * difference_stack: what changes would do to a task that is inside the function while they are
 * made, asleep in what it calls: it has made the old frame, and leaves it as the new code does. So
 * each change must leave the stack pointer where the old instructions left it, and the registers
 * saved in the same places (System V psABIs, "registers", for which those are).
 */
#include <string.h>

#include "lib/difference_internal.h"

struct effect {
	bool known;			/* of all instructions that move the stack pointer */
	int64_t depth;			/* how far it was moved, bytes */
	uint64_t saved;			/* hash of the registers that are pushed and popped, and
					 * where */
	bool restores;			/* one that was not pushed here */
	uint64_t bytes;			/* hash of all that move it */
};

/* rbx, rbp, r12 to r15; ebx, ebp, esi, edi. */
static bool is_saved(enum architecture arch, unsigned number)
{
	return number == 3 || number == 5 || (arch == ARCH_I386 ? number == 6 || number == 7 : number >= 12);
}

/* Adds to the stack pointer, or loads it with itself and a displacement. False: it is neither. */
static bool adds(const struct insn_layout *layout, const uint8_t *bytes, int64_t *out)
{
	bool to_rm = layout_mod(layout) == 3 && layout_rm(layout) == 4 && (layout->rex & REX_B) == 0;

	if (layout_is(layout, 0, 0x81) || layout_is(layout, 0, 0x83)) {
		*out = insn_number(bytes + layout->immediate_at, layout->immediate_size);
		if (layout_reg(layout) == 5)
			*out = -*out;
		return to_rm && (layout_reg(layout) == 0 || layout_reg(layout) == 5);
	}
	if (!layout_is(layout, 0, 0x8d) || layout_reg(layout) != 4 || layout->displacement_size == 0 ||
	    layout->sib_at == 0 || bytes[layout->sib_at] != 0x24 || (layout->rex & ~REX_W) != 0)
		return false;
	*out = insn_number(bytes + layout->displacement_at, layout->displacement_size);
	return true;
}

/* How far an instruction moves the stack pointer, and which register it saves or restores (16:
 * none). False: it is another than those that compilers use. */
static bool move_of(enum architecture arch, const struct insn *insn, int64_t *move, unsigned *number)
{
	const int64_t word = arch == ARCH_I386 ? 4 : 8;
	struct insn_layout layout;

	if (!insn_layout(arch, insn->bytes, insn->length, &layout) ||
	    layout.encoding != ENCODING_LEGACY || layout.map != 0 || layout.operand_size)
		return false;
	*number = 16;
	if ((layout.opcode & 0xf0) == 0x50) {
		*number = (layout.opcode & 7u) | ((layout.rex & REX_B) != 0 ? 8u : 0u);
		*move = layout.opcode < 0x58 ? -word : word;
		return *number != 4;
	}
	*move = -word;
	if (layout.opcode == 0x68 || layout.opcode == 0x6a || layout.opcode == 0x9c ||
	    (layout.opcode == 0xff && layout_reg(&layout) == 6))
		return true;
	return adds(&layout, insn->bytes, move);
}

static void effect_add(struct effect *effect, enum architecture arch, const struct insn *insn)
{
	unsigned number;
	int64_t move;

	if (!insn_moves_stack(arch, insn))
		return;
	effect->bytes = hash_bytes(effect->bytes, insn->bytes, insn->length);
	if (!effect->known || !move_of(arch, insn, &move, &number)) {
		effect->known = false;
		return;
	}
	if (is_saved(arch, number) && number < 16) {
		effect->saved = hash_bytes(effect->saved, &effect->depth, sizeof(effect->depth));
		effect->saved = hash_bytes(effect->saved, &number, sizeof(number));
		effect->saved = hash_bytes(effect->saved, &move, sizeof(move));
		effect->restores |= move > 0 && effect->depth >= 0;
	}
	if (__builtin_add_overflow(effect->depth, move, &effect->depth))
		effect->known = false;
}

/* The same, or none at all: what both have taken back by their ends. */
static bool effect_same(const struct effect *old, const struct effect *new)
{
	if (!old->known || !new->known)
		return old->bytes == new->bytes;
	if (old->depth != new->depth)
		return false;
	return old->saved == new->saved || (old->depth == 0 && !old->restores && !new->restores);
}

static bool change_keeps(const struct comparison *comparison, const struct alignment *alignment,
			 const struct change *change)
{
	const struct object *object = comparison->old.object;
	enum architecture arch = elf_file_architecture(object->elf);
	struct effect old = { .known = true, .saved = HASH_START, .bytes = HASH_START }, new = old;
	struct insn insn;
	struct fail ignored;		/* it was proved to be instructions */

	for (size_t i = 0; i < change->count; i++)
		effect_add(&old, arch, &alignment->old.function.insns[change->first + i]);
	for (size_t at = 0; at < change->replacement.length; at += insn.length) {
		if (insn_decode(object->decoder, change->replacement.data + at,
				change->replacement.length - at, 0, &insn, &ignored) != 0)
			return false;
		effect_add(&new, arch, &insn);
	}
	return effect_same(&old, &new);
}

const struct change *changes_unframe(const struct comparison *comparison,
				     const struct alignment *alignment,
				     const struct difference *difference)
{
	for (size_t i = 0; i < difference->change_count; i++) {
		if (!change_keeps(comparison, alignment, &difference->changes[i]))
			return &difference->changes[i];
	}
	return NULL;
}
