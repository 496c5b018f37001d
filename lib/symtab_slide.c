/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symtab_slide: a System.map has the addresses the kernel was linked at; under KASLR all of its
 * image has moved by one distance (arch/x86/boot/compressed/kaslr.c). Moved by that, it stands for the
 * kernel's own symbols, or beside them. */
#include "lib/symtab_internal.h"

#include <inttypes.h>
#include <string.h>

/* The symbol of that name where it occurs once; else NULL. */
static const struct symbol *find_only(const struct symtab *symtab, const char *name)
{
	const struct symbol *symbol = symtab_next(symtab, name, NULL);

	return symbol != NULL && symtab_next(symtab, name, symbol) == NULL ? symbol : NULL;
}

int symtab_slide(const struct symtab *map, const struct symtab *live, int64_t *slide,
		 struct fail *fail)
{
	const struct symbol *first = NULL, *first_live = NULL;

	for (size_t i = 0; i < map->count; i++) {
		const struct symbol *symbol = &map->items[i], *other;

		if (!symbol_is_text(symbol) || find_only(map, symbol->name) != symbol)
			continue;
		other = find_only(live, symbol->name);
		/* kallsyms may not have the image's exit functions, and a module one of that name */
		if (other == NULL || other->module != NULL)
			continue;
		if (first == NULL) {
			first = symbol;
			first_live = other;
			*slide = (int64_t)(other->address - symbol->address);
		} else if (other->address - symbol->address != (uint64_t)*slide) {
			return fail_at(fail, OUTCOME_GUARD, other->address,
				       "the System.map is of another kernel build: %s is at "
				       "0x%" PRIx64 " there and at 0x%" PRIx64 " in the kernel, "
				       "but %s at 0x%" PRIx64 " and 0x%" PRIx64 ", which is "
				       "another distance",
				       first->name, first->address, first_live->address,
				       symbol->name, symbol->address, other->address);
		}
	}
	if (first == NULL)
		return fail_set(fail, OUTCOME_GUARD, "the System.map is of another kernel build: "
				"it has no function in common with the running kernel");
	return 0;
}

/* What lies below all code is no place in the image: per-CPU symbols are offsets from 0 on x86-64
 * (up to 6.14; a System.map has them as D, kallsyms as A). */
static uint64_t lowest_text(const struct symtab *map)
{
	for (size_t i = 0; i < map->count; i++) {
		if (symbol_is_text(&map->items[i]))
			return map->items[i].address;
	}
	return UINT64_MAX;
}

/* A copy of `text` among the names; NULL: out of memory. */
static const char *copy_text(struct symtab *symtab, const char *text)
{
	char *room = symtab_name_room(symtab);
	size_t length = strlen(text);

	if (room == NULL)
		return NULL;
	memcpy(room, text, length + 1);
	return symtab_name_keep(symtab, length);
}

static bool has(const struct symtab *symtab, const struct symbol *symbol)
{
	const struct symbol *found = symtab_next(symtab, symbol->name, NULL);

	while (found != NULL && found->address != symbol->address)
		found = symtab_next(symtab, symbol->name, found);
	return found != NULL;
}

/* All of `from` that `without` (NULL: nothing) has not, moved by `slide`. */
static int copy(const struct symtab *from, const struct symtab *without, int64_t slide,
		struct symtab *to, struct fail *fail)
{
	uint64_t image = lowest_text(from);
	const char *last = NULL; /* the module before, of `from`, and its copy */
	const char *module = NULL;

	if (symtab_reserve(to, from->count, fail) != 0)
		return -1;
	for (size_t i = 0; i < from->count; i++) {
		struct symbol symbol = from->items[i];

		if (without != NULL && has(without, &symbol))
			continue;
		if (symbol.module != NULL && symbol.module != last) {
			last = symbol.module;
			module = copy_text(to, symbol.module);
			if (module == NULL)
				return fail_memory(fail, "names of modules");
		}
		if (symbol.module != NULL)
			symbol.module = module;
		symbol.name = copy_text(to, symbol.name);
		if (symbol.name == NULL)
			return fail_memory(fail, "names of symbols");
		if (!symbol_is_absolute(&symbol) && symbol.address >= image)
			symbol.address += (uint64_t)slide;
		symbol.size = 0; /* up to the next one, which may be another now */
		symtab_add(to, &symbol, strlen(symbol.name));
	}
	return 0;
}

int symtab_move(const struct symtab *map, int64_t slide, struct symtab **out, struct fail *fail)
{
	struct symtab *moved = symtab_create();

	*out = NULL;
	if (moved == NULL)
		return fail_memory(fail, "symbols");
	if (copy(map, NULL, slide, moved, fail) != 0 || symtab_finish(moved, fail) != 0) {
		symtab_destroy(moved);
		return -1;
	}
	*out = moved;
	return 0;
}

int symtab_join(const struct symtab *live, const struct symtab *map, struct symtab **out,
		struct fail *fail)
{
	struct symtab *joined = symtab_create();

	*out = NULL;
	if (joined == NULL)
		return fail_memory(fail, "symbols");
	if (copy(live, NULL, 0, joined, fail) != 0 || copy(map, live, 0, joined, fail) != 0 ||
	    symtab_finish(joined, fail) != 0) {
		symtab_destroy(joined);
		return -1;
	}
	*out = joined;
	return 0;
}
