/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal's list of CPUs that are offline for a write. */
#include <string.h>

#include "journal_db.h"

static int cpu_insert(const struct journal *journal, int cpu, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;

	if (db_prepare(journal, "INSERT INTO offline_cpu (cpu, boot_id) VALUES (?1, ?2)",
		       &statement, fail) < 0)
		return -1;
	if (sqlite3_bind_int(statement, 1, cpu) != SQLITE_OK ||
	    sqlite3_bind_text(statement, 2, journal->boot_id, -1, SQLITE_STATIC) != SQLITE_OK)
		return fail_memory(fail, "writing the list of CPUs");
	return db_step(journal, statement, "write the list of CPUs", fail);
}

static int list_write(const struct journal *journal, const struct cpus *cpus, struct fail *fail)
{
	if (db_exec(journal, "BEGIN IMMEDIATE", "write the list of CPUs", fail) < 0 ||
	    db_exec(journal, "DELETE FROM offline_cpu", "write the list of CPUs", fail) < 0)
		return -1;
	for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (cpus->has[cpu] && cpu_insert(journal, cpu, fail) < 0)
			return -1;
	}
	return db_exec(journal, "COMMIT", "write the list of CPUs", fail);
}

int journal_set_offline(struct journal *journal, const struct cpus *cpus, struct fail *fail)
{
	if (list_write(journal, cpus, fail) == 0)
		return 0;
	db_rollback(journal);
	return -1;
}

int journal_offline(struct journal *journal, struct cpus *out, struct fail *fail)
{
	CLEANUP_STATEMENT sqlite3_stmt *statement = NULL;
	int got;

	memset(out, 0, sizeof(*out));
	if (db_prepare(journal, "SELECT cpu FROM offline_cpu WHERE boot_id = ?1", &statement,
		       fail) < 0)
		return -1;
	if (sqlite3_bind_text(statement, 1, journal->boot_id, -1, SQLITE_STATIC) != SQLITE_OK)
		return fail_memory(fail, "reading the list of CPUs");
	while ((got = db_step(journal, statement, "read the list of CPUs", fail)) == 1) {
		int64_t cpu = sqlite3_column_int64(statement, 0);

		if (cpu < 0 || cpu >= CPUS_MAX)
			return db_damaged(journal, fail, "it lists a CPU %lld", (long long)cpu);
		out->has[cpu] = true;
	}
	return got;
}
