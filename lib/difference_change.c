/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * difference_change: the bytes that make an old function do what the new one does, at the places that
 * difference_room.c finds for them. difference_prove.c proves at the end that they do.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/difference_plan.h"
#include "lib/operation_internal.h"

/* The kernel's own nops are no longer, on most processors (arch/x86/include/asm/nops.h). */
enum { NOP_LONGEST = 8 };

static const char *new_text(const struct plan_of_function *plan, size_t step, char out[ASM_MAX])
{
	const struct body *body = &plan->alignment->new;

	return function_print(body->side->object->symtab, body->function.symbol,
			      &body->function.insns[body->steps[step].insn], out);
}

/* The address, in the old file, of what a field of the new one leads to. False: there is none. */
static bool old_address(const struct plan_of_function *plan, const struct spot *to, uint64_t *out)
{
	const struct side *old = &plan->comparison->old;
	const struct match *match;
	size_t pair;
	uint32_t label;

	if (to->kind != SPOT_CODE || to->offset < 0)
		return false;
	pair = plan->comparison->new.function_pairs[to->index];
	if (pair == NONE)
		return false;
	match = &plan->comparison->matches[pair];
	*out = old->functions[pair]->address;
	if (pair == plan->comparison->self) {
		if (!label_find(match->new, match->new_count, (uint64_t)to->offset, &label))
			return false;
		*out += plan->places[label];
		return true;
	}
	/* its bytes are in place only where it is in one section with this */
	if (elf_file_section_at(old->object->elf, *out) !=
	    elf_file_section_at(old->object->elf, old_symbol(plan)->address))
		return false;
	if (to->offset == 0 || !match->mapped) {
		*out += (uint64_t)to->offset;
		return true;
	}
	if (!label_find(match->new, match->new_count, (uint64_t)to->offset, &label))
		return false;
	for (size_t i = 0; i < match->old_count; i++) {
		if (match->old[i].label == label) {
			*out += match->old[i].offset;
			return true;
		}
	}
	return false;
}

/* Fills in a field that counts from the instruction's end. */
static bool field_fill(uint8_t *bytes, const struct field_reference *field, uint64_t end,
		       uint64_t to)
{
	uint64_t distance = to - end;

	if (field->size < 8 && (int64_t)distance != (int64_t)(int32_t)distance)
		return false;
	if (field->size == 1 && (int64_t)distance != (int8_t)distance)
		return false;
	if (field->size == 2)
		return false;	/* processors differ in where that leads */
	memcpy(bytes + field->at, &distance, field->size);
	return true;
}

/* A new instruction's bytes at its place in the old function. */
static bool step_encode(struct plan_of_function *plan, size_t step, uint8_t out[INSN_MAX])
{
	char text[ASM_MAX], name[SPOT_TEXT_MAX];
	struct view view;
	uint64_t to;

	if (!step_view(&plan->alignment->new, step, &view))
		return false;
	memcpy(out, view.bytes, view.layout.length);
	for (unsigned i = 0; i < view.reference_count; i++) {
		const struct field_reference *field = &view.references[i];
		uint64_t end = old_symbol(plan)->address + plan->places[step] + view.layout.length;
		const char *why = NULL;

		if (!field->resolved)
			why = "whose bytes only the kernel that loads the object knows";
		else if (!old_address(plan, &field->to, &to))
			why = "which is not there in the old object, or in another section";
		else if (!field_fill(out, field, end, to))
			why = "which is too far away for a jump of that size";
		if (why == NULL)
			continue;
		(void)snprintf(plan->why, WHY_MAX, "`%s` leads to %s, %s",
			       new_text(plan, step, text),
			       spot_print(&plan->comparison->new, &field->to, name), why);
		return false;
	}
	return true;
}

void changes_free(struct difference *difference)
{
	for (size_t i = 0; i < difference->change_count; i++)
		free(difference->changes[i].target);
	free(difference->changes);
	difference->changes = NULL;
	difference->change_count = 0;
}

static struct change *change_add(struct plan_of_function *plan, struct fail *fail)
{
	struct change *change, *more;

	if (plan->out->change_count == plan->room) {
		plan->room = plan->room == 0 ? 4 : plan->room * 2;
		more = reallocarray(plan->out->changes, plan->room, sizeof(*more));
		if (more == NULL) {
			(void)fail_memory(fail, "changes");
			return NULL;
		}
		plan->out->changes = more;
	}
	change = &plan->out->changes[plan->out->change_count++];
	memset(change, 0, sizeof(*change));
	return change;
}

/* A change from `start` that has the first instructions of its replacement already: goes up to an
 * old instruction's end, not before `end`, and is filled up. */
