/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_site: one site of a patch against one kernel. Internal to lib/plan*.c. */
#ifndef PATCHERD_PLAN_SITE_H
#define PATCHERD_PLAN_SITE_H

#include "function.h"
#include "plan.h"

/* One site and all that is known of it while it is proved. */
struct proof {
	const struct kernel *kernel;
	const struct patch *patch;
	const struct variant *variant;
	size_t index;			/* of the site in its variant */
	const struct site *site;
	struct site_plan *plan;
	struct function function;
};

/* The site's name in the file, "sites[0]" or "variants[1].sites[0]". */
enum { SITE_PATH_MAX = 64 };
const char *plan_site_path(const struct patch *patch, const struct variant *variant, size_t index,
			   char out[SITE_PATH_MAX]);

/* Proves proof->site and fills in *proof->plan, the outcome last. 0: whatever the outcome.
 * -1: memory ran out. */
int plan_site(struct proof *proof, struct fail *fail) MUST_CHECK;

/* What the patch says in itself, for the architecture: that the replacement is whole, known
 * instructions, and one, unless `multiple`. -1: OUTCOME_INVALID_SPEC. */
int plan_site_check(const struct proof *proof, struct fail *fail) MUST_CHECK;

/* Whether the new instructions of one site jump into the middle of another's, which replaces several:
 * no instruction need begin there any more. */
bool plan_site_jumps_into(const struct kernel *kernel, const struct site_plan *from,
			  const struct site_plan *into);

/* Sets the outcome and a copy of the message (NULL: none). -1: memory ran out. */
int plan_site_outcome(struct site_plan *plan, enum outcome outcome, const char *message)
	MUST_CHECK;

#endif
