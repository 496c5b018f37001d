/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

int victim(struct file *file)
{
	int sum = 0;

	for (int i = 0; i < CHANGE(40, 50); i++)
		sum += first(i);
	return sum;
}
