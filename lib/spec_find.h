/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_find: `find` of a site: patterns of the instructions around it. */
#ifndef PATCHERD_SPEC_FIND_H
#define PATCHERD_SPEC_FIND_H

#include "spec_walk.h"

/* Reads the list of patterns; `out` is the struct site. */
void spec_read_find(struct walk *walk, const struct node *node, void *out);

#endif
