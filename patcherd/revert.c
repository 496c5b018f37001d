/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "methods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "disarm.h"
#include "force.h"
#include "look.h"
#include "reply.h"
#include "result.h"

struct request {
	struct daemon *daemon;
	const struct journal_caller *caller;
	json_t *names;
	bool all, force, offline_cpus;
	char *warning;			/* owned; of the way it was written; NULL: none */
	struct journal_entry *entries;	/* the active ones; those to be reverted first */
	size_t count, chosen;
	struct disarm armed;		/* those that are asked for and wait for their module */
	bool refused;			/* a name is not known */
	json_t *results;
};

static bool names_good(json_t *names, bool all)
{
	size_t i;
	json_t *name;

	json_array_foreach(names, i, name) {
		if (!json_is_string(name))
			return false;
	}
	return all ? json_array_size(names) == 0 : json_array_size(names) > 0;
}

static bool named(const void *data, const char *patch)
{
	const struct request *request = data;
	size_t i;
	json_t *name;

	json_array_foreach(request->names, i, name) {
		if (strcmp(json_string_value(name), patch) == 0)
			return true;
	}
	return request->all;
}

/* The active entries that are asked for, moved to the front in their order. */
static void entries_choose(struct request *request)
{
	for (size_t i = 0; i < request->count; i++) {
		struct journal_entry entry = request->entries[i];

		if (!named(request, entry.patch))
			continue;
		memmove(&request->entries[request->chosen + 1], &request->entries[request->chosen],
			(i - request->chosen) * sizeof(entry));
		request->entries[request->chosen++] = entry;
	}
}

/* What was put back, as the interface's type Site. `found`: the patch's bytes, where they were
 * compared and replaced; null where the message says otherwise. */
