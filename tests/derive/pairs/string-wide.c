/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second byte of each character is 0. */
#include "pair.h"

void name(const unsigned short *text, int value);

void victim(void)
{
	name(CHANGE(u"Boot0001", u"Boxt0001"), 1);
}
