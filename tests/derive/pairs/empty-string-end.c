/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

/* what is behind the only string of its section */
const char *begin;

int victim(int value)
{
	begin = "" + 1;
	return first(value + CHANGE(3, 5));
}
