/* SPDX-License-Identifier: GPL-2.0-or-later */
/* where: a site in words: its place, "nfs:nfs_flock+0x2f 0xffffffffc0412345", and what it holds. */
#ifndef PATCHERD_WHERE_H
#define PATCHERD_WHERE_H

#include <inttypes.h>
#include <stdio.h>

#include "journal.h"

enum { WHERE_MAX = 640 };	/* a symbol has up to 512 bytes, a module up to 64 */

/* `module` NULL: the kernel image. Returns out. */
static inline const char *where_print(const char *module, const char *symbol, uint64_t offset,
				      uint64_t address, char out[WHERE_MAX])
{
	(void)snprintf(out, WHERE_MAX, "%s%s%s+0x%" PRIx64 " 0x%016" PRIx64,
		       module != NULL ? module : "", module != NULL ? ":" : "", symbol, offset,
		       address);
	return out;
}

/* "0x40": a variable's bytes, of the target's order, as a number; out is returned. */
enum { VALUE_MAX = 2 + 16 + 1 };
static inline const char *value_print(const struct bytes *bytes, char out[VALUE_MAX])
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes->length && i < sizeof(value); i++)
		value |= (uint64_t)bytes->data[i] << 8 * i;
	(void)snprintf(out, VALUE_MAX, "0x%" PRIx64, value);
	return out;
}

/* The same of a variable, else "74 39". */
static inline const char *held_print(const struct journal_site *site, const struct bytes *bytes,
				     char out[BYTES_TEXT_MAX])
{
	return site->variable ? value_print(bytes, out) : bytes_print(bytes, out);
}

#endif