static bool change_finish(const struct plan_of_function *plan, struct change *change, uint64_t end)
{
	const struct function *function = &plan->alignment->old.function;
	enum architecture arch = elf_file_architecture(plan->comparison->old.object->elf);
	uint64_t at = change->offset;
	size_t length = change->replacement.length;

	change->first = function_insn_at(function, change->offset);
	if (change->first == NONE)
		return false;
	for (size_t i = change->first; at < end || at - change->offset < length; i++) {
		if (i == function->count)
			return false;
		at += function->insns[i].length;
		change->count++;
	}
	change->old.length = at - change->offset;
	if (change->old.length > BYTES_MAX)
		return false;
	memcpy(change->old.data, function->bytes + change->offset, change->old.length);
	while (length < change->old.length) {
		size_t nop = change->old.length - length;

		if (nop > NOP_LONGEST && (change->count > 1 || change->new_count > 0))
			nop = NOP_LONGEST;
		nop_make(arch, (unsigned)nop, change->replacement.data + length);
		length += nop;
		change->new_count++;
	}
	change->replacement.length = length;
	return true;
}

/* How far one change goes that begins at `start`: whole old instructions of BYTES_MAX at most. */
static uint64_t stretch_limit(const struct plan_of_function *plan, uint64_t start, uint64_t end)
{
	const struct function *function = &plan->alignment->old.function;
	size_t i = function_insn_at(function, start);
	uint64_t at = start;

	while (i < function->count && at < end &&
	       at + function->insns[i].length - start <= BYTES_MAX)
		at += function->insns[i++].length;
	return at;
}

/* A long one becomes several changes, all but the first of nops. */
static int stretch_write(struct plan_of_function *plan, const struct stretch *stretch, bool *can,
			 struct fail *fail)
{
	uint64_t start = stretch->start;
	size_t k = stretch->hunk.new_first;

	do {
		struct change *change = change_add(plan, fail);
		uint64_t end = stretch_limit(plan, start, stretch->end);

		if (change == NULL)
			return -1;
		change->offset = start;
		for (; k < stretch->hunk.new_end; k++) {
			if (change->replacement.length + plan->lengths[k] > BYTES_MAX ||
			    !step_encode(plan, k, change->replacement.data +
						  change->replacement.length)) {
				*can = false;
				return 0;
			}
			change->replacement.length += plan->lengths[k];
			change->new_count++;
		}
		if (end == start || !change_finish(plan, change, end)) {
			(void)snprintf(plan->why, WHY_MAX, "a change at %s+0x%" PRIx64 " would be longer "
				       "than %d bytes, or not end where an instruction does",
				       old_symbol(plan)->name, start, BYTES_MAX);
			*can = false;
			return 0;
		}
		start += change->old.length;
	} while (start < stretch->end);
	return 0;
}

/* Whether a jump to `offset` of the old function comes to that new step, over nops at most. */
static bool lands(const struct plan_of_function *plan, int64_t offset, uint32_t step)
{
	return offset >= 0 && (uint64_t)offset <= plan->places[step] &&
	       (step == 0 ||
		plan->places[step - 1] + plan->lengths[step - 1] <= (uint64_t)offset);
}

/* Of one instruction that stays as it is, for the time being. NULL: memory ran out. */
static struct change *kept_add(struct plan_of_function *plan, const struct view *old,
			       struct fail *fail)
{
	struct change *change = change_add(plan, fail);

	if (change == NULL)
		return NULL;
	change->offset = old->address - old_symbol(plan)->address;
	memcpy(change->replacement.data, old->bytes, old->layout.length);
	change->replacement.length = old->layout.length;
	change->new_count = 1;
	return change;
}

/* A branch whose bytes stay, and that a relocation has to lead to another function. */
static int target_change(struct plan_of_function *plan, const struct view *old, const char *target,
			bool *can, struct fail *fail)
{
	struct change *change = kept_add(plan, old, fail);

	if (change == NULL)
		return -1;
	change->target = strdup(target);
	if (change->target == NULL)
		return fail_memory(fail, "changes");
	*can = change_finish(plan, change, change->offset + old->layout.length);
	return 0;
}

/* A branch that stays and has to lead elsewhere. */
static int branch_write(struct plan_of_function *plan, const struct view *old,
			const struct field_reference *field, uint64_t to, bool *can,
			struct fail *fail)
{
	struct change *change = kept_add(plan, old, fail);

	if (change == NULL)
		return -1;
	if (field_fill(change->replacement.data, field, old->address + old->layout.length, to) &&
	    change_finish(plan, change, change->offset + old->layout.length))
		return 0;
	(void)snprintf(plan->why, WHY_MAX, "the jump at %s+0x%" PRIx64 " has to lead farther than its "
		       "%u byte%s can", old_symbol(plan)->name, change->offset, field->size,
		       field->size == 1 ? "" : "s");
	*can = false;
	return 0;
}

/* One instruction that both have, old step `i` and new step `k`. */
static int kept_write(struct plan_of_function *plan, size_t i, size_t k, bool *can,
		      struct fail *fail)
{
	const struct match *match = plan->match;
	struct view old, new;
	const char *target;
	uint64_t to;
	uint32_t label;

