/* SPDX-License-Identifier: GPL-2.0-or-later */
/* recover: at start, compares the journal with memory and finishes the books of what a kill
 * interrupted. It writes to the kernel only to complete an undo that had begun. */
#ifndef PATCHERD_RECOVER_H
#define PATCHERD_RECOVER_H

#include "transaction.h"

/* Entries INTENDED: all sites new -> APPLIED, all old -> FAILED; else left, and logged: status
 * shows them. REVERTING: completed. Logs what it found and notes it in the audit trail. */
int recover(struct transaction *transaction, struct fail *fail) MUST_CHECK;

#endif
