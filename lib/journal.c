/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written to the journal. Each call is one transaction, on disk when it returns. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "journal_db.h"
#include "sha256.h"

static const char *const state_names[] = {
	[JOURNAL_INTENDED] = "intended",
	[JOURNAL_APPLIED] = "applied",
	[JOURNAL_REVERTING] = "reverting",
	[JOURNAL_REVERTED] = "reverted",
	[JOURNAL_FAILED] = "failed",
	[JOURNAL_EXPIRED] = "expired",
};

const char *journal_state_name(enum journal_state state)
{
	return state_names[state];
}

void journal_entry_deinit(struct journal_entry *entry)
{
	free(entry->patch);
	free(entry->source);
	free(entry->yaml);
	for (size_t i = 0; i < entry->site_count; i++) {
		free(entry->sites[i].symbol);
		free(entry->sites[i].module);
	}
	free(entry->sites);
	memset(entry, 0, sizeof(*entry));
}

void journal_entries_free(struct journal_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		journal_entry_deinit(&entries[i]);
	free(entries);
}

void journal_event_deinit(struct journal_event *event)
{
	free(event->patch);
	free(event->message);
	memset(event, 0, sizeof(*event));
}

static void digest_text(crypto_hash_sha256_state *state, const char *text)
{
	/* With its NUL, so that two texts do not run into one. */
	(void)crypto_hash_sha256_update(state, (const unsigned char *)text, strlen(text) + 1);
}

void site_digest(const struct journal_site *site, unsigned char out[crypto_hash_sha256_BYTES])
{
	/* Schema version 2 had nothing but `multiple`: its digests hold. */
	const uint64_t flags = (uint64_t)site->allowed << 32 |
			       (site->variable ? 2 : 0) | (site->multiple ? 1 : 0);
	const uint64_t numbers[] = { site->module_identity, site->offset, site->address, flags,
				     site->old.length };
	crypto_hash_sha256_state state;

	(void)crypto_hash_sha256_init(&state);
	digest_text(&state, site->symbol);
	digest_text(&state, site->module != NULL ? site->module : "");
	(void)crypto_hash_sha256_update(&state, (const unsigned char *)numbers, sizeof(numbers));
	(void)crypto_hash_sha256_update(&state, site->old.data, site->old.length);
	(void)crypto_hash_sha256_update(&state, site->replacement.data, site->replacement.length);
	(void)crypto_hash_sha256_final(&state, out);
}

static int bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	return sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

static int bind_number(sqlite3_stmt *statement, int index, uint64_t number)
{
	return sqlite3_bind_int64(statement, index, (sqlite3_int64)number);
}

static int bind_bytes(sqlite3_stmt *statement, int index, const struct bytes *bytes)
{
	return sqlite3_bind_blob(statement, index, bytes->data, (int)bytes->length, SQLITE_STATIC);
}

/* Runs a statement that gives no rows, after all its values were bound with result `code`. */
static int run(const struct journal *journal, sqlite3_stmt *statement, int code, const char *doing,
	       struct fail *fail)
{
	if (code != SQLITE_OK)
		return db_fail(journal, sqlite3_errcode(journal->db), doing, fail);
	return db_step(journal, statement, doing, fail);
}

static int commit(const struct journal *journal, const char *doing, struct fail *fail)
{
	return db_exec(journal, "COMMIT", doing, fail);
}

static int site_insert(const struct journal *journal, const struct journal_site *site,
		       int64_t entry, size_t number, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	unsigned char digest[crypto_hash_sha256_BYTES];
	int code = SQLITE_OK;

	if (db_prepare(journal, "INSERT INTO site (entry, number, symbol, module,"
		       " module_identity, offset, address, old, new, multiple, digest, variable,"
		       " allowed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
		       &statement, fail) < 0)
		return -1;
	site_digest(site, digest);
	code |= sqlite3_bind_int64(statement, 1, entry);
	code |= bind_number(statement, 2, number);
	code |= bind_text(statement, 3, site->symbol);
	code |= bind_text(statement, 4, site->module);
	code |= bind_number(statement, 5, site->module_identity);
	code |= bind_number(statement, 6, site->offset);
	code |= bind_number(statement, 7, site->address);
	code |= bind_bytes(statement, 8, &site->old);
	code |= bind_bytes(statement, 9, &site->replacement);
	code |= sqlite3_bind_int(statement, 10, site->multiple);
	code |= sqlite3_bind_blob(statement, 11, digest, sizeof(digest), SQLITE_STATIC);
	code |= sqlite3_bind_int(statement, 12, site->variable);
	code |= bind_number(statement, 13, site->allowed);
	return run(journal, statement, code, "write the intent", fail);
}

