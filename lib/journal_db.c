/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening the database, and what its errors mean for the user. */
#include "journal_db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

/* Another patcherd that was told to end may still be about it. */
enum { LOCK_WAIT_MS = 1000 };

int db_damaged(const struct journal *journal, struct fail *fail, const char *format, ...)
{
	char why[1024];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	return fail_set(fail, OUTCOME_ERROR,
			"the journal %s is damaged: %s; move it away, with its -wal file, and "
			"start patcherd again. What it had applied stays in the kernel until the "
			"next boot, and can then not be reverted", journal->path, why);
}

int db_fail(const struct journal *journal, int code, const char *doing, struct fail *fail)
{
	const char *text = sqlite3_errmsg(journal->db);
	int error = sqlite3_system_errno(journal->db);

	/* what is noted here says nothing of what is in the journal, so that readers may do so */
	((struct journal *)journal)->full = (code & 0xff) == SQLITE_FULL ||
		((code & 0xff) == SQLITE_IOERR && (error == ENOSPC || error == EDQUOT));
	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return db_damaged(journal, fail, "%s (while trying to %s)", text, doing);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail_set(fail, OUTCOME_ERROR,
				"another patcherd holds the journal %s: stop that one, or name "
				"another file with --journal", journal->path);
	case SQLITE_FULL:
		return fail_set(fail, OUTCOME_ERROR,
				"cannot %s: no space is left for the journal %s: make room there, "
				"or name another file with --journal", doing, journal->path);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_IOERR:
		return fail_set(fail, OUTCOME_ERROR,
				"cannot %s: the journal %s cannot be read and written: %s%s%s: put "
				"that right, or name another file with --journal", doing,
				journal->path, text, error != 0 ? ": " : "",
				error != 0 ? strerror(error) : "");
	default:
		return fail_set(fail, OUTCOME_ERROR, "cannot %s in the journal %s: %s", doing,
				journal->path, text);
	}
}

int db_exec(const struct journal *journal, const char *sql, const char *doing, struct fail *fail)
{
	int code = sqlite3_exec(journal->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : db_fail(journal, code, doing, fail);
}

int db_prepare(const struct journal *journal, const char *sql, sqlite3_stmt **out,
	       struct fail *fail)
{
	int code = sqlite3_prepare_v2(journal->db, sql, -1, out, NULL);

	return code == SQLITE_OK ? 0 : db_fail(journal, code, "ask", fail);
}

int db_step(const struct journal *journal, sqlite3_stmt *statement, const char *doing,
	    struct fail *fail)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : db_fail(journal, code, doing, fail);
}

void db_rollback(const struct journal *journal)
{
	/* Fails only where SQLite has rolled back by itself. */
	if (sqlite3_get_autocommit(journal->db) == 0)
		(void)sqlite3_exec(journal->db, "ROLLBACK", NULL, NULL, NULL);
}

void cleanup_statement(sqlite3_stmt **statement)
{
	(void)sqlite3_finalize(*statement);	/* repeats the error of the last step */
}

