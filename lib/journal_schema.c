/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "journal_db.h"

/* "PTCH": file(1) and we ourselves know the file by it. */
enum { APPLICATION_ID = 0x50544348 };

/*
 * migrations[n] takes schema version n to n + 1; never change one that was released. 64-bit
 * addresses are stored as the signed integers of the same bits. The text of a patch comes last in
 * its row, so that a walk over entries does not read it.
 */
static const char *const migrations[] = {
	"CREATE TABLE entry ("
	" id INTEGER PRIMARY KEY,"
	" patch TEXT NOT NULL,"
	" source TEXT NOT NULL,"
	" sha256 TEXT NOT NULL,"
	" boot_id TEXT NOT NULL,"
	" release TEXT NOT NULL,"
	" state TEXT NOT NULL CHECK (state IN"
	"  ('intended', 'applied', 'reverting', 'reverted', 'failed', 'expired')),"
	" intended_at INTEGER NOT NULL,"
	" changed_at INTEGER NOT NULL,"
	" uid INTEGER NOT NULL,"
	" pid INTEGER NOT NULL,"
	" comm TEXT NOT NULL,"
	" yaml TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX entry_patch ON entry (patch, id);"
	"CREATE TABLE site ("
	" entry INTEGER NOT NULL REFERENCES entry (id),"
	" number INTEGER NOT NULL,"
	" function TEXT NOT NULL,"
	" module TEXT,"
	" module_identity INTEGER NOT NULL,"
	" offset INTEGER NOT NULL,"
	" address INTEGER NOT NULL,"
	" old BLOB NOT NULL CHECK (length(old) BETWEEN 1 AND 64),"
	" new BLOB NOT NULL CHECK (length(new) = length(old)),"
	" multiple INTEGER NOT NULL CHECK (multiple IN (0, 1)),"
	" digest BLOB NOT NULL,"
	" PRIMARY KEY (entry, number)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE event ("
	" id INTEGER PRIMARY KEY,"
	" at INTEGER NOT NULL,"
	" boot_id TEXT NOT NULL,"
	" patch TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" outcome TEXT NOT NULL,"
	" message TEXT,"
	" uid INTEGER NOT NULL,"
	" pid INTEGER NOT NULL,"
	" comm TEXT NOT NULL"
	") STRICT;"
	"CREATE INDEX event_patch ON event (patch, id);",

	/* The CPUs that are offline for a write, or about to be, and to be brought back: of the
	 * boot `boot_id` only, for another one starts with its CPUs as they should be. */
	"CREATE TABLE offline_cpu ("
	" cpu INTEGER PRIMARY KEY CHECK (cpu BETWEEN 0 AND 8191),"
	" boot_id TEXT NOT NULL"
	") STRICT;",

	/* Sites in data, and what the patch allows at a site: before, that stood in its text alone,
	 * so that status names the owners that an older entry's patch allowed. */
	"ALTER TABLE site RENAME COLUMN function TO symbol;"
	"ALTER TABLE site ADD COLUMN variable INTEGER NOT NULL DEFAULT 0 CHECK (variable IN (0, 1));"
	"ALTER TABLE site ADD COLUMN allowed INTEGER NOT NULL DEFAULT 0"
	" CHECK (allowed BETWEEN 0 AND 4294967295);",

	/* What is reverted unless it is confirmed in time, and how the kernel was before it (a count
	 * of -1 is unknown); which entry takes its place; what is applied once its module comes. */
	"ALTER TABLE entry ADD COLUMN confirm_by INTEGER NOT NULL DEFAULT 0 CHECK (confirm_by >= 0);"
	"ALTER TABLE entry ADD COLUMN ignore_warnings INTEGER NOT NULL DEFAULT 0"
	" CHECK (ignore_warnings IN (0, 1));"
	"ALTER TABLE entry ADD COLUMN warn_count INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE entry ADD COLUMN oops_count INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE entry ADD COLUMN taint INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE entry ADD COLUMN message_sequence INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE entry ADD COLUMN replaced_by INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX entry_replaced_by ON entry (replaced_by);"
	"CREATE TABLE armed ("
	" patch TEXT PRIMARY KEY,"
	" boot_id TEXT NOT NULL,"
	" source TEXT NOT NULL,"
	" sha256 TEXT NOT NULL,"
	" module TEXT NOT NULL,"
	" since INTEGER NOT NULL,"
	" uid INTEGER NOT NULL,"
	" pid INTEGER NOT NULL,"
	" comm TEXT NOT NULL,"
	" yaml TEXT NOT NULL"
	") STRICT;",

	/* How long that boot had run, in milliseconds, whatever the time of day was set to. */
	"ALTER TABLE entry ADD COLUMN changed_uptime INTEGER NOT NULL DEFAULT 0;",
};

enum { VERSION_KNOWN = sizeof(migrations) / sizeof(migrations[0]) };

static int number_get(const struct journal *journal, const char *sql, int64_t *out,
		      struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	int got;

	if (db_prepare(journal, sql, &statement, fail) < 0)
		return -1;
	got = db_step(journal, statement, "read its version", fail);
	if (got < 0)
		return -1;
	if (got == 0)
		return db_damaged(journal, fail, "it has no version");
	*out = sqlite3_column_int64(statement, 0);
	return 0;
}

static int migrate_from(const struct journal *journal, int64_t version, struct fail *fail)
{
	char stamp[80];

	if (db_exec(journal, "BEGIN IMMEDIATE", "make its tables", fail) < 0)
		return -1;
	for (; version < VERSION_KNOWN; version++) {
		if (db_exec(journal, migrations[version], "make its tables", fail) < 0)
			return -1;
	}
	/* PRAGMA takes no bound values; these are constants of ours. */
	(void)snprintf(stamp, sizeof(stamp), "PRAGMA application_id=%d; PRAGMA user_version=%d",
		       APPLICATION_ID, VERSION_KNOWN);
	if (db_exec(journal, stamp, "make its tables", fail) < 0)
		return -1;
	return db_exec(journal, "COMMIT", "make its tables", fail);
}

int schema_migrate(const struct journal *journal, struct fail *fail)
{
	int64_t application = 0, version = 0, tables = 0;

	if (number_get(journal, "PRAGMA application_id", &application, fail) < 0 ||
	    number_get(journal, "PRAGMA user_version", &version, fail) < 0 ||
	    number_get(journal, "SELECT count(*) FROM sqlite_schema", &tables, fail) < 0)
		return -1;
	if (application != APPLICATION_ID && (application != 0 || version != 0 || tables != 0))
		return fail_set(fail, OUTCOME_ERROR,
				"%s is a database, but no journal of patcherd: name another file "
				"with --journal", journal->path);
	if (version > VERSION_KNOWN)
		return fail_set(fail, OUTCOME_ERROR,
				"the journal %s has schema version %lld, and this patcherd knows "
				"versions up to %d: use the newer patcherd that wrote it",
				journal->path, (long long)version, VERSION_KNOWN);
	if (version < 0 || (version == 0 && tables != 0))
		return db_damaged(journal, fail, "it has tables, but schema version %lld",
				  (long long)version);
	if (version == VERSION_KNOWN)
		return 0;
	if (migrate_from(journal, version, fail) < 0) {
		db_rollback(journal);
		return -1;
	}
	return 0;
}
