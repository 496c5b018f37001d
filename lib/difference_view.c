/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference_view: an instruction without what a compiler and an assembler decide: how long its
 * branch is, and what its relocated fields have in them. */
#include <string.h>

#include <elf.h>

#include "lib/difference_internal.h"

/* Code without a name that leads to another such. */
enum { FRAGMENTS_MAX = 4 };

/* 70 to 7f and 0f 80 to 0f 8f, loop and jrcxz, call, jmp: with a displacement for an operand. */
static bool is_branch(const struct insn_layout *layout)
{
	if (layout->encoding != ENCODING_LEGACY)
		return false;
	if (layout->map == 1)
		return (layout->opcode & 0xf0) == 0x80;
	return layout->map == 0 &&
	       ((layout->opcode & 0xf0) == 0x70 || (layout->opcode >= 0xe0 && layout->opcode <= 0xe3) ||
		layout->opcode == 0xe8 || layout->opcode == 0xe9 || layout->opcode == 0xeb);
}

/* What a branch does, by its short form. */
static unsigned branch_kind(const struct insn_layout *layout)
{
	if (layout->map == 1)
		return 0x70 | (layout->opcode & 0xf);
	return layout->opcode == 0xe9 ? 0xeb : layout->opcode;
}

/* A field that the assembler has filled in by itself: a branch's, or one that counts from %rip. */
static bool resolved_field(const struct view *view, uint8_t *at, uint8_t *size)
{
	const struct insn_layout *layout = &view->layout;

	if (view->branch) {
		*at = layout->immediate_at;
		*size = layout->immediate_size;
		return true;
	}
	*at = layout->displacement_at;
	*size = layout->displacement_size;
	return layout->arch == ARCH_X86_64 && layout->has_modrm && layout_mod(layout) == 0 &&
	       layout_rm(layout) == 5 && layout->displacement_size == 4;
}

/* Whether a register is added to what that field says. */
static bool is_indexed(const struct insn_layout *layout, const uint8_t *bytes, uint64_t at)
{
	/* a SIB byte of 25 has neither base nor index */
	return layout->has_modrm && layout->displacement_size > 0 && at == layout->displacement_at &&
	       (layout_mod(layout) != 0 || (layout->sib_at != 0 && bytes[layout->sib_at] != 0x25));
}

static bool references_take(const struct side *side, size_t *cursor, struct view *view)
{
	uint64_t end = view->address + view->layout.length;

	for (; *cursor < side->fields.count && side->fields.items[*cursor].address < end;
	     (*cursor)++) {
		const struct elf_field *relocation = &side->fields.items[*cursor];
		uint64_t at = relocation->address - view->address;

		if (relocation->address < view->address || end - relocation->address < relocation->size ||
		    view->reference_count == sizeof(view->references) / sizeof(view->references[0]))
			return false;
		view->references[view->reference_count++] = (struct field_reference) {
			.at = (uint8_t)at, .size = relocation->size, .type = relocation->type,
			.to = relocation_spot(side, relocation, end),
		};
		view->references[view->reference_count - 1].to.indexed =
			relocation->symbol == NULL && is_indexed(&view->layout, view->bytes, at);
	}
	return true;
}

bool view_make(const struct side *side, const uint8_t *bytes, size_t length, uint64_t address,
	       size_t *cursor, struct view *out)
{
	uint8_t at, size;
	uint64_t to;

	if (!insn_layout(elf_file_architecture(side->object->elf), bytes, length, &out->layout))
		return false;
	out->bytes = bytes;
	out->address = address;
	out->branch = is_branch(&out->layout);
	out->reference_count = 0;
	if (!references_take(side, cursor, out))
		return false;
	if (!resolved_field(out, &at, &size))
		return true;
	for (unsigned i = 0; i < out->reference_count; i++) {
		if (out->references[i].at == at)
			return true;
	}
	if (out->branch && out->reference_count > 0)
		return false;
	to = address + out->layout.length + (uint64_t)insn_number(bytes + at, size);
	if (out->layout.arch == ARCH_I386)
		to &= UINT32_MAX;
	if (out->reference_count == sizeof(out->references) / sizeof(out->references[0]))
		return false;
	out->references[out->reference_count++] = (struct field_reference) {
		.at = at, .size = size, .resolved = true, .to = address_spot(side, to, to),
	};
	return true;
}

/* Whether two fields say where they lead in the same way. What an assembler fills in by itself
 * counts from the instruction. */
