/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

#ifdef AFTER
int victim(int value)
{
	return first(value) + 5;
}
#endif

int another(int value)
{
	put("another");
	return second(value) - 5;
}

#ifndef AFTER
int victim(int value)
{
	return first(value) + 5;
}
#endif

int user(int value)
{
	return victim(value) ^ another(value);
}
