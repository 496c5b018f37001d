/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_stack: where the depth of the stack changes. Internal to lib/hazard*.c. */
#ifndef PATCHERD_HAZARD_STACK_H
#define PATCHERD_HAZARD_STACK_H

#include "hazard.h"
#include "orc.h"

/* Where the states of the stack lie, as far as it was asked for: of the kernel image or a file,
 * whose `module` is "", and of modules. */
struct hazard_stacks {
	struct known_orc *items;
	size_t count;
};

void hazard_stacks_deinit(struct hazard_stacks *stacks);

/* Adds OWNER_ORC_UNWIND of each instruction behind which, or inside of which, the kernel takes the
 * stack for another depth than before it; what cannot be read is an owner of the whole function. */
int hazard_stack(struct hazard_stacks *stacks, const struct kernel *kernel,
		 const struct function *function, struct owners *out, struct fail *fail) MUST_CHECK;

/* The same by states that were read. */
int hazard_stack_owners(const struct orc_states *states, const struct function *function,
			struct owners *out, struct fail *fail) MUST_CHECK;

/* Whether the new instructions leave the stack as deep as the old ones, as far as it can be told
 * without states, which not all kernels have. -1: OUTCOME_HAZARD. */
int hazard_stack_change(enum architecture arch, const struct function *function,
			const struct hazard_change *change, struct fail *fail) MUST_CHECK;

#endif
