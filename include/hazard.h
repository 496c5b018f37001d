/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hazard: whose bytes are these. The kernel rewrites its own text and others do too; a change
 * on bytes that have an owner is lost, or worse.
 *
 * Sources on a running kernel, each read when it is first needed after hazards_renew(): tracefs
 * enabled_functions (kernel/trace/ftrace.c, t_show), debugfs kprobes/list and kprobes/blacklist
 * (kernel/kprobes.c, report_probe, kprobe_blacklist_seq_show), /sys/kernel/livepatch
 * (Documentation/ABI/testing/sysfs-kernel-livepatch), /proc/modules; and, as of an image, the
 * kernel's own tables (table.h). A list that exists and cannot be read is a hazard itself.
 */
#ifndef PATCHERD_HAZARD_H
#define PATCHERD_HAZARD_H

#include "function.h"
#include "module.h"
#include "table.h"

struct hazards;

/* The owners on the running kernel. `modules` must outlive it. */
int hazards_create(const struct modules *modules, struct hazards **out, struct fail *fail)
	MUST_CHECK;
void hazards_destroy(struct hazards *hazards);
/* What was read may have changed since: call it at the start of each request. The kprobe blacklist
 * and the tables, which come with text, are kept until a module comes, goes or moves. */
void hazards_renew(struct hazards *hazards);

/* Before a function is even read: freed init memory, a per-CPU symbol, BPF and other text that
 * the kernel makes as it runs. `hazards` NULL: an image. -1: OUTCOME_HAZARD. */
int hazard_symbol(const struct hazards *hazards, const struct symtab *symtab,
		  const struct symbol *symbol, const struct elf_file *image,
		  struct fail *fail) MUST_CHECK;

/* Before a site's bytes are believed: an owner that shows other bytes than the function's own at
 * or before the site (a kprobe's int3), so that neither a match nor a mismatch means anything. */
int hazard_hidden(struct hazards *hazards, const struct symtab *symtab,
		  const struct function *function, uint64_t offset, size_t length,
		  struct fail *fail) MUST_CHECK;

/* Whether `length` bytes at `offset` of the function may be changed: ftrace's site, kprobes, the
 * kprobe blacklist, a livepatch, jump labels, static calls, exceptions and WARNs, branches to the
 * inside from the function and its siblings. `image`: as in hazard_symbol(). */
int hazard_bytes(struct hazards *hazards, const struct symtab *symtab,
		 struct target *target, struct decoder *decoder, const struct elf_file *image,
		 const struct function *function, uint64_t offset, size_t length,
		 struct fail *fail) MUST_CHECK;

#endif
