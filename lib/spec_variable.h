/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_variable: a site in a variable: its bytes as a number, before and after. */
#ifndef PATCHERD_SPEC_VARIABLE_H
#define PATCHERD_SPEC_VARIABLE_H

#include "spec_walk.h"

void spec_read_variable_site(struct walk *walk, const struct node *node, struct site *site);

#endif
