/* SPDX-License-Identifier: GPL-2.0-or-later */
/* module_sections: where the sections of a loaded module start, by /sys/module/NAME/sections
 * (kernel/module/sysfs.c), a directory that tests make too. Internal to lib/. */
#ifndef PATCHERD_MODULE_SECTIONS_H
#define PATCHERD_MODULE_SECTIONS_H

#include "fail.h"

struct module_section {
	char name[64];			/* what does not fit is cut */
	uint64_t start;
	uint64_t end;			/* where the next one behind starts; UINT64_MAX: none does. The kernel
					 * does not tell the size, which is less by what aligns it */
};

struct module_sections {
	struct module_section *items;	/* by address */
	size_t count;
};

/* "/sys/module/NAME/sections" */
void module_sections_directory(const char *module, char out[128]);

/* -1: OUTCOME_ERROR, the directory or a file in it cannot be read, or addresses are hidden. */
int module_sections_read(const char *directory, struct module_sections *out,
			 struct fail *fail) MUST_CHECK;
void module_sections_deinit(struct module_sections *sections);

/* NULL: the module has none of that name. */
const struct module_section *module_sections_find(const struct module_sections *sections,
						  const char *name);
/* The one that `address`, which is of the module, lies in; NULL: it is before all of them. */
const struct module_section *module_sections_at(const struct module_sections *sections,
						uint64_t address);

#endif
