/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recover.h"

#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "look.h"
#include "replace.h"

struct entry_list {
	struct journal_entry *items;
	size_t count;
};

static void entries_deinit(struct entry_list *list)
{
	journal_entries_free(list->items, list->count);
}

/* Into the log and the audit trail. */
static int tell(struct transaction *transaction, const struct journal_entry *entry,
		enum outcome outcome, const char *message, struct fail *fail)
{
	struct journal_event event = {
		.patch = entry->patch, .action = "recover", .message = (char *)message,
		.caller = transaction->caller,
	};

	(void)snprintf(event.outcome, sizeof(event.outcome), "%s", outcome_name(outcome));
	log_line(LOG_WARNING, &(struct log_about){ .patch = entry->patch, .outcome = event.outcome,
		 .caller = &transaction->caller }, "after an interruption: %s", message);
	return journal_note(transaction->journal, &event, fail);
}

static int end(struct transaction *transaction, const struct journal_entry *entry,
	       enum journal_state state, enum outcome outcome, const char *message,
	       struct fail *fail)
{
	if (journal_set(transaction->journal, &entry->id, 1, state, fail) < 0)
		return -1;
	if (state == JOURNAL_APPLIED)
		trace_change(transaction->trace, "applied", entry, &entry->caller,
			     &transaction->untraced);
	return tell(transaction, entry, outcome, message, fail);
}

static int tell_neither(struct transaction *transaction, const struct journal_entry *entry,
			struct fail *fail)
{
	return tell(transaction, entry, OUTCOME_INCOMPLETE, "the kernel holds neither all original "
		    "bytes nor all of the patch: see `patchctl status`, and put the original ones "
		    "back with `patchctl revert --force`", fail);
}

static int tell_unreadable(struct transaction *transaction, const struct journal_entry *entry,
			   struct fail *unreadable, struct fail *fail)
{
	fail_append(unreadable, "; so it is not known whether the patch was written: see "
		    "`patchctl status`");
	return tell(transaction, entry, OUTCOME_ATTENTION, unreadable->message, fail);
}

/* The same where it was to take the place of others, which are active still. */
static int finish_replacing(struct transaction *transaction, const struct journal_entry *entry,
			    const struct journal_entry *const *replaced, size_t count,
			    struct fail *fail)
{
	enum replace_state state;
	struct fail unreadable;
	char message[128];

	if (replace_look(transaction->target, entry, replaced, count, &state, &unreadable) < 0)
		return tell_unreadable(transaction, entry, &unreadable, fail);
	if (state == REPLACE_NEITHER)
		return tell_neither(transaction, entry, fail);
	if (state == REPLACE_NOT_WRITTEN)
		return end(transaction, entry, JOURNAL_FAILED, OUTCOME_ERROR, "the patch had not been "
			   "written; it is not applied, and what it replaces is", fail);
	if (end(transaction, entry, JOURNAL_APPLIED, OUTCOME_APPLIED,
		"the patch had been written; it is applied", fail) < 0)
		return -1;
	(void)snprintf(message, sizeof(message), "replaced by %s", entry->patch);
	for (size_t i = 0; i < count; i++) {
		trace_change(transaction->trace, "reverted", replaced[i], &entry->caller,
			     &transaction->untraced);
		if (tell(transaction, replaced[i], OUTCOME_REVERTED, message, fail) < 0)
			return -1;
	}
	return 0;
}

/* A kill, or a failure, came between the intent and its outcome: memory knows how far it went. */
static int finish_intended(struct transaction *transaction, const struct journal_entry *entry,
			   struct fail *fail)
{
	CLEANUP_FREE struct look_site *sites = calloc(entry->site_count, sizeof(*sites));
	size_t in_memory = 0;
	enum look_state state;
	struct fail unreadable;

	if (sites == NULL)
		return fail_memory(fail, "comparing the journal with memory");
	if (look_at_entry(transaction->target, entry, sites, &state, &unreadable) < 0)
		return tell_unreadable(transaction, entry, &unreadable, fail);
	for (size_t i = 0; i < entry->site_count; i++)
		in_memory += sites[i].now == LOOK_NEW || sites[i].now == LOOK_OTHER;
	if (state == LOOK_STATE_APPLIED)
		return end(transaction, entry, JOURNAL_APPLIED, OUTCOME_APPLIED,
			   "the patch had been written; it is applied", fail);
	if (in_memory == 0)
		return end(transaction, entry, JOURNAL_FAILED, OUTCOME_ERROR,
			   "the patch had not been written; it is not applied", fail);
	return tell_neither(transaction, entry, fail);
}

/* It and what it replaced have changed places. */
static int tell_returned(struct transaction *transaction, const struct journal_entry *entry,
			 const struct entry_list *replaced, struct fail *fail)
{
	char message[128];

	if (tell(transaction, entry, OUTCOME_REVERTED, "the revert that had begun is completed, and "
		 "what it had replaced is applied again", fail) < 0)
		return -1;
	(void)snprintf(message, sizeof(message), "%s, which had replaced it, was reverted",
		       entry->patch);
	for (size_t i = 0; i < replaced->count; i++) {
		if (tell(transaction, &replaced->items[i], OUTCOME_APPLIED, message, fail) < 0)
			return -1;
	}
	return 0;
}

