/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(int value)
{
	put("called");
	return CHANGE(first(12), second(13)) + value;
}
