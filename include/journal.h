/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal: what was and is being written to the kernel, in an SQLite database that survives a
 * kill at any instruction. It says what should be in memory; memory says what is.
 */
#ifndef PATCHERD_JOURNAL_H
#define PATCHERD_JOURNAL_H

#include "cpus.h"
#include "patch.h"

/* The words of design and status. INTENDED and REVERTING are seen only after a crash between a
 * write and its outcome. */
enum journal_state {
	JOURNAL_INTENDED,
	JOURNAL_APPLIED,
	JOURNAL_REVERTING,
	JOURNAL_REVERTED,
	JOURNAL_FAILED,
	JOURNAL_EXPIRED			/* another boot */
};
const char *journal_state_name(enum journal_state state);

struct journal_site {
	char *symbol;			/* a function, */
	bool variable;			/* or one of these */
	char *module;			/* NULL: the kernel image */
	uint64_t module_identity;	/* see module.h; 0 for the kernel image */
	uint64_t offset;
	uint64_t address;		/* when it was written */
	struct bytes old;
	struct bytes replacement;
	bool multiple;
	uint32_t allowed;		/* bits 1 << enum owner_kind that the patch allows there */
};

/* Who asked. */
struct journal_caller {
	uint32_t uid;
	int32_t pid;
	char comm[17];
};

/* How much trouble the kernel had had at a moment; see patcherd/trouble.h. */
#define TROUBLE_UNKNOWN UINT64_MAX
struct trouble_mark {
	uint64_t warn_count;		/* of /sys/kernel; TROUBLE_UNKNOWN where it has none */
	uint64_t oops_count;
	uint64_t taint;			/* /proc/sys/kernel/tainted */
	uint64_t sequence;		/* the next record of /dev/kmsg */
};

/* One application of one patch. */
struct journal_entry {
	int64_t id;
	char *patch;			/* its name */
	char *source;			/* the file's name as the client gave it */
	char *yaml;
	char sha256[65];
	char boot_id[37];
	char release[128];
	enum journal_state state;
	int64_t intended_at;		/* microseconds since the epoch */
	int64_t changed_at;		/* of the last change of state, or when it was confirmed */
	int64_t changed_uptime;		/* the same in milliseconds of that boot's CLOCK_MONOTONIC */
	struct journal_caller caller;
	/* Microseconds of CLOCK_BOOTTIME: reverted then, unless confirmed before; 0: stays. An APPLIED
	 * entry that has it is `pending`. */
	int64_t confirm_by;
	bool ignore_warnings;		/* what `mark` tells does not revert it */
	struct trouble_mark mark;	/* before it was written; all 0 where confirm_by was not asked for */
	/* The entry that took its place, or is about to where this one is still active; 0: none. */
	int64_t replaced_by;
	const int64_t *replaces;	/* to journal_intend(): whose place it takes; borrowed */
	size_t replaces_count;
	struct journal_site *sites;
	size_t site_count;
};
void journal_entry_deinit(struct journal_entry *entry);
/* Each of a list, and the list itself. */
void journal_entries_free(struct journal_entry *entries, size_t count);

/* One line of the audit trail: an attempt and its outcome, refused ones too. */
struct journal_event {
	int64_t at;			/* microseconds since the epoch */
	char boot_id[37];
	char *patch;
	char action[16];		/* apply, revert, recover, confirm, expire, return */
	char outcome[24];		/* outcome_name() */
	char *message;			/* may be NULL */
	struct journal_caller caller;
};
void journal_event_deinit(struct journal_event *event);

struct journal;

/*
 * Opens or creates the database at `path`, its directory (0700) too. `boot_id` is this boot's
 * (/proc/sys/kernel/random/boot_id); entries of other boots that are not ended become EXPIRED.
 * -1: OUTCOME_ERROR: not writable (names --journal), damaged, of a newer schema, held by another
 * patcherd.
 */
int journal_open(const char *path, const char *boot_id, struct journal **out,
		 struct fail *fail) MUST_CHECK;
void journal_close(struct journal *journal);
/* Whether what failed last did so for want of room on the disk. */
bool journal_full(const struct journal *journal);

