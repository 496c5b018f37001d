/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symtab_internal: how the files symtab*.c build an index: create, add, finish. */
#ifndef PATCHERD_SYMTAB_INTERNAL_H
#define PATCHERD_SYMTAB_INTERNAL_H

#include "symtab.h"

/* The longest name; the kernel's KSYM_NAME_LEN is 512. */
enum { SYMTAB_NAME_MAX = 1023 };

/* Names lie one behind the other in blocks, and never move. */
struct symtab_block {
	struct symtab_block *previous;
	size_t used;
	char text[256 * 1024 - 32];
};

struct symtab {
	struct symbol *items;		/* by address, once finished */
	size_t count, size;
	struct symtab_block *names;	/* the last one */
	/* The hash table: chains of indices in address order, keyed by the name up to its first dot,
	 * so that a function and its siblings share one. */
	uint32_t *heads, *nexts;
	uint32_t mask;
};

struct symtab *symtab_create(void);
/* A new block; NULL: out of memory. */
char *symtab_name_block(struct symtab *symtab);

/* Room for a name of SYMTAB_NAME_MAX and 8 bytes more; symtab_name_keep() says how many of them are
 * kept. NULL: out of memory. */
static inline char *symtab_name_room(struct symtab *symtab)
{
	struct symtab_block *block = symtab->names;

	if (block == NULL || sizeof(block->text) - block->used < SYMTAB_NAME_MAX + 8)
		return symtab_name_block(symtab);
	return block->text + block->used;
}

/* `length` without the NUL, which it adds. Returns the name. */
static inline const char *symtab_name_keep(struct symtab *symtab, size_t length)
{
	char *name = symtab->names->text + symtab->names->used;

	name[length] = '\0';
	symtab->names->used += length + 1;
	return name;
}

/* Makes sure that `count` more symbols fit without symtab_add() failing. */
int symtab_reserve(struct symtab *symtab, size_t count, struct fail *fail) MUST_CHECK;
/* Its strings must be kept already. */
static inline void symtab_add(struct symtab *symtab, const struct symbol *symbol)
{
	symtab->items[symtab->count++] = *symbol;
}

/* Sorts, gives those of size 0 their size, and builds the hash table. */
int symtab_finish(struct symtab *symtab, struct fail *fail) MUST_CHECK;

/* A, a: an absolute value, which does not move with the kernel. */
static inline bool symbol_is_absolute(const struct symbol *symbol)
{
	return symbol->type == 'A' || symbol->type == 'a';
}

#endif