static bool field_same(const struct view *view, const struct field_reference *old,
		       const struct field_reference *new)
{
	const struct field_reference *other = old->resolved ? new : old;

	if (old->at != new->at || old->size != new->size)
		return false;
	if (old->resolved == new->resolved)
		return old->resolved || old->type == new->type;
	/* of i386 the numbers of PC32 and PLT32 are the same */
	return other->type == R_X86_64_PC32 || other->type == R_X86_64_PLT32 ||
	       other->type == R_X86_64_PC8 || view->branch;
}

/* The bytes with zeros where it leads. */
static void masked(const struct view *view, uint8_t out[INSN_MAX])
{
	memcpy(out, view->bytes, view->layout.length);
	for (unsigned i = 0; i < view->reference_count; i++)
		memset(out + view->references[i].at, 0, view->references[i].size);
}

bool view_same_bytes(const struct view *old, const struct view *new)
{
	uint8_t a[INSN_MAX], b[INSN_MAX];

	if (old->branch != new->branch)
		return false;
	if (old->branch)
		return branch_kind(&old->layout) == branch_kind(&new->layout) &&
		       old->layout.opcode_at == new->layout.opcode_at &&
		       memcmp(old->bytes, new->bytes, old->layout.opcode_at) == 0;
	if (old->layout.length != new->layout.length || old->reference_count != new->reference_count)
		return false;
	for (unsigned i = 0; i < old->reference_count; i++) {
		if (!field_same(old, &old->references[i], &new->references[i]))
			return false;
	}
	masked(old, a);
	masked(new, b);
	return memcmp(a, b, old->layout.length) == 0;
}

bool view_same(struct comparison *comparison, const struct view *old, const struct view *new)
{
	if (!view_same_bytes(old, new))
		return false;
	for (unsigned i = 0; i < old->reference_count; i++) {
		if (!spot_same(comparison, &old->references[i].to, &new->references[i].to))
			return false;
	}
	return true;
}

uint64_t view_hash(const struct side *side, bool is_new, const struct view *view)
{
	uint8_t bytes[INSN_MAX];
	uint64_t hash, to;

	if (view->branch) {
		unsigned kind = branch_kind(&view->layout);

		hash = hash_bytes(HASH_START, &kind, sizeof(kind));
	} else {
		masked(view, bytes);
		hash = hash_bytes(HASH_START, bytes, view->layout.length);
	}
	for (unsigned i = 0; i < view->reference_count; i++) {
		to = spot_hash(side, is_new, &view->references[i].to);
		hash = hash_bytes(hash, &to, sizeof(to));
	}
	return hash;
}

/* jmp and what else has nothing behind it: return, ud2, jmp to an address in a register or
 * memory. */
static bool leaves(const struct view *view)
{
	const struct insn_layout *layout = &view->layout;

	if (layout->encoding != ENCODING_LEGACY)
		return false;
	if (layout->map == 1)
		return layout->opcode == 0x0b;
	return layout->map == 0 &&
	       (layout->opcode == 0xe9 || layout->opcode == 0xeb || layout->opcode == 0xc2 ||
		layout->opcode == 0xc3 ||
		(layout->opcode == 0xff && (layout_reg(layout) == 4 || layout_reg(layout) == 5)));
}

bool fragment_same(struct comparison *comparison, const struct spot *old, const struct spot *new,
		   uint64_t length)
{
	const struct side *sides[2] = { &comparison->old, &comparison->new };
	const uint8_t *a = elf_file_bytes(sides[0]->object->elf, old->address, length);
	const uint8_t *b = elf_file_bytes(sides[1]->object->elf, new->address, length);
	size_t i = elf_field_from(&sides[0]->fields, old->address);
	size_t k = elf_field_from(&sides[1]->fields, new->address);
	bool same = true, whole = strncmp(old->section->name, ".altinstr", 9) == 0;
	struct view old_view, new_view;

	if (a == NULL || b == NULL)
		return false;
	if (comparison->depth >= FRAGMENTS_MAX)
		return true;
	comparison->depth++;
	for (uint64_t at = 0; same && at < length; at += old_view.layout.length) {
		same = view_make(sides[0], a + at, length - at, old->address + at, &i, &old_view) &&
		       view_make(sides[1], b + at, length - at, new->address + at, &k, &new_view) &&
		       old_view.layout.length == new_view.layout.length &&
		       view_same(comparison, &old_view, &new_view);
		if (same && leaves(&old_view) && !whole)
			break;
	}
	comparison->depth--;
	return same;
}
