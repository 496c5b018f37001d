/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference_data: what data that has a name is at first, and how large. */
#include <stdlib.h>
#include <string.h>

#include <elf.h>

#include "lib/difference_internal.h"

/* How often names are compared in search of what a compiler has numbered anew; what is beyond that
 * is told to differ. */
enum { SEARCH_MAX = 1 << 24 };

const struct elf_section *data_section(const struct side *side, size_t index)
{
	static const char *const names[] = { ".data", ".rodata", ".bss" };
	const struct symbol *symbol = symtab_item(side->object->symtab, index);
	const struct elf_section *section;

	/* of .LC0 and the like it is told by what leads to them */
	if (symbol_is_text(symbol) || symbol->type == 'U' || symbol->size == 0 ||
	    strncmp(symbol->name, ".L", 2) == 0)
		return NULL;
	section = elf_file_section_at(side->object->elf, symbol->address);
	for (size_t i = 0; section != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(section->name, names[i], strlen(names[i])) == 0)
			return section;
	}
	return NULL;
}

static bool is_same(struct comparison *comparison, size_t old, size_t new)
{
	const struct symbol *a = symtab_item(comparison->old.object->symtab, old);
	const struct symbol *b = symtab_item(comparison->new.object->symtab, new);
	const struct elf_section *from = data_section(&comparison->old, old);
	const struct elf_section *to = data_section(&comparison->new, new);
	bool same;

	if (from == NULL || to == NULL || a->size != b->size ||
	    ((from->flags ^ to->flags) & SHF_WRITE) != 0 ||
	    (from->data == NULL) != (to->data == NULL))
		return false;
	if (from->data == NULL)
		return true;
	same = data_same(comparison, a->address, b->address, a->size);
	twins_keep(comparison, same);
	return same;
}

static int add(struct differences *out, const char *name, uint64_t old_size, uint64_t new_size,
	       struct fail *fail)
{
	struct data_difference *items = out->data;

	/* room is doubled where the count is a power of two */
	if ((out->data_count & (out->data_count - 1)) == 0) {
		items = reallocarray(items, out->data_count == 0 ? 1 : out->data_count * 2,
				     sizeof(*items));
		if (items == NULL)
			return fail_memory(fail, "differences");
		out->data = items;
	}
	items = &items[out->data_count];
	*items = (struct data_difference){ strdup(name), old_size, new_size };
	if (items->symbol == NULL)
		return fail_memory(fail, "differences");
	out->data_count++;
	return 0;
}

/* Of those whose numbers say nothing, as there are more of them in one file, one that is the same
 * and that no other has; NONE: there is none. */
static size_t search(struct comparison *comparison, size_t old, const bool *taken, size_t *looked)
{
	const struct side *new = &comparison->new;

	for (size_t i = 0; i < symtab_count(new->object->symtab) && *looked < SEARCH_MAX; i++) {
		(*looked)++;
		if (!taken[i] && new->symbol_pairs[i] == NONE && data_section(new, i) != NULL &&
		    strcmp(comparison->old.roots[old], new->roots[i]) == 0 &&
		    is_same(comparison, old, i))
			return i;
	}
	return NONE;
}

int data_compare(struct comparison *comparison, struct differences *out, struct fail *fail)
{
	const struct side *old = &comparison->old, *new = &comparison->new;
	const struct symtab *symtab = old->object->symtab, *other = new->object->symtab;
	CLEANUP_FREE bool *taken = calloc(symtab_count(other) + 1, sizeof(*taken));
	size_t looked = 0;

	if (taken == NULL)
		return fail_memory(fail, "differences");
	comparison->self = NONE;
	for (size_t i = 0; i < symtab_count(symtab); i++) {
		size_t to = old->symbol_pairs[i];

		if (data_section(old, i) == NULL || (to != NONE && is_same(comparison, i, to)))
			continue;
		if (to == NONE)
			to = search(comparison, i, taken, &looked);
		if (to != NONE && new->symbol_pairs[to] == NONE)
			taken[to] = true;
		else if (add(out, symtab_item(symtab, i)->name, symtab_item(symtab, i)->size,
			     to == NONE ? 0 : symtab_item(other, to)->size, fail) != 0)
			return -1;
	}
	for (size_t i = 0; i < symtab_count(other); i++) {
		if (!taken[i] && new->symbol_pairs[i] == NONE && data_section(new, i) != NULL &&
		    add(out, symtab_item(other, i)->name, 0, symtab_item(other, i)->size, fail) != 0)
			return -1;
	}
	return 0;
}
