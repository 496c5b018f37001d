/* SPDX-License-Identifier: GPL-2.0-or-later */
/* near: names that somebody may have meant. */
#ifndef PATCHERD_NEAR_H
#define PATCHERD_NEAR_H

#include "fail.h"

enum { NEAR_MAX = 5, NEAR_FAR = 1000 };

/* 0: the same; NEAR_FAR: nothing like it. */
unsigned near_distance(const char *name, size_t length, const char *other, size_t other_length);

/* The nearest so far, nearest first, each once. */
struct near {
	const char *names[NEAR_MAX];	/* borrowed */
	unsigned distances[NEAR_MAX];
	size_t count;
};
void near_add(struct near *near, const char *name, const char *candidate);
/* Adds "; like it: a, b" to the message, where there are any. */
void near_say(const struct near *near, struct fail *fail);

#endif
