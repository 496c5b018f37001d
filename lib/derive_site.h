/* SPDX-License-Identifier: GPL-2.0-or-later */
/* derive_site: one change of a function as a site of a patch. Internal to derive. */
#ifndef PATCHERD_DERIVE_SITE_H
#define PATCHERD_DERIVE_SITE_H

#include "derive.h"

struct derive_place {
	const struct kernel *kernel;	/* the old object */
	const struct function *function;
	const bool *relocated;		/* function_relocated() */
	const char *module;
	const struct difference *difference;
	const struct function *after;	/* the function with all changes */
	struct change change;
	bool exact;			/* by offset; else by what is around it, where that tells */
};

/* Whether all of the change is that instructions go away, each of which can by itself: one that
 * moves the stack pointer has another that moves it back, and one that leaves keeps those before it
 * from going on. */
bool derive_removes(const struct derive_place *place);
/* The part of such a change that is the index-th of its instructions, to become one nop. */
struct change derive_part(const struct derive_place *place, size_t index);

/* By the plainest operation that makes the change. What was made before a failure is the patch's to
 * free.
 * -1: OUTCOME_HAZARD: it lies in what a relocation fills in; OUTCOME_ERROR: memory ran out. */
int derive_site(const struct derive_place *place, struct site *out, struct fail *fail) MUST_CHECK;

#endif
