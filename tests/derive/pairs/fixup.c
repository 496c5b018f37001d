/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The code that an exception goes on with is of no function. */
#include "pair.h"

#define GET(out, from, failed) \
	asm volatile("1: mov %1,%0\n2:\n" \
		     ".pushsection .fixup,\"ax\"\n3: mov $" failed ",%0\n jmp 2b\n.popsection\n" \
		     ".pushsection __ex_table,\"a\"\n.long 1b - .,3b - .\n.popsection" : \
		     "=r" (out) : "m" (*(from)))

int same(int *from)
{
	int out;

	GET(out, from, "-14");
	return first(out);
}

int victim(int *from)
{
	int out;

	GET(out, from, CHANGE("-14", "-5"));
	return first(out) + 1;
}

int last(int *from)
{
	int out;

	GET(out, from, "-14");
	return second(out);
}