static int entry_insert(const struct journal *journal, struct journal_entry *entry,
			struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	int code = SQLITE_OK;

	if (entry->site_count == 0 || entry->site_count > JOURNAL_ENTRY_SITES_MAX)
		return fail_set(fail, OUTCOME_ERROR, "the patch %s has %zu sites; the journal "
				"takes 1 to %d", entry->patch, entry->site_count,
				JOURNAL_ENTRY_SITES_MAX);
	if (db_prepare(journal, "INSERT INTO entry (patch, source, sha256, boot_id, release, state,"
		       " intended_at, changed_at, uid, pid, comm, yaml, confirm_by, ignore_warnings,"
		       " warn_count, oops_count, taint, message_sequence, changed_uptime) VALUES (?1, ?2,"
		       " ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
		       &statement, fail) < 0)
		return -1;
	sha256_text(entry->yaml, strlen(entry->yaml), entry->sha256);
	memcpy(entry->boot_id, journal->boot_id, sizeof(entry->boot_id));
	entry->state = JOURNAL_INTENDED;
	entry->intended_at = entry->changed_at = clock_microseconds(CLOCK_REALTIME);
	entry->changed_uptime = clock_milliseconds(CLOCK_MONOTONIC);
	code |= bind_text(statement, 1, entry->patch);
	code |= bind_text(statement, 2, entry->source);
	code |= bind_text(statement, 3, entry->sha256);
	code |= bind_text(statement, 4, entry->boot_id);
	code |= bind_text(statement, 5, entry->release);
	code |= bind_text(statement, 6, journal_state_name(entry->state));
	code |= sqlite3_bind_int64(statement, 7, entry->intended_at);
	code |= sqlite3_bind_int64(statement, 8, entry->caller.uid);
	code |= sqlite3_bind_int64(statement, 9, entry->caller.pid);
	code |= bind_text(statement, 10, entry->caller.comm);
	code |= sqlite3_bind_int64(statement, 12, entry->confirm_by);
	code |= sqlite3_bind_int(statement, 13, entry->ignore_warnings);
	code |= bind_number(statement, 14, entry->mark.warn_count);
	code |= bind_number(statement, 15, entry->mark.oops_count);
	code |= bind_number(statement, 16, entry->mark.taint);
	code |= bind_number(statement, 17, entry->mark.sequence);
	code |= sqlite3_bind_int64(statement, 18, entry->changed_uptime);
	/* Last, as SQLite knows the error of the last call: this may be too long. */
	code |= bind_text(statement, 11, entry->yaml);
	if (run(journal, statement, code, "write the intent", fail) < 0)
		return -1;
	entry->id = sqlite3_last_insert_rowid(journal->db);
	for (size_t i = 0; i < entry->site_count; i++) {
		if (site_insert(journal, &entry->sites[i], entry->id, i, fail) < 0)
			return -1;
	}
	return 0;
}

/* Notes that `id` is about to take the place of what it replaces. */
static int replaces_note(const struct journal *journal, const struct journal_entry *entry,
			 struct fail *fail)
{
	for (size_t i = 0; i < entry->replaces_count; i++) {
		CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
		int code = SQLITE_OK;

		if (db_prepare(journal, "UPDATE entry SET replaced_by = ?1 WHERE id = ?2", &statement,
			       fail) < 0)
			return -1;
		code |= sqlite3_bind_int64(statement, 1, entry->id);
		code |= sqlite3_bind_int64(statement, 2, entry->replaces[i]);
		if (run(journal, statement, code, "write the intent", fail) < 0)
			return -1;
	}
	return 0;
}

int journal_intend(struct journal *journal, struct journal_entry *entries, size_t count,
		   struct fail *fail)
{
	if (db_exec(journal, "BEGIN IMMEDIATE", "write the intent", fail) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (entry_insert(journal, &entries[i], fail) < 0 ||
		    replaces_note(journal, &entries[i], fail) < 0) {
			db_rollback(journal);
			return -1;
		}
	}
	if (commit(journal, "write the intent", fail) < 0) {
		db_rollback(journal);
		return -1;
	}
	return 0;
}

#define STATE_SQL "UPDATE entry SET state = ?3, changed_at = ?1, changed_uptime = ?4 WHERE id = ?2"

/* `sql` takes ?1 and ?4 the time, ?2 the id, ?3 a state. */
static int entry_update(const struct journal *journal, const char *sql, int64_t id,
			enum journal_state state, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	int code = SQLITE_OK;

	if (db_prepare(journal, sql, &statement, fail) < 0)
		return -1;
	code |= sqlite3_bind_int64(statement, 1, clock_microseconds(CLOCK_REALTIME));
	code |= sqlite3_bind_int64(statement, 2, id);
	code |= bind_text(statement, 3, journal_state_name(state));
	code |= sqlite3_bind_int64(statement, 4, clock_milliseconds(CLOCK_MONOTONIC));
	if (run(journal, statement, code, "write an outcome", fail) < 0)
		return -1;
	if (sqlite3_changes(journal->db) != 1)
		return db_damaged(journal, fail, "entry %lld is not in it", (long long)id);
	return 0;
}