	if (!step_view(&plan->alignment->old, i, &old) || !step_view(&plan->alignment->new, k, &new))
		return 0;	/* the proof finds it */
	target = view_same(plan->comparison, &old, &new) ? NULL :
		 view_target(plan->comparison, &old, &new);
	if (target != NULL)
		return target_change(plan, &old, target, can, fail);
	for (unsigned r = 0; r < old.reference_count; r++) {
		const struct field_reference *field = &old.references[r];
		const struct spot *spot = &new.references[r].to;
		bool inside = spot->kind == SPOT_CODE &&
			      plan->comparison->new.function_pairs[spot->index] ==
			      plan->comparison->self;

		if (!field->resolved || !new.references[r].resolved ||
		    !old_address(plan, spot, &to) || to == field->to.address)
			continue;
		if (inside && field->to.kind == SPOT_CODE &&
		    field->to.index == plan->comparison->self &&
		    label_find(match->new, match->new_count, (uint64_t)spot->offset, &label) &&
		    lands(plan, field->to.offset, label))
			continue;
		return branch_write(plan, &old, field, to, can, fail);
	}
	return 0;
}

static int all_write(struct plan_of_function *plan, const struct stretch *stretches, size_t count,
		     bool *can, struct fail *fail)
{
	const struct body *old = &plan->alignment->old, *new = &plan->alignment->new;
	size_t i = 0;

	for (size_t s = 0; s < count && *can; s++) {
		if (stretch_write(plan, &stretches[s], can, fail) != 0)
			return -1;
	}
	for (size_t k = 0; k < new->count && *can; k++) {
		if (plan->placed[k])
			continue;
		while (i < old->count && step_offset(old, i) < plan->places[k])
			i++;
		if (i == old->count || step_offset(old, i) != plan->places[k])
			continue;	/* the proof finds it */
		if (kept_write(plan, i, k, can, fail) != 0)
			return -1;
	}
	return 0;
}

static int by_offset(const void *left, const void *right)
{
	const struct change *a = left, *b = right;

	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* Leaves out what changes nothing: instructions of the same bytes that differ in what they lead to, if in
 * anything; the proof tells. */
static void idle_drop(struct difference *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < out->change_count; i++) {
		const struct change *change = &out->changes[i];

		if (change->target != NULL || !bytes_equal(&change->old, &change->replacement))
			out->changes[kept++] = *change;
	}
	out->change_count = kept;
}

/* Proves what is written; false: it would not do, and why. */
static bool all_prove(struct plan_of_function *plan)
{
	struct difference *out = plan->out;
	const struct change *change;

	idle_drop(out);
	if (out->change_count == 0 || !changes_prove(plan->comparison, plan->alignment, out)) {
		(void)snprintf(plan->why, WHY_MAX, "what could be changed would not do what the new code "
			       "does");
		return false;
	}
	if (changes_entered(plan->comparison, plan->alignment, out)) {
		(void)snprintf(plan->why, WHY_MAX, "something else leads into the middle of what would be "
			       "changed");
		return false;
	}
	change = changes_unframe(plan->comparison, plan->alignment, out);
	if (change == NULL)
		return true;
	(void)snprintf(plan->why, WHY_MAX, "the change at %s+0x%" PRIx64 " would leave the stack pointer, or "
		       "a saved register, elsewhere than the old instructions do, and a task that is "
		       "inside the function meanwhile would return to nowhere",
		       old_symbol(plan)->name, change->offset);
	return false;
}

int changes_make(struct comparison *comparison, struct alignment *alignment,
		 struct difference *out, char why[WHY_MAX], bool *no_room, struct fail *fail)
{
	size_t count = alignment->new.count + 1, stretch_count = 0;
	CLEANUP_FREE uint64_t *places = calloc(count, sizeof(*places));
	CLEANUP_FREE uint8_t *lengths = calloc(count, sizeof(*lengths));
	CLEANUP_FREE bool *placed = calloc(count, sizeof(*placed));
	CLEANUP_FREE struct stretch *stretches = calloc(alignment->hunk_count + 1,
							sizeof(*stretches));
	struct plan_of_function plan = {
		.comparison = comparison, .alignment = alignment,
		.match = &comparison->matches[comparison->self], .places = places,
		.lengths = lengths, .placed = placed, .out = out, .why = why,
	};
	bool can;

	why[0] = '\0';
	if (places == NULL || lengths == NULL || placed == NULL || stretches == NULL)
		return fail_memory(fail, "changes");
	can = stretches_make(&plan, stretches, &stretch_count);
	if (can && all_write(&plan, stretches, stretch_count, &can, fail) != 0)
		return -1;
	if (can) {
		qsort(out->changes, out->change_count, sizeof(*out->changes), by_offset);
		can = all_prove(&plan);
	}
	*no_room = plan.no_room;
	if (!can)
		changes_free(out);
	return 0;
}
