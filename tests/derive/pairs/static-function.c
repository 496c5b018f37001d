/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

static noinline int hidden(struct file *file)
{
	return file->flags & CHANGE(4, 8) ? first(file->mode) : second(file->mode);
}

int victim(struct file *file)
{
	return hidden(file) + hidden(file->next);
}
