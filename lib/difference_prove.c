/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * difference_prove: that the old function with the changes, decoded again, is the new one,
 * instruction by instruction, but for nops.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/difference_internal.h"

/* NULL: none. */
static const struct change *change_at(const struct difference *difference, uint64_t offset)
{
	for (size_t i = 0; i < difference->change_count; i++) {
		const struct change *change = &difference->changes[i];

		if (offset >= change->offset && offset - change->offset < change->old.length)
			return change;
	}
	return NULL;
}

/* The old function with the changes, decoded. False: it is not whole instructions. */
static bool changed_decode(const struct comparison *comparison, const struct alignment *alignment,
			   const struct difference *difference, struct body *out)
{
	const struct function *old = &alignment->old.function;
	struct function *function = &out->function;
	struct fail ignored;

	out->side = &comparison->old;
	function->symbol = old->symbol;
	function->size = old->size;
	function->bytes = malloc(old->size);
	/* an instruction has a byte at least */
	function->insns = calloc(old->size, sizeof(*function->insns));
	out->steps = calloc(old->size, sizeof(*out->steps));
	if (function->bytes == NULL || function->insns == NULL || out->steps == NULL)
		return false;
	memcpy(function->bytes, old->bytes, old->size);
	for (size_t i = 0; i < difference->change_count; i++) {
		const struct change *change = &difference->changes[i];

		memcpy(function->bytes + change->offset, change->replacement.data,
		       change->replacement.length);
	}
	while (function->decoded < function->size) {
		struct insn *insn = &function->insns[function->count];

		if (insn_decode(out->side->object->decoder, function->bytes + function->decoded,
				function->size - function->decoded,
				old->symbol->address + function->decoded, insn, &ignored) != 0)
			return false;
		function->decoded += insn->length;
		if (!insn->nop)
			out->steps[out->count++].insn = function->count;
		function->count++;
	}
	return true;
}

/* Each instruction of `changed` against the new one; what a relocation filled in is not
 * there in what a change has written. */
static bool changed_same(struct comparison *comparison, const struct alignment *alignment,
			 const struct difference *difference, const struct body *changed)
{
	const struct body *new = &alignment->new;
	struct view a, b;
	const char *target;

	if (changed->count != new->count)
		return false;
	for (size_t k = 0; k < new->count; k++) {
		const struct insn *insn = &changed->function.insns[changed->steps[k].insn];
		const struct change *change = change_at(difference, insn->address -
							changed->function.symbol->address);
		bool written = change != NULL && change->target == NULL;
		size_t cursor = written ? changed->side->fields.count :
					  elf_field_from(&changed->side->fields, insn->address);

		if (!view_make(changed->side, insn->bytes, insn->length, insn->address, &cursor, &a) ||
		    !step_view(new, k, &b))
			return false;
		if (change == NULL || written) {
			if (!view_same(comparison, &a, &b))
				return false;
			continue;
		}
		/* all of it is the same but where it leads */
		target = view_target(comparison, &a, &b);
		if (target == NULL || strcmp(target, change->target) != 0)
			return false;
	}
	return true;
}

bool changes_entered(const struct comparison *comparison, const struct alignment *alignment,
		     const struct difference *difference)
{
	const struct side *side = &comparison->old;

	for (size_t i = 0; i < difference->change_count; i++) {
		const struct change *change = &difference->changes[i];
		uint64_t start = alignment->old.function.symbol->address + change->offset;

		if (change->count > 1 && side_extent(side, start) < change->old.length)
			return true;
	}
	return false;
}

static bool overlap(const struct difference *difference)
{
	for (size_t i = 1; i < difference->change_count; i++) {
		const struct change *before = &difference->changes[i - 1];

		if (difference->changes[i].offset - before->offset < before->old.length)
			return true;
	}
	return false;
}

bool changes_prove(struct comparison *comparison, const struct alignment *alignment,
		   const struct difference *difference)
{
	struct match *match = &comparison->matches[comparison->self];
	struct label *labels = match->old;
	size_t count = match->old_count;
	struct body changed = { .count = 0 };
	bool right = !overlap(difference) &&
		     changed_decode(comparison, alignment, difference, &changed);

	if (right) {
		match->old = labels_make(&changed.function, &changed, NULL,
					 (uint32_t)alignment->new.count, &match->old_count);
		right = match->old != NULL && changed_same(comparison, alignment, difference, &changed);
		free(match->old);
		match->old = labels;
		match->old_count = count;
	}
	function_deinit(&changed.function);
	free(changed.steps);
	return right;
}
