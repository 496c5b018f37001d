/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_tables: the entries of the kernel's own tables as owners. Internal to lib/hazard*.c. */
#ifndef PATCHERD_HAZARD_TABLES_H
#define PATCHERD_HAZARD_TABLES_H

#include "hazard.h"
#include "table.h"

/* The tables read so far: of the kernel image or a file, whose `module` is "", and of modules. */
struct hazard_tables {
	struct known_table *items;
	size_t count;
};

void hazard_tables_deinit(struct hazard_tables *tables);

/* The tables of the kernel image (`module` NULL) or file, or of that loaded module, read once and kept.
 * -1: OUTCOME_HAZARD, one exists and cannot be read or understood. */
int hazard_tables_find(struct hazard_tables *tables, const struct kernel *kernel,
		       const char *module, const struct table **out, struct fail *fail) MUST_CHECK;

/* Adds what the tables name of the function; what cannot be read is an owner of all of it. */
int hazard_tables(struct hazard_tables *tables, const struct kernel *kernel,
		  const struct function *function, struct owners *out, struct fail *fail) MUST_CHECK;

/* What the kernel still has before it. */
enum table_time {
	TABLE_IMAGE,		/* all: it is a file */
	TABLE_LIVE,		/* started, and it may yet rewrite lock prefixes */
	TABLE_LIVE_SMP		/* started, and done with those too */
};

/* By the lists of CPUs in `directory`, /sys/devices/system/cpu. */
enum table_time hazard_table_time(const char *directory);

/* Adds what one table names of the function. */
int hazard_table_owners(const struct table *table, const struct function *function,
			enum table_time time, struct owners *out, struct fail *fail) MUST_CHECK;

#endif
