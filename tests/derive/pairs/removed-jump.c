/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the jump goes away before what is in front of it, a null pointer is followed. */
#include "pair.h"

asm(".text\n.globl victim\n.type victim,@function\nvictim: test %edi,%edi\nje 1f\n"
    CHANGE("xor %esi,%esi\njmp 2f\n", "")
    "1: mov (%esi),%eax\nadd $1,%eax\n2: ret\n.size victim,.-victim");

int same(int value)
{
	return value;
}
