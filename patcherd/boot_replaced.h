/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boot_replaced: which of the enabled patches are not applied at boot, as another patch takes their
 * place: one that is enabled too and not blocked, or that is applied now. */
#ifndef PATCHERD_BOOT_REPLACED_H
#define PATCHERD_BOOT_REPLACED_H

#include "daemon.h"
#include "keep.h"

struct boot_replaced {
	const char *by;			/* a name of `patches` or of `active`; NULL: nobody */
	bool is_enabled;		/* by what is enabled; else by what is applied */
	bool mutual;			/* it is replaced by what it replaces: none of them is applied */
};

struct boot_replaced_list {
	struct boot_replaced *items;	/* one for each of the patches that were asked for */
	struct journal_entry *active;
	size_t active_count;
};

/* Where the texts of what is enabled are. */
struct keep boot_keep(const struct daemon *daemon);

/* `patches`: the names of all that are enabled; outlives *out, which is freed by
 * boot_replaced_deinit(), also after a failure. -1: the journal cannot be read. */
int boot_replaced_load(const struct daemon *daemon, const struct strings *patches,
		       struct boot_replaced_list *out, struct fail *fail) MUST_CHECK;
void boot_replaced_deinit(struct boot_replaced_list *list);
/* Why such a patch is not applied. */
void boot_replaced_say(const struct boot_replaced *replaced, const char *patch, struct fail *out);

#endif
