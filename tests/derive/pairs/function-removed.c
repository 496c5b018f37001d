/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

#ifndef AFTER
int more(int value)
{
	return second(value) * 7;
}
#endif

int victim(int value)
{
	return first(value) + 5;
}
