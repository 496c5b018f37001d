/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drift: notices, each minute and at each status, that somebody else changed code that patcherd had
 * changed, or put it back, and tells each change once: to the log, and to the audit trail. */
#ifndef PATCHERD_DRIFT_H
#define PATCHERD_DRIFT_H

#include "look.h"
#include "server.h"

struct daemon;

/* What was last told of one entry. */
struct drift_entry {
	int64_t id;
	char *told;		/* "": it is as it was written; NULL: not known yet */
};

struct drift {
	struct drift_entry *items;
	size_t count;
	int64_t next;		/* when to look, milliseconds of CLOCK_MONOTONIC */
};
void drift_deinit(struct drift *drift);

/* Where an entry that the journal has as applied holds other bytes of code than were written: each
 * with its place, what was written and what is there. "": nowhere. To be freed; NULL: out of memory.
 * What went with its module is no drift. */
char *drift_describe(const struct journal_entry *entry, const struct look_site *sites);

/* Compares the applied patches with memory. */
void drift_look(struct daemon *daemon);

/* Each minute. `daemon` must outlive it. */
struct server_source drift_source(struct daemon *daemon);

#endif
