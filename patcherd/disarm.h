/* SPDX-License-Identifier: GPL-2.0-or-later */
/* disarm: what a revert does to patches that wait for their module, beside those that are applied. */
#ifndef PATCHERD_DISARM_H
#define PATCHERD_DISARM_H

#include "journal.h"

struct disarm {
	struct journal_armed *items;
	size_t count;
	bool done;			/* they are disarmed */
};

/* All that are armed now. */
int disarm_load(struct journal *journal, struct disarm *out, struct fail *fail) MUST_CHECK;
void disarm_deinit(struct disarm *disarm);
/* Leaves those out that `named` says no to. */
void disarm_choose(struct disarm *disarm, bool (*named)(const void *data, const char *patch),
		   const void *data);
/* NULL: it is not armed. */
const struct journal_armed *disarm_find(const struct disarm *disarm, const char *patch);
/* Before the kernel is written to, for what is killed between the two must not be applied anew by
 * itself. -1: none was. */
int disarm_all(struct disarm *disarm, struct journal *journal, struct fail *fail) MUST_CHECK;
/* Arms them again, as of when they were, where the revert was refused: what failed for the load of a module
 * that is there is not tried again. */
int disarm_undo(struct disarm *disarm, struct journal *journal, struct fail *fail) MUST_CHECK;

#endif
