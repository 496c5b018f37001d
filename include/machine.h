/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine: what this machine lets a patcher do, by the switches its owner and its kernel's builder
 * have set. Only looks; changes nothing.
 *
 * Read: /sys/kernel/security/lockdown (security/lockdown/lockdown.c), /sys/module/module/parameters/
 * sig_enforce (kernel/module/signing.c), /sys/module/patcher_kmem and its file in
 * /lib/modules/RELEASE, /proc/sys/kernel/kptr_restrict, CapEff of /proc/self/status.
 */
#ifndef PATCHERD_MACHINE_H
#define PATCHERD_MACHINE_H

#include "fail.h"

struct condition {
	const char *name;	/* "lockdown" */
	char value[256];	/* "integrity" */
	bool good;		/* it stands in nobody's way */
	char message[640];	/* what it means and what to do; "" where there is nothing to say */
};

enum { CONDITIONS_MAX = 8 };
struct machine {
	struct condition conditions[CONDITIONS_MAX];
	size_t count;
};

/* `root` "": this machine, else a directory that holds such files, for tests; `release` as of
 * uname -r. What cannot be read is said in its condition. */
void machine_look(const char *root, const char *release, struct machine *out);

#endif
