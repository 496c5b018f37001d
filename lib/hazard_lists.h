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
	char *detail;		/* the rest of the line, for a message, or "GROUP/EVENT"; NULL: none */
	bool optimized, ftrace, disabled;	/* kprobes */
};

struct owner_list {
	enum list_state state;
	char why[256];
	bool cut;		/* there is more than can be read in time */
	struct listed *items;
	size_t count;
};

/* Each fills *list, which is all zero, whatever comes of it; -1: memory ran out. Freed by
 * owner_list_deinit(). */
int list_kprobes(struct owner_list *list, struct fail *fail) MUST_CHECK;
int list_kprobe_blacklist(struct owner_list *list, struct fail *fail) MUST_CHECK;
/* Read for a millisecond: with all functions traced the kernel takes many times as long, as it
 * begins anew at each read() (kernel/trace/ftrace.c, t_start()). */
int list_traced(struct owner_list *list, struct fail *fail) MUST_CHECK;
/* tracefs kprobe_events, which has the kprobes that have a name: `detail` is "GROUP/EVENT". */
int list_kprobe_events(struct owner_list *list, struct fail *fail) MUST_CHECK;
/* `name` is the function, `detail` the livepatch. */
int list_livepatches(struct owner_list *list, struct fail *fail) MUST_CHECK;
/* Where the kernel hides addresses (kernel.kptr_restrict=2) it still gives names: finds the
 * addresses of kprobes and blacklist by them. What it cannot find makes the list unreadable. */
int owner_list_resolve(struct owner_list *list, const struct symtab *symtab,
		       struct fail *fail) MUST_CHECK;
void owner_list_deinit(struct owner_list *list);

/* One line, which is changed, into the list: 1: it is not in the form, -1: memory ran out.
 * "p:GROUP/EVENT [MODULE:]SYMBOL[+OFFSET] ARGUMENTS…", "r" or "r10" where it is of a return
 * (kernel/trace/trace_kprobe.c, trace_kprobe_show()). */
int list_take_kprobe_event(char *line, struct owner_list *list, struct fail *fail) MUST_CHECK;
/* "function [module] (COUNT) FLAGS\ttramp: …"; a line that starts with a tab goes on with the one
 * before (kernel/trace/ftrace.c, t_show()). */
int list_take_traced(char *line, struct owner_list *list, struct fail *fail) MUST_CHECK;

#endif
