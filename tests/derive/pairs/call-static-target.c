/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

static noinline int near(int value)
{
	return first(value) * 3;
}

static noinline int far(int value)
{
	return second(value) * 5;
}

int keeper(int value)
{
	return near(value) + far(value);
}

int victim(int value)
{
	return CHANGE(near, far)(value) + 1;
}
