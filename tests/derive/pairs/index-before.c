/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The field of `values[which - 4]` leads to what lies before the table. */
#include "pair.h"

static const int before[] = { 7, 7, 7, 7 };
static const int values[] = { 11, 12, 13, 14, CHANGE(15, 16), 17, 18, 19 };

int same(int which)
{
	return before[which & 3];
}

int victim(int which)
{
	return values[which - 4];
}
