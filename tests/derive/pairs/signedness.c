/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(struct file *file, int value)
{
	if (CHANGE(value < file->mode, (unsigned int)value < (unsigned int)file->mode))
		return first(value);
	return -5;
}
