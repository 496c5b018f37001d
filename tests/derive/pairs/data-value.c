/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No function differs, and what variables and a constant are at first does. */
#include "pair.h"

int limit = CHANGE(16, 32);
int same_limit = 16;
int none;
const short sizes[] = { 1, 2, CHANGE(4, 5), 8 };
int grown[CHANGE(3, 4)];

int victim(int value)
{
	none += value;
	grown[1] = value;
	return value < limit ? same_limit : none;
}