static json_t *sites_json(const struct journal_entry *entry, enum outcome outcome, bool replaced)
{
	json_t *list = json_array();

	for (size_t i = 0; i < entry->site_count; i++) {
		const struct journal_site *site = &entry->sites[i];
		struct code old = { .bytes = site->old }, new = { .bytes = site->replacement };
		json_t *json = json_pack("{s:o, s:o, s:o, s:I, s:o, s:s, s:n, s:o, s:o, s:o, s:[], s:[]}",
					 "function", result_text(site->variable ? NULL : site->symbol),
					 "variable", result_text(site->variable ? site->symbol : NULL),
					 "module", result_text(site->module),
					 "offset", (json_int_t)site->offset,
					 "address", result_address(site->address),
					 "outcome", outcome_name(outcome), "message",
					 "expected", result_code(&new),
					 "found", replaced ? result_code(&new) : json_null(),
					 "replacement", result_code(&old), "allowed",
					 "lines");

		if (json_array_append_new(list, json) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* One result: to the list of them, and to the audit trail. `entry` NULL: there is none. */
static void result_add(struct request *request, const char *patch, enum outcome outcome,
		       const char *message, const struct journal_entry *entry)
{
	struct fail fail;
	json_t *result;

	(void)fail_set(&fail, outcome, "%s", message == NULL ? "" : message);
	result = result_fail(patch, &fail);
	if (entry != NULL && request->warning != NULL)
		(void)json_object_set_new(result, "warnings",
					  json_pack("[s]", request->warning));
	if (entry != NULL)
		(void)json_object_set_new(result, "sites",
					  sites_json(entry, outcome,
						     outcome == OUTCOME_REVERTED && message == NULL));
	if (json_array_append_new(request->results, result) < 0) {
		json_decref(request->results);
		request->results = NULL;
	}
	daemon_note(request->daemon, request->caller, "revert", patch, outcome, message);
}

static void unknown_add(struct request *request, const char *name)
{
	struct fail fail;

	(void)fail_set(&fail, OUTCOME_NOT_FOUND, "no patch named %s was ever applied here; ", name);
	if (request->count == 0)
		fail_append(&fail, "none is applied now");
	for (size_t i = 0; i < request->count; i++)
		fail_append(&fail, "%s%s", i == 0 ? "applied now: " : ", ",
			    request->entries[i].patch);
	request->refused = true;
	result_add(request, name, fail.code, fail.message, NULL);
}

/* One that is known from before: whoever reverts what failed has noticed that it did. */
static int ended_add(struct request *request, const struct journal_entry *entry, struct fail *fail)
{
	if (entry->state == JOURNAL_FAILED &&
	    journal_set(request->daemon->journal, &entry->id, 1, JOURNAL_REVERTED, fail) < 0)
		return -1;
	if (disarm_find(&request->armed, entry->patch) == NULL)
		result_add(request, entry->patch, OUTCOME_REVERTED, "was not applied", NULL);
	return 0;
}

static bool is_chosen(const struct request *request, const char *patch)
{
	size_t i = 0;

	while (i < request->chosen && strcmp(request->entries[i].patch, patch) != 0)
		i++;
	return i < request->chosen;
}

/* Results for those that were armed, and had nothing in the kernel. */
static void disarmed_add(struct request *request, enum outcome outcome, const char *message)
{
	for (size_t i = 0; i < request->armed.count; i++) {
		if (!is_chosen(request, request->armed.items[i].patch))
			result_add(request, request->armed.items[i].patch, outcome, message, NULL);
	}
}

/* The names that no active entry has: known from before, or not at all. */
static int idle_names_add(struct request *request, struct fail *fail)
{
	size_t i, count;
	json_t *json;

	json_array_foreach(request->names, i, json) {
		const char *name = json_string_value(json);
		struct journal_entry *known = NULL;
		size_t at = 0;
		int added = 0;

		while (at < request->count && strcmp(request->entries[at].patch, name) != 0)
			at++;
		if (at < request->count)
			continue;
		if (journal_latest(request->daemon->journal, name, &known, &count, fail) < 0)
			return -1;
		if (count > 0)
			added = ended_add(request, known, fail);
		else if (disarm_find(&request->armed, name) == NULL)
			unknown_add(request, name);
		journal_entries_free(known, count);
		if (added < 0)
			return -1;
	}
	return 0;
}

/* The chosen entries with one outcome, where no transaction says more of each. */
static void chosen_add(struct request *request, enum outcome outcome, const char *message)
{
	for (size_t i = 0; i < request->chosen; i++)
		result_add(request, request->entries[i].patch, outcome, message,
			   &request->entries[i]);
}

static void offline_warn(struct request *request, const struct transaction *transaction)
{
	/* without memory for a warning the outcome still stands */
	if (transaction->left_offline.message[0] != '\0')
		request->warning = strdup(transaction->left_offline.message);
	else if (request->offline_cpus && transaction->target->info.stops)
		request->warning = strdup("offline-cpus: without effect: this way in stops all "
					  "CPUs by itself");
	else if (transaction->untraced.message[0] != '\0')
		request->warning = strdup(transaction->untraced.message);
}

/* Runs the transaction; its results for each entry. */
static int entries_revert(struct request *request, struct fail *fail)
{
	struct daemon *daemon = request->daemon;
	struct transaction transaction = {
		.journal = daemon->journal, .target = daemon->live.target,
		.boot_id = daemon->boot_id, .caller = *request->caller,
		.cpus = CPUS_DIRECTORY, .offline_cpus = request->offline_cpus,
		.trace = &trace_kernel,
	};
	CLEANUP_FREE struct reverted *reverted = calloc(request->chosen, sizeof(*reverted));
	bool told = false;
	int result;

	if (reverted == NULL)
		return fail_memory(fail, "revert");
	result = transaction_revert(&transaction, request->entries, request->chosen,
				    request->force, reverted, fail);
	daemon->recovered &= !transaction.unnoted;
	offline_warn(request, &transaction);
	for (size_t i = 0; i < request->chosen; i++)
		told |= result < 0 && reverted[i].entry != NULL &&
			reverted[i].outcome == fail->code;
	for (size_t i = 0; i < request->chosen; i++) {
		const struct journal_entry *entry = &request->entries[i];

		if (result < 0 && (!told || reverted[i].entry == NULL))
			result_add(request, entry->patch, fail->code, fail->message, entry);
		else
			result_add(request, reverted[i].entry->patch, reverted[i].outcome,
				   reverted[i].message, reverted[i].entry);
		free(reverted[i].message);
	}
	return result;
}

/* Whether anything has to be put back: to correct the journal no writer is needed. */
static bool needs_write(const struct request *request)
{
	struct look_site now;
	struct fail ignored;

	for (size_t i = 0; i < request->chosen; i++) {
		const struct journal_entry *entry = &request->entries[i];

		for (size_t j = 0; j < entry->site_count; j++) {
			if (look_at_site(request->daemon->live.target, &entry->sites[j], &now,
					 &ignored) < 0 ||
			    now.now == LOOK_NEW || now.now == LOOK_OTHER)
				return true;
		}
	}
	return false;
}

/* Results for the chosen entries. -1: *fail, and nothing was changed or it is incomplete. */
static int chosen_run(struct request *request, struct fail *fail)
{
	struct live *live = &request->daemon->live;

	live->target_kind = request->daemon->target_kind;
	if (live_open_target(live, fail) < 0) {
		chosen_add(request, fail->code, fail->message);
		return -1;
	}
	if (!live->target->info.writable && needs_write(request)) {
		chosen_add(request, OUTCOME_NOT_WRITABLE, live->not_writable.message);
		*fail = live->not_writable;
		return -1;
	}
	if ((request->force &&
	     force_check(live, request->entries, request->chosen, fail) < 0) ||
	    kprobes_check(live, request->entries, request->chosen, fail) < 0) {
		chosen_add(request, fail->code, fail->message);
		return -1;
	}
	return entries_revert(request, fail);
}

/* Results for all that was asked for; -1 as above. */
static int request_run(struct request *request, struct fail *fail)
{
	struct journal *journal = request->daemon->journal;
	struct fail undo;

	if (idle_names_add(request, fail) < 0)
		return -1;
	if (request->refused) {
		chosen_add(request, OUTCOME_APPLIED,
			   "left as it is: another name of the request is not known");
		disarmed_add(request, OUTCOME_ARMED,
			     "left as it is: another name of the request is not known");
		return fail_set(fail, OUTCOME_NOT_FOUND, "a patch is not known");
	}
	if (disarm_all(&request->armed, journal, fail) < 0) {
		chosen_add(request, fail->code, fail->message);
		disarmed_add(request, fail->code, fail->message);
		return -1;
	}
	if (request->chosen == 0 || chosen_run(request, fail) == 0) {
		disarmed_add(request, OUTCOME_REVERTED, "was armed, and is not any more");
		return 0;
	}
	if (disarm_undo(&request->armed, journal, &undo) < 0)
		disarmed_add(request, undo.code, undo.message);
	else
		disarmed_add(request, OUTCOME_ARMED, "left armed: another patch of the request was "
			     "refused");
	return -1;
}

static json_t *revert(struct request *request)
{
	struct daemon *daemon = request->daemon;
	struct fail fail;
	int result;

	daemon_recover(daemon);
	if (disarm_load(daemon->journal, &request->armed, &fail) < 0)
		return reply_failed(&fail);
	disarm_choose(&request->armed, named, request);
	if (journal_active(daemon->journal, NULL, &request->entries, &request->count, &fail) < 0) {
		disarm_deinit(&request->armed);
		return reply_failed(&fail);
	}
	request->results = json_array();
	entries_choose(request);
	result = request_run(request, &fail);
	boot_settle(daemon);
	journal_entries_free(request->entries, request->count);
	disarm_deinit(&request->armed);
	free(request->warning);
	if (result < 0 && json_array_size(request->results) == 0) {
		json_decref(request->results);
		return reply_failed(&fail);
	}
	if (result < 0)
		return reply_refused(&fail, request->results);
	return reply_with(json_pack("{s:o}", "results", request->results));
}

json_t *method_revert(struct daemon *daemon, const struct journal_caller *caller,
		      json_t *const values[METHOD_PARAMETERS])
{
	struct request request = {
		.daemon = daemon, .caller = caller, .names = values[0],
		.all = json_is_true(values[1]), .force = json_is_true(values[2]),
		.offline_cpus = json_is_true(values[3]),
	};

	if (!names_good(request.names, request.all))
		return reply_invalid("patches");
	if (daemon->journal == NULL)
		return reply_error_text("io.patcherd.JournalDamaged", "message",
					daemon->journal_fail.message);
	return revert(&request);
}
