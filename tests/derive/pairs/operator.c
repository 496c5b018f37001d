/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(int a, int b)
{
	return first(a CHANGE(+, -) b);
}
