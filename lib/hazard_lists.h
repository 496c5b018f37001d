/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_lists: what the running kernel tells of the owners of its text, as lists. Internal to
 * lib/hazard*.c. */
#ifndef PATCHERD_HAZARD_LISTS_H
#define PATCHERD_HAZARD_LISTS_H

#include "symtab.h"

enum list_state {
	LIST_UNREAD,
	LIST_ABSENT,		/* this kernel does not have it */
	LIST_READ,
	LIST_UNREADABLE		/* it exists and could not be read: `why` */
};

struct listed {
	uint64_t address;	/* kprobes, blacklist; 0: the kernel hides it */
	uint64_t end;		/* blacklist: behind the last byte */
	uint64_t offset;	/* kprobes: from the start of `name` */
	char *name;		/* function, or livepatch "PATCH" */
	char *object;		/* module; NULL: the kernel image */
	char *detail;		/* the rest of the line, for a message; NULL: none */
	bool optimized, ftrace, disabled;	/* kprobes */
};

struct owner_list {
	enum list_state state;
	char why[256];
	struct listed *items;
	size_t count;
};

/* Each fills *list, which is all zero, whatever comes of it; -1: memory ran out. Freed by
 * owner_list_deinit(). */
int list_kprobes(struct owner_list *list, struct fail *fail) MUST_CHECK;
int list_kprobe_blacklist(struct owner_list *list, struct fail *fail) MUST_CHECK;
int list_traced(struct owner_list *list, struct fail *fail) MUST_CHECK;
/* `name` is the function, `detail` the livepatch. */
int list_livepatches(struct owner_list *list, struct fail *fail) MUST_CHECK;
/* Where the kernel hides addresses (kernel.kptr_restrict=2) it still gives names: finds the
 * addresses of kprobes and blacklist by them. What it cannot find makes the list unreadable. */
int owner_list_resolve(struct owner_list *list, const struct symtab *symtab,
		       struct fail *fail) MUST_CHECK;
void owner_list_deinit(struct owner_list *list);

#endif
