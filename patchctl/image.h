/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image: a kernel in a file, opened for everything that proves. */
#ifndef PATCHCTL_IMAGE_H
#define PATCHCTL_IMAGE_H

#include "digest.h"
#include "hazard.h"
#include "kernel.h"
#include "patchctl.h"
#include "types.h"

struct image {
	struct elf_file *elf;
	struct target *target;
	struct symtab *symtab;
	struct hazards *hazards;
	struct types *types;
	struct digests *digests;
	struct decoder *decoder;
	struct kernel kernel;		/* of all of them */
};

/* The file at `path`, with the options' System.map, BTF and release; what was opened before a
 * failure is for image_deinit() all the same. `out` is all zero before. */
int image_open(const struct options *options, const char *path, struct image *out,
	       struct fail *fail) MUST_CHECK;
void image_deinit(struct image *image);

#endif
