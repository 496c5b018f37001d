/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(struct file *file)
{
	file->mode |= 0x40;
#ifndef AFTER
	file->flags = 0x12345;
#endif
	file->size = 7;
	return first(1);
}
