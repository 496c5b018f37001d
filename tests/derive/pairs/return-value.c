/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(int value)
{
	first(value);
	return CHANGE(-5, -11);
}
