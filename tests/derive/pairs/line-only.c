/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

/* what remarks above it do to its lines */
#ifdef AFTER
#line 40
#else
#line 20
#endif

int victim(int value)
{
	if (value < 0)
		warn("fs/pair.c", __LINE__, 9);
	return first(value);
}
