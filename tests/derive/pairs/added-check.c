/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(struct file *file)
{
#ifdef AFTER
	if (file == 0 || file->next == 0)
		return -22;
#endif
	file->mode++;
	return first(file->mode);
}
