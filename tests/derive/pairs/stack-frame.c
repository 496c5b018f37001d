/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A task that sleeps in `fill` has the old frame, and would leave the new one. */
#include "pair.h"

void fill(char *buffer);

void victim(void)
{
	char buffer[CHANGE(16, 48)];

	fill(buffer);
}
