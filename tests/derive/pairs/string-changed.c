/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(int value)
{
	put(CHANGE("no such file", "no such page"));
	return first(value);
}
