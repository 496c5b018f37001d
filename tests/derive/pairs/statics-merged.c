/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two functions that each had a variable of its own now have one in common. */
#include "pair.h"

#ifdef AFTER
static int count;
#define OWN
#else
#define OWN static int count;
#endif

int victim(int value)
{
	OWN
	count += value;
	return count * 3;
}

int other_victim(int value)
{
	OWN
	count -= value;
	return count ^ value;
}
