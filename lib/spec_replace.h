/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_replace: `replace` of a function's site: the operation. */
#ifndef PATCHERD_SPEC_REPLACE_H
#define PATCHERD_SPEC_REPLACE_H

#include "spec_walk.h"

/* Fills in the site's operation; its place only where it can be used. `out` is the struct site. */
void spec_read_replace(struct walk *walk, const struct node *node, void *out);

#endif
