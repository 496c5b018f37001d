/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

/* two cases change places: the code is the same, the table is not */
int victim(int value)
{
	switch (value) {
	case 0: return first(9);
	case 1: return second(8);
	case CHANGE(2, 3): return first(77);
	case CHANGE(3, 2): return second(66) + 1;
	case 4: return first(55) - 1;
	case 5: return second(44) * 3;
	case 6: return first(33) ^ 5;
	}
	return -1;
}
