/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmcoreinfo: what the running kernel says of itself for crash dumps; here, by how much it was
 * moved at its start.
 *
 * Format: an ELF note "VMCOREINFO" of lines "KEY=VALUE" (Documentation/admin-guide/kdump/
 * vmcoreinfo.rst), which /proc/kcore has since Linux 4.19 (fs/proc/kcore.c, 23c85094fe18).
 */
#ifndef PATCHERD_VMCOREINFO_H
#define PATCHERD_VMCOREINFO_H

#include "symtab.h"

struct vmcoreinfo {
	uint64_t offset;	/* KERNELOFFSET: from where the kernel was linked to where it is */
	uint64_t stext;		/* SYMBOL(_stext): where that is; 0: not given */
	char build_id[65];	/* BUILD-ID, lower-case hexadecimal, since 5.9; "": not given */
};

/* Of an ELF core file, /proc/kcore. -1: it cannot be read (lockdown, no CAP_SYS_RAWIO), is not such
 * a file, or has no such note or no offset in it. */
int vmcoreinfo_load(const char *path, struct vmcoreinfo *out, struct fail *fail) MUST_CHECK;

/* By how much a System.map's symbols have to be moved. -1, OUTCOME_GUARD: this note is not of the
 * kernel with `build_id` ("": unknown), or the map is of another build. */
int vmcoreinfo_slide(const struct vmcoreinfo *info, const char *build_id, const struct symtab *map,
		     int64_t *slide, struct fail *fail) MUST_CHECK;

#endif
