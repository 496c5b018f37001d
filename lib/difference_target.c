/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference_target: branches that lead to another function than before, by relocations. */
#include <stdlib.h>

#include "lib/difference_internal.h"

enum { FIELD_SIZE = 4 };

/* The name, in the old object, of the function that the new instruction leads to the start of;
 * NULL: none. */
static const char *function_name(const struct comparison *comparison, const struct spot *to)
{
	size_t pair;

	if (to->offset != 0)
		return NULL;
	if (to->kind == SPOT_UNDEFINED)
		return to->name == NULL || to->name[0] == '\0' ? NULL : to->name;
	if (to->kind != SPOT_CODE)
		return NULL;
	pair = comparison->new.function_pairs[to->index];
	return pair == NONE ? NULL : comparison->old.functions[pair]->name;
}

const char *view_target(const struct comparison *comparison, const struct view *old,
			const struct view *new)
{
	const struct field_reference *from = &old->references[0], *to = &new->references[0];

	if (!old->branch || !view_same_bytes(old, new) || old->reference_count != 1 ||
	    new->reference_count != 1 || from->size != FIELD_SIZE ||
	    (from->resolved && to->resolved))
		return NULL;
	return function_name(comparison, &to->to);
}

static bool is_target(const struct comparison *comparison, const struct alignment *alignment,
		      size_t i, size_t k)
{
	struct view old, new;

	return step_view(&alignment->old, i, &old) && step_view(&alignment->new, k, &new) &&
	       view_target(comparison, &old, &new) != NULL;
}

/* Adds what is left of a hunk behind the branches that are no part of it. */
static void hunk_add(struct hunk *hunks, size_t *count, struct hunk hunk)
{
	if (hunk.old_first < hunk.old_end)
		hunks[(*count)++] = hunk;
}

/* One hunk without its branches. */
static void hunk_split(const struct comparison *comparison, const struct alignment *alignment,
		       struct hunk hunk, struct hunk *hunks, size_t *count)
{
	struct hunk before = hunk;

	for (size_t i = hunk.old_first, k = hunk.new_first; i < hunk.old_end; i++, k++) {
		if (!is_target(comparison, alignment, i, k))
			continue;
		before.old_end = i;
		before.new_end = k;
		hunk_add(hunks, count, before);
		before = (struct hunk){ i + 1, hunk.old_end, k + 1, hunk.new_end };
	}
	hunk_add(hunks, count, before);
}

int alignment_split(const struct comparison *comparison, struct alignment *alignment,
		    struct fail *fail)
{
	size_t room = alignment->hunk_count + 1, count = 0;
	struct hunk *hunks;

	for (size_t h = 0; h < alignment->hunk_count; h++)
		room += alignment->hunks[h].old_end - alignment->hunks[h].old_first;
	hunks = calloc(room, sizeof(*hunks));
	if (hunks == NULL)
		return fail_memory(fail, "comparing a function");
	for (size_t h = 0; h < alignment->hunk_count; h++) {
		struct hunk hunk = alignment->hunks[h];

		if (hunk.old_end - hunk.old_first == hunk.new_end - hunk.new_first)
			hunk_split(comparison, alignment, hunk, hunks, &count);
		else
			hunks[count++] = hunk;
	}
	free(alignment->hunks);
	alignment->hunks = hunks;
	alignment->hunk_count = count;
	return 0;
}
