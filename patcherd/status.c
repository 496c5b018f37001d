/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Status and History: what memory holds, and what was ever tried. */
#include "methods.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "armed_status.h"
#include "boot.h"
#include "clock.h"
#include "look.h"
#include "offline.h"
#include "reply.h"
#include "result.h"
#include "site_owners.h"
#include "where.h"

enum { EVENTS_MAX = 2000, HISTORY_BYTES_MAX = 1024 * 1024 };

/* "2026-11-21T14:03:09Z" */
static json_t *time_json(int64_t microseconds)
{
	time_t seconds = (time_t)(microseconds / 1000000);
	struct tm parts;
	char text[64];

	if (gmtime_r(&seconds, &parts) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		return json_string("");
	return json_string(text);
}

static json_t *caller_json(const struct journal_caller *caller)
{
	return json_pack("{s:I, s:I, s:o}", "uid", (json_int_t)caller->uid, "pid",
			 (json_int_t)caller->pid, "comm", result_text(caller->comm));
}

/* What status says of one entry. */
struct verdict {
	const char *state;
	bool attention;
	char *message;			/* owned; NULL: nothing to say */
};

/* What memory says of an entry that the journal has as applied. */
static const struct {
	const char *state;
	bool attention;
	const char *message;
} by_memory[] = {
	[LOOK_STATE_APPLIED] = { "applied", false, NULL },
	[LOOK_STATE_NOT_APPLIED] = { "tampered", true,
		"the old bytes are there, and it was not patcherd that put them back; find out who "
		"did, then revert it, which only corrects the journal, and apply it again" },
	[LOOK_STATE_PARTIAL] = { "partial", true,
		"some sites hold the new bytes and some the old ones; revert puts all of them back" },
	[LOOK_STATE_CHANGED] = { "changed", false,
		"a variable that it wrote was set since, by the kernel or by somebody else: its site "
		"says to what; revert refuses to touch it unless it is forced" },
	[LOOK_STATE_TAMPERED] = { "tampered", true,
		"bytes that are neither the old nor the new ones are there; find out whose they "
		"are; revert refuses to touch them unless it is forced" },
	[LOOK_STATE_LOST] = { "lost", true,
		"a module it changed was unloaded, or loaded anew since; apply it again, or revert "
		"it, which only corrects the journal" },
};

/* The journal of what was interrupted is finished at start; of this entry it could not be. */
static void verdict_of_interrupted(const struct journal_entry *entry, enum look_state look,
				   struct verdict *out)
{
	bool new = look == LOOK_STATE_APPLIED;

	out->attention = true;
	if (entry->state == JOURNAL_INTENDED)
		out->state = "intended";
	else
		out->state = new ? "applied" : "reverted";
	out->message = strdup(new ? "it was interrupted, and the new bytes are there; revert puts "
			      "the old ones back" :
			      "it was interrupted, and the old bytes are there; revert corrects the "
			      "journal");
}

static bool is_all_variables(const struct journal_entry *entry)
{
	size_t i = 0;

	while (i < entry->site_count && entry->sites[i].variable)
		i++;
	return i == entry->site_count;
}

static void verdict_of_memory(const struct journal_entry *entry, enum look_state look,
			      struct verdict *out)
{
	if (entry->state != JOURNAL_APPLIED &&
	    (look == LOOK_STATE_APPLIED || look == LOOK_STATE_NOT_APPLIED)) {
		verdict_of_interrupted(entry, look, out);
		return;
	}
	/* The kernel sets a variable to what it was as well as to anything else. */
	if (look == LOOK_STATE_NOT_APPLIED && is_all_variables(entry))
		look = LOOK_STATE_CHANGED;
	out->state = by_memory[look].state;
	out->attention = by_memory[look].attention || entry->state != JOURNAL_APPLIED;
	if (by_memory[look].message != NULL)
		out->message = strdup(by_memory[look].message);
}

static void verdict_make(const struct journal_entry *entry, bool this_boot, bool looked,
			 enum look_state look, const struct fail *fail, struct verdict *out)
{
	/* "reverting" is no word of the interface: until it is done, it is applied */
	out->state = journal_state_name(entry->state == JOURNAL_REVERTING ? JOURNAL_APPLIED :
					entry->state);
	switch (entry->state) {
	case JOURNAL_EXPIRED:
		out->message = strdup("it was applied before the last reboot, which undid it; apply "
				      "it again if it is still wanted");
		return;
	case JOURNAL_FAILED:
		out->attention = this_boot;
		out->message = strdup("it was not applied, the old bytes were there; history says "
				      "why; apply it again, or revert it to be done with it");
		return;
	case JOURNAL_REVERTED:
		return;
	default:
		break;
	}
	if (looked) {
		verdict_of_memory(entry, look, out);
		return;
	}
	out->attention = true;
	out->message = strdup(fail->message);
}

/* What status looks at. */
struct view {
	struct daemon *daemon;
	const struct fail *unreadable;	/* why memory cannot be looked at; NULL: it can */
	const struct fail *unasked;	/* why daemon->live.kernel cannot be asked for owners; NULL: it
					 * can, or there is nothing to ask for */
};

static json_t *owners_json(const struct owners *owners)
{
	json_t *list = json_array();

	for (size_t i = 0; i < owners->count; i++) {
		if (json_array_append_new(list, result_owner(&owners->items[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* What a variable holds, where that is not what was written. */
static void say_value(const struct journal_site *site, const struct look_site *now,
		      struct fail *said)
{
	char found[VALUE_MAX], old[VALUE_MAX], new[VALUE_MAX];

	if (!site->variable || (now->now != LOOK_OTHER && now->now != LOOK_OLD))
		return;
	fail_append(said, "%sit holds %s; %s was written, and %s was there before: the kernel or "
		    "somebody else has set it since", said->message[0] == '\0' ? "" : "\n",
		    value_print(&now->found, found), value_print(&site->replacement, new),
		    value_print(&site->old, old));
}

/* `now` NULL: memory was not looked at; `owners` NULL: nor was it asked whose it is. */
static json_t *site_json(const struct journal_site *site, const struct look_site *now,
			 const struct site_owners *owners)
{
	char old[BYTES_TEXT_MAX], new[BYTES_TEXT_MAX], found[BYTES_TEXT_MAX];
	bool known = now != NULL && now->found.length > 0;
	bool asked = owners != NULL, said = asked && owners->said.message[0] != '\0';

	return json_pack("{s:o, s:o, s:o, s:I, s:o, s:s, s:s, s:s, s:o, s:o, s:o}",
			 "function", result_text(site->variable ? NULL : site->symbol),
			 "variable", result_text(site->variable ? site->symbol : NULL),
			 "module", result_text(site->module),
			 "offset", (json_int_t)site->offset,
			 "address", result_address(site->address),
			 "now", now == NULL ? "unknown" : look_name(now->now),
			 "old", bytes_print(&site->old, old),
			 "new", bytes_print(&site->replacement, new),
			 "found", known ? json_string(bytes_print(&now->found, found)) : json_null(),
			 "owners", asked && owners->known ? owners_json(&owners->owners) : json_null(),
			 "message", result_text(said ? owners->said.message : NULL));
}

static bool is_active(const struct daemon *daemon, const struct journal_entry *entry)
{
	return strcmp(entry->boot_id, daemon->boot_id) == 0 &&
	       (entry->state == JOURNAL_APPLIED || entry->state == JOURNAL_INTENDED ||
		entry->state == JOURNAL_REVERTING);
}

/* One site of an entry whose memory was looked at, with its owners. Sets *attention for them. */
static json_t *active_site_json(const struct view *view, const struct journal_entry *entry,
				size_t index, const struct look_site *now, bool *attention)
{
	const struct journal_site *site = &entry->sites[index];
	CLEANUP(site_owners_deinit) struct site_owners owners = { .known = false };

	if (now->now == LOOK_GONE)
		return site_json(site, now, NULL);
	if (view->unasked == NULL)
		site_owners_find(&view->daemon->live.kernel, site, &owners);
	else
		site_owners_unknown(view->unasked, &owners);
	*attention |= owners.attention;
	if (entry->state == JOURNAL_APPLIED)
		say_value(site, now, &owners.said);
	return site_json(site, now, &owners);
}

/* `now` NULL: memory was not looked at. */
static json_t *sites_json(const struct view *view, const struct journal_entry *entry,
			  const struct look_site *now, bool *attention)
{
	bool active = now != NULL && is_active(view->daemon, entry);
	json_t *list = json_array();

	for (size_t i = 0; i < entry->site_count; i++) {
		const struct journal_site *site = &entry->sites[i];

		if (json_array_append_new(list, active ?
					  active_site_json(view, entry, i, &now[i], attention) :
					  site_json(site, now == NULL ? NULL : &now[i], NULL)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_int_t seconds_left(const struct journal_entry *entry)
{
	int64_t left = entry->confirm_by - clock_microseconds(CLOCK_BOOTTIME);

	return left > 0 ? (left + 999999) / 1000000 : 0;
}

/* Adds what comes back when it is not confirmed. */
static void say_replaced(const struct daemon *daemon, const struct journal_entry *entry,
			 struct fail *said)
{
	struct journal_entry *replaced = NULL;
	size_t count = 0;
	struct fail fail;

	if (journal_replaced(daemon->journal, entry->id, JOURNAL_REVERTED, &replaced, &count,
			     &fail) < 0)
		fail_append(said, "\nwhat it replaced, which is applied again then, is not known: %.1000s",
			    fail.message);
	for (size_t i = 0; i < count; i++)
		fail_append(said, "%s%.64s", i == 0 ? "\nthen what it replaced is applied again: " :
			    ", ", replaced[i].patch);
	journal_entries_free(replaced, count);
}

/* What it waits for, or why it could not be reverted yet, before what else there is to say. */
static void verdict_of_pending(const struct daemon *daemon, const struct journal_entry *entry,
			       struct verdict *verdict)
{
	const struct confirm_item *stuck = confirm_stuck(&daemon->confirm, entry->id);
	struct fail said = { .message = "" }, unknown;

	if (stuck != NULL) {
		fail_append(&said, "%.1000s; but it could not be reverted, which is tried again and "
			    "again: %.1500s", stuck->reason, stuck->failure);
		verdict->attention = true;
	} else {
		fail_append(&said, "it is reverted in %" JSON_INTEGER_FORMAT " seconds, unless "
			    "`patchctl confirm %s` comes before", seconds_left(entry),
			    entry->patch);
		say_replaced(daemon, entry, &said);
		if (!entry->ignore_warnings &&
		    trouble_unknown(&daemon->trouble, &entry->mark, &unknown))
			fail_append(&said, "\nnot all that would revert it before can be known: "
				    "%.1000s", unknown.message);
	}
	if (verdict->message != NULL)
		fail_append(&said, "\n%.1000s", verdict->message);
	if (strcmp(verdict->state, "applied") == 0)
		verdict->state = "pending";
	free(verdict->message);
	verdict->message = strdup(said.message);
}

static json_t *entry_json(const struct view *view, const struct journal_entry *entry)
{
	CLEANUP_FREE struct look_site *now = calloc(entry->site_count + 1, sizeof(*now));
	enum look_state look = LOOK_STATE_LOST;
	struct verdict verdict = { .state = NULL };
	const struct daemon *daemon = view->daemon;
	struct fail fail;
	bool this_boot = strcmp(entry->boot_id, daemon->boot_id) == 0, looked, owned = false;
	bool pending;
	bool enabled, blocked;
	json_t *json, *sites;

	if (now == NULL)
		return NULL;
	looked = view->unreadable == NULL && this_boot &&
		 look_at_entry(daemon->live.target, entry, now, &look, &fail) == 0;
	verdict_make(entry, this_boot, looked, look,
		     view->unreadable == NULL ? &fail : view->unreadable, &verdict);
	pending = this_boot && confirm_pending(entry);
	if (pending)
		verdict_of_pending(daemon, entry, &verdict);
	armed_verdict(daemon, entry, &verdict.state, &verdict.attention, &verdict.message);
	sites = sites_json(view, entry, looked ? now : NULL, &owned);
	if (owned && verdict.message == NULL)
		verdict.message = strdup("somebody else owns bytes that it changed; its sites say "
					 "who, and what can be done");
	verdict.attention |= owned;
	json = json_pack("{s:o, s:s, s:o, s:b, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o}",
			 "patch", result_text(entry->patch), "state", verdict.state,
			 "message", result_text(verdict.message), "attention", verdict.attention,
			 "sha256", entry->sha256, "source", result_text(entry->source),
			 "release", result_text(entry->release), "boot_id", entry->boot_id,
			 "intended_at", time_json(entry->intended_at),
			 "changed_at", time_json(entry->changed_at),
			 "caller", caller_json(&entry->caller), "sites", sites);
	boot_flags(daemon, entry->patch, &enabled, &blocked);
	(void)json_object_set_new(json, "enabled", json_boolean(enabled));
	(void)json_object_set_new(json, "blocked", json_boolean(blocked));
	(void)json_object_set_new(json, "confirm_seconds_left",
				  pending ? json_integer(seconds_left(entry)) : json_null());
	free(verdict.message);
	return json;
}

/* Opens memory, and where a patch is applied also asks for what tells its owners. Without these
 * there is less to say, but what memory holds is said. */
static void view_open(struct view *view, const struct journal_entry *entries, size_t count,
		      struct fail *target_fail, struct fail *owners_fail)
{
	struct live *live = &view->daemon->live;
	bool active = false;

	live->target_kind = view->daemon->target_kind;
	for (size_t i = 0; i < count; i++)
		active |= is_active(view->daemon, &entries[i]);
	if (active && live_refresh(live, owners_fail) == 0)
		return;
	view->unasked = active ? owners_fail : NULL;
	if (live_open_target(live, target_fail) < 0)
		view->unreadable = target_fail;
}

static json_t *unknown(struct daemon *daemon, const char *patch)
{
	struct journal_entry *entries = NULL;
	size_t count = 0;
	struct fail fail, ignored;

	(void)fail_set(&fail, OUTCOME_NOT_FOUND, "no patch named %s was ever applied here", patch);
	if (journal_latest(daemon->journal, NULL, &entries, &count, &ignored) < 0)
		return reply_failed(&fail);
	for (size_t i = 0; i < count; i++)
		fail_append(&fail, "%s%s", i == 0 ? "; known are: " : ", ", entries[i].patch);
	journal_entries_free(entries, count);
	return reply_failed(&fail);
}

/* A LeftOffline, or null. */
static json_t *left_offline_json(const struct daemon *daemon)
{
	struct cpus left = { .has = { false } };
	json_t *list;
	struct fail said;

	if (!offline_left(daemon->journal, CPUS_DIRECTORY, &left, &said))
		return json_null();
	list = json_array();
	for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (left.has[cpu] && json_array_append_new(list, json_integer(cpu)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return json_pack("{s:o, s:b, s:o}", "cpus", list, "attention", true,
			 "message", result_text(said.message));
}

static json_t *room_json(const struct daemon *daemon)
{
	return daemon->reserve.kept ? json_null() :
	       json_pack("{s:b, s:o}", "attention", true, "message",
			 result_text(daemon->reserve.why.message));
}

static json_t *journal_damaged(const struct daemon *daemon)
{
	return reply_error_text("io.patcherd.JournalDamaged", "message",
				daemon->journal_fail.message);
}

json_t *method_status(struct daemon *daemon, const struct journal_caller *caller,
		      json_t *const values[METHOD_PARAMETERS])
{
	const char *patch = json_string_value(values[0]);
	struct journal_entry *entries = NULL;
	json_t *list, *boot;
	struct view view = { .daemon = daemon };
	size_t count = 0;
	struct fail fail, target_fail, owners_fail;
	bool complete = true;

	(void)caller;
	if (daemon->journal == NULL)
		return journal_damaged(daemon);
	daemon_recover(daemon);
	drift_look(daemon);
	if (journal_latest(daemon->journal, patch, &entries, &count, &fail) < 0)
		return reply_failed(&fail);
	if (armed_entries(daemon, patch, &entries, &count, &fail) < 0) {
		journal_entries_free(entries, count);
		return reply_failed(&fail);
	}
	view_open(&view, entries, count, &target_fail, &owners_fail);
	list = json_array();
	for (size_t i = 0; i < count; i++)
		complete &= json_array_append_new(list, entry_json(&view, &entries[i])) == 0;
	journal_entries_free(entries, count);
	boot = boot_json(daemon, patch);
	if (!complete || (count == 0 && patch != NULL &&
			  json_array_size(json_object_get(boot, "enabled")) == 0)) {
		json_decref(list);
		json_decref(boot);
		return complete ? unknown(daemon, patch) : NULL;
	}
	return reply_with(json_pack("{s:o, s:o, s:o, s:o}", "patches", list,
				    "left_offline", left_offline_json(daemon), "boot", boot,
				    "room", room_json(daemon)));
}

static json_t *event_json(const struct journal_event *event)
{
	return json_pack("{s:o, s:s, s:o, s:s, s:s, s:o, s:o}", "at", time_json(event->at),
			 "boot_id", event->boot_id, "patch", result_text(event->patch),
			 "action", event->action, "outcome", event->outcome,
			 "message", result_text(event->message),
			 "caller", caller_json(&event->caller));
}

/* The first of the newest events whose texts fit into one reply. */
static size_t events_begin(const struct journal_event *events, size_t count)
{
	size_t length = 0;

	while (count > 0) {
		const char *message = events[count - 1].message;

		length += strlen(events[count - 1].patch) + (message ? strlen(message) : 0);
		if (length > HISTORY_BYTES_MAX)
			break;
		count--;
	}
	return count;
}

json_t *method_history(struct daemon *daemon, const struct journal_caller *caller,
		       json_t *const values[METHOD_PARAMETERS])
{
	struct journal_event *events = NULL;
	json_t *list = json_array();
	size_t count = 0, begin;
	struct fail fail;
	bool complete = true;

	(void)caller;
	if (daemon->journal == NULL ||
	    journal_events(daemon->journal, json_string_value(values[0]), EVENTS_MAX, &events,
			   &count, &fail) < 0) {
		json_decref(list);
		return daemon->journal == NULL ? journal_damaged(daemon) : reply_failed(&fail);
	}
	begin = events_begin(events, count);
	for (size_t i = 0; i < count; i++) {
		if (i >= begin)
			complete &= json_array_append_new(list, event_json(&events[i])) == 0;
		journal_event_deinit(&events[i]);
	}
	free(events);
	if (!complete) {
		json_decref(list);
		return NULL;
	}
	return reply_with(json_pack("{s:o}", "events", list));
}
