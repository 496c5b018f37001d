/* SPDX-License-Identifier: GPL-2.0-or-later */
/* prove: whether a patch that was made here is what it should be, by its text. */
#ifndef PATCHERD_PROVE_H
#define PATCHERD_PROVE_H

#include "kernel.h"
#include "patch.h"

/* Writes the patch as text, reads that and plans it on the kernel, as a dry run would. `where`, for
 * the message: "on the old object". -1: it has another outcome than `wanted`: that one, and why;
 * OUTCOME_INVALID_SPEC: the text is no patch; OUTCOME_ERROR. */
int patch_prove(const struct kernel *kernel, const struct patch *patch, enum outcome wanted,
		const char *where, struct fail *fail) MUST_CHECK;

#endif
