/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_data: who owns data. Internal to lib/hazard*.c. */
#ifndef PATCHERD_HAZARD_DATA_H
#define PATCHERD_HAZARD_DATA_H

#include "hazard.h"
#include "lib/hazard_tables.h"

/* The bytes of a variable. */
struct data {
	uint64_t start, end;
};

/* Adds all owners of it. */
int hazard_data_owners(struct hazard_tables *tables, const struct kernel *kernel,
		       const struct symbol *symbol, const struct data *data, struct owners *out,
		       struct fail *fail) MUST_CHECK;

/* The parts of that, each by what it looks at. `directory`: of a loaded module's sections; NULL: it is
 * the kernel image's or a file's. */
int hazard_data_constant(const struct kernel *kernel, const struct data *data,
			 const char *directory, struct owners *out, struct fail *fail) MUST_CHECK;
int hazard_data_named(const struct symtab *symtab, const struct data *data, struct owners *out,
		      struct fail *fail) MUST_CHECK;
int hazard_data_keys(const struct table *table, const char *whose, const struct data *data,
		     struct owners *out, struct fail *fail) MUST_CHECK;

#endif
