/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "marker.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "keep.h"
#include "log.h"
#include "sha256.h"

enum { MARKER_TEXT_MAX = 1024, TRY_EVERY = 60 * 1000 };

struct marker {
	char boot_id[37];
	char at[32];			/* "2026-11-21T14:03:09Z" */
	char sha256[SHA256_TEXT_MAX];	/* of the patch's text */
	int64_t until;			/* milliseconds of that boot's CLOCK_MONOTONIC; 0: till it is
					 * confirmed */
};

static struct keep applying(const struct markers *markers)
{
	return (struct keep){ .directory = markers->directory, .name = "applying", .suffix = "",
			      .max = MARKER_TEXT_MAX };
}

static struct keep unconfirmed(const struct markers *markers)
{
	return (struct keep){ .directory = markers->directory, .name = "unconfirmed",
			      .suffix = "", .max = MARKER_TEXT_MAX };
}

static struct keep blocked(const struct markers *markers)
{
	return (struct keep){ .directory = markers->directory, .name = "blocked", .suffix = "",
			      .max = MARKER_TEXT_MAX };
}

static bool copy(char *out, size_t size, const char *text)
{
	if (strlen(text) >= size)
		return false;
	(void)snprintf(out, size, "%s", text);
	return true;
}

/* 1: *out is filled in; 0: there is none; -1: what is there is no marker. */
static int marker_read(const struct keep *keep, const char *patch, struct marker *out,
		       struct fail *fail)
{
	CLEANUP_FREE char *text = NULL;
	const char *boot_id, *at, *sha256;
	json_int_t until;
	json_error_t why;
	json_t *json;
	int there = keep_read(keep, patch, &text, fail);
	bool good;

	if (there <= 0)
		return there;
	json = json_loads(text, JSON_REJECT_DUPLICATES, &why);
	good = json_unpack_ex(json, &why, JSON_STRICT, "{s:s, s:s, s:s, s:I}", "boot_id", &boot_id,
			      "at", &at, "sha256", &sha256, "until", &until) == 0 &&
	       copy(out->boot_id, sizeof(out->boot_id), boot_id) &&
	       copy(out->at, sizeof(out->at), at) &&
	       copy(out->sha256, sizeof(out->sha256), sha256);
	if (good)
		out->until = until;
	json_decref(json);
	return good ? 1 : fail_set(fail, OUTCOME_ERROR, "%s/%s/%s is no marker of patcherd: %s",
				   keep->directory, keep->name, patch, why.text);
}

static int marker_write(const struct keep *keep, const char *patch, const struct marker *marker,
			struct fail *fail)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:I}", "boot_id", marker->boot_id, "at",
				 marker->at, "sha256", marker->sha256, "until",
				 (json_int_t)marker->until);
	CLEANUP_FREE char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);

	json_decref(json);
	if (text == NULL)
		return fail_memory(fail, "a marker");
	return keep_write(keep, patch, text, fail);
}

static void next_set(struct markers *markers, int64_t until)
{
	if (markers->next < 0 || until < markers->next)
		markers->next = until;
}

static void block(const struct markers *markers, const struct keep *from, const char *patch)
{
	struct keep to = blocked(markers);
	struct log_about about = { .patch = patch, .outcome = outcome_name(OUTCOME_ATTENTION) };
	struct fail fail;

	if (keep_move(from, &to, patch, &fail) < 0)
		log_line(LOG_ERR, &about, "%s", fail.message);
	if (markers_blocked(markers, patch, &fail))
		log_line(LOG_WARNING, &about, "%s", fail.message);
}

static bool is_of_this_boot(const struct markers *markers, const struct marker *marker)
{
	return strcmp(marker->boot_id, markers->boot_id) == 0;
}

/* One that cannot be read may be another boot's: it blocks too. */
static void directory_start(struct markers *markers, const struct keep *keep)
{
	CLEANUP(strings_deinit) struct strings patches = { .count = 0 };
	struct marker marker;
	struct fail fail;

	if (keep_list(keep, &patches, &fail) < 0)
		log_line(LOG_ERR, NULL, "whether a patch was followed by a crash, or not confirmed, is "
			 "not known: %s", fail.message);
	for (size_t i = 0; i < patches.count; i++) {
		if (marker_read(keep, patches.items[i], &marker, &fail) <= 0 ||
		    !is_of_this_boot(markers, &marker))
			block(markers, keep, patches.items[i]);
		else if (marker.until != 0)
			next_set(markers, marker.until);
	}
}

void markers_start(struct markers *markers)
{
	struct keep waiting = unconfirmed(markers), keep = applying(markers);

	markers->next = -1;
	directory_start(markers, &waiting);
	directory_start(markers, &keep);	/* the last one is what is told of both */
}

