/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layouts_model: structs and unions with their members, made of the graph. */
#include "lib/layouts_internal.h"

#include <stdlib.h>
#include <string.h>

static bool is_aggregate(const struct node *node)
{
	return node != NULL && (node->kind == NODE_STRUCT || node->kind == NODE_UNION);
}

/* The aggregate of a definition, whose members may have to wait. NULL: memory ran out. */
static struct aggregate *aggregate_of(struct layouts *layouts, const struct node *of)
{
	struct node *node = &layouts->nodes[of - layouts->nodes];
	struct node **waiting;

	if (node->merged != NULL)
		node = &layouts->nodes[node->merged - layouts->nodes];
	if (node->aggregate != NULL)
		return node->aggregate;
	if (layouts->waiting_count == layouts->waiting_size) {
		size_t size = layouts->waiting_size == 0 ? 64 : layouts->waiting_size * 2;

		waiting = reallocarray(layouts->waiting, size, sizeof(struct node *));
		if (waiting == NULL)
			return NULL;
		layouts->waiting = waiting;
		layouts->waiting_size = size;
	}
	node->aggregate = arena_take(&layouts->arena, sizeof(*node->aggregate));
	if (node->aggregate == NULL)
		return NULL;
	*node->aggregate = (struct aggregate){
		.name = node->name, .is_union = node->kind == NODE_UNION, .size = node->size,
	};
	layouts->waiting[layouts->waiting_count++] = node;
	return node->aggregate;
}

/* What is only declared here may be defined elsewhere in the program, once. */
static const struct node *definition(struct layouts *layouts, const struct node *node)
{
	size_t count;
	struct entry *entry;
	const struct node *found = NULL;

	if (node == NULL || is_aggregate(node))
		return node;
	if (node->kind != NODE_STRUCT_DECLARED && node->kind != NODE_UNION_DECLARED)
		return NULL;
	entry = graph_find(&layouts->aggregates, node->name, &count);
	for (size_t i = 0; i < count; i++) {
		const struct node *other = graph_plain(layouts, entry[i].node);

		if (other->merged != NULL)
			other = other->merged;
		/* a typedef's name is no tag */
		if (other == found || layouts->nodes[entry[i].node].kind == NODE_TYPEDEF)
			continue;
		if (found != NULL)
			return NULL;
		found = other;
	}
	return found;
}

static int value_make(struct layouts *layouts, uint64_t id, struct value *out)
{
	const struct node *node = graph_plain(layouts, id);

	*out = (struct value){ .kind = VALUE_OTHER };
	if (!graph_size(layouts, id, &out->size))
		out->size = 0;
	for (int i = 0; i < LAYOUTS_DEPTH_MAX && node != NULL && node->kind == NODE_ARRAY; i++) {
		id = node->target;
		node = graph_plain(layouts, id);
		if (!graph_size(layouts, id, &out->element_size))
			out->element_size = 0;
	}
	if (node == NULL)
		return 0;
	if (node->kind == NODE_POINTER) {
		out->kind = VALUE_POINTER;
		node = definition(layouts, graph_plain(layouts, node->target));
	} else if (is_aggregate(node)) {
		out->kind = VALUE_AGGREGATE;
	} else if (node->kind == NODE_FLOAT) {
		out->kind = VALUE_FLOAT;
	}
	if (!is_aggregate(node))
		return 0;
	out->aggregate = aggregate_of(layouts, node);
	return out->aggregate == NULL ? -1 : 0;
}

/* ---- members ---- */

struct list {
	struct aggregate_member *items;
	size_t count, size;
};

static int damaged(const struct layouts *layouts, const char *name, struct fail *fail)
{
	return fail_set(fail, OUTCOME_ERROR, "%s: damaged %s: too many members, or too deep ones, at "
			"%s", layouts->path, layouts_format_name(layouts->format),
			*name == '\0' ? "a struct without a name" : name);
}

static int list_add(struct layouts *layouts, const struct part *part, uint64_t base,
		    struct list *list, struct fail *fail)
{
	struct aggregate_member *member;

	if (list->count == list->size) {
		size_t size = list->size == 0 ? 64 : list->size * 2;
		struct aggregate_member *items = reallocarray(list->items, size, sizeof(*items));

		if (items == NULL)
			return fail_memory(fail, "types");
		list->items = items;
		list->size = size;
	}
	member = &list->items[list->count++];
	*member = (struct aggregate_member){
		.name = part->name, .type = graph_text(layouts, part->target),
	};
	graph_place(layouts, part, &member->bit_offset, &member->bit_size);
	member->bit_offset += base;
	if (member->type == NULL || value_make(layouts, part->target, &member->value) != 0)
		return fail_memory(fail, "types");
	return 0;
}

