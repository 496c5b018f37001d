/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int both(int a, int b);

int victim(struct file *file)
{
	return both(CHANGE(file->mode, file->type), CHANGE(file->type, file->mode)) + 1;
}
