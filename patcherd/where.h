/* SPDX-License-Identifier: GPL-2.0-or-later */
/* where: a site's place in words, "nfs:nfs_flock+0x2f 0xffffffffc0412345". */
#ifndef PATCHERD_WHERE_H
#define PATCHERD_WHERE_H

#include <inttypes.h>
#include <stdio.h>

enum { WHERE_MAX = 640 };	/* a symbol has up to 512 bytes, a module up to 64 */

/* `module` NULL: the kernel image. Returns out. */
static inline const char *where_print(const char *module, const char *function, uint64_t offset,
				      uint64_t address, char out[WHERE_MAX])
{
	(void)snprintf(out, WHERE_MAX, "%s%s%s+0x%" PRIx64 " 0x%016" PRIx64,
		       module != NULL ? module : "", module != NULL ? ":" : "", function, offset,
		       address);
	return out;
}

#endif
