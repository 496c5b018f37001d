/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/symtab_internal.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define COUNT_MAX ((size_t)1 << 24)
#define COUNT_FIRST ((size_t)256 * 1024)
#define PAGE_BYTES 4096u

struct symtab *symtab_create(void)
{
	return calloc(1, sizeof(struct symtab));
}

void symtab_destroy(struct symtab *symtab)
{
	if (symtab == NULL)
		return;
	while (symtab->names != NULL) {
		struct symtab_block *block = symtab->names;

		symtab->names = block->previous;
		free(block);
	}
	free(symtab->items);
	free(symtab->heads);
	free(symtab->nexts);
	free(symtab);
}

char *symtab_name_block(struct symtab *symtab)
{
	struct symtab_block *block = malloc(sizeof(*block));

	if (block == NULL)
		return NULL;
	block->previous = symtab->names;
	block->used = 0;
	symtab->names = block;
	return block->text;
}

int symtab_reserve(struct symtab *symtab, size_t count, struct fail *fail)
{
	size_t size = symtab->size;

	if (count > COUNT_MAX - symtab->count)
		return fail_set(fail, OUTCOME_ERROR, "more than %zu symbols", COUNT_MAX);
	if (count <= size - symtab->count)
		return 0;
	/* More than most kernels have: what is not used takes no memory, for its pages are not
	 * touched, while to grow may mean to copy. */
	while (size - symtab->count < count)
		size = size == 0 ? COUNT_FIRST : size * 2;

	struct symbol *items = reallocarray(symtab->items, size, sizeof(*items));

	symtab->items = items != NULL ? items : symtab->items;

	uint32_t *nexts = reallocarray(symtab->nexts, size, sizeof(*nexts));

	symtab->nexts = nexts != NULL ? nexts : symtab->nexts;
	if (items == NULL || nexts == NULL)
		return fail_memory(fail, "symbols");
	symtab->size = size;
	return 0;
}

struct sort_key {
	uint64_t address;
	uint32_t index, hash;
};

/* One pass of a radix sort: by RADIX_BITS of the address from bit `shift` on, stable. */
enum { RADIX_BITS = 11, RADIX = 1 << RADIX_BITS };

static void sort_digit(const struct sort_key *from, struct sort_key *to, size_t count,
		       unsigned shift)
{
	size_t places[RADIX] = { 0 }, place = 0;

	for (size_t i = 0; i < count; i++)
		places[from[i].address >> shift & (RADIX - 1)]++;
	for (size_t i = 0; i < RADIX; i++) {
		size_t here = places[i];

		places[i] = place;
		place += here;
	}
	for (size_t i = 0; i < count; i++)
		to[places[from[i].address >> shift & (RADIX - 1)]++] = from[i];
}

/* How many symbols from the first on need no sorting: they are in order, and none behind them
 * belongs before one of them. Of kallsyms that is the kernel image; modules are as they came. */
static size_t sorted_prefix(const struct symtab *symtab)
{
	const struct symbol *items = symtab->items;
	size_t sorted = 1;
	uint64_t lowest = UINT64_MAX;

	while (sorted < symtab->count && items[sorted - 1].address <= items[sorted].address)
		sorted++;
	for (size_t i = sorted; i < symtab->count; i++) {
		if (items[i].address < lowest)
			lowest = items[i].address;
	}
	if (sorted == symtab->count)
		return sorted;
	while (sorted > 0 && items[sorted - 1].address > lowest)
		sorted--;
	return sorted;
}

