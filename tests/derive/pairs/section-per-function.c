/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flags: -ffunction-sections */
#include "pair.h"

noinline int before_it(int value)
{
	return first(value) * 2;
}

noinline int victim(int value)
{
	return before_it(value) == CHANGE(11, 12) ? second(1) : 0;
}

int behind_it(int value)
{
	return victim(value) + before_it(value);
}
