/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spec: the text of a patch file -> struct patch. The format is patch(5). Knows no kernel and
 * no instructions; what needs those is checked by plan.
 */
#ifndef PATCHERD_SPEC_H
#define PATCHERD_SPEC_H

#include "patch.h"

enum { SPEC_TEXT_MAX = 1024 * 1024, SPEC_DEPTH_MAX = 16, SPEC_ERRORS_MAX = 50 };

/*
 * Parses `length` bytes of YAML at `text`. `source` is the file's name as messages shall have it.
 * 0: *out holds the patch, to be freed by patch_deinit().
 * -1: *out is all zero and *fail has every error found, by line and column (at most
 * SPEC_ERRORS_MAX, and how many more), one a line, "source:line:column: error: what", code
 * OUTCOME_INVALID_SPEC; or OUTCOME_ERROR when memory ran out.
 */
int spec_parse(const char *source, const char *text, size_t length, struct patch *out,
	       struct fail *fail) MUST_CHECK;

#endif
