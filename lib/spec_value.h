/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_value: what reads single values of a patch file. One that refuses adds an error. */
#ifndef PATCHERD_SPEC_VALUE_H
#define PATCHERD_SPEC_VALUE_H

#include "spec_walk.h"

/* A decimal or 0x number without quotes from `min` to `max`. */
bool spec_unsigned(struct walk *walk, const struct node *node, uint64_t min, uint64_t max,
		    uint64_t *out);
/* The same with a sign or none, -2^63 to 2^64 - 1. */
bool spec_number(struct walk *walk, const struct node *node, struct number *out);
/* true or false without quotes. */
bool spec_bool(struct walk *walk, const struct node *node, bool *out);
/* One line of text of 1 to `max` bytes without control characters; `what` is what is expected.
 * NULL: it is none. */
const char *spec_text(struct walk *walk, const struct node *node, size_t max, const char *what);
/* The same of several lines, blanks and newlines at its end not counted. */
const char *spec_paragraph(struct walk *walk, const struct node *node, size_t max,
			    const char *what);
/* "74 39" */
bool spec_bytes(struct walk *walk, const struct node *node, struct bytes *out);
/* `min` to `max` hexadecimal digits, an even number of them, in lower case: `out` takes max + 1. */
bool spec_digits(struct walk *walk, const struct node *node, size_t min, size_t max,
		  const char *what, char *out);
/* The name of a function or variable; `what` says which. NULL: it is none. */
const char *spec_symbol(struct walk *walk, const struct node *node, const char *what);
/* The name of a module. */
const char *spec_module(struct walk *walk, const struct node *node);
/* Adds the build-id that the node is. */
void spec_build_id(struct walk *walk, const struct node *node, struct strings *out);
/* A copy to *out; where memory runs out, walk->errors knows. */
void spec_copy(struct walk *walk, const char *text, char **out);

#endif
