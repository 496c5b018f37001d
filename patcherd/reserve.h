/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reserve: room on the journal's disk, in a file beside it, which is removed when a revert that was
 * promised cannot be noted for want of room: what fills the disk may be what the patch does. */
#ifndef PATCHERD_RESERVE_H
#define PATCHERD_RESERVE_H

#include "fail.h"

/* Each write of the journal takes some pages of 4 KiB, and a revert some writes. It is not made where
 * little more room is left. */
enum { RESERVE_BYTES = 256 * 1024, RESERVE_LEAST = 16 * RESERVE_BYTES };

struct reserve {
	const char *directory;		/* the journal's */
	bool kept;
	struct fail why;		/* it is not; message "": nobody has tried */
};

/* Makes it where it is not there. That it cannot be, or is there again, is logged once. */
void reserve_keep(struct reserve *reserve);
/* Gives the room back; logged. Whether there was any: then it is worth while to try again. */
bool reserve_release(struct reserve *reserve);

#endif