/* Whoever can write the journal can have any bytes written into the kernel. */
static int check_owner(const char *path, const struct stat *status, unsigned mode,
		       struct fail *fail)
{
	if (status->st_uid == geteuid() && (status->st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 0;
	return fail_set(fail, OUTCOME_ERROR,
			"%s belongs to user %u and has mode %04o, so that others than user %u "
			"could have the kernel changed: name a file in a directory of its own with "
			"--journal, or, where this is patcherd's own, chown %u and chmod %04o it",
			path, status->st_uid, status->st_mode & 07777, geteuid(), geteuid(), mode);
}

/* The file's real path (its directory may be reached by a link, it itself must be none), and its
 * directory made and checked. */
static int path_resolve(const char *path, char **out, struct fail *fail)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	CLEANUP_FREE char *parent = slash != NULL ? strndup(path, (size_t)(name - path))
						  : strdup(".");
	CLEANUP_FREE char *directory = NULL;
	struct stat status;
	size_t size;

	if (parent == NULL)
		return fail_memory(fail, "opening the journal");
	if (mkdir(parent, 0700) < 0 && errno != EEXIST)
		return fail_errno(fail, errno, "cannot make the journal's directory %s (another "
				  "file can be named with --journal)", parent);
	directory = realpath(parent, NULL);
	if (directory == NULL || stat(directory, &status) < 0)
		return fail_errno(fail, errno, "cannot open the journal's directory %s", parent);
	if (!S_ISDIR(status.st_mode))
		return fail_errno(fail, ENOTDIR, "the journal's directory %s", parent);
	if (check_owner(directory, &status, 0700, fail) < 0)
		return -1;
	size = strlen(directory) + 1 + strlen(name) + 1;
	*out = malloc(size);
	if (*out == NULL)
		return fail_memory(fail, "opening the journal");
	(void)snprintf(*out, size, "%s/%s", directory, name);
	return 0;
}

/* Makes the file where there is none. SQLite takes an empty one for new and drops its -wal file
 * then, which would hide that a journal was cut to nothing. */
static int file_check(const struct journal *journal, struct fail *fail)
{
	CLEANUP_CLOSE int fd = open(journal->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC |
				    O_NONBLOCK | O_NOCTTY, 0600);
	CLEANUP_FREE char *wal = NULL;
	struct stat status, wal_status;

	if (fd < 0 && errno == ELOOP)
		return fail_set(fail, OUTCOME_ERROR, "the journal %s is a symbolic link: name the "
				"file itself with --journal", journal->path);
	if (fd < 0)
		return fail_errno(fail, errno, "cannot write the journal %s (another file can be "
				  "named with --journal)", journal->path);
	if (fstat(fd, &status) < 0)
		return fail_errno(fail, errno, "cannot look at the journal %s", journal->path);
	if (!S_ISREG(status.st_mode))
		return fail_set(fail, OUTCOME_ERROR, "the journal %s is no regular file: name "
				"another with --journal", journal->path);
	if (check_owner(journal->path, &status, 0600, fail) < 0)
		return -1;
	if (asprintf(&wal, "%s-wal", journal->path) < 0) {
		wal = NULL;
		return fail_memory(fail, "opening the journal");
	}
	if (status.st_size == 0 && stat(wal, &wal_status) == 0 && wal_status.st_size > 0)
		return db_damaged(journal, fail, "it is empty, but its -wal file is not");
	return 0;
}

/* Each is set, and asked whether it holds: SQLite ignores what it cannot do. locking_mode comes
 * before the first access, so that the -wal file needs no shared memory. */
static const struct {
	const char *sql;
	const char *answer;
} pragmas[] = {
	{ "PRAGMA locking_mode=EXCLUSIVE", "exclusive" },
	{ "PRAGMA journal_mode=WAL", "wal" },
	{ "PRAGMA synchronous=FULL", NULL },
	{ "PRAGMA synchronous", "2" },
	{ "PRAGMA foreign_keys=ON", NULL },
	{ "PRAGMA foreign_keys", "1" },
	{ "PRAGMA cell_size_check=ON", NULL },
	{ "PRAGMA cell_size_check", "1" },
};

static int pragmas_set(const struct journal *journal, struct fail *fail)
{
	for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++) {
		CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
		const char *answer;
		int got;

		if (db_prepare(journal, pragmas[i].sql, &statement, fail) < 0)
			return -1;
		got = db_step(journal, statement, "open it", fail);
		if (got < 0)
			return -1;
		if (pragmas[i].answer == NULL)
			continue;
		answer = got == 1 ? (const char *)sqlite3_column_text(statement, 0) : NULL;
		if (answer == NULL || strcmp(answer, pragmas[i].answer) != 0)
			return fail_set(fail, OUTCOME_ERROR,
					"the journal %s: %s gives '%s' instead of '%s': its file "
					"system cannot keep a journal; name another file with "
					"--journal", journal->path, pragmas[i].sql,
					answer != NULL ? answer : "nothing", pragmas[i].answer);
	}
	return 0;
}

