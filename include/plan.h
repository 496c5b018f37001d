/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan: a patch -> what it would change on one kernel, each site proved or refused with the
 * reason. Dry run and apply run exactly this. Never writes, knows no journal.
 */
#ifndef PATCHERD_PLAN_H
#define PATCHERD_PLAN_H

#include "guard.h"
#include "hazard.h"
#include "patch.h"

/* One kernel, as everything that proves sees it. */
struct kernel {
	struct target *target;
	const struct symtab *symtab;
	const char *system_map;			/* the file the symbols are of, which has none of
						 * modules; NULL: they are the kernel's own */
	const struct modules *modules;		/* NULL: an image */
	struct hazards *hazards;		/* NULL: an image */
	const struct elf_file *image;		/* NULL: the running kernel */
	struct decoder *decoder;
};

/* Adds to OUTCOME_NOT_FOUND why a module's function may be missing among the symbols. */
void kernel_explain(const struct kernel *kernel, struct fail *fail);

/* 0: *out is filled in, whatever the outcome; to be freed by plan_deinit(), before the patch.
 * -1: memory ran out. */
int plan_make(const struct kernel *kernel, const struct patch *patch, struct plan *out,
	      struct fail *fail) MUST_CHECK;

#endif
