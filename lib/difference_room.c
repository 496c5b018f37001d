/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference_room: where new instructions go in an old function, none of whose other ones moves. */
#include <inttypes.h>
#include <stdio.h>

#include "lib/difference_plan.h"

static uint64_t steps_length(const struct body *body, size_t first, size_t end)
{
	uint64_t length = 0;

	for (size_t i = first; i < end && length <= BYTES_MAX; i++)
		length += step_end(body, i) - step_offset(body, i);
	return length;
}

/* Whether the steps of `hunk` fit where the old ones are, or into nops before and behind them, from
 * `floor` on. */
static bool hunk_fits(const struct alignment *alignment, const struct hunk *hunk, uint64_t floor,
		      struct stretch *out)
{
	const struct body *old = &alignment->old;
	uint64_t length = steps_length(&alignment->new, hunk->new_first, hunk->new_end);
	uint64_t before = hunk->old_first == 0 ? 0 : step_end(old, hunk->old_first - 1);
	uint64_t end = step_offset(old, hunk->old_end);

	out->hunk = *hunk;
	out->start = before;
	if (hunk->old_first < hunk->old_end)
		out->start = step_offset(old, hunk->old_first);
	if (out->start < floor || length > end - out->start)
		out->start = before < floor ? floor : before;
	if (out->start > end || length > end - out->start)
		return false;
	out->end = out->start + length;
	if (hunk->old_first < hunk->old_end && out->end < step_end(old, hunk->old_end - 1))
		out->end = step_end(old, hunk->old_end - 1);
	return true;
}

/* Takes in what is the same behind it, and the hunks behind that, until all fits. */
static bool hunk_widen(const struct alignment *alignment, size_t *next, struct hunk *hunk,
		       uint64_t floor, struct stretch *out)
{
	while (!hunk_fits(alignment, hunk, floor, out)) {
		const struct hunk *behind = *next < alignment->hunk_count ?
					    &alignment->hunks[*next] : NULL;

		if (behind != NULL && behind->old_first == hunk->old_end) {
			hunk->old_end = behind->old_end;
			hunk->new_end = behind->new_end;
			(*next)++;
		} else if (hunk->old_end < alignment->old.count) {
			hunk->old_end++;
			hunk->new_end++;
		} else {
			return false;
		}
		if (steps_length(&alignment->new, hunk->new_first, hunk->new_end) > BYTES_MAX)
			return false;
	}
	return true;
}

/* The same of what is before it, and of the stretches before that, of which there are *count less
 * then. */
static bool hunk_widen_back(const struct alignment *alignment, struct hunk *hunk,
			    struct stretch *stretches, size_t *count)
{
	struct stretch out;

	while (true) {
		const struct stretch *before = *count == 0 ? NULL : &stretches[*count - 1];

		if (hunk_fits(alignment, hunk, before == NULL ? 0 : before->end, &out)) {
			stretches[(*count)++] = out;
			return true;
		}
		if (steps_length(&alignment->new, hunk->new_first, hunk->new_end) > BYTES_MAX)
			return false;
		if (before != NULL && before->hunk.old_end == hunk->old_first) {
			hunk->old_first = before->hunk.old_first;
			hunk->new_first = before->hunk.new_first;
			(*count)--;
		} else if (hunk->old_first > 0) {
			hunk->old_first--;
			hunk->new_first--;
		} else {
			return false;
		}
	}
}

static void no_room(struct plan_of_function *plan, const struct hunk *hunk)
{
	const struct body *old = &plan->alignment->old;
	size_t count = hunk->new_end - hunk->new_first;

	(void)snprintf(plan->why, WHY_MAX, "%zu new instruction%s at %s+0x%" PRIx64 " (%" PRIu64
		       " bytes or more) do%s not fit into the %" PRIu64 " bytes that are there", count,
		       count == 1 ? "" : "s", old_symbol(plan)->name,
		       step_offset(old, hunk->old_first),
		       steps_length(&plan->alignment->new, hunk->new_first, hunk->new_end),
		       count == 1 ? "es" : "",
		       hunk->old_first == hunk->old_end ? (uint64_t)0 :
		       step_end(old, hunk->old_end - 1) - step_offset(old, hunk->old_first));
	plan->no_room = true;
}

static void stretch_place(struct plan_of_function *plan, const struct stretch *stretch)
{
	uint64_t at = stretch->start;

	for (size_t k = stretch->hunk.new_first; k < stretch->hunk.new_end; k++) {
		plan->places[k] = at;
		plan->placed[k] = true;
		at += plan->lengths[k];
	}
}

/* All hunks; false: one does not fit. */
static bool hunks_take(struct plan_of_function *plan, struct stretch *stretches, size_t *count)
{
	const struct alignment *alignment = plan->alignment;

	*count = 0;
	for (size_t h = 0; h < alignment->hunk_count;) {
		uint64_t floor = *count == 0 ? 0 : stretches[*count - 1].end;
		struct hunk hunk = alignment->hunks[h];
		size_t next = h + 1;

		if (hunk_widen(alignment, &next, &hunk, floor, &stretches[*count])) {
			(*count)++;
		} else {
			hunk = alignment->hunks[h];
			next = h + 1;
			if (!hunk_widen_back(alignment, &hunk, stretches, count)) {
				no_room(plan, &alignment->hunks[h]);
				return false;
			}
		}
		h = next;
	}
	return true;
}

/* Where each new step will be: what is in no stretch stays. */
static void places_make(struct plan_of_function *plan, const struct stretch *stretches,
			size_t count)
{
	const struct body *old = &plan->alignment->old, *new = &plan->alignment->new;
	size_t i = 0;

	for (size_t k = 0; k < new->count; k++)
		plan->lengths[k] = (uint8_t)(step_end(new, k) - step_offset(new, k));
	for (size_t s = 0; s < count; s++)
		stretch_place(plan, &stretches[s]);
	for (size_t k = 0, s = 0; k < new->count; k++) {
		if (plan->placed[k])
			continue;
		for (; i < old->count; i++) {
			while (s < count && stretches[s].end <= step_offset(old, i))
				s++;
			if (s == count || step_offset(old, i) < stretches[s].start)
				break;
		}
		if (i == old->count)
			break;	/* the proof finds it */
		plan->places[k] = step_offset(old, i);
		plan->lengths[k] = (uint8_t)(step_end(old, i) - step_offset(old, i));
		i++;
	}
	plan->places[new->count] = plan->alignment->old.function.size;
}

bool stretches_make(struct plan_of_function *plan, struct stretch *stretches, size_t *count)
{
	if (!hunks_take(plan, stretches, count))
		return false;
	places_make(plan, stretches, *count);
	return true;
}
