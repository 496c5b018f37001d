/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read back from the journal: each value is checked, the file is only a file. */
#include <stdlib.h>
#include <string.h>

#include "journal_row.h"
#include "sha256.h"

static enum journal_state row_state(struct row *row, int column)
{
	const char *name = row_peek(row, column);

	for (int state = JOURNAL_INTENDED; state <= JOURNAL_EXPIRED; state++) {
		if (strcmp(journal_state_name((enum journal_state)state), name) == 0)
			return (enum journal_state)state;
	}
	row->bad = true;
	return JOURNAL_FAILED;
}

static void site_read(struct row *row, struct journal_site *site)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	struct bytes stored = { .length = 0 };
	int64_t allowed;

	site->symbol = row_text(row, 0);
	site->module = row_text_or_null(row, 1);
	site->module_identity = (uint64_t)row_number(row, 2);
	site->offset = (uint64_t)row_number(row, 3);
	site->address = (uint64_t)row_number(row, 4);
	row_bytes(row, 5, &site->old);
	row_bytes(row, 6, &site->replacement);
	site->multiple = row_number(row, 7) != 0;
	row_bytes(row, 8, &stored);
	site->variable = row_number(row, 9) != 0;
	allowed = row_number(row, 10);
	site->allowed = (uint32_t)allowed;
	if (site->old.length != site->replacement.length || stored.length != sizeof(digest) ||
	    allowed < 0 || allowed > UINT32_MAX)
		row->bad = true;
	if (row->bad || row->no_memory)
		return;
	site_digest(site, digest);
	row->bad = memcmp(digest, stored.data, sizeof(digest)) != 0;
}

static int sites_read(const struct journal *journal, struct journal_entry *entry, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	int got;

	if (db_prepare(journal, "SELECT symbol, module, module_identity, offset, address, old,"
		       " new, multiple, digest, variable, allowed FROM site WHERE entry = ?1 ORDER BY number",
		       &statement, fail) < 0)
		return -1;
	if (sqlite3_bind_int64(statement, 1, entry->id) != SQLITE_OK)
		return fail_memory(fail, "reading the journal");
	while ((got = db_step(journal, statement, "read it", fail)) == 1) {
		struct row row = { .statement = statement };
		struct journal_site *sites;

		if (entry->site_count == JOURNAL_ENTRY_SITES_MAX)
			return db_damaged(journal, fail, "entry %lld has too many sites",
					  (long long)entry->id);
		sites = reallocarray(entry->sites, entry->site_count + 1, sizeof(*sites));
		if (sites == NULL)
			return fail_memory(fail, "reading the journal");
		entry->sites = sites;
		memset(&sites[entry->site_count], 0, sizeof(*sites));
		site_read(&row, &sites[entry->site_count++]);
		if (row_check(&row, journal, "a site of entry", entry->id, fail) < 0)
			return -1;
	}
	if (got == 0 && entry->site_count == 0)
		return db_damaged(journal, fail, "entry %lld has no sites", (long long)entry->id);
	return got;
}

static int entry_read(const struct journal *journal, sqlite3_stmt *statement,
		      struct journal_entry *entry, struct fail *fail)
{
	struct row row = { .statement = statement };
	char sha256[sizeof(entry->sha256)];

	entry->id = row_number(&row, 0);
	entry->patch = row_text(&row, 1);
	entry->source = row_text(&row, 2);
	row_copy(&row, 3, entry->sha256, sizeof(entry->sha256));
	row_copy(&row, 4, entry->boot_id, sizeof(entry->boot_id));
	row_copy(&row, 5, entry->release, sizeof(entry->release));
	entry->state = row_state(&row, 6);
	entry->intended_at = row_number(&row, 7);
	entry->changed_at = row_number(&row, 8);
	row_caller(&row, 9, &entry->caller);
	entry->yaml = row_text(&row, 12);
	entry->confirm_by = row_number(&row, 13);
	entry->ignore_warnings = row_number(&row, 14) != 0;
	entry->mark.warn_count = (uint64_t)row_number(&row, 15);
	entry->mark.oops_count = (uint64_t)row_number(&row, 16);
	entry->mark.taint = (uint64_t)row_number(&row, 17);
	entry->mark.sequence = (uint64_t)row_number(&row, 18);
	entry->replaced_by = row_number(&row, 19);
	entry->changed_uptime = row_number(&row, 20);
	row.bad |= entry->confirm_by < 0;
	if (row_check(&row, journal, "entry", entry->id, fail) < 0)
		return -1;
	sha256_text(entry->yaml, strlen(entry->yaml), sha256);
	if (strcmp(sha256, entry->sha256) != 0)
		return db_damaged(journal, fail, "entry %lld has a text of another SHA-256 than "
				  "noted", (long long)entry->id);
	return sites_read(journal, entry, fail);
}

/* All that `statement` gives; -1: *out is not touched. */
static int entries_read(const struct journal *journal, sqlite3_stmt *statement,
			struct journal_entry **out, size_t *count, struct fail *fail)
{
	struct journal_entry *entries = NULL;
	size_t have = 0;
	int got;

