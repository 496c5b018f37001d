/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boot: the patches that are applied each time the machine starts, what switches that off, and what
 * a crash that followed does about it. */
#ifndef PATCHERD_BOOT_H
#define PATCHERD_BOOT_H

#include <jansson.h>

#include "daemon.h"
#include "job.h"
#include "server.h"

/* Whether patches are to be applied at boot by the machine's owner's will: not with patcherd.enable=0
 * on the kernel's command line, nor where /etc/patcherd/disable is there. Then why. `root` "": this
 * machine, else a directory that holds such files, for tests. */
bool boot_is_off(const char *root, struct fail *why);

/* Before the kernel is written: a marker for each of the jobs that is about to be applied and is
 * enabled; `pending`: and is to be confirmed. */
int boot_mark(struct daemon *daemon, const struct job *jobs, size_t count, bool pending,
	      struct fail *fail) MUST_CHECK;
/* Nothing was written: none of them waits for that, nor is marked. */
void boot_unmark(struct daemon *daemon, const struct job *jobs, size_t count);
/* After a patch has left the kernel, or did not get there: its marker goes. */
void boot_settle(struct daemon *daemon);
/* At an orderly end of this boot, and no more than of patcherd: what is marked is forgotten. */
void boot_end(struct daemon *daemon);
/* Removes markers when their time has passed. */
struct server_source boot_source(struct daemon *daemon);

/* Whether a patch is enabled, and whether it is blocked. */
void boot_flags(const struct daemon *daemon, const char *patch, bool *enabled, bool *blocked);
/* A Boot, of that patch alone where it is not NULL; null where there is nothing to tell. */
json_t *boot_json(const struct daemon *daemon, const char *patch);

#endif
