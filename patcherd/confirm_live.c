/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confirm_live.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot.h"
#include "clock.h"
#include "force.h"
#include "log.h"
#include "look.h"
#include "methods.h"
#include "reply.h"
#include "result.h"

static struct journal_caller self(void)
{
	return (struct journal_caller){ .uid = getuid(), .pid = getpid(), .comm = "patcherd" };
}

static int64_t world_now(void *data)
{
	(void)data;
	return clock_microseconds(CLOCK_BOOTTIME);
}

static bool world_trouble(void *data, const struct journal_entry *entry, struct fail *said)
{
	struct daemon *daemon = data;

	return trouble_since(&daemon->trouble, &entry->mark, said);
}

static bool world_unknown(void *data, const struct journal_entry *entry, struct fail *said)
{
	struct daemon *daemon = data;

	return trouble_unknown(&daemon->trouble, &entry->mark, said);
}

/* Where the bytes are the old ones, or gone, only the journal is corrected. */
static int check_writable(const struct live *live, struct journal_entry *entry, struct fail *fail)
{
	CLEANUP_FREE struct look_site *sites = calloc(entry->site_count, sizeof(*sites));
	enum look_state state;

	if (live->target->info.writable)
		return 0;
	if (sites == NULL)
		return fail_memory(fail, "reverting");
	if (look_at_entry(live->target, entry, sites, &state, fail) < 0)
		return -1;
	if (state == LOOK_STATE_NOT_APPLIED)
		return 0;
	*fail = live->not_writable;
	return -1;
}

/* What an entry replaced, which is to come back with its end. */
struct replaced {
	struct journal_entry *items;
	size_t count;
};

static void replaced_deinit(struct replaced *replaced)
{
	journal_entries_free(replaced->items, replaced->count);
}

/* That they are applied again, or why they are not: of each in the audit trail too. */
static void replaced_tell(struct daemon *daemon, const struct journal_entry *entry,
			  const struct replaced *replaced, const struct fail *why, struct fail *said)
{
	struct journal_caller caller = self();
	struct fail message, fail;

	(void)fail_set(said, OUTCOME_APPLIED, why == NULL ? "what it had replaced is applied again:" :
		       "but what it had replaced is NOT applied again, and the original bytes are in "
		       "the kernel:");
	for (size_t i = 0; i < replaced->count; i++) {
		const struct journal_entry *item = &replaced->items[i];

		fail_append(said, "%s %.64s", i == 0 ? "" : ",", item->patch);
		(void)fail_set(&message, OUTCOME_APPLIED, "%s, which had replaced it, was not "
			       "confirmed%s%.2000s", entry->patch, why == NULL ? "" : ", and it "
			       "could not be brought back; apply it anew: ",
			       why == NULL ? "" : why->message);
		/* status tells of it until somebody has seen it */
		if (why != NULL && journal_set(daemon->journal, &item->id, 1, JOURNAL_FAILED, &fail) < 0)
			log_line(LOG_ERR, &(struct log_about){ .patch = item->patch }, "%s",
				 fail.message);
		daemon_note(daemon, &caller, "return", item->patch, why == NULL ? OUTCOME_APPLIED :
			    OUTCOME_ATTENTION, message.message);
	}
	if (why != NULL)
		fail_append(said, ": %.1000s", why->message);
}

/* Undoes the entry whatever becomes of what it had replaced: the machine may be unwell with it. */
static int undo(struct daemon *daemon, struct transaction *transaction,
		struct journal_entry *entry, struct fail *said, struct fail *fail)
{
	CLEANUP(replaced_deinit) struct replaced replaced = { .count = 0 };
	struct reverted reverted;
	struct fail why;
	int result;

	if (journal_replaced(daemon->journal, entry->id, JOURNAL_REVERTED, &replaced.items,
			     &replaced.count, fail) < 0)
		return -1;
	if (replaced.count > 0 &&
	    kprobes_check_again(&daemon->live, replaced.items, replaced.count, &why) == 0 &&
	    transaction_return(transaction, entry, replaced.items, replaced.count, &why) == 0) {
		replaced_tell(daemon, entry, &replaced, NULL, said);
		return 0;
	}
	if (replaced.count > 0 && (why.code == OUTCOME_INCOMPLETE || transaction->unnoted)) {
		*fail = why;
		return -1;
	}
	result = transaction_revert(transaction, entry, 1, false, &reverted, fail);
	free(reverted.message);
	if (result == 0 && replaced.count > 0)
		replaced_tell(daemon, entry, &replaced, &why, said);
	return result;
}

