/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference_plan: how an old function becomes the new one in place, while that is worked out. Internal
 * to difference_room.c, which says where new instructions go, and difference_change.c, which makes
 * their bytes. */
#ifndef PATCHERD_DIFFERENCE_PLAN_H
#define PATCHERD_DIFFERENCE_PLAN_H

#include "lib/difference_internal.h"

/* A function on its way from old to new. */
struct plan_of_function {
	struct comparison *comparison;
	struct alignment *alignment;
	const struct match *match;
	uint64_t *places;		/* of each new step: its offset in the old function as
					 * changed; one more for the end */
	uint8_t *lengths;		/* of each new step, there */
	bool *placed;			/* of each new step: in a change */
	struct difference *out;
	size_t room;
	char *why;
	bool no_room;
};

/* Some new steps, and the old bytes that they take the place of. */
struct stretch {
	uint64_t start, end;		/* bytes of the old function */
	struct hunk hunk;		/* wider than the alignment's where that has no room */
};

static inline const struct symbol *old_symbol(const struct plan_of_function *plan)
{
	return plan->alignment->old.function.symbol;
}

/* One stretch for each hunk, or for some together, and where each new step will be: what is in no
 * stretch stays. `stretches` has room for as many as there are hunks. False: one does not fit, and why. */
bool stretches_make(struct plan_of_function *plan, struct stretch *stretches, size_t *count);

#endif
