/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_loaded: the function that a plan's site is in, with its owners, kept for the next site, which is
 * often in the same one. Internal to lib/plan*.c. */
#ifndef PATCHERD_PLAN_LOADED_H
#define PATCHERD_PLAN_LOADED_H

#include "function.h"
#include "kernel.h"
#include "owner.h"

struct loaded {
	struct function function;
	struct owners owners;		/* where has_owners */
	bool has_owners;
	bool *transparent;		/* for each instruction, see pattern.h; NULL: not asked yet */
};

/* One function and its .cold parts. All zero: none. */
enum { LOADED_MAX = 8 };
struct loaded_functions {
	struct loaded items[LOADED_MAX];
	size_t count;
};

void loaded_deinit(struct loaded_functions *functions);

/* The function that a site names: what was kept of another one is dropped. */
int loaded_first(struct loaded_functions *functions, const struct kernel *kernel,
		 const struct symbol *symbol, struct loaded **out, struct fail *fail) MUST_CHECK;
/* A part of it. *out NULL: it has too many. */
int loaded_part(struct loaded_functions *functions, const struct kernel *kernel,
		const struct symbol *symbol, struct loaded **out, struct fail *fail) MUST_CHECK;
/* hazard_owners() of it, asked for once. */
int loaded_owners(struct loaded *loaded, const struct kernel *kernel,
		  struct fail *fail) MUST_CHECK;
/* Fills in `transparent`. */
int loaded_rewritten(struct loaded *loaded, const struct kernel *kernel,
		     struct fail *fail) MUST_CHECK;

#endif
