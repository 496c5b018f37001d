/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables and constants of functions have other numbers in gcc's names where there is more
 * before. */
#include "pair.h"

#ifdef AFTER
struct more {
	int first, second, third;
};
int more(struct more *more);
#endif

int same(int value)
{
	static const int table[] = { 3, 1, 4, 1 };
	static int count = 7;

	count -= value;
	return table[count & 3];
}

int another(int value)
{
	static const int table[] = { 2, 7, 1, 8 };
	static int count = 9;

	count ^= value;
	return table[count & 3];
}

int (*const functions[])(int value) = { same, another };
