/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(int value)
{
	CHANGE(one, other) = value;
	return first(2);
}
