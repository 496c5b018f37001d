/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon: what requests work on, kept from one to the next. */
#ifndef PATCHERD_DAEMON_H
#define PATCHERD_DAEMON_H

#include "confirm.h"
#include "armed.h"
#include "drift.h"
#include "live.h"
#include "marker.h"
#include "reserve.h"
#include "transaction.h"
#include "trouble.h"

struct daemon {
	const char *target_kind;	/* --target; NULL: the best there is */
	struct live live;
	const char *path;		/* the journal's; borrowed */
	struct journal *journal;	/* NULL: it could not be opened; */
	struct fail journal_fail;	/* this says why, and nothing is written */
	char boot_id[37];
	char *directory;		/* the journal's, and of what lies beside it */
	struct markers markers;
	struct reserve reserve;
	struct armed armed;
	struct drift drift;
	bool recovered;			/* recover() has run since anything was left unfinished */
	struct trouble trouble;
	struct confirm confirm;		/* see confirm_live.h */
	struct server_source *confirm_source;
	int64_t confirm_due;		/* milliseconds of CLOCK_MONOTONIC; -1: nothing is pending */
};

/* boot_id, and the journal at `path`, where it can be opened, and what lies beside it. */
int daemon_init(struct daemon *daemon, const char *path, struct fail *fail) MUST_CHECK;
void daemon_deinit(struct daemon *daemon);
/* Opens the journal where it could not be opened before: room may have been made for it, or its file
 * system be there by now, and what is in it may wait to be reverted. Keeps room beside it. Failures are
 * logged, each once. */
void daemon_journal(struct daemon *daemon);

/* Whether what failed just now did so for want of room, and there is some now: it is to be tried again
 * at once, before somebody else takes that. */
bool daemon_make_room(struct daemon *daemon);

/* At start, and before each request that writes: brings back CPUs that were left offline, and runs
 * recover() unless it has, for the kernel's memory may not be readable at start. Failures are
 * logged. */
void daemon_recover(struct daemon *daemon);

/* One attempt of `caller` and how it ended, to the audit trail and the log. `message` NULL: there is
 * nothing to say. A trail that cannot be written is logged: what was done is done. */
void daemon_note(struct daemon *daemon, const struct journal_caller *caller, const char *action,
		 const char *patch, enum outcome outcome, const char *message);

#endif
