/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table of constants that only what loads it writes. */
#include "pair.h"

static const char *const names[] __attribute__((section(".data.rel.ro"))) =
	{ "zero", "one", CHANGE("two", "too"), "three" };

void victim(int which)
{
	put(names[which]);
}
