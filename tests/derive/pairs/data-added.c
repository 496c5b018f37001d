/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of constants that have one name but for gcc's numbers there is one more: the others are the
 * same. */
#include "pair.h"

#ifdef AFTER
int added(int value)
{
	static const int table[] = { 1, 6, 1, 8 };

	return table[value & 3];
}
#endif

int same(int value)
{
	static const int table[] = { 3, 1, 4, 1 };

	return table[value & 3];
}

int another(int value)
{
	static const int table[] = { 2, 7, 1, 8 };

	return table[value & 3];
}
