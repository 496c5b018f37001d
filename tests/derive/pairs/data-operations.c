/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table of functions leads to another one, a pointer to another variable, and one to another
 * text. */
#include "pair.h"

struct operations {
	int (*open)(int value);
	int (*close)(int value);
};

int opened(int value)
{
	return value + 1;
}

int closed(int value)
{
	return value - 1;
}

int early, late;
const struct operations operations = { opened, CHANGE(closed, opened) };
const struct operations same_operations = { closed, opened };
int *current = &CHANGE(early, late);
int *same_current = &early;
const char *text = CHANGE("old", "new");
const char *same_text = "old";