/* It had been written, and could not be noted. */
static int end_returned(struct transaction *transaction, const struct journal_entry *entry,
			const struct entry_list *replaced, struct fail *fail)
{
	if (journal_return(transaction->journal, entry->id, JOURNAL_REVERTED, fail) < 0)
		return -1;
	trace_change(transaction->trace, "reverted", entry, &transaction->caller,
		     &transaction->untraced);
	for (size_t i = 0; i < replaced->count; i++)
		trace_change(transaction->trace, "applied", &replaced->items[i],
			     &transaction->caller, &transaction->untraced);
	return tell_returned(transaction, entry, replaced, fail);
}

/* A kill, or a failure, came into the way back to what it had replaced. */
static int finish_returning(struct transaction *transaction, const struct journal_entry *entry,
			    const struct entry_list *replaced, struct fail *fail)
{
	CLEANUP_FREE struct store_site *sites = NULL;
	size_t all = entry->site_count, have;
	const struct store_site *at_fault;
	enum replace_state state;
	const char *gone;
	struct fail why;

	for (size_t i = 0; i < replaced->count; i++)
		all += replaced->items[i].site_count;
	sites = calloc(all, sizeof(*sites));
	if (sites == NULL)
		return fail_memory(fail, "comparing the journal with memory");
	if (replace_return(transaction->target, entry, replaced->items, replaced->count, sites,
			   &have, &gone, &why) < 0 ||
	    replace_state_look(transaction->target, sites, have, &state, &at_fault, &why) < 0)
		return tell_unreadable(transaction, entry, &why, fail);
	if (state == REPLACE_NEITHER)
		return tell_neither(transaction, entry, fail);
	if (state == REPLACE_WRITTEN)
		return end_returned(transaction, entry, replaced, fail);
	if (transaction_return(transaction, entry, replaced->items, replaced->count, &why) == 0)
		return tell_returned(transaction, entry, replaced, fail);
	/* confirm.h sees to it again, as its time is over still; or else status and revert do. */
	if (why.code != OUTCOME_INCOMPLETE &&
	    journal_set(transaction->journal, &entry->id, 1, JOURNAL_APPLIED, fail) < 0)
		return -1;
	return tell(transaction, entry, why.code, why.message, fail);
}

static int finish_reverting(struct transaction *transaction, struct journal_entry *entry,
			    struct fail *fail)
{
	CLEANUP(entries_deinit) struct entry_list replaced = { .count = 0 };
	struct reverted reverted;
	struct fail refused;
	const char *message = "the revert that had begun is completed";
	int result;

	if (journal_replaced(transaction->journal, entry->id, JOURNAL_INTENDED, &replaced.items,
			     &replaced.count, fail) < 0)
		return -1;
	if (replaced.count > 0)
		return finish_returning(transaction, entry, &replaced, fail);
	if (transaction_revert(transaction, entry, 1, false, &reverted, &refused) < 0)
		message = refused.message;
	result = tell(transaction, entry, reverted.outcome, message, fail);
	free(reverted.message);
	return result;
}

/* Of an entry that is INTENDED: which others it was about to take the place of. */
static int finish_applying(struct transaction *transaction, const struct entry_list *entries,
			   const struct journal_entry *entry, struct fail *fail)
{
	CLEANUP_FREE const struct journal_entry **replaced =
		calloc(entries->count, sizeof(const struct journal_entry *));
	size_t count = 0;

	if (replaced == NULL)
		return fail_memory(fail, "comparing the journal with memory");
	for (size_t i = 0; i < entries->count; i++) {
		if (entries->items[i].replaced_by == entry->id)
			replaced[count++] = &entries->items[i];
	}
	return count == 0 ? finish_intended(transaction, entry, fail) :
	       finish_replacing(transaction, entry, replaced, count, fail);
}

/* Whether it was about to come back as what replaced it is reverted: which see. */
static bool is_returning(const struct entry_list *entries, const struct journal_entry *entry)
{
	for (size_t i = 0; i < entries->count; i++) {
		if (entries->items[i].id == entry->replaced_by &&
		    entries->items[i].state == JOURNAL_REVERTING)
			return true;
	}
	return false;
}

int recover(struct transaction *transaction, struct fail *fail)
{
	CLEANUP(entries_deinit) struct entry_list entries = { .count = 0 };

	if (journal_active(transaction->journal, NULL, &entries.items, &entries.count, fail) < 0)
		return -1;
	for (size_t i = 0; i < entries.count; i++) {
		struct journal_entry *entry = &entries.items[i];

		if (entry->state == JOURNAL_INTENDED && !is_returning(&entries, entry) &&
		    finish_applying(transaction, &entries, entry, fail) < 0)
			return -1;
		if (entry->state == JOURNAL_REVERTING &&
		    finish_reverting(transaction, entry, fail) < 0)
			return -1;
	}
	return 0;
}
