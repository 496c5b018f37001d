/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_tables: the entries of the kernel's own tables as owners. Internal to lib/hazard*.c. */
#ifndef PATCHERD_HAZARD_TABLES_H
#define PATCHERD_HAZARD_TABLES_H

#include "function.h"
#include "table.h"

/* -1: OUTCOME_HAZARD, an entry owns some of the `length` bytes at `offset`, or leads to their
 * inside. */
int hazard_tables(const struct table *table, const struct function *function, uint64_t offset,
		  size_t length, struct fail *fail) MUST_CHECK;

#endif
