/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

#ifdef AFTER
int another(int value)
{
	switch (value) {
	case 0: return first(19);
	case 1: return second(18);
	case 2: return first(177);
	case 3: return second(166) + 1;
	case 4: return first(155) - 1;
	case 5: return second(144) * 3;
	}
	return -1;
}
#endif

int victim(int value)
{
	switch (value) {
	case 0: return first(9);
	case 1: return second(8);
	case 2: return first(77);
	case 3: return second(66) + 1;
	case 4: return first(55) - 1;
	case 5: return second(44) * 3;
	}
	return -1;
}
