/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan: a patch -> what it would change on one kernel, each site proved or refused with the
 * reason. Dry run and apply run exactly this. Never writes, knows no journal.
 */
#ifndef PATCHERD_PLAN_H
#define PATCHERD_PLAN_H

#include "guard.h"
#include "kernel.h"
#include "patch.h"

/* 0: *out is filled in, whatever the outcome; to be freed by plan_deinit(), before the patch.
 * -1: memory ran out. */
int plan_make(const struct kernel *kernel, const struct patch *patch, struct plan *out,
	      struct fail *fail) MUST_CHECK;

#endif
