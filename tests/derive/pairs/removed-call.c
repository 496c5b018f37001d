/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(struct file *file)
{
	file->mode |= 0x40;
#ifndef AFTER
	put("mode");
#endif
	first(2);
	return 1;
}
