/* SPDX-License-Identifier: GPL-2.0-or-later */
/* table_loaded: the tables of a loaded module, by /sys/module/NAME/sections (kernel/module/sysfs.c),
 * a directory that tests make too. Internal to lib/table*.c. */
#ifndef PATCHERD_TABLE_LOADED_H
#define PATCHERD_TABLE_LOADED_H

#include "target.h"

enum { TABLE_SIZE_MAX = 16 * 1024 * 1024 };

void table_loaded_directory(const char *module, char out[128]);

/* Reads what lies from the section on, up to the next section or a page that is not there. *out is to
 * be freed, also after a failure; *length 0: the module has no such section. */
int table_loaded_read(struct target *target, const char *directory, const char *section,
		      uint8_t **out, uint64_t *start, size_t *length, struct fail *fail) MUST_CHECK;

/* Where the module's start-up text was; both 0: it has none. */
int table_loaded_init(const char *directory, uint64_t *start, uint64_t *end,
		      struct fail *fail) MUST_CHECK;

#endif
