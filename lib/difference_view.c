/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference_view: an instruction without what a compiler and an assembler decide: how long its branch
 * is, and what its relocated fields have in them. */
#include <string.h>

#include "lib/difference_internal.h"

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

static bool references_take(const struct side *side, size_t *cursor, struct view *view)
{
	uint64_t end = view->address + view->layout.length;

	for (; *cursor < side->relocation_count && side->relocations[*cursor].address < end;
	     (*cursor)++) {
		const struct relocation *relocation = &side->relocations[*cursor];
		uint64_t at = relocation->address - view->address;

		if (relocation->address < view->address || end - relocation->address < relocation->size ||
		    view->reference_count == sizeof(view->references) / sizeof(view->references[0]))
			return false;
		view->references[view->reference_count++] = (struct field_reference) {
			.at = (uint8_t)at, .size = relocation->size, .type = relocation->type,
			.to = relocation_spot(side, relocation, end),
		};
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
		if (old->references[i].at != new->references[i].at ||
		    old->references[i].size != new->references[i].size ||
		    (old->references[i].type != new->references[i].type &&
		     !old->references[i].resolved && !new->references[i].resolved))
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
