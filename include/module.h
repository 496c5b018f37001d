/* SPDX-License-Identifier: GPL-2.0-or-later */
/* module: the modules the running kernel has loaded, from /proc/modules and /sys/module. */
#ifndef PATCHERD_MODULE_H
#define PATCHERD_MODULE_H

#include "fail.h"

struct module {
	char name[64];
	uint64_t address;	/* of its core; 0 where the kernel hides addresses */
	uint64_t size;		/* of all it occupies, bytes */
	int64_t uses;		/* 0: nothing holds it; -1: it can never be unloaded */
	bool live;		/* false: coming or going */
};

struct modules {
	struct module *items;
	size_t count;
	uint64_t fingerprint;	/* differs when any module came, went or moved; not by uses */
};

/* Reads /proc/modules. A kernel without modules has none. */
int modules_load(struct modules *out, struct fail *fail) MUST_CHECK;
/* The same from a text in the form of /proc/modules, "NAME SIZE USES USERS STATE ADDRESS …". */
int modules_parse(const char *text, struct modules *out, struct fail *fail) MUST_CHECK;
void modules_deinit(struct modules *modules);
/* Whether two names mean one module: modprobe and the kernel take '-' and '_' for the same. */
bool module_name_equal(const char *a, const char *b);
/* NULL: not loaded. */
const struct module *modules_find(const struct modules *modules, const char *name);

/* The one that has all `length` bytes, 1 at least; NULL: none, or it is not live. */
const struct module *modules_at(const struct modules *modules, uint64_t address, size_t length);

/* The inode of /sys/module/NAME, new at each load of a module; 0: not loaded, or built into the
 * kernel. */
int module_identity(const char *name, uint64_t *out, struct fail *fail) MUST_CHECK;

/* The build-id of a loaded module (/sys/module/NAME/notes), lower-case hexadecimal; "": it has none.
 * -1: it cannot be read. */
enum { MODULE_BUILD_ID_MAX = 65 };
int module_build_id(const char *name, char out[MODULE_BUILD_ID_MAX], struct fail *fail) MUST_CHECK;

#endif
