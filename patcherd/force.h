/* SPDX-License-Identifier: GPL-2.0-or-later */
/* force: what even `revert --force` must not write over. */
#ifndef PATCHERD_FORCE_H
#define PATCHERD_FORCE_H

#include "journal.h"
#include "live.h"

/* -1, OUTCOME_HAZARD: bytes of these entries that are neither old nor new have an owner, who will
 * write them again, or put back what it saved of them (a kprobe); or it cannot be known. Refreshes
 * `live`. */
int force_check(struct live *live, const struct journal_entry *entries, size_t count,
		struct fail *fail) MUST_CHECK;

#endif
