/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault_image: for the tests, an ELF file in place of the kernel that this machine runs, so that
 * a daemon can be killed, starved and overrun without a kernel at stake: the file that the
 * environment variable PATCHERD_IMAGE names is the kernel's memory. Not there unless built with
 * -DPATCHERD_FAULTS. */
#ifndef PATCHERD_FAULT_IMAGE_H
#define PATCHERD_FAULT_IMAGE_H

#include "live.h"

#ifdef PATCHERD_FAULTS
#include <stdlib.h>

static inline bool fault_image(void)
{
	return getenv("PATCHERD_IMAGE") != NULL;
}

/* What live_open_target() and live_refresh() do for a kernel. */
int fault_image_open(struct live *live, struct fail *fail) MUST_CHECK;
int fault_image_refresh(struct live *live, struct fail *fail) MUST_CHECK;
#else
static inline bool fault_image(void)
{
	return false;
}

static inline int fault_image_open(struct live *live, struct fail *fail)
{
	(void)live;
	return fail_set(fail, OUTCOME_ERROR, "there is no image");
}

static inline int fault_image_refresh(struct live *live, struct fail *fail)
{
	return fault_image_open(live, fail);
}
#endif

#endif
