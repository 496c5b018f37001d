/* SPDX-License-Identifier: GPL-2.0-or-later */
/* There is no function at all. */
#include "pair.h"

int (*const functions[])(int value) = { first, CHANGE(second, first), first };
const char *texts[] = { "same", "text" };
