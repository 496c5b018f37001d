/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(int value)
{
	return value > CHANGE(100, 1000) ? first(value) : 0;
}