/* Nor is it to come back with its module. */
static int disarm_and_undo(struct daemon *daemon, struct transaction *transaction,
			   struct journal_entry *entry, struct fail *said, struct fail *fail)
{
	const char *patch = entry->patch;

	return journal_disarm(daemon->journal, &patch, 1, fail) < 0 ? -1 :
	       undo(daemon, transaction, entry, said, fail);
}

static int world_revert(void *data, struct journal_entry *entry, struct fail *said,
			struct fail *fail)
{
	struct daemon *daemon = data;
	struct live *live = &daemon->live;
	struct transaction transaction = {
		.journal = daemon->journal, .boot_id = daemon->boot_id, .caller = self(),
		.cpus = CPUS_DIRECTORY, .trace = &trace_kernel,
	};
	int result;

	live->target_kind = daemon->target_kind;
	if (live_open_target(live, fail) < 0 || check_writable(live, entry, fail) < 0 ||
	    kprobes_check(live, entry, 1, fail) < 0)
		return -1;
	transaction.target = live->target;
	result = disarm_and_undo(daemon, &transaction, entry, said, fail);
	if (result < 0 && fail->code != OUTCOME_INCOMPLETE && !transaction.unnoted &&
	    daemon_make_room(daemon))
		result = disarm_and_undo(daemon, &transaction, entry, said, fail);
	if (result == 0)
		markers_unconfirmed(&daemon->markers, entry->patch);
	boot_settle(daemon);
	daemon->recovered &= !transaction.unnoted;
	return result;
}

static void world_tell(void *data, const struct journal_entry *entry, const char *action,
		       enum outcome outcome, const char *message)
{
	struct daemon *daemon = data;
	struct journal_caller caller = self();

	daemon_note(daemon, &caller, action, entry->patch, outcome, message);
}

static const struct confirm_world world = {
	.now = world_now, .trouble = world_trouble, .unknown = world_unknown,
	.revert = world_revert, .tell = world_tell,
};

static int64_t due_at(void *data)
{
	const struct daemon *daemon = data;

	return daemon->journal == NULL ? -1 : daemon->confirm_due;
}

static void due(void *data)
{
	struct daemon *daemon = data;
	struct trouble_mark now;
	int64_t wait;

	if (daemon->journal == NULL)
		return;
	daemon_recover(daemon);
	wait = confirm_turn(&daemon->confirm, daemon->journal);
	if (wait < 0) {
		daemon->confirm_due = -1;
		daemon->confirm_source->fd = -1;
		return;
	}
	/* Also where nobody asks for it: a descriptor that stays readable would wake us for ever. */
	trouble_take(&daemon->trouble, &now);
	daemon->confirm_due = clock_milliseconds(CLOCK_MONOTONIC) + wait / 1000 + 1;
	daemon->confirm_source->fd = daemon->trouble.messages;
}

void confirm_source(struct daemon *daemon, struct server_source *out)
{
	*out = (struct server_source){ .fd = -1, .due_at = due_at, .due = due, .data = daemon };
	daemon->confirm = (struct confirm){ .world = &world, .data = daemon };
	daemon->confirm_source = out;
	confirm_wake(daemon);
}

void confirm_end(const struct daemon *daemon)
{
	if (daemon->journal != NULL && daemon->confirm_due > 0)
		log_line(LOG_WARNING, NULL, "patches wait to be confirmed; they are not reverted in "
			 "time unless patcherd is started again");
}

void confirm_wake(struct daemon *daemon)
{
	daemon->confirm_due = 0;
}

/* ---- Confirm ---------------------------------------------------------------------------------- */

struct request {
	struct daemon *daemon;
	const struct journal_caller *caller;
	struct journal_entry *entries;	/* the active ones */
	size_t count;
	int64_t *ids;			/* those to be confirmed */
	size_t chosen;
	json_t *results;
	bool refused;
};

