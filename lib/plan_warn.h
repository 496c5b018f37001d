/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_warn: what is no reason to refuse a patch, and should be known. Internal to lib/plan*.c. */
#ifndef PATCHERD_PLAN_WARN_H
#define PATCHERD_PLAN_WARN_H

#include "kernel.h"
#include "patch.h"

/* Adds the warnings of a plan whose sites were proved. -1: memory ran out. */
int plan_warn(const struct kernel *kernel, struct plan *plan, struct fail *fail) MUST_CHECK;

#endif