static int structure_check(const struct journal *journal, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	const char *answer;
	int got;

	if (db_prepare(journal, "PRAGMA quick_check(1)", &statement, fail) < 0)
		return -1;
	got = db_step(journal, statement, "check it", fail);
	if (got < 0)
		return -1;
	answer = got == 1 ? (const char *)sqlite3_column_text(statement, 0) : NULL;
	if (answer == NULL || strcmp(answer, "ok") != 0)
		return db_damaged(journal, fail, "%s",
				  answer != NULL ? answer : "it cannot be checked");
	return 0;
}

static int database_open(struct journal *journal, struct fail *fail)
{
	int code = sqlite3_open_v2(journal->path, &journal->db,
				   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW |
				   SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (journal->db == NULL)
		return fail_memory(fail, "opening the journal");
	if (code != SQLITE_OK)
		return db_fail(journal, code, "open it", fail);
	if (sqlite3_db_config(journal->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
	    sqlite3_db_config(journal->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(journal->db, LOCK_WAIT_MS) != SQLITE_OK)
		return fail_set(fail, OUTCOME_ERROR, "cannot set up SQLite for the journal %s: %s",
				journal->path, sqlite3_errmsg(journal->db));
	(void)sqlite3_limit(journal->db, SQLITE_LIMIT_LENGTH, JOURNAL_ROW_MAX);	/* gives the old */
	if (pragmas_set(journal, fail) < 0 || structure_check(journal, fail) < 0)
		return -1;
	return schema_migrate(journal, fail);
}

/* What another boot applied is not in this kernel's memory. */
static int entries_expire(const struct journal *journal, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;

	if (db_prepare(journal, "UPDATE entry SET state = 'expired', changed_at = ?2"
		       " WHERE boot_id <> ?1 AND state IN ('intended', 'applied', 'reverting')",
		       &statement, fail) < 0)
		return -1;
	if (sqlite3_bind_text(statement, 1, journal->boot_id, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_int64(statement, 2, clock_microseconds(CLOCK_REALTIME)) != SQLITE_OK)
		return fail_memory(fail, "opening the journal");
	return db_step(journal, statement, "end what another boot applied", fail);
}

/* Armed is for one boot. */
static int armed_expire(const struct journal *journal, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;

	if (db_prepare(journal, "DELETE FROM armed WHERE boot_id <> ?1", &statement, fail) < 0)
		return -1;
	if (sqlite3_bind_text(statement, 1, journal->boot_id, -1, SQLITE_STATIC) != SQLITE_OK)
		return fail_memory(fail, "opening the journal");
	return db_step(journal, statement, "disarm what another boot armed", fail);
}

int journal_open(const char *path, const char *boot_id, struct journal **out, struct fail *fail)
{
	struct journal *journal;

	if (strlen(boot_id) != JOURNAL_BOOT_ID_LENGTH)
		return fail_set(fail, OUTCOME_ERROR, "'%s' is no boot id", boot_id);
	if (sodium_init() < 0)
		return fail_set(fail, OUTCOME_ERROR, "libsodium cannot be initialised");
	journal = calloc(1, sizeof(*journal));
	if (journal == NULL)
		return fail_memory(fail, "opening the journal");
	memcpy(journal->boot_id, boot_id, sizeof(journal->boot_id));
	if (path_resolve(path, &journal->path, fail) < 0 || file_check(journal, fail) < 0 ||
	    database_open(journal, fail) < 0 || entries_expire(journal, fail) < 0 ||
	    armed_expire(journal, fail) < 0) {
		journal_close(journal);
		return -1;
	}
	*out = journal;
	return 0;
}

bool journal_full(const struct journal *journal)
{
	return journal->full;
}

void journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	(void)sqlite3_close(journal->db);	/* every statement is finalised: cannot be busy */
	free(journal->path);
	free(journal);
}
