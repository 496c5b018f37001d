/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(struct file *file)
{
	return file->type == CHANGE(2, 5) ? first(1) : second(1);
}
