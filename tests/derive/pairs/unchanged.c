/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

/* CHANGE is not used: the source differs in this remark only, if at all */
static const int table[] = { 3, 1, 4, 1, 5, 9 };

int victim(int value)
{
	put("unchanged");
	return table[value] + one + first(value);
}