/* Stable, so that aliases stay in the order of their file. */
static int sort_items(struct symtab *symtab, struct fail *fail)
{
	size_t sorted = sorted_prefix(symtab), count = symtab->count - sorted;
	struct symbol *items = symtab->items + sorted;
	uint32_t *hashes = symtab->nexts + sorted;
	uint64_t lowest = UINT64_MAX, highest = 0;

	if (count == 0)
		return 0;

	CLEANUP_FREE struct sort_key *keys = calloc(count * 2, sizeof(*keys));
	CLEANUP_FREE struct symbol *copy = malloc(count * sizeof(*copy));

	if (keys == NULL || copy == NULL)
		return fail_memory(fail, "sorting symbols");

	struct sort_key *from = keys, *to = keys + count;

	memcpy(copy, items, count * sizeof(*copy));
	for (size_t i = 0; i < count; i++) {
		lowest = items[i].address < lowest ? items[i].address : lowest;
		highest = items[i].address > highest ? items[i].address : highest;
	}
	for (size_t i = 0; i < count; i++)
		keys[i] = (struct sort_key){ items[i].address - lowest, (uint32_t)i, hashes[i] };
	for (unsigned shift = 0; shift < 64 && (highest - lowest) >> shift != 0;
	     shift += RADIX_BITS) {
		struct sort_key *swap = from;

		sort_digit(from, to, count, shift);
		from = to;
		to = swap;
	}
	for (size_t i = 0; i < count; i++) {
		items[i] = copy[from[i].index];
		hashes[i] = from[i].hash;
	}
	return 0;
}

bool symbol_same_module(const struct symbol *a, const struct symbol *b)
{
	if (a->module == NULL || b->module == NULL)
		return a->module == b->module;
	return strcmp(a->module, b->module) == 0;
}

/* Whether two symbols lie in one piece of memory as far as names can tell: the same module, or
 * both in the kernel image; in a module, where sections are mapped apart by what they may do, both
 * code or both not. */
static bool same_piece(const struct symbol *a, const struct symbol *b)
{
	if (symbol_is_absolute(a) != symbol_is_absolute(b))
		return false;
	return symbol_same_module(a, b) &&
	       (a->module == NULL || symbol_is_text(a) == symbol_is_text(b));
}

/* Up to `next`; where that is in another piece, or is none, no further than the page goes on. */
static uint64_t size_up_to(const struct symbol *symbol, const struct symbol *next)
{
	uint64_t page = PAGE_BYTES - symbol->address % PAGE_BYTES;

	if (next == NULL)
		return page;

	uint64_t size = next->address - symbol->address;

	return size > page && !same_piece(symbol, next) ? page : size;
}

static void give_sizes(struct symtab *symtab)
{
	const struct symbol *next = NULL; /* the first of the next address */

	for (size_t i = symtab->count; i-- > 0;) {
		struct symbol *symbol = &symtab->items[i];

		if (i + 1 < symtab->count && symbol[1].address != symbol->address)
			next = symbol + 1;
		if (symbol->size == 0)
			symbol->size = size_up_to(symbol, next);
	}
}

static int build_hash(struct symtab *symtab, struct fail *fail)
{
	uint32_t buckets = 1024;

	while (buckets < symtab->count)
		buckets *= 2;
	symtab->mask = buckets - 1;
	symtab->heads = malloc(buckets * sizeof(*symtab->heads));
	if (symtab->heads == NULL)
		return fail_memory(fail, "the index of symbols");
	memset(symtab->heads, 0xff, buckets * sizeof(*symtab->heads)); /* NONE */
	for (size_t i = symtab->count; i-- > 0;) {
		uint32_t *head = &symtab->heads[symtab->nexts[i] & symtab->mask];

		symtab->nexts[i] = *head;
		*head = (uint32_t)i;
	}
	return 0;
}

/* Symbols that the kernel's linker script puts behind a section's end: nothing is in them, and what
 * follows may not even be mapped. */
static const char *const end_markers[] = {
	"_etext", "_einittext", "__init_end", "_edata", "__bss_stop", "__brk_limit", "_end",
	"__end_rodata", "__per_cpu_end",
};

static bool is_end_marker(const struct symbol *symbol)
{
	for (size_t i = 0; i < sizeof(end_markers) / sizeof(*end_markers); i++) {
		if (symbol->module == NULL && strcmp(symbol->name, end_markers[i]) == 0)
			return true;
	}
	return false;
}

