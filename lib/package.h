/* SPDX-License-Identifier: GPL-2.0-or-later */
/* package: the file that the running kernel, or one of its modules, was loaded from, with the tables that
 * memory does not keep. Internal to lib/digest.c. */
#ifndef PATCHERD_PACKAGE_H
#define PATCHERD_PACKAGE_H

#include "kernel.h"
#include "table.h"

struct package {
	char module[64];		/* "": the kernel image */
	char path[512];
	struct elf_file *elf;
	struct target *target;
	struct symtab *symtab;		/* at the file's own addresses */
	struct table table;
	int64_t slide;			/* of the image: from the file's addresses to memory's */
};

/* The one of the kernel image (`module` NULL) or of a module of the running kernel. -1: OUTCOME_GUARD:
 * there is none, or it is of another build; OUTCOME_ERROR: it cannot be read. */
int package_open(const struct kernel *kernel, const char *module, struct package *out,
		 struct fail *fail) MUST_CHECK;
void package_deinit(struct package *package);

#endif
