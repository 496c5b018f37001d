/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(struct file *file)
{
	if (file->size == 0)
		stop(CHANGE(41, 42));
	return first(file->mode);
}
