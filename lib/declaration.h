/* SPDX-License-Identifier: GPL-2.0-or-later */
/* declaration: the text of a type as C declares it, which is made from the name outwards: *, [],
 * (). Internal to lib/layouts_text.c and lib/types_declare.c. */
#ifndef PATCHERD_DECLARATION_H
#define PATCHERD_DECLARATION_H

#include <stdbool.h>

enum { DECLARATION_MAX = 512 };

/* A text that is cut with "..." where it becomes too long. */
struct text {
	char data[DECLARATION_MAX];
	bool cut;
};

void text_wrap(struct text *text, const char *before, const char *after);
/* Without the blanks at its end. */
void text_trim(struct text *text);
/* What a pointer, or an array or a function, adds around what is declared: `behind` is NULL, or
 * what stands behind it. *pointer, at first false: what was added last is a pointer, which binds
 * less. */
void text_derive(struct text *around, bool *pointer, const char *behind);

#endif
