/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(int value)
{
	return CHANGE(first, second)(value + 1);
}
