/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the assembler has filled in, or a relocation will, becomes the other. */
#include "pair.h"

static noinline int own(int value)
{
	return first(value) * 3 + second(value);
}

int out(int value)
{
	return CHANGE(own, first)(value) + 1;
}

int in(int value)
{
	return CHANGE(first, own)(value) + 1;
}

int user(int value)
{
	return own(value + 2) + 1;
}
