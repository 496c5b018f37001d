/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/near.h"

#include <string.h>

enum { NEAR_NAME_MAX = 63 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned two = a < b ? a : b;

	return two < c ? two : c;
}

/* How many characters must be changed, added or removed (Levenshtein). */
static unsigned edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned row[NEAR_NAME_MAX + 1];

	for (size_t j = 0; j <= b_length; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			unsigned above = row[j];

			row[j] = least(row[j] + 1, row[j - 1] + 1,
				       diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_length];
}

unsigned near_distance(const char *name, size_t length, const char *other, size_t other_length)
{
	size_t limit = length < 6 ? 1 : length < 12 ? 2 : 3;
	unsigned edits;

	if (length == other_length && memcmp(name, other, length) == 0)
		return 0;
	if (length >= 5 && memmem(other, other_length, name, length) != NULL)
		return 4;
	if (length > NEAR_NAME_MAX || other_length > NEAR_NAME_MAX ||
	    other_length > length + limit || length > other_length + limit)
		return NEAR_FAR;
	edits = edit_distance(name, length, other, other_length);
	return edits <= limit ? edits : NEAR_FAR;
}

void near_add(struct near *near, const char *name, const char *candidate)
{
	unsigned far = near_distance(name, strlen(name), candidate, strlen(candidate));
	size_t at = 0;

	if (far == NEAR_FAR || (near->count == NEAR_MAX && near->distances[NEAR_MAX - 1] <= far))
		return;
	for (size_t i = 0; i < near->count; i++) {
		if (strcmp(near->names[i], candidate) == 0)
			return;
	}
	while (at < near->count && near->distances[at] <= far)
		at++;
	if (near->count < NEAR_MAX)
		near->count++;
	memmove(&near->names[at + 1], &near->names[at],
		(near->count - at - 1) * sizeof(*near->names));
	memmove(&near->distances[at + 1], &near->distances[at],
		(near->count - at - 1) * sizeof(*near->distances));
	near->names[at] = candidate;
	near->distances[at] = far;
}

void near_say(const struct near *near, struct fail *fail)
{
	for (size_t i = 0; i < near->count; i++)
		fail_append(fail, "%s%s", i == 0 ? "; like it: " : ", ", near->names[i]);
}
