/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

extern struct file files;

int victim(int value)
{
	files.CHANGE(mode, flags) = value;
	return first(2);
}
