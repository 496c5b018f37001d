/* SPDX-License-Identifier: GPL-2.0-or-later */
/* times: where the time of a request goes. Each moment is one part's, so that they add up. */
#ifndef PATCHERD_TIMES_H
#define PATCHERD_TIMES_H

#include <jansson.h>
#include <stdint.h>

enum time_part {
	TIME_PARSE,			/* the patch files */
	TIME_RESOLVE,			/* the kernel's modules and symbols, as they are now */
	TIME_PROVE,			/* the places found, and all that is checked of them */
	TIME_JOURNAL,			/* what is read of it, written and synced */
	TIME_STOP,			/* the kernel changed */
	TIME_READ_BACK,
	TIME_REST,
	TIME_PARTS
};

struct times {
	uint64_t nanoseconds[TIME_PARTS];
	uint64_t last;			/* nanoseconds of CLOCK_MONOTONIC */
};

void times_start(struct times *times);
/* What has passed since the last call went to that part. `times` NULL: nobody asks. */
void times_spent(struct times *times, enum time_part part);
/* A Times of the interface, a new reference; NULL when memory ran out. */
json_t *times_json(const struct times *times);

#endif
