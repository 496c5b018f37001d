/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of a jump table behind one that leads to the function's cold part. */
#include "pair.h"

int third(int left, int right);

int victim(int which, int value)
{
	switch (which) {
	case 0: return first(value);
	case 1: stop(value + 3);
	case 2: return CHANGE(first, second)(value + 1);
	case 3: return CHANGE(second, first)(value + 1);
	case 4: return third(value, 1);
	case 5: return third(2, value);
	case 6: return second(3) + 1;
	case 7: return third(9, 9) * 3;
	}
	return 0;
}
