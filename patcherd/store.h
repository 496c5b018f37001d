/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store: changes the kernel's bytes, believes only what it then reads back, and puts back what
 * was there when that is not what it should be. Knows no journal; called by transaction alone. */
#ifndef PATCHERD_STORE_H
#define PATCHERD_STORE_H

#include "patch.h"
#include "target.h"
#include "times.h"

enum { STORE_SITES_MAX = 1024 };	/* PATCHER_KMEM_SITES_MAX: one stop of all CPUs */

struct store_site {
	const char *module;		/* NULL: the kernel image */
	uint64_t module_identity;	/* see module.h: nothing is written to another load of it */
	const char *symbol;
	uint64_t offset;
	uint64_t address;
	struct bytes before;		/* what is there, and comes back if this fails */
	struct bytes wanted;		/* of the same length */
	struct bytes found;		/* as last read back; length 0: could not be read */
	bool gone;			/* at the last look its module was not the one there */
	bool multiple;
	bool undone;			/* `wanted` gives way to another site's, see store_join() */
	size_t owner, number;		/* the caller's: whose site, and the how-many-th */
};

struct store_report {
	uint64_t stop_nanoseconds;
	const struct store_site *failed;	/* the site at fault; NULL: none in particular */
};

/* Sorts the sites by address, and makes one of those that overlap: those `undone` know best what is
 * there, and the others what is wanted. -1: OUTCOME_ERROR, one would be too long. */
int store_join(struct store_site *sites, size_t *count, struct fail *fail) MUST_CHECK;

/*
 * Writes all sites in one target_write(), which also sorts them by address. -1: nothing is
 * changed, or all was put back; or OUTCOME_INCOMPLETE, and the message names the bytes. BUSY is
 * tried again for about half a second. `times` may be NULL.
 */
int store_write(struct target *target, struct store_site *sites, size_t count,
		struct times *times, struct store_report *report, struct fail *fail) MUST_CHECK;

/* Puts `before` back wherever it is not, after *fail happened, and says in *fail how that went:
 * OUTCOME_ERROR, all is as before; OUTCOME_INCOMPLETE, it is not. Always -1. */
int store_undo(struct target *target, struct store_site *sites, size_t count, struct fail *fail);

#endif
