/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symtab_internal: how the files symtab*.c build an index: create, add, finish. */
#ifndef PATCHERD_SYMTAB_INTERNAL_H
#define PATCHERD_SYMTAB_INTERNAL_H

#include <string.h>

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
	/* The hash table: chains of indices in address order, keyed by the name up to its first
	 * dot, so that a function and its siblings share one. Until it is built, nexts[i] is
	 * the hash of items[i]. */
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
/* The value in each byte of a word. */
#define EACH_BYTE(value) (0x0101010101010101u * (value))

static inline uint64_t symtab_hash_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}

/* Of a name up to its first dot. By the word: it is done for each symbol at each load. */
static inline uint32_t symtab_hash(const char *name, size_t length)
{
	uint64_t hash = 0, word = 0, dots;

	for (;;) {
		if (length >= sizeof(word)) {
			memcpy(&word, name, sizeof(word));
		} else {
			word = 0;
			for (size_t i = length; i-- > 0;)
				word = word << 8 | (unsigned char)name[i];
		}
		/* the high bit of each byte that is a dot, exact for the first */
		dots = word ^ EACH_BYTE('.');
		dots = (dots - EACH_BYTE(1)) & ~dots & EACH_BYTE(0x80);
		if (dots != 0)
			word &= (dots & -dots) / 0x80 - 1;
		hash = symtab_hash_mix(hash, word);
		if (dots != 0 || length < sizeof(word))
			return (uint32_t)hash;
		name += sizeof(word);
		length -= sizeof(word);
	}
}

/* Its strings must be kept already; `length` is that of its name. */
static inline void symtab_add(struct symtab *symtab, const struct symbol *symbol, size_t length)
{
	symtab->nexts[symtab->count] = symtab_hash(symbol->name, length);
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