	while ((got = db_step(journal, statement, "read it", fail)) == 1) {
		struct journal_entry *more = reallocarray(entries, have + 1, sizeof(*entries));

		if (more == NULL) {
			got = fail_memory(fail, "reading the journal");
			break;
		}
		entries = more;
		memset(&entries[have], 0, sizeof(*entries));
		got = entry_read(journal, statement, &entries[have++], fail);
		if (got < 0)
			break;
	}
	if (got < 0) {
		journal_entries_free(entries, have);
		return -1;
	}
	*out = entries;
	*count = have;
	return 0;
}

#define ENTRY_COLUMNS "id, patch, source, sha256, boot_id, release, state, intended_at," \
	" changed_at, uid, pid, comm, yaml, confirm_by, ignore_warnings, warn_count, oops_count," \
	" taint, message_sequence, replaced_by, changed_uptime"

int journal_active(struct journal *journal, const char *patch, struct journal_entry **out,
		   size_t *count, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;

	if (db_prepare(journal, "SELECT " ENTRY_COLUMNS " FROM entry"
		       " WHERE boot_id = ?1 AND state IN ('intended', 'applied', 'reverting')"
		       " AND (?2 IS NULL OR patch = ?2) ORDER BY id", &statement, fail) < 0)
		return -1;
	if (sqlite3_bind_text(statement, 1, journal->boot_id, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(statement, 2, patch, -1, SQLITE_STATIC) != SQLITE_OK)
		return fail_memory(fail, "reading the journal");
	return entries_read(journal, statement, out, count, fail);
}

int journal_replaced(struct journal *journal, int64_t id, enum journal_state state,
		     struct journal_entry **out, size_t *count, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;

	if (db_prepare(journal, "SELECT " ENTRY_COLUMNS " FROM entry WHERE replaced_by = ?1"
		       " AND boot_id = ?2 AND state = ?3 ORDER BY id", &statement, fail) < 0)
		return -1;
	if (sqlite3_bind_int64(statement, 1, id) != SQLITE_OK ||
	    sqlite3_bind_text(statement, 2, journal->boot_id, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(statement, 3, journal_state_name(state), -1, SQLITE_STATIC) !=
		    SQLITE_OK)
		return fail_memory(fail, "reading the journal");
	return entries_read(journal, statement, out, count, fail);
}

int journal_latest(struct journal *journal, const char *patch, struct journal_entry **out,
		   size_t *count, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;

	if (db_prepare(journal, "SELECT " ENTRY_COLUMNS " FROM entry WHERE id IN"
		       " (SELECT max(id) FROM entry WHERE ?1 IS NULL OR patch = ?1 GROUP BY patch)"
		       " ORDER BY id", &statement, fail) < 0)
		return -1;
	if (sqlite3_bind_text(statement, 1, patch, -1, SQLITE_STATIC) != SQLITE_OK)
		return fail_memory(fail, "reading the journal");
	return entries_read(journal, statement, out, count, fail);
}

static int event_read(const struct journal *journal, sqlite3_stmt *statement,
		      struct journal_event *event, struct fail *fail)
{
	struct row row = { .statement = statement };

	event->at = row_number(&row, 1);
	row_copy(&row, 2, event->boot_id, sizeof(event->boot_id));
	event->patch = row_text(&row, 3);
	row_copy(&row, 4, event->action, sizeof(event->action));
	row_copy(&row, 5, event->outcome, sizeof(event->outcome));
	event->message = row_text_or_null(&row, 6);
	row_caller(&row, 7, &event->caller);
	return row_check(&row, journal, "event", row_number(&row, 0), fail);
}

static int events_read(const struct journal *journal, sqlite3_stmt *statement,
		       struct journal_event **out, size_t *count, struct fail *fail)
{
	struct journal_event *events = NULL;
	size_t have = 0;
	int got;

	while ((got = db_step(journal, statement, "read it", fail)) == 1) {
		struct journal_event *more = reallocarray(events, have + 1, sizeof(*events));

		if (more == NULL) {
			got = fail_memory(fail, "reading the journal");
			break;
		}
		events = more;
		memset(&events[have], 0, sizeof(*events));
		got = event_read(journal, statement, &events[have++], fail);
		if (got < 0)
			break;
	}
	if (got < 0) {
		for (size_t i = 0; i < have; i++)
			journal_event_deinit(&events[i]);
		free(events);
		return -1;
	}
	*out = events;
	*count = have;
	return 0;
}

int journal_events(struct journal *journal, const char *patch, size_t max,
		   struct journal_event **out, size_t *count, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	uint64_t limit = max; /* size_t is smaller on i386 */

	if (db_prepare(journal, "SELECT * FROM (SELECT id, at, boot_id, patch, action, outcome,"
		       " message, uid, pid, comm FROM event WHERE ?1 IS NULL OR patch = ?1"
		       " ORDER BY id DESC LIMIT ?2) ORDER BY id", &statement, fail) < 0)
		return -1;
	if (sqlite3_bind_text(statement, 1, patch, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_int64(statement, 2, limit > INT64_MAX ? INT64_MAX : (int64_t)limit) !=
		    SQLITE_OK)
		return fail_memory(fail, "reading the journal");
	return events_read(journal, statement, out, count, fail);
}