/* With those of what has no name. As deep as LAYOUTS_DEPTH_MAX, NOLINTNEXTLINE(misc-no-recursion) */
static int members_add(struct layouts *layouts, const struct node *of, uint64_t base,
		       unsigned depth, struct list *list, struct fail *fail)
{
	for (uint32_t i = of->first; i != 0; i = layouts->parts[i].next) {
		const struct part *part = &layouts->parts[i];
		const struct node *inner = graph_plain(layouts, part->target);

		if (layouts->member_count++ > LAYOUTS_MEMBERS_MAX || part->bit_offset > INT64_MAX / 4 ||
		    depth > LAYOUTS_DEPTH_MAX)
			return damaged(layouts, of->name, fail);
		if (part->name[0] != '\0') {
			if (list_add(layouts, part, base, list, fail) != 0)
				return -1;
		} else if (is_aggregate(inner) &&
			   members_add(layouts, inner, base + part->bit_offset, depth + 1, list,
				       fail) != 0) {
			return -1;
		}
	}
	return 0;
}

/* The members of all that waits, which makes others wait. */
static int members_make(struct layouts *layouts, struct list *list, struct fail *fail)
{
	while (layouts->waiting_count > 0) {
		const struct node *node = layouts->waiting[--layouts->waiting_count];
		struct aggregate *aggregate = node->aggregate;

		list->count = 0;
		if (members_add(layouts, node, 0, 0, list, fail) != 0)
			return -1;
		aggregate->members = arena_take(&layouts->arena, list->count * sizeof(*list->items));
		if (aggregate->members == NULL)
			return fail_memory(fail, "types");
		if (list->count > 0)
			memcpy(aggregate->members, list->items, list->count * sizeof(*list->items));
		aggregate->member_count = list->count;
	}
	return 0;
}

/* ---- all of them ---- */

/* Every struct and union that has a name, or whose typedef has. */
static int definitions_list(struct layouts *layouts, struct fail *fail)
{
	for (size_t i = 1; i < layouts->node_count; i++) {
		struct node *node = &layouts->nodes[i];
		const struct node *of = node->kind == NODE_TYPEDEF ?
					graph_at(layouts, node->target) : node;

		if (is_aggregate(of) && node->name[0] != '\0' && (of == node || of->name[0] == '\0') &&
		    graph_entry(layouts, &layouts->aggregates, node->name, (uint32_t)i, RANK_DEFINED, fail) != 0)
			return -1;
	}
	graph_sort(&layouts->aggregates);
	return 0;
}

/* Equal ones once. */
static int group_make(struct layouts *layouts, const struct entry *entries, size_t count,
		      struct fail *fail)
{
	const struct node **kept = layouts->kept + layouts->kept_count;
	size_t kept_count = 0;

	for (size_t i = 0; i < count; i++) {
		struct node *node = &layouts->nodes[entries[i].node];
		size_t same = 0;

		if (node->kind == NODE_TYPEDEF)
			node = &layouts->nodes[graph_at(layouts, node->target) - layouts->nodes];
		if (node->name[0] == '\0')
			node->name = entries[i].name;
		while (same < kept_count &&
		       !graph_same(layouts, (uint64_t)(kept[same] - layouts->nodes),
				   (uint64_t)(node - layouts->nodes)))
			same++;
		layouts->work += same;
		if (layouts->work > LAYOUTS_WORK_MAX)
			return damaged(layouts, entries[i].name, fail);
		if (same == kept_count)
			kept[kept_count++] = node;
		else if (kept[same] != node)
			node->merged = kept[same];
	}
	layouts->groups[layouts->group_count++] = (struct group){
		.name = entries[0].name, .first = layouts->kept_count, .count = kept_count,
	};
	layouts->kept_count += kept_count;
	return 0;
}

static int groups_make(struct layouts *layouts, struct fail *fail)
{
	const struct entries *all = &layouts->aggregates;
	size_t next;

	layouts->groups = calloc(all->count + 1, sizeof(*layouts->groups));
	layouts->kept = calloc(all->count + 1, sizeof(struct node *));
	if (layouts->groups == NULL || layouts->kept == NULL)
		return fail_memory(fail, "types");
	for (size_t i = 0; i < all->count; i = next) {
		next = i + 1;
		while (next < all->count &&
		       strcmp(all->items[i].name, all->items[next].name) == 0)
			next++;
		if (group_make(layouts, &all->items[i], next - i, fail) != 0)
			return -1;
	}
	return 0;
}

int model_make(struct layouts *layouts, struct fail *fail)
{
	struct list list = { .count = 0 };
	int result = 0;

	if (definitions_list(layouts, fail) != 0 || groups_make(layouts, fail) != 0)
		return -1;
	for (size_t i = 0; i < layouts->kept_count && result == 0; i++) {
		if (aggregate_of(layouts, layouts->kept[i]) == NULL)
			result = fail_memory(fail, "types");
	}
	if (result == 0)
		result = members_make(layouts, &list, fail);
	free(list.items);
	return result;
}

int model_value(struct layouts *layouts, uint64_t id, struct value *out)
{
	struct list list = { .count = 0 };
	struct fail fail;
	int result = value_make(layouts, id, out);

	if (result == 0)
		result = members_make(layouts, &list, &fail);
	free(list.items);
	return result;
}
