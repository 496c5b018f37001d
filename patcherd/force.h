/* SPDX-License-Identifier: GPL-2.0-or-later */
/* force: what a revert must not write over, and what it must not even when it is forced. */
#ifndef PATCHERD_FORCE_H
#define PATCHERD_FORCE_H

#include "journal.h"
#include "live.h"

/* -1, OUTCOME_HAZARD: bytes of these entries that are neither old nor new have an owner, who will
 * write them again, or put back what it saved of them (a kprobe); or it cannot be known. Refreshes
 * `live`. */
int force_check(struct live *live, const struct journal_entry *entries, size_t count,
		struct fail *fail) MUST_CHECK;

/* -1, OUTCOME_HAZARD: a kprobe has come onto what these entries changed. It runs a copy of the new
 * instructions, and would put them back when it goes. Where that cannot be known a revert goes on, as
 * it must work where symbols and lists cannot be read. Refreshes `live`. */
int kprobes_check(struct live *live, const struct journal_entry *entries, size_t count,
		  struct fail *fail) MUST_CHECK;

/* The same of what these entries would change again. */
int kprobes_check_again(struct live *live, const struct journal_entry *entries, size_t count,
			struct fail *fail) MUST_CHECK;

#endif
