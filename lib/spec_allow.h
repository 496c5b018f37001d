/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_allow: `allow` of a site: whose bytes are changed all the same, and why. */
#ifndef PATCHERD_SPEC_ALLOW_H
#define PATCHERD_SPEC_ALLOW_H

#include "spec_walk.h"

/* Reads the mapping of owners to reasons; `out` is the struct site. */
void spec_read_allow(struct walk *walk, const struct node *node, void *out);
/* Where it is not at a site: one `allow` for several would hide what each of them needs. */
void spec_refuse_allow(struct walk *walk, const struct node *node, void *out);

#endif
