/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel: one kernel, running or in a file, as everything that proves sees it. */
#ifndef PATCHERD_KERNEL_H
#define PATCHERD_KERNEL_H

#include "insn.h"
#include "module.h"
#include "symtab.h"
#include "target.h"

struct hazards;
struct types;
struct digests;

struct kernel {
	struct target *target;
	const struct symtab *symtab;
	const char *system_map;			/* the file the symbols are of, which has none of
						 * modules; NULL: they are the kernel's own */
	const struct modules *modules;		/* NULL: an image */
	struct hazards *hazards;		/* what is known of its owners, see hazard.h */
	const struct elf_file *image;		/* NULL: the running kernel */
	struct types *types;			/* see types.h; never NULL where a patch is planned */
	struct digests *digests;		/* see digest.h; never NULL where one is asked for */
	struct decoder *decoder;
};

/* Adds to OUTCOME_NOT_FOUND why a module's function or a variable may be missing. */
void kernel_explain(const struct kernel *kernel, struct fail *fail);

#endif
