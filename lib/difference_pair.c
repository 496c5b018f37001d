/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference_pair: which functions and data of two object files are the same, by their names, those
 * that a compiler has numbered (foo.part.0, __func__.12345) by what is left without the numbers. */
#include <stdlib.h>
#include <string.h>

#include "lib/difference_internal.h"

/* A symbol as it is sorted: those that may be the same are neighbours. */
struct named {
	const char *root;
	const struct symbol *symbol;
	size_t index;			/* in the symtab */
	unsigned long long number;	/* the compiler's first; 0: none */
	bool numbered;
};

/* Copies a name without components of digits alone; the first of those as a number. */
static char *root_copy(const char *name, char *out, struct named *named)
{
	while (*name != '\0') {
		const char *end = name + 1 + strcspn(name + 1, ".");
		size_t length = (size_t)(end - name);

		if (*name == '.' && length > 1 && strspn(name + 1, "0123456789") == length - 1) {
			if (!named->numbered)
				named->number = strtoull(name + 1, NULL, 10);
			named->numbered = true;
		} else {
			memcpy(out, name, length);
			out += length;
		}
		name = end;
	}
	*out = '\0';
	return out + 1;
}

static int by_root(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	int order = strcmp(a->root, b->root);

	if (order == 0)
		order = (int)symbol_is_text(a->symbol) - (int)symbol_is_text(b->symbol);
	if (order == 0)
		order = a->number < b->number ? -1 : a->number > b->number;
	return order != 0 ? order : a->index < b->index ? -1 : a->index > b->index;
}

static int roots_make(struct side *side, struct named **out, size_t *count, struct fail *fail)
{
	const struct symtab *symtab = side->object->symtab;
	size_t symbols = symtab_count(symtab), bytes = 1;
	struct named *items;
	char *at;

	for (size_t i = 0; i < symbols; i++)
		bytes += strlen(symtab_item(symtab, i)->name) + 1;
	side->root_text = at = malloc(bytes);
	side->roots = calloc(symbols + 1, sizeof(*side->roots));
	side->symbol_pairs = calloc(symbols + 1, sizeof(*side->symbol_pairs));
	side->twins = calloc(symbols + 1, sizeof(*side->twins));
	side->function_pairs = calloc(side->function_count + 1, sizeof(*side->function_pairs));
	*out = items = calloc(symbols + 1, sizeof(*items));
	if (at == NULL || side->roots == NULL || side->symbol_pairs == NULL ||
	    side->twins == NULL || side->function_pairs == NULL || items == NULL)
		return fail_memory(fail, "names of symbols");
	*count = 0;
	for (size_t i = 0; i < symbols; i++) {
		struct named named = { .root = at, .symbol = symtab_item(symtab, i), .index = i };

		side->symbol_pairs[i] = side->twins[i] = NONE;
		side->roots[i] = at;
		at = root_copy(named.symbol->name, at, &named);
		if (named.symbol->type != 'U')
			items[(*count)++] = named;
	}
	for (size_t i = 0; i < side->function_count; i++)
		side->function_pairs[i] = NONE;
	qsort(items, *count, sizeof(*items), by_root);
	return 0;
}

static bool one_root(const struct named *a, const struct named *b)
{
	return strcmp(a->root, b->root) == 0 &&
	       symbol_is_text(a->symbol) == symbol_is_text(b->symbol);
}

/* How many there are of the first's root. */
static size_t group_size(const struct named *items, size_t count)
{
	size_t size = 1;

	while (size < count && one_root(&items[0], &items[size]))
		size++;
	return size;
}

static void pair(struct side *old, struct side *new, const struct named *a, const struct named *b)
{
	old->symbol_pairs[a->index] = b->index;
	new->symbol_pairs[b->index] = a->index;
}

/* The same number of them: one after the other, as compilers count in the order of the source. Else
 * by their whole names, but for data with numbers, which say nothing then. */
static void pair_groups(struct side *old, struct side *new, const struct named *a, size_t a_count,
			const struct named *b, size_t b_count)
{
	if (a_count == b_count) {
		for (size_t i = 0; i < a_count; i++)
			pair(old, new, &a[i], &b[i]);
		return;
	}
	/* both are sorted by number, then by address */
	for (size_t i = 0, k = 0; i < a_count && k < b_count;) {
		if (a[i].numbered != b[k].numbered || a[i].number != b[k].number) {
			if (a[i].number < b[k].number ||
			    (a[i].number == b[k].number && b[k].numbered))
				i++;
			else
				k++;
			continue;
		}
		if ((!a[i].numbered || symbol_is_text(a[i].symbol)) &&
		    strcmp(a[i].symbol->name, b[k].symbol->name) == 0)
			pair(old, new, &a[i], &b[k]);
		i++;
		k++;
	}
}

/* A function may have several names, of which each file may show another. */
static void functions_pair(struct side *old, struct side *new)
{
	const struct symtab *symtab = new->object->symtab;

	for (size_t i = 0; i < symtab_count(old->object->symtab); i++) {
		const struct symbol *symbol = symtab_item(old->object->symtab, i);
		const struct symbol *other;
		size_t from, to;

		if (old->symbol_pairs[i] == NONE || !symbol_is_text(symbol))
			continue;
		other = symtab_item(symtab, old->symbol_pairs[i]);
		from = side_function(old, symbol->address);
		to = side_function(new, other->address);
		if (from == NONE || to == NONE || old->function_pairs[from] != NONE ||
		    new->function_pairs[to] != NONE ||
		    old->functions[from]->address != symbol->address ||
		    new->functions[to]->address != other->address)
			continue;
		old->function_pairs[from] = to;
		new->function_pairs[to] = from;
	}
}

int sides_pair(struct side *old, struct side *new, struct fail *fail)
{
	CLEANUP_FREE struct named *a = NULL, *b = NULL;
	size_t a_count, b_count;

	if (roots_make(old, &a, &a_count, fail) != 0 || roots_make(new, &b, &b_count, fail) != 0)
		return -1;
	for (size_t i = 0, k = 0; i < a_count && k < b_count;) {
		size_t a_size = group_size(&a[i], a_count - i);
		size_t b_size = group_size(&b[k], b_count - k);
		int order = strcmp(a[i].root, b[k].root);

		if (order == 0)
			order = (int)symbol_is_text(a[i].symbol) - (int)symbol_is_text(b[k].symbol);
		if (order == 0)
			pair_groups(old, new, &a[i], a_size, &b[k], b_size);
		if (order <= 0)
			i += a_size;
		if (order >= 0)
			k += b_size;
	}
	functions_pair(old, new);
	return 0;
}
