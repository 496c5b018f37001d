/* SPDX-License-Identifier: GPL-2.0-or-later */
/* look: what memory holds now where the journal says that something was written. Memory is the
 * truth; the journal only says what should be there. */
#ifndef PATCHERD_LOOK_H
#define PATCHERD_LOOK_H

#include "journal.h"
#include "target.h"

enum look_now { LOOK_OLD, LOOK_NEW, LOOK_OTHER, LOOK_GONE };
/* "old", "new", "other", "gone" */
const char *look_name(enum look_now now);

struct look_site {
	enum look_now now;
	struct bytes found;		/* length 0 where gone */
};

/* Reads one site. LOOK_GONE: its module is not loaded, or was loaded again since. -1: it could not
 * be read. */
int look_at_site(struct target *target, const struct journal_site *site, struct look_site *out,
		 struct fail *fail) MUST_CHECK;

/* What an entry's state is by memory, for an entry of this boot. */
enum look_state {
	LOOK_STATE_APPLIED,		/* all new, journal says applied */
	LOOK_STATE_NOT_APPLIED,		/* all old */
	LOOK_STATE_PARTIAL,		/* some old, some new */
	LOOK_STATE_CHANGED,		/* all code new, and some variable not */
	LOOK_STATE_TAMPERED,		/* some code other */
	LOOK_STATE_LOST			/* some gone */
};
/* `sites`: entry->site_count of them, filled in. */
int look_at_entry(struct target *target, const struct journal_entry *entry,
		  struct look_site *sites, enum look_state *out, struct fail *fail) MUST_CHECK;

#endif
