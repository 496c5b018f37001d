/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_write: struct patch -> the text of a patch file, which spec_parse() makes the same patch
 * of. */
#ifndef PATCHERD_SPEC_WRITE_H
#define PATCHERD_SPEC_WRITE_H

#include "patch.h"

/* YAML as people write it: comments, an empty line between sites, quotes only where they are
 * needed. `comment`: lines in front of it, without "# "; NULL: none. *out is to be freed. -1:
 * memory ran out. */
int spec_write(const struct patch *patch, const char *comment, char **out,
	       struct fail *fail) MUST_CHECK;

#endif