static void result_add(struct request *request, const char *patch, enum outcome outcome,
		       const char *message)
{
	struct fail fail;
	json_t *result;

	(void)fail_set(&fail, outcome, "%s", message == NULL ? "" : message);
	result = result_fail(patch, &fail);
	if (json_array_append_new(request->results, result) < 0) {
		json_decref(request->results);
		request->results = NULL;
	}
	daemon_note(request->daemon, request->caller, "confirm", patch, outcome, message);
}

static const struct journal_entry *entry_named(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->count; i++) {
		if (strcmp(request->entries[i].patch, name) == 0 &&
		    request->entries[i].state == JOURNAL_APPLIED)
			return &request->entries[i];
	}
	return NULL;
}

/* Why a patch that is not applied cannot be confirmed. */
static int absent_say(const struct request *request, const char *name, struct fail *out,
		      struct fail *fail)
{
	struct journal_entry *known = NULL;
	size_t count = 0;

	if (journal_latest(request->daemon->journal, name, &known, &count, fail) < 0)
		return -1;
	if (count == 0)
		(void)fail_set(out, OUTCOME_NOT_FOUND, "no patch named %s was ever applied here",
			       name);
	else
		(void)fail_set(out, OUTCOME_NOT_FOUND, "the patch %s is not applied any more (%s): "
			       "`patchctl history %s` tells why", name,
			       journal_state_name(known->state), name);
	journal_entries_free(known, count);
	return 0;
}

/* The outcome of each name; ids of those that are pending. */
static int names_judge(struct request *request, json_t *names, bool tell, struct fail *fail)
{
	size_t i;
	json_t *json;

	json_array_foreach(names, i, json) {
		const char *name = json_string_value(json);
		const struct journal_entry *entry = entry_named(request, name);
		struct fail said;

		if (entry == NULL) {
			if (absent_say(request, name, &said, fail) < 0)
				return -1;
			request->refused = true;
			if (tell)
				result_add(request, name, said.code, said.message);
		} else if (!tell && confirm_pending(entry)) {
			request->ids[request->chosen++] = entry->id;
		} else if (tell && request->refused) {
			result_add(request, name, OUTCOME_APPLIED, "left as it is: another name of "
				   "the request cannot be confirmed");
		} else if (tell) {
			if (markers_confirmed(&request->daemon->markers, name, &said) < 0)
				log_line(LOG_ERR, &(struct log_about){ .patch = name }, "the next boot "
					 "does not know that it was confirmed: %s", said.message);
			result_add(request, name, OUTCOME_CONFIRMED, confirm_pending(entry) ? NULL :
				   "it is applied, and was not waiting for that");
		}
	}
	return 0;
}

static int request_run(struct request *request, json_t *names, struct fail *fail)
{
	if (journal_active(request->daemon->journal, NULL, &request->entries, &request->count,
			   fail) < 0)
		return -1;
	request->ids = calloc(json_array_size(names), sizeof(*request->ids));
	if (request->ids == NULL)
		return fail_memory(fail, "confirming");
	/* first without a word: one that cannot be confirmed refuses those before it, too */
	if (names_judge(request, names, false, fail) < 0)
		return -1;
	if (!request->refused &&
	    journal_confirm(request->daemon->journal, request->ids, request->chosen, fail) < 0)
		return -1;
	return names_judge(request, names, true, fail);
}

static bool names_good(json_t *names)
{
	size_t i;
	json_t *name;

	json_array_foreach(names, i, name) {
		if (!json_is_string(name))
			return false;
	}
	return json_array_size(names) > 0;
}

json_t *method_confirm(struct daemon *daemon, const struct journal_caller *caller,
		       json_t *const values[METHOD_PARAMETERS])
{
	struct request request = { .daemon = daemon, .caller = caller };
	struct fail fail;
	int result;

	if (!names_good(values[0]))
		return reply_invalid("patches");
	if (daemon->journal == NULL)
		return reply_error_text("io.patcherd.JournalDamaged", "message",
					daemon->journal_fail.message);
	daemon_recover(daemon);
	request.results = json_array();
	result = request_run(&request, values[0], &fail);
	journal_entries_free(request.entries, request.count);
	free(request.ids);
	if (result < 0) {
		json_decref(request.results);
		return reply_failed(&fail);
	}
	if (request.refused) {
		(void)fail_set(&fail, OUTCOME_NOT_FOUND, "a patch cannot be confirmed");
		return reply_refused(&fail, request.results);
	}
	return reply_with(json_pack("{s:o}", "results", request.results));
}
