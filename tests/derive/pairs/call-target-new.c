/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The old object has no such function. */
#include "pair.h"

#ifdef AFTER
static noinline int added(int value)
{
	return first(value) * 3 + second(value);
}
#endif

int victim(int value)
{
	put("called");
	return CHANGE(first, added)(value) + 1;
}
