/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Once the address of `same` is loaded from a table of addresses, and once what is there. */
#include "pair.h"

#ifdef __x86_64__
int same(int value)
{
	return value * 3;
}

asm(".text\n.globl victim\n.type victim,@function\nvictim: mov same" CHANGE("@GOTPCREL", "") "(%rip),%rax\n"
    "ret\n.size victim,.-victim");
#else
int victim(int value)
{
	return value;
}
#endif
