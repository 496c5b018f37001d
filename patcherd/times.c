/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "times.h"

#include <string.h>
#include <time.h>

static const char *const names[TIME_PARTS] = {
	[TIME_PARSE] = "parse",
	[TIME_RESOLVE] = "resolve",
	[TIME_PROVE] = "prove",
	[TIME_JOURNAL] = "journal",
	[TIME_STOP] = "stop",
	[TIME_READ_BACK] = "read_back",
	[TIME_REST] = "rest",
};

static uint64_t nanoseconds_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);	/* cannot fail: always there */
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void times_start(struct times *times)
{
	memset(times, 0, sizeof(*times));
	times->last = nanoseconds_now();
}

void times_spent(struct times *times, enum time_part part)
{
	uint64_t now;

	if (times == NULL)
		return;
	now = nanoseconds_now();
	times->nanoseconds[part] += now - times->last;
	times->last = now;
}

json_t *times_json(const struct times *times)
{
	json_t *json = json_object();

	for (int i = 0; i < TIME_PARTS; i++) {
		if (json_object_set_new(json, names[i],
					json_integer((json_int_t)times->nanoseconds[i])) < 0) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}
