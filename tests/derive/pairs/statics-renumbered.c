/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The number that gcc gives a function's variable is another where there is one more before it. */
#include "pair.h"

#ifdef AFTER
int added(int value)
{
	static int count;

	count += value;
	return count;
}
#endif

int same(int value)
{
	static int count;

	count -= value;
	return count ^ value;
}

int victim(int value)
{
	static int count;

	count ^= value;
	return count + CHANGE(3, 4);
}
