/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(int value)
{
	return first(value << CHANGE(3, 4));
}
