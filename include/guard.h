/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard: may this patch run on this kernel: release, architecture, build-id; and may this
 * System.map be believed for it. */
#ifndef PATCHERD_GUARD_H
#define PATCHERD_GUARD_H

#include "patch.h"
#include "symtab.h"
#include "target.h"

/* -1, OUTCOME_GUARD: a condition does not hold; the message has what it asks and what is there.
 * `source` is the patch file's name, for the message. */
int guard_check(const struct conditions *when, const char *source, const struct target_info *info,
		struct fail *fail) MUST_CHECK;

/* Whether `map`, at its final addresses, is this target's: the kernel's banner, linux_banner, is
 * read where the map says it is and compared with `banner` (of /proc/version). */
int guard_system_map(const struct symtab *map, struct target *target, const char *banner,
		     struct fail *fail) MUST_CHECK;

#endif
