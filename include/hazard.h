/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hazard: whose bytes are these, and may they be changed. The kernel rewrites its own text and
 * others do too; a change on bytes that have an owner is lost, or worse.
 *
 * Sources on a running kernel, each read when it is first needed after hazards_renew(): tracefs
 * enabled_functions (kernel/trace/ftrace.c, t_show) and kprobe_events (kernel/trace/trace_kprobe.c,
 * trace_kprobe_show), debugfs kprobes/list and kprobes/blacklist (kernel/kprobes.c, report_probe,
 * kprobe_blacklist_seq_show), /sys/kernel/livepatch (Documentation/ABI/testing/
 * sysfs-kernel-livepatch), /proc/modules; and, as of an image, the kernel's own tables (table.h,
 * orc.h), its sections and symbols. A list that exists and cannot be read is a hazard itself.
 * uprobes are in programs' text, not in the kernel's.
 *
 * What code is for is told by its section and name (lib/hazard_text.h), and what the stop runs by
 * following its calls (lib/hazard_stop.h). Of NMIs, which no stop keeps out, the entry, what decides
 * between handlers and the kernel's own handlers are known; not those that a module registers, nor
 * what handlers call in turn (perf's code for one event, BPF programs, printk), nor machine checks
 * behind their entry.
 */
#ifndef PATCHERD_HAZARD_H
#define PATCHERD_HAZARD_H

#include "function.h"
#include "kernel.h"
#include "owner.h"

/* What is known of the owners on one kernel, kept between questions. */
int hazards_create(struct hazards **out, struct fail *fail) MUST_CHECK;
void hazards_destroy(struct hazards *hazards);
/* What was read may have changed since: call it at the start of each request. The kprobe blacklist
 * and the tables, which come with text, are kept until a module comes, goes or moves. */
void hazards_renew(struct hazards *hazards, const struct modules *modules);

/* Before a function or variable is even read: freed init memory, a per-CPU symbol, BPF and other text
 * that the kernel makes as it runs. -1: OUTCOME_HAZARD. */
int hazard_symbol(const struct kernel *kernel, const struct symbol *symbol,
		  struct fail *fail) MUST_CHECK;

/* Before a site's bytes are believed: an owner that shows other bytes than the function's own at
 * or before the site (a kprobe's int3), so that neither a match nor a mismatch means anything. */
int hazard_hidden(const struct kernel *kernel, const struct function *function, uint64_t offset,
		  size_t length, struct fail *fail) MUST_CHECK;

/* All owners of the function's bytes, sorted. A list that cannot be read is OWNER_UNKNOWN of all of
 * them, with why. -1: memory ran out, or the kernel's memory cannot be read. */
int hazard_owners(const struct kernel *kernel, const struct function *function,
		  struct owners *out, struct fail *fail) MUST_CHECK;

/* The same of a variable's `size` bytes, from `address`: keys, page tables, the tables of system calls
 * and interrupts, and what is read-only. By address, so that another name is no way around; `symbol`,
 * which hazard_symbol() has let through, tells the module. Text given as a variable is OWNER_UNKNOWN. */
int hazard_data(const struct kernel *kernel, const struct symbol *symbol, uint64_t address,
		size_t size, struct owners *out, struct fail *fail) MUST_CHECK;
/* Whether those bytes may be changed: no owner that forbids it or is not in `allow`, see below. -1:
 * OUTCOME_HAZARD. */
int hazard_variable(const struct kernel *kernel, const struct symbol *symbol, uint64_t address,
		    size_t size, unsigned long allow, struct fail *fail) MUST_CHECK;

/* A change of a function: `length` bytes at `offset` to those of `insns`. */
struct hazard_change {
	uint64_t offset;
	size_t length;
	const struct insn *insns;
	size_t count;
	unsigned long allow;		/* bits 1 << enum owner_kind, as the patch's `allow` says */
	/*
	 * It is operation_return()'s: at the function's entry a number is put into a register, and the
	 * function is left. Then it does not matter how deep the prologue that was there made the
	 * stack (OWNER_ORC_UNWIND): no instruction of the new ones moves it, and none behind them is
	 * reached any more. The kernel's unwinder still takes the stack for deeper there. Of a task that
	 * it looks at just then, interrupted between the two, it may find a wrong caller or none; it
	 * cannot fault, as it reads nothing but that task's stack (arch/x86/kernel/unwind_orc.c,
	 * deref_stack_reg(), stack_access_ok()).
	 */
	bool returns;
	const struct owners *owners;	/* hazard_owners() of the function; NULL: not asked yet */
};

/* unsigned long has 32 bits on i386 */
_Static_assert(OWNER_KINDS <= 32, "there are more kinds of owners than `allow` has bits");

/* Whether the change may be made: no owner that forbids it or is not allowed, the stack as deep as
 * before at each instruction, no branch into the middle from the function and its siblings. -1:
 * OUTCOME_HAZARD. */
int hazard_bytes(const struct kernel *kernel, const struct function *function,
		 const struct hazard_change *change, struct fail *fail) MUST_CHECK;

#endif
