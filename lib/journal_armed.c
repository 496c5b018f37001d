/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal's list of patches that wait for their module. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "journal_row.h"
#include "sha256.h"

void journal_armed_deinit(struct journal_armed *armed)
{
	free(armed->patch);
	free(armed->source);
	free(armed->yaml);
	free(armed->module);
	memset(armed, 0, sizeof(*armed));
}

static int arm(const struct journal *journal, struct journal_armed *armed, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	const char *const texts[] = {
		armed->patch, journal->boot_id, armed->source, armed->sha256, armed->module,
		armed->caller.comm, armed->yaml,
	};
	int code = SQLITE_OK;

	if (db_prepare(journal, "INSERT OR REPLACE INTO armed (patch, boot_id, source, sha256, module,"
		       " comm, yaml, since, uid, pid)"
		       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", &statement, fail) < 0)
		return -1;
	sha256_text(armed->yaml, strlen(armed->yaml), armed->sha256);
	if (armed->since == 0)
		armed->since = clock_microseconds(CLOCK_REALTIME);
	code |= sqlite3_bind_int64(statement, 8, armed->since);
	code |= sqlite3_bind_int64(statement, 9, armed->caller.uid);
	code |= sqlite3_bind_int64(statement, 10, armed->caller.pid);
	/* The yaml last, as SQLite knows the error of the last call: it may be too long. */
	for (int i = 0; i < (int)(sizeof(texts) / sizeof(texts[0])); i++)
		code |= sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
	if (code != SQLITE_OK)
		return db_fail(journal, sqlite3_errcode(journal->db), "arm a patch", fail);
	return db_step(journal, statement, "arm a patch", fail);
}

static int disarm(const struct journal *journal, const char *patch, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;

	if (db_prepare(journal, "DELETE FROM armed WHERE patch = ?1", &statement, fail) < 0)
		return -1;
	if (sqlite3_bind_text(statement, 1, patch, -1, SQLITE_STATIC) != SQLITE_OK)
		return fail_memory(fail, "disarming a patch");
	return db_step(journal, statement, "disarm a patch", fail);
}

static int finish(const struct journal *journal, int result, const char *doing, struct fail *fail)
{
	if (result == 0)
		result = db_exec(journal, "COMMIT", doing, fail);
	if (result != 0)
		db_rollback(journal);
	return result;
}

int journal_arm(struct journal *journal, struct journal_armed *armed, size_t count,
		struct fail *fail)
{
	int result = 0;

	if (db_exec(journal, "BEGIN IMMEDIATE", "arm a patch", fail) < 0)
		return -1;
	for (size_t i = 0; i < count && result == 0; i++)
		result = arm(journal, &armed[i], fail);
	return finish(journal, result, "arm a patch", fail);
}

int journal_disarm(struct journal *journal, const char *const *patches, size_t count,
		   struct fail *fail)
{
	int result = 0;

	if (db_exec(journal, "BEGIN IMMEDIATE", "disarm a patch", fail) < 0)
		return -1;
	for (size_t i = 0; i < count && result == 0; i++)
		result = disarm(journal, patches[i], fail);
	return finish(journal, result, "disarm a patch", fail);
}

static int armed_read(const struct journal *journal, sqlite3_stmt *statement,
		      struct journal_armed *armed, struct fail *fail)
{
	struct row row = { .statement = statement };
	char sha256[sizeof(armed->sha256)];

	armed->patch = row_text(&row, 0);
	armed->source = row_text(&row, 1);
	row_copy(&row, 2, armed->sha256, sizeof(armed->sha256));
	armed->module = row_text(&row, 3);
	armed->since = row_number(&row, 4);
	row_caller(&row, 5, &armed->caller);
	armed->yaml = row_text(&row, 8);
	if (row_check(&row, journal, "the armed patch of row", row_number(&row, 9), fail) < 0)
		return -1;
	sha256_text(armed->yaml, strlen(armed->yaml), sha256);
	if (strcmp(sha256, armed->sha256) != 0)
		return db_damaged(journal, fail, "the armed patch %s has a text of another SHA-256 "
				  "than noted", armed->patch);
	return 0;
}

static int all_read(const struct journal *journal, sqlite3_stmt *statement,
		    struct journal_armed **out, size_t *count, struct fail *fail)
{
	struct journal_armed *all = NULL;
	size_t have = 0;
	int got;

	while ((got = db_step(journal, statement, "read it", fail)) == 1) {
		struct journal_armed *more = reallocarray(all, have + 1, sizeof(*all));

		if (more == NULL) {
			got = fail_memory(fail, "reading the journal");
			break;
		}
		all = more;
		memset(&all[have], 0, sizeof(*all));
		got = armed_read(journal, statement, &all[have++], fail);
		if (got < 0)
			break;
	}
	if (got < 0) {
		for (size_t i = 0; i < have; i++)
			journal_armed_deinit(&all[i]);
		free(all);
		return -1;
	}
	*out = all;
	*count = have;
	return 0;
}

int journal_armed(struct journal *journal, const char *patch, struct journal_armed **out,
		  size_t *count, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;

	if (db_prepare(journal, "SELECT patch, source, sha256, module, since, uid, pid, comm, yaml,"
		       " rowid FROM armed WHERE boot_id = ?1 AND (?2 IS NULL OR patch = ?2)"
		       " ORDER BY patch", &statement, fail) < 0)
		return -1;
	if (sqlite3_bind_text(statement, 1, journal->boot_id, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(statement, 2, patch, -1, SQLITE_STATIC) != SQLITE_OK)
		return fail_memory(fail, "reading the journal");
	return all_read(journal, statement, out, count, fail);
}