/* Writes the intent of all entries (state INTENDED; each gets its id and sha256), and that they
 * are about to take the place of what they replace, synced to disk before it returns. */
int journal_intend(struct journal *journal, struct journal_entry *entries, size_t count,
		   struct fail *fail) MUST_CHECK;
/* Sets the state of all the entries named, in one transaction, synced. The active entries that an
 * entry replaces are ended with it: REVERTED where it is APPLIED; where it is FAILED or REVERTED,
 * nothing takes their place any more. */
int journal_set(struct journal *journal, const int64_t *ids, size_t count,
		enum journal_state state, struct fail *fail) MUST_CHECK;
/* The way back from entry `id` to what it replaced, in one transaction, synced. REVERTING: they are
 * about to change places, so what it replaced is INTENDED; REVERTED: that is done, and what it replaced
 * is APPLIED, replaced by nothing any more. That they have not: journal_set() with APPLIED. */
int journal_return(struct journal *journal, int64_t id, enum journal_state state,
		   struct fail *fail) MUST_CHECK;
/* These entries are not to be reverted by time any more: confirm_by 0, in one transaction, synced. */
int journal_confirm(struct journal *journal, const int64_t *ids, size_t count,
		    struct fail *fail) MUST_CHECK;
/* Adds to the audit trail. `at` 0: now; `boot_id` "": this boot. */
int journal_note(struct journal *journal, const struct journal_event *event,
		 struct fail *fail) MUST_CHECK;

/* Replaces the list of the CPUs that patcherd has offline, or is about to take there, and has to
 * bring back; synced. */
int journal_set_offline(struct journal *journal, const struct cpus *cpus,
			struct fail *fail) MUST_CHECK;
/* That list, as far as it is of this boot. */
int journal_offline(struct journal *journal, struct cpus *out, struct fail *fail) MUST_CHECK;

/* A patch that is applied once its module comes. */
struct journal_armed {
	char *patch;			/* its name */
	char *source;			/* the file's name as the client gave it */
	char *yaml;
	char sha256[65];		/* of the yaml; journal_arm() fills it in */
	char *module;			/* that is waited for */
	struct journal_caller caller;
	int64_t since;			/* microseconds since the epoch; 0: journal_arm() fills it in */
};
void journal_armed_deinit(struct journal_armed *armed);

/* Notes them as armed until they are disarmed, or this boot ends, each in place of another of its
 * name: all in one transaction, synced. */
int journal_arm(struct journal *journal, struct journal_armed *armed, size_t count,
		struct fail *fail) MUST_CHECK;
/* Those armed in this boot, by name; `patch` NULL: all. Free each and the array. */
int journal_armed(struct journal *journal, const char *patch, struct journal_armed **out,
		  size_t *count, struct fail *fail) MUST_CHECK;
/* The same way back: those of these names. 0 too where none is armed. */
int journal_disarm(struct journal *journal, const char *const *patches, size_t count,
		   struct fail *fail) MUST_CHECK;

/* The entries of this boot that are INTENDED, APPLIED or REVERTING, oldest first; `patch` NULL:
 * of all patches. Free each and the array. */
int journal_active(struct journal *journal, const char *patch, struct journal_entry **out,
		   size_t *count, struct fail *fail) MUST_CHECK;
/* The entries of this boot whose place `id` took, as far as they are in that state: REVERTED ones, or
 * INTENDED ones on the way back. Free each and the array. */
int journal_replaced(struct journal *journal, int64_t id, enum journal_state state,
		     struct journal_entry **out, size_t *count, struct fail *fail) MUST_CHECK;
/* The newest entry of each patch, of any boot and state. */
int journal_latest(struct journal *journal, const char *patch, struct journal_entry **out,
		   size_t *count, struct fail *fail) MUST_CHECK;
/* Oldest first, at most the newest `max`; `patch` NULL: all. */
int journal_events(struct journal *journal, const char *patch, size_t max,
		   struct journal_event **out, size_t *count, struct fail *fail) MUST_CHECK;

#endif
