/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symtab_near: what the user may have meant. */
#include "symtab.h"

#include <string.h>

#include "lib/near.h"

/* 0: the same name, or the same function (NAME.cold, .isra.0 …). */
static unsigned distance(const char *name, size_t length, const char *other)
{
	size_t stem = (size_t)(strchrnul(other, '.') - other);

	if (stem != length && length >= 5 && strstr(other, name) != NULL)
		return 4;
	return near_distance(name, length, other, stem);
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

		if (far == NEAR_FAR || symbol->type == 'U' ||
		    (count == max && distances[max - 1] <= far) ||
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
