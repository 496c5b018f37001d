/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_switch: jumps through tables, as compilers make of `switch`. Internal to lib/hazard*.c. */
#ifndef PATCHERD_HAZARD_SWITCH_H
#define PATCHERD_HAZARD_SWITCH_H

#include "hazard.h"

/* -1: OUTCOME_HAZARD, a jump of the function goes through a table of which an entry leads to behind
 * `address` and before `end`, or which cannot be read. */
int hazard_switch(const struct kernel *kernel, const struct function *function, uint64_t address,
		  uint64_t end, struct fail *fail) MUST_CHECK;

#endif
