/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock: the time of a clock that Linux always has (CLOCK_REALTIME, CLOCK_MONOTONIC,
 * CLOCK_BOOTTIME) as one number: since 1970 of the first, since the machine's start of the
 * others. */
#ifndef PATCHERD_CLOCK_H
#define PATCHERD_CLOCK_H

#include <stdint.h>
#include <time.h>

int64_t clock_microseconds(clockid_t clock);
int64_t clock_milliseconds(clockid_t clock);

#endif
