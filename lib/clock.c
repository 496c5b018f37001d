/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clock.h"

int64_t clock_microseconds(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);	/* cannot fail: always there */
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_milliseconds(clockid_t clock)
{
	return clock_microseconds(clock) / 1000;
}
