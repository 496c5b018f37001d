/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_sites: the sites of a patch file, each by itself and against the others. */
#ifndef PATCHERD_SPEC_SITES_H
#define PATCHERD_SPEC_SITES_H

#include "spec_walk.h"

/* Reads the list of sites; `out` is the struct variant. */
void spec_read_sites(struct walk *walk, const struct node *node, void *out);

/* What sites of functions and of variables have in common; `out` is the struct site. `what` says
 * what the symbol is. */
void spec_read_symbol(struct walk *walk, const struct node *node, const char *what,
		      struct site *site);
void spec_read_module(struct walk *walk, const struct node *node, void *out);
void spec_read_offset(struct walk *walk, const struct node *node, void *out);
void spec_read_occurrence(struct walk *walk, const struct node *node, void *out);

#endif
