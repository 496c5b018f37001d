/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_branch: what jumps into the middle of bytes. Internal to lib/hazard*.c. */
#ifndef PATCHERD_HAZARD_BRANCH_H
#define PATCHERD_HAZARD_BRANCH_H

#include "hazard.h"

/* -1: OUTCOME_HAZARD, an instruction of the function or of its siblings (NAME.cold …) jumps into
 * the middle of the `length` bytes, or with `several` instructions there that cannot be excluded. */
int hazard_branch(const struct kernel *kernel, const struct function *function, uint64_t offset,
		  size_t length, bool several, struct fail *fail) MUST_CHECK;

#endif
