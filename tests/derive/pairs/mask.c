/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(struct file *file)
{
	return first(file->flags & CHANGE(0x12340, 0x12344));
}
