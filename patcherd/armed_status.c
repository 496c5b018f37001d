/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "armed_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row_list {
	struct journal_armed *items;
	size_t count;
};

static void rows_deinit(struct row_list *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		journal_armed_deinit(&rows->items[i]);
	free(rows->items);
}

static bool is_active(const struct daemon *daemon, const struct journal_entry *entry)
{
	return strcmp(entry->boot_id, daemon->boot_id) == 0 &&
	       (entry->state == JOURNAL_APPLIED || entry->state == JOURNAL_INTENDED ||
		entry->state == JOURNAL_REVERTING);
}

/* Takes the texts of `row`. */
static struct journal_entry entry_of(const struct daemon *daemon, struct journal_armed *row)
{
	struct journal_entry entry = {
		.patch = row->patch, .source = row->source, .yaml = row->yaml,
		.state = JOURNAL_REVERTED, .intended_at = row->since, .changed_at = row->since,
		.caller = row->caller,
	};

	row->patch = row->source = row->yaml = NULL;
	memcpy(entry.sha256, row->sha256, sizeof(entry.sha256));
	memcpy(entry.boot_id, daemon->boot_id, sizeof(entry.boot_id));
	return entry;
}

int armed_entries(const struct daemon *daemon, const char *patch, struct journal_entry **entries,
		  size_t *count, struct fail *fail)
{
	CLEANUP(rows_deinit) struct row_list rows = { .count = 0 };
	struct journal_entry *more;

	if (journal_armed(daemon->journal, patch, &rows.items, &rows.count, fail) < 0)
		return -1;
	more = reallocarray(*entries, *count + rows.count + 1, sizeof(*more));
	if (more == NULL)
		return fail_memory(fail, "armed patches");
	*entries = more;
	for (size_t i = 0; i < rows.count; i++) {
		size_t at = 0;

		while (at < *count && strcmp(more[at].patch, rows.items[i].patch) != 0)
			at++;
		if (at < *count && is_active(daemon, &more[at]))
			continue;
		if (at < *count)
			journal_entry_deinit(&more[at]);
		else
			(*count)++;
		more[at] = entry_of(daemon, &rows.items[i]);
	}
	return 0;
}

static void say(const struct journal_armed *row, enum armed_state state, const char *why,
		char **message)
{
	char *text = NULL;
	int length;

	if (state == ARMED_FAILED)
		length = asprintf(&text, "%s; it is tried again when module %s comes again; revert "
				  "disarms it", why == NULL ? "" : why, row->module);
	else
		length = asprintf(&text, "%s module %s: the patch is proved and applied when it "
				  "comes, after the module's own start has run; revert disarms it",
				  state == ARMED_WAITING ? "it was applied, and waits for the return of" :
				  "it waits for", row->module);
	free(*message);
	*message = length < 0 ? NULL : text;
}

void armed_verdict(const struct daemon *daemon, const struct journal_entry *entry,
		   const char **state, bool *attention, char **message)
{
	CLEANUP(rows_deinit) struct row_list rows = { .count = 0 };
	CLEANUP_FREE char *why = NULL;
	enum armed_state now;
	struct fail fail;

	if (journal_armed(daemon->journal, entry->patch, &rows.items, &rows.count, &fail) < 0 ||
	    (rows.count > 0 &&
	     armed_state_now(daemon, rows.items, &now, &why, &fail) != 0)) {
		*attention = true;
		free(*message);
		*message = strdup(fail.message);
		return;
	}
	if (rows.count == 0 || now == ARMED_APPLIED)
		return;
	*state = armed_state_name(now);
	*attention = now == ARMED_FAILED;
	say(rows.items, now, why, message);
}
