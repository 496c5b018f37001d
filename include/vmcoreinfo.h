/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmcoreinfo: what the running kernel says of itself for crash dumps; here, by how much it was
 * moved at its start, and where its page tables are.
 *
 * Format: an ELF note "VMCOREINFO" of lines "KEY=VALUE" (Documentation/admin-guide/kdump/
 * vmcoreinfo.rst), which /proc/kcore has since Linux 4.19 (fs/proc/kcore.c, 23c85094fe18).
 */
#ifndef PATCHERD_VMCOREINFO_H
#define PATCHERD_VMCOREINFO_H

#include "symtab.h"

struct vmcoreinfo {
	bool moves;		/* offset is given, as on 64-bit kernels */
	uint64_t offset;	/* KERNELOFFSET: from where the kernel was linked to where it is */
	uint64_t stext;		/* SYMBOL(_stext): where that is; 0: not given */
	char build_id[65];	/* BUILD-ID, lower-case hexadecimal, since 5.9; "": not given */
	uint64_t root;		/* SYMBOL(init_top_pgt), else SYMBOL(swapper_pg_dir): the topmost page
				 * table's virtual address (machine_kexec_64.c, crash_core.c); 0: not
				 * given */
	uint64_t sme_mask;	/* NUMBER(sme_mask): the bit that marks encrypted memory, since 5.0 */
};

/* Of an ELF core file, /proc/kcore. -1: it cannot be read (lockdown, no CAP_SYS_RAWIO), is not such
 * a file, or has no such note. */
int vmcoreinfo_load(const char *path, struct vmcoreinfo *out, struct fail *fail) MUST_CHECK;

/* By how much a System.map's symbols have to be moved. -1: OUTCOME_ERROR: the note does not say;
 * OUTCOME_GUARD: it is not of the kernel with `build_id` ("": unknown), or the map is of another
 * build. */
int vmcoreinfo_slide(const struct vmcoreinfo *info, const char *build_id, const struct symtab *map,
		     int64_t *slide, struct fail *fail) MUST_CHECK;

#endif
