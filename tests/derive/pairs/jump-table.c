/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(int value)
{
	switch (value) {
	case 0: return first(9);
	case 1: return second(8);
	case 2: return first(CHANGE(77, 78));
	case 3: return second(66) + 1;
	case 4: return first(55) - 1;
	case 5: return second(44) * 3;
	case 6: return first(33) ^ 5;
	}
	return -1;
}
