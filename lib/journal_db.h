/* SPDX-License-Identifier: GPL-2.0-or-later */
/* journal_db: the journal's SQLite database as lib/journal*.c share it; nobody else's business. */
#ifndef PATCHERD_JOURNAL_DB_H
#define PATCHERD_JOURNAL_DB_H

#include <sodium.h>
#include <sqlite3.h>

#include "journal.h"

enum {
	JOURNAL_BOOT_ID_LENGTH = 36,
	JOURNAL_ENTRY_SITES_MAX = 1024,		/* PATCHER_KMEM_SITES_MAX: more is no one write */
	JOURNAL_ROW_MAX = 2 * 1024 * 1024,	/* bytes of one row; a patch has 1 MiB at most */
};

struct journal {
	sqlite3 *db;
	char *path;
	char boot_id[JOURNAL_BOOT_ID_LENGTH + 1];
	bool full;			/* see journal_full() */
};

/* -1 with what the result code `code` means for the user; `doing` is "write the intent". */
int db_fail(const struct journal *journal, int code, const char *doing, struct fail *fail);
/* -1, the file is not what patcherd wrote: the message says why, and what to do. */
int db_damaged(const struct journal *journal, struct fail *fail, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

int db_exec(const struct journal *journal, const char *sql, const char *doing,
	    struct fail *fail) MUST_CHECK;
int db_prepare(const struct journal *journal, const char *sql, sqlite3_stmt **out,
	       struct fail *fail) MUST_CHECK;
/* 1: a row; 0: done; -1. */
int db_step(const struct journal *journal, sqlite3_stmt *statement, const char *doing,
	    struct fail *fail) MUST_CHECK;
/* Ends the transaction that is open, if one is: after any failure inside it. */
void db_rollback(const struct journal *journal);

void cleanup_statement(sqlite3_stmt **statement);
#define CLEANUP_STATEMENT CLEANUP(cleanup_statement)

/* Makes the schema, or takes an older one to this version, in one transaction. */
int schema_migrate(const struct journal *journal, struct fail *fail) MUST_CHECK;

/* Over all values of a site but its entry: SQLite does not notice a changed bit of a value, and
 * these bytes may be written into the kernel. */
void site_digest(const struct journal_site *site, unsigned char out[crypto_hash_sha256_BYTES]);

#endif
