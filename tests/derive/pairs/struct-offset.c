/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(struct file *file)
{
	file->CHANGE(mode, flags) = 1;
	return first(4);
}
