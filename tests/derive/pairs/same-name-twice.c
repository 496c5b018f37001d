/* SPDX-License-Identifier: GPL-2.0-or-later */
/* two objects, linked into one: each has its own helper() */
#include "pair.h"

#define PASTE(a, b) a##b
#define NAME(a, b) PASTE(a, b)

static noinline int helper(int value)
{
#if PART == 2
	return first(value) + CHANGE(3, 7);
#else
	return second(value) + 5;
#endif
}

int NAME(victim, PART)(int value)
{
	return helper(value) * PART + 1;
}
