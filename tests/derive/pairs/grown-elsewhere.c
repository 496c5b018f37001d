/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

/* one function grows, and moves the other, which changes as well */
int grown(struct file *file)
{
#ifdef AFTER
	if (file->next != 0 && file->next->size > 77)
		put("grown");
#endif
	return first(file->mode);
}

int victim(int value)
{
	return value == CHANGE(11, 12) ? first(1) : grown(0);
}
