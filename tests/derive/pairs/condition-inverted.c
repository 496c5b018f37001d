/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(struct file *file)
{
	if (CHANGE(file->flags & 2, !(file->flags & 2)))
		return first(file->mode);
	return -37;
}
