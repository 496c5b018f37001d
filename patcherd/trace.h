/* SPDX-License-Identifier: GPL-2.0-or-later */
/* trace: what whoever reads an oops finds of patcherd in the kernel's log: a line of each change, and
 * the taint flag U. Neither is worth refusing a change for. */
#ifndef PATCHERD_TRACE_H
#define PATCHERD_TRACE_H

#include "journal.h"

struct trace {
	const char *messages;		/* /dev/kmsg */
	const char *tainted;		/* /proc/sys/kernel/tainted */
};
extern const struct trace trace_kernel;

/* In each, `trace` NULL: nothing is left. What cannot be is added to *said, a line each. */

/* Sets the flag U where it is not set: to be called before the kernel is written to. */
void trace_taint(const struct trace *trace, struct fail *said);
/* "patcherd: applied nfs-flock (sha256 0123…): nfs_flock+0x2f [nfs] by uid 0 pid 123 patchctl":
 * `done` is "applied" or "reverted", `caller` who asked for that. */
void trace_change(const struct trace *trace, const char *done, const struct journal_entry *entry,
		  const struct journal_caller *caller, struct fail *said);

#endif
