/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clocks of lib/clock.c, of which CLOCK_MONOTONIC is the test's own. The linker takes these and not
 * the library's. */
#ifndef PATCHERD_CLOCK_FIXTURE_H
#define PATCHERD_CLOCK_FIXTURE_H

#include "clock.h"

static int64_t now;			/* milliseconds of CLOCK_MONOTONIC */
static int64_t now_step;		/* that each look at it takes */

int64_t clock_microseconds(clockid_t clock)
{
	struct timespec real;

	if (clock == CLOCK_MONOTONIC) {
		now += now_step;
		return now * 1000;
	}
	(void)clock_gettime(clock, &real);	/* cannot fail: always there */
	return (int64_t)real.tv_sec * 1000000 + real.tv_nsec / 1000;
}

int64_t clock_milliseconds(clockid_t clock)
{
	return clock_microseconds(clock) / 1000;
}

#endif
