/* SPDX-License-Identifier: GPL-2.0-or-later */
/* owner: whose bytes these are, as data: the kinds of owners, what may be done about each, and
 * lists of them. */
#ifndef PATCHERD_OWNER_H
#define PATCHERD_OWNER_H

#include "fail.h"

enum owner_kind {
	OWNER_UNKNOWN,			/* a list of owners exists and cannot be read */
	/* who the running kernel tells of */
	OWNER_FTRACE,
	OWNER_KPROBE,
	OWNER_KPROBE_BLACKLIST,
	OWNER_LIVEPATCH,
	/* what the kernel's own tables name */
	OWNER_JUMP_LABEL,
	OWNER_JUMP_TARGET,
	OWNER_STATIC_CALL,
	OWNER_EX_TABLE,
	OWNER_EX_FIXUP,
	OWNER_BUG_TABLE,
	OWNER_SMP_LOCK,
	OWNER_ALTERNATIVE,
	OWNER_RETPOLINE,
	OWNER_RETURN_SITE,
	OWNER_CALL_SITE,
	OWNER_ENDBR_SEAL,
	OWNER_ORC_UNWIND,
	/* what code is for */
	OWNER_STATIC_CALL_TRAMPOLINE,
	OWNER_BPF,
	OWNER_ENTRY,
	OWNER_NOINSTR,
	OWNER_NMI,
	OWNER_STOP,
	/* data */
	OWNER_STATIC_KEY,
	OWNER_STATIC_CALL_KEY,
	OWNER_PAGE_TABLE,
	OWNER_SYSCALL_TABLE,
	OWNER_INTERRUPT_TABLE,
	OWNER_RO_AFTER_INIT,
	OWNER_KINDS
};

enum owner_policy {
	OWNER_FORBIDDEN,	/* nothing is written there */
	OWNER_ALLOWABLE,	/* nothing, unless the patch's `allow` names the kind */
	OWNER_SETTLED		/* the kernel is done with the bytes: they may be changed as they
				 * are in memory */
};

/* "ex_table": the word of `allow` in patch(5), of JSON and of patchctl hazards. */
const char *owner_name(enum owner_kind kind);
/* False: no kind is called that. */
bool owner_parse(const char *name, enum owner_kind *out);
/* Whether `allow` may name the kind, on any kernel. */
bool owner_allowable(enum owner_kind kind);
const char *owner_policy_name(enum owner_policy policy);

/* Bytes with an owner: from `address` to before `end`. address == end: a place where control comes
 * to from elsewhere, which hurts only inside a change, not at its start. */
struct owner {
	enum owner_kind kind;
	enum owner_policy policy;
	uint64_t address, end;
	char *detail;		/* who it is: "kprobe p_nfs_flock_0"; owned; NULL: `kind` says all */
	char *advice;		/* what to do, if not what owner_advice() says; owned, or NULL */
};

struct owners {
	struct owner *items;
	size_t count;
};

/* Appends an owner of the kind's own policy: OWNER_ALLOWABLE where owner_allowable(). Texts are
 * copied; NULL is allowed. The one added is the last, to be changed. -1: memory ran out. */
int owners_add(struct owners *owners, enum owner_kind kind, uint64_t address, uint64_t end,
	       const char *detail, const char *advice, struct fail *fail) MUST_CHECK;
/* By address, and in the order of kinds at the same one. */
void owners_sort(struct owners *owners);
void owners_deinit(struct owners *owners);

/* Whether the owner's bytes, or its place, are touched by a change from `start` to before `end`. */
bool owner_touches(const struct owner *owner, uint64_t start, uint64_t end);
/* "a static key's site (__jump_table): the kernel rewrites it whenever …" */
const char *owner_what(enum owner_kind kind);
/* "choose another instruction" */
const char *owner_advice(const struct owner *owner);

#endif
