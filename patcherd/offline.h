/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * offline: leaves one CPU running while the kernel is written to, where the way in does not stop
 * them. The list of the others is in the journal before the first of them goes, and a CPU leaves
 * it only after it came back.
 */
#ifndef PATCHERD_OFFLINE_H
#define PATCHERD_OFFLINE_H

#include "transaction.h"

/* Which CPUs would go: all that are online but one. -1: OUTCOME_NOT_WRITABLE: a second one cannot go. */
int offline_choose(const char *directory, struct cpus *out, struct fail *fail) MUST_CHECK;
/* Where the transaction asks for it and the way in does not stop the CPUs: all CPUs but one go
 * offline, and are then in *taken. -1: OUTCOME_NOT_WRITABLE, a CPU refuses, which is named, or
 * OUTCOME_ERROR, the journal does; those that had gone are back. */
int offline_take(struct transaction *transaction, struct cpus *taken,
		 struct fail *fail) MUST_CHECK;
/* Brings them back; what does not come back is logged, stays in the journal, and is in
 * transaction->left_offline. */
void offline_give_back(struct transaction *transaction, const struct cpus *taken);
/* Brings back what the journal lists, after a kill or because it did not come back before. Whether
 * it listed any. */
bool offline_recover(struct transaction *transaction);
/* Whether CPUs that the journal lists are offline still, which are then in *left, or that is not
 * known. Then *said says so, and what to do. */
bool offline_left(struct journal *journal, const char *directory, struct cpus *left,
		  struct fail *said);

#endif
