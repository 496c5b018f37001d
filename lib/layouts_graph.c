/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layouts_graph: the types of one file, as they are added and looked at. */
#include "lib/layouts_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 1 << 16 };

struct block {
	struct block *next;
	_Alignas(16) uint8_t data[];
};

void *arena_take(struct arena *arena, size_t size)
{
	void *taken;

	size = (size + 15) & ~(size_t)15;
	if (arena->size - arena->used < size) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
		struct block *block = calloc(1, sizeof(*block) + room);

		if (block == NULL)
			return NULL;
		block->next = arena->blocks;
		*arena = (struct arena){ .blocks = block, .size = room };
	}
	taken = arena->blocks->data + arena->used;
	arena->used += size;
	return taken;
}

void arena_deinit(struct arena *arena)
{
	while (arena->blocks != NULL) {
		struct block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
}

/* ---- adding ---- */

/* Room for one more item behind `count`. */
static int grow(const struct layouts *layouts, void *items, size_t count, size_t *size,
		size_t item, size_t most, struct fail *fail)
{
	size_t wanted = *size == 0 ? 64 : *size > most / 2 ? most : *size * 2;
	void **at = items, *grown;

	if (count < *size)
		return 0;
	if (count >= most)
		return fail_set(fail, OUTCOME_ERROR, "%s: more than %zu types, members or names: its %s "
				"is damaged, or of a kernel that is too large for this; a "
				"kernel's BTF (pahole -J) is not", layouts->path, most,
				layouts_format_name(layouts->format));
	grown = reallocarray(*at, wanted, item);
	if (grown == NULL)
		return fail_memory(fail, "types");
	*at = grown;
	*size = wanted;
	return 0;
}

/* Names are shown. */
static int name_check(struct layouts *layouts, const char *name, struct fail *fail)
{
	for (const char *at = name; *at != '\0'; at++) {
		if (layouts->name_bytes++ > LAYOUTS_NAMES_MAX)
			return fail_set(fail, OUTCOME_ERROR, "%s: damaged %s: names of more than %d "
					"bytes", layouts->path,
					layouts_format_name(layouts->format), LAYOUTS_NAMES_MAX);
		if (!isprint((unsigned char)*at))
			return fail_set(fail, OUTCOME_ERROR, "%s: damaged %s: a name that is no text",
					layouts->path, layouts_format_name(layouts->format));
	}
	return 0;
}

int graph_node(struct layouts *layouts, enum node_kind kind, const char *name, uint64_t size,
	       uint64_t target, struct fail *fail)
{
	if (grow(layouts, &layouts->nodes, layouts->node_count, &layouts->node_size,
		 sizeof(*layouts->nodes), LAYOUTS_NODES_MAX, fail) != 0 || name_check(layouts, name, fail) != 0)
		return -1;
	layouts->nodes[layouts->node_count++] = (struct node){
		.kind = kind, .name = name, .size = size, .target = target,
	};
	return 0;
}

int graph_part(struct layouts *layouts, uint32_t node, const struct part *part, struct fail *fail)
{
	uint32_t id = (uint32_t)layouts->part_count;
	struct node *of = &layouts->nodes[node];

	if (grow(layouts, &layouts->parts, layouts->part_count, &layouts->part_size,
		 sizeof(*layouts->parts), LAYOUTS_PARTS_MAX, fail) != 0 || name_check(layouts, part->name, fail) != 0)
		return -1;
	layouts->parts[layouts->part_count++] = *part;
	if (of->first == 0)
		of->first = id;
	else
		layouts->parts[of->last].next = id;
	of->last = id;
	return 0;
}

int graph_entry(const struct layouts *layouts, struct entries *entries, const char *name,
		uint32_t node, uint8_t rank, struct fail *fail)
{
	if (grow(layouts, &entries->items, entries->count, &entries->size, sizeof(*entries->items),
		 LAYOUTS_ENTRIES_MAX, fail) != 0)
		return -1;
	entries->items[entries->count++] = (struct entry){
		.name = name, .node = node, .rank = rank,
	};
	return 0;
}

int graph_keep(struct layouts *layouts, uint8_t *bytes, struct fail *fail)
{
	uint8_t **sections = reallocarray(layouts->sections, layouts->section_count + 1,
					  sizeof(*sections));

	if (sections == NULL) {
		free(bytes);
		return fail_memory(fail, "types");
	}
	layouts->sections = sections;
	sections[layouts->section_count++] = bytes;
	return 0;
}

/* ---- by name ---- */

static int by_name(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	if (order != 0)
		return order;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->node < b->node ? -1 : a->node > b->node;
}

void graph_sort(struct entries *entries)
{
	if (!entries->sorted && entries->count > 0)
		qsort(entries->items, entries->count, sizeof(*entries->items), by_name);
	entries->sorted = true;
}

struct entry *graph_find(struct entries *entries, const char *name, size_t *count)
{
	size_t low = 0, high = entries->count;

	graph_sort(entries);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(entries->items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < entries->count; high++) {
		if (strcmp(entries->items[high].name, name) != 0)
			break;
	}
	*count = high - low;
	return *count == 0 ? NULL : &entries->items[low];
}

/* ---- looking ---- */

const struct node *graph_at(const struct layouts *layouts, uint64_t id)
{
	return &layouts->nodes[id < layouts->node_count ? id : 0];
}

static bool is_qualifier(enum node_kind kind)
{
	return kind >= NODE_CONST && kind <= NODE_TAG;
}

const struct node *graph_plain(const struct layouts *layouts, uint64_t id)
{
	for (int i = 0; i < LAYOUTS_DEPTH_MAX; i++) {
		const struct node *node = graph_at(layouts, id);

		if (!is_qualifier(node->kind) && node->kind != NODE_TYPEDEF &&
		    node->kind != NODE_BITS)
			return node;
		id = node->target;
	}
	return NULL;
}

bool graph_size(const struct layouts *layouts, uint64_t id, uint64_t *out)
{
	uint64_t count = 1;

	for (int i = 0; i < LAYOUTS_DEPTH_MAX; i++) {
		const struct node *node = graph_plain(layouts, id);

		if (node == NULL)
			return false;
		if (node->kind != NODE_ARRAY) {
			uint64_t size = node->kind == NODE_POINTER ? layouts->pointer : node->size;

			return node->kind != NODE_VOID && node->kind != NODE_FUNCTION &&
			       node->kind != NODE_STRUCT_DECLARED &&
			       node->kind != NODE_UNION_DECLARED &&
			       (node->kind != NODE_OTHER || node->size != 0) &&
			       !__builtin_mul_overflow(count, size, out) && *out <= INT64_MAX / 8;
		}
		if (__builtin_mul_overflow(count, node->size, &count))
			return false;
		id = node->target;
	}
	return false;
}

void graph_place(const struct layouts *layouts, const struct part *part, uint64_t *bit_offset,
		 uint64_t *bit_size)
{
	uint64_t id = part->target, size;

	*bit_offset = part->bit_offset;
	*bit_size = part->bit_size;
	if (part->high_first && graph_size(layouts, id, &size) &&
	    size * 8 >= (uint64_t)part->high_bits + part->bit_size)
		*bit_offset += size * 8 - part->high_bits - part->bit_size;
	for (int i = 0; i < LAYOUTS_DEPTH_MAX; i++) {
		const struct node *node = graph_at(layouts, id);

		if (node->kind == NODE_BITS) {
			*bit_offset += node->shift;
			*bit_size = node->size;
			return;
		}
		if (!is_qualifier(node->kind) && node->kind != NODE_TYPEDEF)
			return;
		id = node->target;
	}
}

/* A struct that one unit of a program defines is only declared in the next one. */
static int tag(const struct node *node)
{
	return node->kind == NODE_STRUCT || node->kind == NODE_STRUCT_DECLARED ? 1 :
	       node->kind == NODE_UNION || node->kind == NODE_UNION_DECLARED ? 2 : 0;
}

/* As deep as LAYOUTS_DEPTH_MAX, NOLINTBEGIN(misc-no-recursion) */
static bool same(struct layouts *layouts, uint64_t a, uint64_t b, unsigned depth);

static bool parts_same(struct layouts *layouts, const struct node *a, const struct node *b,
		       unsigned depth)
{
	uint32_t i = a->first, j = b->first;

	for (; i != 0 && j != 0; i = layouts->parts[i].next, j = layouts->parts[j].next) {
		const struct part *x = &layouts->parts[i], *y = &layouts->parts[j];
		uint64_t x_offset, y_offset, x_bits, y_bits;

		graph_place(layouts, x, &x_offset, &x_bits);
		graph_place(layouts, y, &y_offset, &y_bits);
		if (layouts->work++ > LAYOUTS_WORK_MAX || x_offset != y_offset ||
		    x_bits != y_bits || strcmp(x->name, y->name) != 0 ||
		    !same(layouts, x->target, y->target, depth + 1))
			return false;
	}
	return i == j;
}

static bool same(struct layouts *layouts, uint64_t a, uint64_t b, unsigned depth)
{
	for (; depth < LAYOUTS_DEPTH_MAX; depth++) {
		const struct node *x = graph_at(layouts, a), *y = graph_at(layouts, b);

		if (x == y || (depth > 0 && x->name[0] != '\0' && tag(x) != 0 && tag(x) == tag(y) &&
			       strcmp(x->name, y->name) == 0))
			return true;
		if (x->kind != y->kind || x->size != y->size || x->shift != y->shift ||
		    x->variadic != y->variadic || strcmp(x->name, y->name) != 0)
			return false;
		/* what a name stands for is compared where that is defined */
		if (depth > 0 && x->name[0] != '\0')
			return true;
		if (!parts_same(layouts, x, y, depth))
			return false;
		a = x->target;
		b = y->target;
		depth += x->name[0] != '\0';
	}
	return false;
}

/* NOLINTEND(misc-no-recursion) */

bool graph_same(struct layouts *layouts, uint64_t a, uint64_t b)
{
	return same(layouts, a, b, 0);
}
