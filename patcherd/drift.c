/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"

enum { EVERY_MS = 60000, EVENTS_MAX = 200 };
static const char restored[] = "all of its bytes are as it was applied again";

void drift_deinit(struct drift *drift)
{
	for (size_t i = 0; i < drift->count; i++)
		free(drift->items[i].told);
	free(drift->items);
	memset(drift, 0, sizeof(*drift));
}

/* What an earlier patcherd told last of this entry, by the audit trail. */
static char *told_before(struct journal *journal, const struct journal_entry *entry)
{
	struct journal_event *events = NULL;
	size_t count = 0;
	struct fail ignored;	/* then it is told once more */
	const char *told = "";
	char *copy;

	if (journal_events(journal, entry->patch, EVENTS_MAX, &events, &count, &ignored) < 0)
		return strdup("");
	for (size_t i = 0; i < count; i++) {
		if (strcmp(events[i].action, "drift") == 0 && events[i].at >= entry->intended_at &&
		    events[i].message != NULL)
			told = strcmp(events[i].message, restored) == 0 ? "" : events[i].message;
	}
	copy = strdup(told);
	for (size_t i = 0; i < count; i++)
		journal_event_deinit(&events[i]);
	free(events);
	return copy;
}

/* What is kept of an entry; NULL: out of memory. */
static struct drift_entry *drift_find(struct drift *drift, struct journal *journal,
				      const struct journal_entry *entry)
{
	struct drift_entry *more;

	for (size_t i = 0; i < drift->count; i++) {
		if (drift->items[i].id == entry->id)
			return &drift->items[i];
	}
	more = reallocarray(drift->items, drift->count + 1, sizeof(*more));
	if (more == NULL)
		return NULL;
	drift->items = more;
	more += drift->count++;
	*more = (struct drift_entry){ .id = entry->id, .told = told_before(journal, entry) };
	return more;
}

/* Forgets the entries that have ended. */
static void drift_forget(struct drift *drift, const struct journal_entry *entries, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < drift->count; i++) {
		struct drift_entry item = drift->items[i];
		size_t j = 0;

		while (j < count && entries[j].id != item.id)
			j++;
		if (j < count)
			drift->items[kept++] = item;
		else
			free(item.told);
	}
	drift->count = kept;
}

static void tell(struct daemon *daemon, const struct journal_entry *entry, char *now)
{
	const struct journal_caller self = { .uid = getuid(), .pid = getpid(), .comm = "patcherd" };
	struct drift_entry *known = drift_find(&daemon->drift, daemon->journal, entry);

	if (now == NULL || known == NULL ||
	    (known->told != NULL && strcmp(known->told, now) == 0)) {
		free(now);
		return;
	}
	free(known->told);
	known->told = now;
	daemon_note(daemon, &self, "drift", entry->patch,
		    *now == '\0' ? OUTCOME_APPLIED : OUTCOME_ATTENTION,
		    *now == '\0' ? restored : now);
}

static void look_at(struct daemon *daemon, const struct journal_entry *entry)
{
	CLEANUP_FREE struct look_site *sites = calloc(entry->site_count, sizeof(*sites));
	enum look_state state;
	struct fail ignored;	/* status tells what cannot be read */

	if (sites == NULL || entry->state != JOURNAL_APPLIED ||
	    look_at_entry(daemon->live.target, entry, sites, &state, &ignored) < 0 ||
	    state == LOOK_STATE_LOST)
		return;
	tell(daemon, entry, drift_describe(entry, sites));
}

void drift_look(struct daemon *daemon)
{
	struct journal_entry *entries = NULL;
	size_t count = 0;
	struct fail ignored;	/* status tells what cannot be read */

	if (daemon->journal == NULL ||
	    journal_active(daemon->journal, NULL, &entries, &count, &ignored) < 0)
		return;
	drift_forget(&daemon->drift, entries, count);
	daemon->live.target_kind = daemon->target_kind;
	if (count > 0 && live_open_target(&daemon->live, &ignored) == 0) {
		for (size_t i = 0; i < count; i++)
			look_at(daemon, &entries[i]);
	}
	journal_entries_free(entries, count);
}

static int64_t due_at(void *data)
{
	const struct daemon *daemon = data;

	return daemon->drift.next;
}

static void due(void *data)
{
	struct daemon *daemon = data;

	daemon_journal(daemon);
	drift_look(daemon);
	daemon->drift.next = clock_milliseconds(CLOCK_MONOTONIC) + EVERY_MS;
}

struct server_source drift_source(struct daemon *daemon)
{
	return (struct server_source){ .fd = -1, .due_at = due_at, .due = due, .data = daemon };
}