/* What becomes of the entries that `id` replaces, when it comes to `state`. */
static int replaced_update(const struct journal *journal, int64_t id, enum journal_state state,
			   struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	int code = SQLITE_OK;

	if (state == JOURNAL_INTENDED || state == JOURNAL_REVERTING)
		return 0;
	if (db_prepare(journal, state == JOURNAL_APPLIED ?
		       "UPDATE entry SET state = 'reverted', changed_at = ?1 WHERE replaced_by = ?2"
		       " AND state IN ('intended', 'applied', 'reverting')" :
		       "UPDATE entry SET replaced_by = 0, changed_at = ?1 WHERE replaced_by = ?2"
		       " AND state IN ('intended', 'applied', 'reverting')", &statement, fail) < 0)
		return -1;
	code |= sqlite3_bind_int64(statement, 1, clock_microseconds(CLOCK_REALTIME));
	code |= sqlite3_bind_int64(statement, 2, id);
	return run(journal, statement, code, "write an outcome", fail);
}

/* The same of all of them, or of none. */
static int entries_update(const struct journal *journal, const char *sql, const int64_t *ids,
			  size_t count, enum journal_state state, struct fail *fail)
{
	if (db_exec(journal, "BEGIN IMMEDIATE", "write an outcome", fail) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (entry_update(journal, sql, ids[i], state, fail) < 0 ||
		    replaced_update(journal, ids[i], state, fail) < 0) {
			db_rollback(journal);
			return -1;
		}
	}
	if (commit(journal, "write an outcome", fail) < 0) {
		db_rollback(journal);
		return -1;
	}
	return 0;
}

int journal_set(struct journal *journal, const int64_t *ids, size_t count,
		enum journal_state state, struct fail *fail)
{
	return entries_update(journal, STATE_SQL, ids, count, state, fail);
}

/* Of those that `id` replaced; before what becomes of it itself. */
static int returned_update(const struct journal *journal, int64_t id, enum journal_state state,
			   struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	int code = SQLITE_OK;

	if (db_prepare(journal, state == JOURNAL_REVERTING ?
		       "UPDATE entry SET state = 'intended', changed_at = ?1, changed_uptime = ?3"
		       " WHERE replaced_by = ?2 AND state = 'reverted'" :
		       "UPDATE entry SET state = 'applied', replaced_by = 0, changed_at = ?1,"
		       " changed_uptime = ?3 WHERE replaced_by = ?2 AND state = 'intended'",
		       &statement, fail) < 0)
		return -1;
	code |= sqlite3_bind_int64(statement, 1, clock_microseconds(CLOCK_REALTIME));
	code |= sqlite3_bind_int64(statement, 3, clock_milliseconds(CLOCK_MONOTONIC));
	code |= sqlite3_bind_int64(statement, 2, id);
	return run(journal, statement, code, "write an outcome", fail);
}

int journal_return(struct journal *journal, int64_t id, enum journal_state state,
		   struct fail *fail)
{
	if (db_exec(journal, "BEGIN IMMEDIATE", "write an outcome", fail) < 0)
		return -1;
	if (returned_update(journal, id, state, fail) < 0 ||
	    entry_update(journal, STATE_SQL, id, state, fail) < 0 ||
	    commit(journal, "write an outcome", fail) < 0) {
		db_rollback(journal);
		return -1;
	}
	return 0;
}

int journal_confirm(struct journal *journal, const int64_t *ids, size_t count, struct fail *fail)
{
	return entries_update(journal, "UPDATE entry SET confirm_by = 0, changed_at = ?1,"
			      " changed_uptime = ?4 WHERE id = ?2 AND state = ?3", ids, count, JOURNAL_APPLIED, fail);
}

int journal_note(struct journal *journal, const struct journal_event *event, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	int code = SQLITE_OK;

	if (db_prepare(journal, "INSERT INTO event (at, boot_id, patch, action, outcome, message,"
		       " uid, pid, comm) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		       &statement, fail) < 0)
		return -1;
	code |= sqlite3_bind_int64(statement, 1, event->at != 0 ? event->at :
				   clock_microseconds(CLOCK_REALTIME));
	code |= bind_text(statement, 2, event->boot_id[0] != '\0' ? event->boot_id
								   : journal->boot_id);
	code |= bind_text(statement, 3, event->patch);
	code |= bind_text(statement, 4, event->action);
	code |= bind_text(statement, 5, event->outcome);
	code |= bind_text(statement, 6, event->message);
	code |= sqlite3_bind_int64(statement, 7, event->caller.uid);
	code |= sqlite3_bind_int64(statement, 8, event->caller.pid);
	code |= bind_text(statement, 9, event->caller.comm);
	return run(journal, statement, code, "write the audit trail", fail);
}
