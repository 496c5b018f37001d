/* SPDX-License-Identifier: GPL-2.0-or-later */
/* requirements: what a patch `requires` of a kernel. Internal to lib/plan*.c. */
#ifndef PATCHERD_REQUIREMENTS_H
#define PATCHERD_REQUIREMENTS_H

#include "kernel.h"
#include "patch.h"

/* -1, OUTCOME_GUARD: a symbol is missing, a type is laid out otherwise or not known, or a module that a
 * site of the variant names is of another build; the message has what is asked and what is there. */
int requirements_check(const struct kernel *kernel, const struct patch *patch,
		       const struct variant *variant, struct fail *fail) MUST_CHECK;

#endif
