/* SPDX-License-Identifier: GPL-2.0-or-later */
/* prove: one patch of a request, from its text to its plan. */
#ifndef PATCHERD_PROVE_H
#define PATCHERD_PROVE_H

#include "daemon.h"
#include "job.h"
#include "times.h"

/* Fills in the job. `unusable`: why nothing can be proved on this kernel; NULL: it can be, and
 * live_refresh() was called. */
void prove(struct daemon *daemon, struct job *job, struct times *times, const struct fail *unusable);

#endif
