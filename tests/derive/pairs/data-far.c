/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data that leads to data, four times; and what position independent code has in sections of its
 * own. */
#include "pair.h"

struct link {
	const struct link *next;
	int value;
};

void take(const struct link *link);

static const struct link e = { 0, CHANGE(5, 6) }, d = { &e, 1 }, c = { &d, 2 }, b = { &c, 3 };
static const struct link a = { &b, 4 };

void victim(void)
{
	take(&a);
}
