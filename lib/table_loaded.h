/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table_loaded: the tables of a loaded module, by where its sections start. Internal to
 * lib/table*.c. */
#ifndef PATCHERD_TABLE_LOADED_H
#define PATCHERD_TABLE_LOADED_H

#include "lib/module_sections.h"
#include "target.h"

enum { TABLE_SIZE_MAX = 16 * 1024 * 1024 };

/* Reads what lies from the section on, up to the next section or a page that is not there. *out is to
 * be freed, also after a failure; *length 0: the module has no such section. */
int table_loaded_read(struct target *target, const struct module_sections *sections,
		      const char *name, uint8_t **out, uint64_t *start, size_t *length,
		      struct fail *fail) MUST_CHECK;

/* Where the module's start-up text was; both 0: it has none. */
void table_loaded_init(const struct module_sections *sections, uint64_t *start, uint64_t *end);

#endif
