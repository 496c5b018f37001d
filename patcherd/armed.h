/* SPDX-License-Identifier: GPL-2.0-or-later */
/* armed: applies the patches that wait for their module, when it is there. Which they are is in the
 * journal; what is kept here is what was said of them, and which loads they were refused for. */
#ifndef PATCHERD_ARMED_H
#define PATCHERD_ARMED_H

#include "armed_state.h"

struct daemon;

/* One armed patch, from its arming to its end. */
struct armed_patch {
	char *patch;
	int64_t since;
	enum armed_state told;
	uint64_t refused;		/* the identity of the load it was refused for; 0: none */
	char *why;			/* NULL: not refused */
};

struct armed {
	struct armed_patch *items;
	size_t count;
	bool looked;			/* what there is to see at the start was seen, and is not told */
};
void armed_deinit(struct armed *armed);

/* Compares the armed patches with /proc/modules: one whose module has come is proved and applied, or
 * refused; both are told to the log and the audit trail, and that a module went. *again: something has
 * to be tried again soon. */
void armed_look(struct daemon *daemon, bool *again);

/* What state an armed patch is in. *why: of ARMED_FAILED, to be freed; NULL: nothing to say. -1: the
 * journal or /proc/modules cannot be read. */
int armed_state_now(const struct daemon *daemon, const struct journal_armed *patch,
		    enum armed_state *out, char **why, struct fail *fail) MUST_CHECK;

#endif
