/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layouts_compare: in which of their structs and members two programs differ. */
#include <stdlib.h>
#include <string.h>

#include "layouts.h"

/* Of what is only declared in a CTF dictionary, as programs differ in it, the size is not known. */
static bool is_sized(const struct value *value)
{
	return value->size != 0 || value->element_size != 0 || value->kind != VALUE_OTHER;
}

/* A bitfield of all bits of its type is to some compilers none. */
static uint64_t bits_of(const struct aggregate_member *member)
{
	return member->bit_size != 0 ? member->bit_size : member->value.size * 8;
}

static bool member_same(const struct aggregate_member *a, const struct aggregate_member *b)
{
	return a->bit_offset == b->bit_offset &&
	       (bits_of(a) == bits_of(b) || !is_sized(&a->value) || !is_sized(&b->value));
}

/* The common case, which is quick to see. */
static bool same_at_once(const struct aggregate *a, const struct aggregate *b)
{
	if (a->size != b->size || a->member_count != b->member_count)
		return false;
	for (size_t i = 0; i < a->member_count; i++) {
		if (strcmp(a->members[i].name, b->members[i].name) != 0 ||
		    !member_same(&a->members[i], &b->members[i]))
			return false;
	}
	return true;
}

static int by_name(const void *left, const void *right)
{
	const struct aggregate_member *a = *(const struct aggregate_member *const *)left;
	const struct aggregate_member *b = *(const struct aggregate_member *const *)right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : a->bit_offset < b->bit_offset ? -1 :
	       a->bit_offset > b->bit_offset;
}

/* NULL: memory ran out. */
static const struct aggregate_member **members_sort(const struct aggregate *aggregate)
{
	const struct aggregate_member **sorted = calloc(aggregate->member_count + 1,
							sizeof(struct aggregate_member *));

	for (size_t i = 0; sorted != NULL && i < aggregate->member_count; i++)
		sorted[i] = &aggregate->members[i];
	if (sorted != NULL && aggregate->member_count > 0)
		qsort(sorted, aggregate->member_count, sizeof(struct aggregate_member *), by_name);
	return sorted;
}

/* For each of the object's members the kernel's of that name, and for each of the kernel's whether
 * it is one of those. */
struct match {
	const struct aggregate_member **found;	/* by the object's index */
	bool *taken;				/* by the kernel's index */
	size_t alike;				/* so many are the same */
};

static void match_deinit(struct match *match)
{
	free(match->found);
	free(match->taken);
}

static int match_make(const struct aggregate *object, const struct aggregate *kernel,
		      struct match *out, struct fail *fail)
{
	CLEANUP_FREE const struct aggregate_member **mine = members_sort(object);
	CLEANUP_FREE const struct aggregate_member **theirs = members_sort(kernel);
	size_t i = 0, j = 0;

	out->found = calloc(object->member_count + 1, sizeof(struct aggregate_member *));
	out->taken = calloc(kernel->member_count + 1, sizeof(*out->taken));
	if (mine == NULL || theirs == NULL || out->found == NULL || out->taken == NULL)
		return fail_memory(fail, "a comparison of types");
	while (i < object->member_count && j < kernel->member_count) {
		int order = strcmp(mine[i]->name, theirs[j]->name);

		if (order == 0) {
			out->found[mine[i] - object->members] = theirs[j];
			out->taken[theirs[j] - kernel->members] = true;
			out->alike += member_same(mine[i], theirs[j]);
		}
		i += order <= 0;
		j += order >= 0;
	}
	return 0;
}

/* Moves the match to *out. */
static int drift_list(const struct aggregate *object, const struct aggregate *kernel,
		      const struct match *match, struct aggregate_drift *out, struct fail *fail)
{
	out->object = object;
	out->kernel = kernel;
	out->members = calloc(object->member_count + kernel->member_count + 1,
			      sizeof(*out->members));
	if (out->members == NULL)
		return fail_memory(fail, "a comparison of types");
	for (size_t i = 0; i < object->member_count; i++) {
		if (match->found[i] == NULL || !member_same(&object->members[i], match->found[i]))
			out->members[out->member_count++] = (struct member_drift){
				&object->members[i], match->found[i],
			};
	}
	for (size_t i = 0; i < kernel->member_count; i++) {
		if (!match->taken[i])
			out->members[out->member_count++] = (struct member_drift){
				NULL, &kernel->members[i],
			};
	}
	return 0;
}

static int drift_add(const struct aggregate_drift *drift, struct layout_drift *out,
		     struct fail *fail)
{
	struct aggregate_drift *items = out->items;

	if ((out->count & (out->count - 1)) == 0)	/* a power of two, or 0: it is full */
		items = reallocarray(items, out->count == 0 ? 1 : out->count * 2, sizeof(*items));
	if (items == NULL)
		return fail_memory(fail, "a comparison of types");
	out->items = items;
	items[out->count++] = *drift;
	return 0;
}

/* How the object's differs from the nearest of the kernel's; `members` NULL: it is one of them. */
static int drift_find(const struct aggregate *object, struct layouts *kernel,
		      struct aggregate_drift *out, struct fail *fail)
{
	const struct aggregate *other = NULL;
	size_t most = 0;

	while ((other = layouts_aggregate(kernel, object->name, other)) != NULL) {
		CLEANUP(match_deinit) struct match match = { .alike = 0 };
		bool same = same_at_once(object, other);

		if (!same && match_make(object, other, &match, fail) != 0)
			return -1;
		if (!same)
			same = object->size == other->size &&
			       match.alike == object->member_count &&
			       match.alike == other->member_count;
		if (!same && out->members != NULL && match.alike <= most)
			continue;
		free(out->members);
		*out = (struct aggregate_drift){ .members = NULL };
		if (same)
			return 0;
		if (drift_list(object, other, &match, out, fail) != 0)
			return -1;
		most = match.alike;
	}
	return 0;
}

int layouts_compare(struct layouts *object, struct layouts *kernel, struct layout_drift *out,
		    struct fail *fail)
{
	const struct aggregate *aggregate;
	const char *name;

	*out = (struct layout_drift){ .items = NULL };
	if (layouts_pointer(object) != layouts_pointer(kernel))
		return fail_set(fail, OUTCOME_GUARD, "%s is of another architecture than %s: its "
				"pointers have %u bytes, and not %u", layouts_path(object),
				layouts_path(kernel), layouts_pointer(object),
				layouts_pointer(kernel));
	for (size_t i = 0; (name = layouts_name(object, i)) != NULL; i++) {
		if (layouts_aggregate(kernel, name, NULL) == NULL)
			continue;
		for (aggregate = NULL;
		     (aggregate = layouts_aggregate(object, name, aggregate)) != NULL;) {
			struct aggregate_drift drift = { .members = NULL };

			out->compared++;
			if (drift_find(aggregate, kernel, &drift, fail) != 0 ||
			    (drift.members != NULL && drift_add(&drift, out, fail) != 0)) {
				free(drift.members);
				layout_drift_deinit(out);
				return -1;
			}
		}
	}
	return 0;
}

void layout_drift_deinit(struct layout_drift *drift)
{
	for (size_t i = 0; i < drift->count; i++)
		free(drift->items[i].members);
	free(drift->items);
	*drift = (struct layout_drift){ .items = NULL };
}