/* Takes an end marker's size away, unless something real has its address too. */
static void empty_end_marker(struct symtab *symtab, const char *name)
{
	const struct symbol *marker = symtab_next(symtab, name, NULL);

	if (marker == NULL)
		return;

	size_t first = (size_t)(marker - symtab->items), end;

	while (first > 0 && symtab->items[first - 1].address == marker->address)
		first--;
	for (end = first; end < symtab->count; end++) {
		if (symtab->items[end].address != marker->address)
			break;
		if (!is_end_marker(&symtab->items[end]))
			return;
	}
	for (; first < end; first++)
		symtab->items[first].size = 0;
}

int symtab_finish(struct symtab *symtab, struct fail *fail)
{
	if (symtab->count == 0)
		return fail_set(fail, OUTCOME_NOT_FOUND, "no symbols");
	if (sort_items(symtab, fail) != 0)
		return -1;
	give_sizes(symtab);
	if (build_hash(symtab, fail) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(end_markers) / sizeof(*end_markers); i++)
		empty_end_marker(symtab, end_markers[i]);
	return 0;
}

size_t symtab_count(const struct symtab *symtab)
{
	return symtab->count;
}

const struct symbol *symtab_item(const struct symtab *symtab, size_t index)
{
	return &symtab->items[index];
}

/* The first, or the one behind `previous`, of a chain. */
static uint32_t chain_next(const struct symtab *symtab, const char *name,
			   const struct symbol *previous)
{
	return previous == NULL ? symtab->heads[symtab_hash(name, strlen(name)) & symtab->mask] :
				  symtab->nexts[previous - symtab->items];
}

const struct symbol *symtab_next(const struct symtab *symtab, const char *name,
				 const struct symbol *previous)
{
	uint32_t i = chain_next(symtab, name, previous);

	while (i != NONE && strcmp(symtab->items[i].name, name) != 0)
		i = symtab->nexts[i];
	return i == NONE ? NULL : &symtab->items[i];
}

const struct symbol *symtab_in_image(const struct symtab *symtab, const char *name)
{
	const struct symbol *symbol = symtab_next(symtab, name, NULL);

	while (symbol != NULL && symbol->module != NULL)
		symbol = symtab_next(symtab, name, symbol);
	return symbol;
}

bool symtab_has_data(const struct symtab *symtab)
{
	/* init/version.c: each kernel has it */
	return symtab_in_image(symtab, "linux_banner") != NULL;
}

const struct symbol *symtab_next_sibling(const struct symtab *symtab, const char *name,
					 const struct symbol *previous)
{
	uint32_t i = chain_next(symtab, name, previous);
	size_t length = strlen(name);

	while (i != NONE && (strncmp(symtab->items[i].name, name, length) != 0 ||
			     symtab->items[i].name[length] != '.'))
		i = symtab->nexts[i];
	return i == NONE ? NULL : &symtab->items[i];
}

static int preference(const struct symbol *symbol)
{
	switch (symbol->type) {
	case 'T':
		return 3;
	case 'W':
	case 'w':
		return 2;
	case 't':
		return 1;
	default:
		return 0;
	}
}

const struct symbol *symtab_at(const struct symtab *symtab, uint64_t address)
{
	/* A symbol may lie within another one (a label in assembler code), so those of a few more
	 * addresses are looked at when the nearest do not reach as far. */
	enum { STEPS_MAX = 64 };
	const struct symbol *best = NULL;
	size_t low = 0, high = symtab->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symtab->items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t steps = 0; low > 0 && steps < STEPS_MAX; steps++) {
		const struct symbol *symbol = &symtab->items[--low];

		if (best != NULL && symbol->address != best->address)
			break;
		/* <=: the first in the order of the file, of equally good ones */
		if (address - symbol->address < symbol->size &&
		    (best == NULL || preference(best) <= preference(symbol)))
			best = symbol;
	}
	return best;
}

bool symbol_is_text(const struct symbol *symbol)
{
	return symbol->type != '\0' && strchr("tTwW", symbol->type) != NULL;
}
