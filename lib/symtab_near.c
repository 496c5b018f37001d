/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symtab_near: what the user may have meant. */
#include "symtab.h"

#include <string.h>

enum { NAME_MAX_NEAR = 63, FAR = 1000 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned two = a < b ? a : b;

	return two < c ? two : c;
}

/* How many characters must be changed, added or removed (Levenshtein). */
static unsigned edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned row[NAME_MAX_NEAR + 1];

	for (size_t j = 0; j <= b_length; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			unsigned above = row[j];

			row[j] = least(row[j] + 1, row[j - 1] + 1,
				       diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_length];
}

/* 0: the same name, or the same function (NAME.cold, .isra.0 …); FAR: nothing like it. */
static unsigned distance(const char *name, size_t length, const char *other)
{
	size_t stem = (size_t)(strchrnul(other, '.') - other);
	size_t limit = length < 6 ? 1 : length < 12 ? 2 : 3;

	if (stem == length && memcmp(name, other, stem) == 0)
		return 0;
	if (length >= 5 && strstr(other, name) != NULL)
		return 4;
	if (length > NAME_MAX_NEAR || stem > NAME_MAX_NEAR || stem > length + limit ||
	    length > stem + limit)
		return FAR;

	unsigned edits = edit_distance(name, length, other, stem);

	return edits <= limit ? edits : FAR;
}

static bool has_name(const struct symbol *const *symbols, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(symbols[i]->name, name) == 0)
			return true;
	}
	return false;
}

size_t symtab_near(const struct symtab *symtab, const char *name, const struct symbol **out,
		   size_t max)
{
	size_t length = strlen(name), count = 0, all = symtab_count(symtab);
	unsigned distances[16];

	if (max > sizeof(distances) / sizeof(*distances))
		max = sizeof(distances) / sizeof(*distances);
	for (size_t i = 0; i < all && max > 0; i++) {
		const struct symbol *symbol = symtab_item(symtab, i);
		unsigned far = distance(name, length, symbol->name);
		size_t at = 0;

		if (far == FAR || (count == max && distances[max - 1] <= far) ||
		    has_name(out, count, symbol->name))
			continue;
		while (at < count && distances[at] <= far)
			at++;
		if (count < max)
			count++;
		memmove(&out[at + 1], &out[at], (count - at - 1) * sizeof(struct symbol *));
		memmove(&distances[at + 1], &distances[at], (count - at - 1) * sizeof(*distances));
		out[at] = symbol;
		distances[at] = far;
	}
	return count;
}