static int marker_make(const struct markers *markers, const struct keep *keep, const char *patch,
		       const char *yaml, int64_t until, struct fail *fail)
{
	struct marker marker = { .until = until };
	time_t now = time(NULL);
	struct tm parts;

	sha256_text(yaml, strlen(yaml), marker.sha256);
	(void)snprintf(marker.boot_id, sizeof(marker.boot_id), "%s", markers->boot_id);
	if (gmtime_r(&now, &parts) == NULL ||
	    strftime(marker.at, sizeof(marker.at), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		marker.at[0] = '\0';
	return marker_write(keep, patch, &marker, fail);
}

int markers_set(struct markers *markers, const char *patch, const char *yaml, struct fail *fail)
{
	/* a machine that sleeps does not crash meanwhile: what counts is the time that it runs */
	int64_t until = clock_milliseconds(CLOCK_MONOTONIC) + INT64_C(60000) * MARKER_MINUTES;
	struct keep keep = applying(markers);

	if (marker_make(markers, &keep, patch, yaml, until, fail) < 0)
		return -1;
	next_set(markers, until);
	return 0;
}

int markers_list(const struct markers *markers, struct strings *out, struct fail *fail)
{
	struct keep keep = applying(markers);

	return keep_list(&keep, out, fail);
}

int markers_forget(const struct markers *markers, const char *patch, struct fail *fail)
{
	struct keep keep = applying(markers);
	struct marker marker;
	int there = marker_read(&keep, patch, &marker, fail);

	if (there <= 0)
		return there;
	if (!is_of_this_boot(markers, &marker))
		return 0;
	return keep_remove(&keep, patch, fail) < 0 ? -1 : 0;
}

int markers_wait(const struct markers *markers, const char *patch, const char *yaml,
		 struct fail *fail)
{
	struct keep keep = unconfirmed(markers);

	return marker_make(markers, &keep, patch, yaml, 0, fail);
}

int markers_confirmed(const struct markers *markers, const char *patch, struct fail *fail)
{
	struct keep keep = unconfirmed(markers);

	return keep_remove(&keep, patch, fail);
}

void markers_unconfirmed(const struct markers *markers, const char *patch)
{
	struct keep keep = unconfirmed(markers);
	struct marker marker;
	struct fail ignored;	/* what cannot be read blocks */

	if (marker_read(&keep, patch, &marker, &ignored) != 0)
		block(markers, &keep, patch);
}

int markers_expire(struct markers *markers, bool all, struct fail *fail)
{
	CLEANUP(strings_deinit) struct strings patches = { .count = 0 };
	struct keep keep = applying(markers);
	struct marker marker;
	int64_t now = clock_milliseconds(CLOCK_MONOTONIC);
	int result = 0;

	markers->next = -1;
	if (keep_list(&keep, &patches, fail) < 0)
		result = -1;
	for (size_t i = 0; i < patches.count; i++) {
		struct fail damaged;	/* it is for the next start to block it */

		if (marker_read(&keep, patches.items[i], &marker, &damaged) <= 0 ||
		    !is_of_this_boot(markers, &marker))
			continue;
		if (!all && marker.until > now)
			next_set(markers, marker.until);
		else if (keep_remove(&keep, patches.items[i], fail) < 0)
			result = -1;
	}
	if (result < 0)
		next_set(markers, now + TRY_EVERY);
	return result;
}

/* One that markers_start() could not move. */
static int left_read(const struct markers *markers, const struct keep *keep, const char *patch,
		     struct marker *out, struct fail *fail)
{
	int there = marker_read(keep, patch, out, fail);

	return there > 0 && is_of_this_boot(markers, out) ? 0 : there;
}

bool markers_blocked(const struct markers *markers, const char *patch, struct fail *why)
{
	struct keep keep = blocked(markers), left = applying(markers), waiting = unconfirmed(markers);
	struct marker marker;
	int there = marker_read(&keep, patch, &marker, why);

	if (there == 0)
		there = left_read(markers, &left, patch, &marker, why);
	if (there == 0)
		there = left_read(markers, &waiting, patch, &marker, why);
	if (there == 0)
		return false;
	if (there < 0)
		fail_append(why, "; so it is blocked, and not applied at boot; `patchctl enable %s` "
			    "lets it be applied again", patch);
	else if (marker.until == 0)
		(void)fail_set(why, OUTCOME_ATTENTION, "blocked, and not applied at boot: it was "
			       "applied at %s to be confirmed, and was not; find out why, then "
			       "`patchctl enable %s` lets it be applied again, and `patchctl disable "
			       "%s` forgets it", marker.at, patch, patch);
	else
		(void)fail_set(why, OUTCOME_ATTENTION, "blocked, and not applied at boot: it was "
			       "applied at %s, and that boot ended within %d minutes in a crash, or "
			       "was cut off; find out why, then `patchctl enable %s` lets it be "
			       "applied again, and `patchctl disable %s` forgets it", marker.at,
			       (int)MARKER_MINUTES, patch, patch);
	why->code = OUTCOME_ATTENTION;
	return true;
}

int markers_unblock(const struct markers *markers, const char *patch, struct fail *fail)
{
	struct keep keep = blocked(markers), left = applying(markers);
	struct fail ignored;
	int removed = keep_remove(&keep, patch, fail);

	if (removed < 0 || markers_confirmed(markers, patch, fail) < 0)
		return -1;
	return markers_blocked(markers, patch, &ignored) ? keep_remove(&left, patch, fail) : removed;
}
