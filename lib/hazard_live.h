/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_live: who the running kernel says owns its text. Internal to lib/hazard*.c. */
#ifndef PATCHERD_HAZARD_LIVE_H
#define PATCHERD_HAZARD_LIVE_H

#include "hazard.h"
#include "lib/hazard_lists.h"

struct hazard_lists {
	struct owner_list kprobes, events, blacklist, traced, livepatches;
};

void hazard_lists_deinit(struct hazard_lists *lists);
/* Forgets what may have changed; `text_changed`: also what comes with text. */
void hazard_lists_renew(struct hazard_lists *lists, bool text_changed);

/* What hazard_hidden() says. */
int hazard_live_hidden(struct hazard_lists *lists, const struct kernel *kernel,
		       const struct function *function, uint64_t offset, size_t length,
		       struct fail *fail) MUST_CHECK;

/* Adds kprobes, the kprobe blacklist and livepatches of the function. */
int hazard_live(struct hazard_lists *lists, const struct kernel *kernel,
		const struct function *function, struct owners *out, struct fail *fail) MUST_CHECK;

/* Adds ftrace's site of the function, if none is among the owners yet, and who traces it. */
int hazard_ftrace(struct hazard_lists *lists, const struct kernel *kernel,
		  const struct function *function, struct owners *out, struct fail *fail) MUST_CHECK;

#endif
