/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(struct file *file, int value)
{
#ifndef AFTER
	if (value > 4096)
		return -22;
#endif
	file->size = value;
	return first(value);
}
