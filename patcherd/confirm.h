/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confirm: what was applied for a time only. Unless it is confirmed before, it is reverted when its time
 * is over, or as soon as the kernel got worse. What has to be known for that is in the journal, so
 * that a daemon that was killed goes on where it was; what is here is only what could not be done yet.
 */
#ifndef PATCHERD_CONFIRM_H
#define PATCHERD_CONFIRM_H

#include "journal.h"

enum { CONFIRM_SECONDS_LEAST = 5, CONFIRM_SECONDS_MOST = 24 * 60 * 60 };

/* What it asks of the daemon, or of a test. */
struct confirm_world {
	/* Microseconds of CLOCK_BOOTTIME, which goes on while the machine sleeps. */
	int64_t (*now)(void *data);
	/* Whether the kernel got worse since entry->mark, and whether that is not known in full. */
	bool (*trouble)(void *data, const struct journal_entry *entry, struct fail *said);
	bool (*unknown)(void *data, const struct journal_entry *entry, struct fail *said);
	/* *said: what became of the patches that it had replaced; message "": there were none. */
	int (*revert)(void *data, struct journal_entry *entry, struct fail *said,
		      struct fail *fail);
	/* To the log and the audit trail; `action` is "expire" or "trouble". */
	void (*tell)(void *data, const struct journal_entry *entry, const char *action,
		     enum outcome outcome, const char *message);
};

/* An entry that is pending. */
struct confirm_item {
	int64_t id;
	const char *action;		/* NULL: nothing is against it so far */
	char *reason;			/* owned: why it has to go */
	char *failure;			/* owned: why it has not gone yet; NULL: nothing was tried */
	int64_t retry_at;		/* microseconds of CLOCK_BOOTTIME */
	bool unknown_told;
};

struct confirm {
	const struct confirm_world *world;
	void *data;			/* for its functions */
	struct confirm_item *items;
	size_t count;
	bool unreadable_told;
};

void confirm_deinit(struct confirm *confirm);
/* Reverts what has to be. Microseconds until it is to be called again; -1: nothing is pending. */
int64_t confirm_turn(struct confirm *confirm, struct journal *journal);
/* Of an entry that has to go and has not yet; NULL: it is none. */
const struct confirm_item *confirm_stuck(const struct confirm *confirm, int64_t id);
/* Whether the journal has it as applied, and to be confirmed. */
bool confirm_pending(const struct journal_entry *entry);

#endif
