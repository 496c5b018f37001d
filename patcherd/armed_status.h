/* SPDX-License-Identifier: GPL-2.0-or-later */
/* armed_status: the patches that wait for their module, as status tells them beside the others. */
#ifndef PATCHERD_ARMED_STATUS_H
#define PATCHERD_ARMED_STATUS_H

#include "daemon.h"

/* Adds to the newest entries of the patches, `patch` NULL: of all, one without sites for each armed one
 * that has nothing in the kernel, in place of an ended one of its name. */
int armed_entries(const struct daemon *daemon, const char *patch, struct journal_entry **entries,
		  size_t *count, struct fail *fail) MUST_CHECK;

/* What that it is armed makes of an entry's state; nothing where it is not, or is applied. *message is
 * owned. */
void armed_verdict(const struct daemon *daemon, const struct journal_entry *entry,
		   const char **state, bool *attention, char **message);

#endif
