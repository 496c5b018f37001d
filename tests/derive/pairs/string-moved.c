/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pair.h"

/* the text of victim() is the same, and elsewhere */
#ifdef AFTER
void another(void)
{
	put("a text that comes before");
}
#endif

int victim(int value)
{
	put("no such file");
	return first(value);
}
