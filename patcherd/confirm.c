/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confirm.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

#define SECOND INT64_C(1000000)
#define CHECK_EVERY (1 * SECOND)
#define TRY_EVERY (3 * SECOND)

bool confirm_pending(const struct journal_entry *entry)
{
	return entry->state == JOURNAL_APPLIED && entry->confirm_by != 0;
}

static void item_deinit(struct confirm_item *item)
{
	free(item->reason);
	free(item->failure);
}

void confirm_deinit(struct confirm *confirm)
{
	for (size_t i = 0; i < confirm->count; i++)
		item_deinit(&confirm->items[i]);
	free(confirm->items);
	confirm->items = NULL;
	confirm->count = 0;
}

const struct confirm_item *confirm_stuck(const struct confirm *confirm, int64_t id)
{
	for (size_t i = 0; i < confirm->count; i++) {
		if (confirm->items[i].id == id && confirm->items[i].failure != NULL)
			return &confirm->items[i];
	}
	return NULL;
}

/* The entry's own, a new one where it has none. NULL: memory ran out. */
static struct confirm_item *item_of(struct confirm *confirm, int64_t id)
{
	struct confirm_item *items;

	for (size_t i = 0; i < confirm->count; i++) {
		if (confirm->items[i].id == id)
			return &confirm->items[i];
	}
	items = reallocarray(confirm->items, confirm->count + 1, sizeof(*items));
	if (items == NULL)
		return NULL;
	confirm->items = items;
	items[confirm->count] = (struct confirm_item){ .id = id };
	return &items[confirm->count++];
}

static void item_remove(struct confirm *confirm, struct confirm_item *item)
{
	item_deinit(item);
	*item = confirm->items[--confirm->count];
}

/* Those whose entries are not pending any more: confirmed, or reverted by somebody. */
static void items_prune(struct confirm *confirm, const struct journal_entry *entries, size_t count)
{
	for (size_t i = confirm->count; i-- > 0;) {
		size_t j = 0;

		while (j < count && !(entries[j].id == confirm->items[i].id &&
				      confirm_pending(&entries[j])))
			j++;
		if (j == count)
			item_remove(confirm, &confirm->items[i]);
	}
}

static void condemn(struct confirm_item *item, const char *action, const char *reason)
{
	item->reason = strdup(reason);
	if (item->reason != NULL)	/* else at the next turn */
		item->action = action;
}

static void judge(const struct confirm *confirm, const struct journal_entry *entry,
		  struct confirm_item *item, int64_t now)
{
	const struct confirm_world *world = confirm->world;
	struct fail said;

	if (item->action != NULL)
		return;
	if (!entry->ignore_warnings && world->trouble(confirm->data, entry, &said)) {
		condemn(item, "trouble", said.message);
		return;
	}
	if (now >= entry->confirm_by) {
		condemn(item, "expire", "it was not confirmed within its time");
		return;
	}
	if (entry->ignore_warnings || item->unknown_told ||
	    !world->unknown(confirm->data, entry, &said))
		return;
	item->unknown_told = true;
	log_line(LOG_WARNING, &(struct log_about){ .patch = entry->patch },
		 "not all that would revert it before its time can be known: %s", said.message);
}

/* The failure is told once, as it may be the same for hours. */
static void tell_stuck(const struct confirm *confirm, const struct journal_entry *entry,
		       struct confirm_item *item, const struct fail *fail)
{
	struct fail message;

	if (item->failure != NULL && strcmp(item->failure, fail->message) == 0)
		return;
	free(item->failure);
	item->failure = strdup(fail->message);
	(void)fail_set(&message, fail->code, "%.1500s; but it could not be reverted: ",
		       item->reason);
	fail_append(&message, "%.2000s", fail->message);
	if (fail->code != OUTCOME_INCOMPLETE)
		fail_append(&message, "; it is tried again every %d seconds",
			    (int)(TRY_EVERY / SECOND));
	confirm->world->tell(confirm->data, entry, item->action, fail->code, message.message);
}

/* Whether it is gone. */
static bool carry_out(const struct confirm *confirm, struct journal_entry *entry,
		      struct confirm_item *item)
{
	struct fail fail, message, said = { .message = "" };

	if (confirm->world->revert(confirm->data, entry, &said, &fail) < 0) {
		tell_stuck(confirm, entry, item, &fail);
		return false;
	}
	(void)fail_set(&message, OUTCOME_REVERTED, "%.1500s%s%.2000s", item->reason,
		       said.message[0] == '\0' ? "" : "; ", said.message);
	confirm->world->tell(confirm->data, entry, item->action, OUTCOME_REVERTED, message.message);
	return true;
}

/* One entry that is pending. Microseconds until it is to be looked at again; -1: never. */
static int64_t entry_turn(struct confirm *confirm, struct journal_entry *entry)
{
	struct confirm_item *item = item_of(confirm, entry->id);
	int64_t now = confirm->world->now(confirm->data), left;

	if (item == NULL)
		return TRY_EVERY;
	judge(confirm, entry, item, now);
	if (item->action != NULL && now >= item->retry_at) {
		if (carry_out(confirm, entry, item)) {
			item_remove(confirm, item);
			return -1;
		}
		now = confirm->world->now(confirm->data);
		item->retry_at = now + TRY_EVERY;
	}
	if (item->action != NULL)
		return item->retry_at - now;
	left = entry->confirm_by - now;
	left = left > 0 ? left : 0;
	/* also where nothing but time reverts it: whoever waits counts no time that the machine sleeps */
	return left < CHECK_EVERY ? left : CHECK_EVERY;
}

static int64_t unreadable(struct confirm *confirm, const struct fail *fail)
{
	if (!confirm->unreadable_told)
		log_line(LOG_ERR, NULL, "it is not known what is to be confirmed, nor reverted then: "
			 "%s", fail->message);
	confirm->unreadable_told = true;
	return TRY_EVERY;
}

int64_t confirm_turn(struct confirm *confirm, struct journal *journal)
{
	struct journal_entry *entries = NULL;
	size_t count = 0;
	int64_t next = -1;
	struct fail fail;

	if (journal_active(journal, NULL, &entries, &count, &fail) < 0)
		return unreadable(confirm, &fail);
	confirm->unreadable_told = false;
	items_prune(confirm, entries, count);
	/* the newest first: it may rest on an older one */
	for (size_t i = count; i-- > 0;) {
		int64_t wait = confirm_pending(&entries[i]) ? entry_turn(confirm, &entries[i]) : -1;

		if (wait >= 0 && (next < 0 || wait < next))
			next = wait;
	}
	journal_entries_free(entries, count);
	return next;
}
