/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_sites: the sites of a patch file, each by itself and against the others. */
#ifndef PATCHERD_SPEC_SITES_H
#define PATCHERD_SPEC_SITES_H

#include "spec_walk.h"

/* Reads the list of sites; `out` is the struct variant. */
void spec_read_sites(struct walk *walk, const struct node *node, void *out);

#endif
