/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_requires: `requires` of a patch file: what the kernel must have. */
#ifndef PATCHERD_SPEC_REQUIRES_H
#define PATCHERD_SPEC_REQUIRES_H

#include "spec_walk.h"

void spec_read_requires(struct walk *walk, const struct node *node, struct requirements *out);

#endif
