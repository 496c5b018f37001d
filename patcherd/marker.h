/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * marker: what is on the disk for MARKER_MINUTES from just before an enabled patch is written to the
 * kernel, and says to the next boot that this one did not survive them.
 *
 * A marker is applying/PATCH beside the journal. It goes when the time has passed, when the patch
 * is reverted, or when patcherd or the machine ends in order. One of another boot is moved to blocked/PATCH, where it stays until
 * somebody has looked at it.
 *
 * The marker of one that is to be confirmed is unconfirmed/PATCH beside it, which goes when it is
 * confirmed, and at nobody's orderly end: whoever lets the time run out, or restarts a machine that he
 * cannot reach any more, does not want it at the next boot.
 */
#ifndef PATCHERD_MARKER_H
#define PATCHERD_MARKER_H

#include "patch.h"

enum { MARKER_MINUTES = 5 };

struct markers {
	const char *directory;		/* the journal's */
	const char *boot_id;
	int64_t next;			/* milliseconds of CLOCK_MONOTONIC when the first of this boot
					 * has done its duty; -1: there is none */
};

/* At start: blocks what another boot left; markers of this boot go on. What it does, and what it
 * cannot do, is logged. */
void markers_start(struct markers *markers);
/* Synced when it returns. Its time starts now. */
int markers_set(struct markers *markers, const char *patch, const char *yaml,
		struct fail *fail) MUST_CHECK;
/* The patches that have one, by name; *out is to be freed by strings_deinit(), also after a failure. */
int markers_list(const struct markers *markers, struct strings *out, struct fail *fail) MUST_CHECK;
/* The patch is not in the kernel any more, or did not get there: whatever happens now, that is not its
 * doing. One of another boot stays. */
int markers_forget(const struct markers *markers, const char *patch, struct fail *fail) MUST_CHECK;
/* Until it is confirmed: synced when it returns. */
int markers_wait(const struct markers *markers, const char *patch, const char *yaml,
		 struct fail *fail) MUST_CHECK;
/* 1: it was waited for. */
int markers_confirmed(const struct markers *markers, const char *patch,
		      struct fail *fail) MUST_CHECK;
/* It was reverted for want of that: blocks it, where it was waited for. What cannot be done is logged. */
void markers_unconfirmed(const struct markers *markers, const char *patch);
/* Removes those whose time has passed; all of this boot: at an orderly end. -1: one of them could not be,
 * and is tried again in a minute. */
int markers_expire(struct markers *markers, bool all, struct fail *fail) MUST_CHECK;

/* Whether the patch is blocked, and then why, in words. What cannot be told is. */
bool markers_blocked(const struct markers *markers, const char *patch, struct fail *why);
/* 1: it was blocked. Nor is it waited for to be confirmed. */
int markers_unblock(const struct markers *markers, const char *patch,
		    struct fail *fail) MUST_CHECK;

#endif
