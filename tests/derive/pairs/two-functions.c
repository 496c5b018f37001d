/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(int value)
{
	return value == CHANGE(11, 12) ? first(1) : second(2);
}

int untouched(int value)
{
	return value == 13 ? first(1) : second(2);
}

int accomplice(int value)
{
	return value == CHANGE(14, 15) ? second(3) : first(4);
}
