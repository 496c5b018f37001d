/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types_layout: all members of a type, and which of them is at an offset. */
#include "lib/types_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the layout ---- */

static struct type_row *row_add(struct type_layout *layout, struct fail *fail)
{
	struct type_row *rows = layout->rows;

	if (layout->count >= TYPES_ROWS_MAX) {
		(void)fail_set(fail, OUTCOME_ERROR, "a type with more than %d members: the type "
			       "information is damaged", TYPES_ROWS_MAX);
		return NULL;
	}
	if ((layout->count & (layout->count - 1)) == 0)	/* a power of two, or 0: it is full */
		rows = reallocarray(rows, layout->count == 0 ? 1 : layout->count * 2,
				    sizeof(*rows));
	if (rows == NULL) {
		(void)fail_memory(fail, "a type's layout");
		return NULL;
	}
	layout->rows = rows;
	rows[layout->count] = (struct type_row){ .depth = 0 };
	return &rows[layout->count++];
}

/* One row; *base is what is declared there, behind pointers and arrays. */
static int row_make(const struct layer *layer, const struct spot *spot, const char *name,
		    unsigned depth, struct type_layout *layout, uint32_t *base, struct fail *fail)
{
	struct type_row *row = row_add(layout, fail);
	struct declaration declaration;
	char bits[300];

	if (row == NULL)
		return -1;
	type_declare(layer, spot->type, name, &declaration);
	(void)snprintf(bits, sizeof(bits), ":%u", spot->bit_size);
	row->depth = depth;
	row->type = strdup(declaration.type);
	if (row->type == NULL)
		return fail_memory(fail, "a type's layout");
	if (spot->bit_size != 0 ? asprintf(&row->name, "%s%s", declaration.name, bits) < 0 :
	    declaration.name[0] != '\0' && (row->name = strdup(declaration.name)) == NULL) {
		row->name = NULL;
		return fail_memory(fail, "a type's layout");
	}
	/* a size that is not known is 0: of a declaration only, which no whole type contains */
	(void)spot_member(layer, spot, &row->at);
	*base = declaration.base;
	return 0;
}

/* As deep as TYPES_DEPTH_MAX, NOLINTBEGIN(misc-no-recursion) */
static int members_make(const struct layer *layer, const struct spot *of, uint32_t id,
			unsigned depth, struct type_layout *layout, struct fail *fail);

/* "data[0]" as the last member of a struct is "data[]". */
static void flexible_say(struct type_row *row)
{
	char *end = row->name == NULL ? NULL : strstr(row->name, "[0]");

	if (end != NULL && end[3] == '\0')
		memcpy(end, "[]", sizeof("[]"));
}

/* A member, and those of what it consists of where that has no name to ask for. */
static int member_make(const struct layer *layer, const struct btf_type *type, unsigned index,
		       uint64_t bits, unsigned depth, struct type_layout *layout,
		       struct fail *fail)
{
	const char *name = btf__name_by_offset(layer->btf, btf_members(type)[index].name_off);
	const struct btf_type *made;
	struct spot spot;
	uint32_t base;
	size_t row = layout->count;

	if (!member_spot(layer, type, index, bits, &spot))
		return 0;
	if (row_make(layer, &spot, name == NULL ? "" : name, depth, layout, &base, fail) != 0)
		return -1;
	if (index != 0 && index + 1 == btf_vlen(type) && btf_is_struct(type))
		flexible_say(&layout->rows[row]);
	made = layer_type(layer, base);
	if (made == NULL || !type_is_compound(made) || made->name_off != 0 ||
	    depth >= TYPES_DEPTH_MAX)
		return 0;
	layout->rows[row].opens = true;
	return members_make(layer, &spot, base, depth + 1, layout, fail);
}

static int members_make(const struct layer *layer, const struct spot *of, uint32_t id,
			unsigned depth, struct type_layout *layout, struct fail *fail)
{
	const struct btf_type *type = layer_type(layer, id);

	for (unsigned i = 0; i < btf_vlen(type); i++) {
		if (member_make(layer, type, i, of->bits, depth, layout, fail) != 0)
			return -1;
	}
	return 0;
}

/* NOLINTEND(misc-no-recursion) */

/* The last member's text, "fl_u" of "file_lock.fl_u[3]"; of a type alone, its own. */
static void last_name(const struct alternative *alternative, char out[160])
{
	const char *at = alternative->end;

	while (at > alternative->name && at[-1] != '.')
		at--;
	(void)snprintf(out, 160, "%.*s", (int)strcspn(at, ".[| \t"), at);
}

/* The first row of a struct that has no name but a typedef's. */
static int typedef_say(struct type_row *row, struct fail *fail)
{
	char *text;

	if (asprintf(&text, "typedef %s", row->type) < 0)
		return fail_memory(fail, "a type's layout");
	free(row->type);
	row->type = text;
	return 0;
}

/* Returns 1 where the steps lead nowhere. */
static int layout_make(const struct layer *layer, const struct alternative *alternative,
		       uint32_t plain, struct type_layout *out, struct fail *fail)
{
	bool whole = alternative->steps == alternative->end;
	const struct btf_type *type = layer_type(layer, plain);
	bool named = whole && type->name_off != 0;
	struct spot spot;
	char name[160];
	uint32_t base;

	if (!steps_follow(layer, plain, alternative, &spot, NULL))
		return 1;
	last_name(alternative, name);
	if (row_make(layer, &spot, named ? "" : name, 0, out, &base, fail) != 0 ||
	    (whole && !named && typedef_say(&out->rows[0], fail) != 0))
		return -1;
	base = spot.bit_size != 0 ? 0 : type_plain(layer, spot.type);
	type = layer_type(layer, base);
	if (type == NULL || !type_is_compound(type))
		return 0;
	out->rows[0].opens = true;
	return members_make(layer, &spot, base, 1, out, fail);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The first row in which they differ, the size of the whole included, but not the type's own name, of
 * which a typedef has another; SIZE_MAX: they are the same. */
static size_t layout_differs(const struct type_layout *a, const struct type_layout *b)
{
	size_t most = a->count < b->count ? a->count : b->count;

	for (size_t i = 0; i < most; i++) {
		const struct type_row *x = &a->rows[i], *y = &b->rows[i];

		if (x->depth != y->depth || x->at.offset != y->at.offset ||
		    x->at.size != y->at.size || x->at.bit_offset != y->at.bit_offset ||
		    x->at.bit_size != y->at.bit_size ||
		    (i != 0 && (!same_text(x->name, y->name) || !same_text(x->type, y->type))))
			return i;
	}
	return a->count == b->count ? SIZE_MAX : most;
}

static void row_say(const struct type_layout *layout, size_t row, struct fail *fail)
{
	const struct type_row *at = &layout->rows[row];

	if (row >= layout->count)
		fail_append(fail, "nothing behind %ju bytes",
			    (uintmax_t)layout->rows[0].at.size);
	else
		fail_append(fail, "%s%s%s at %ju, %ju bytes", at->type, at->name == NULL ? "" : " ",
			    at->name == NULL ? "" : at->name, (uintmax_t)at->at.offset,
			    (uintmax_t)at->at.size);
}

/* 1: no type of that name has it. */
static int layout_ask(const struct layer *layer, const struct alternative *alternative,
		      struct type_layout *out, struct fail *fail)
{
	uint32_t id = 0, plain;

	while (candidate_next(layer, alternative, &id, &plain)) {
		CLEANUP(types_layout_deinit) struct type_layout made = { .rows = NULL };
		int result = layout_make(layer, alternative, plain, &made, fail);
		size_t differs;

		if (result < 0)
			return -1;
		if (result > 0)
			continue;
		differs = out->count == 0 ? SIZE_MAX : layout_differs(out, &made);
		if (differs != SIZE_MAX) {
			(void)fail_set(fail, OUTCOME_AMBIGUOUS, "%.*s: %s has two types called "
				       "%.*s: they differ first in ", (int)alternative->length,
				       alternative->text, layer->path,
				       (int)alternative->name_length, alternative->name);
			row_say(out, differs, fail);
			fail_append(fail, ", and ");
			row_say(&made, differs, fail);
			return -1;
		}
		if (out->count == 0) {
			*out = made;
			made = (struct type_layout){ .rows = NULL };
		}
	}
	return out->count == 0 ? 1 : 0;
}

int types_layout(struct types *types, const char *module, const char *path,
		 struct type_layout *out, struct fail *fail)
{
	struct alternative alternative;
	const struct layer *layer;
	const char *at = path;

	*out = (struct type_layout){ .rows = NULL };
	if (path_layer(types, module, path, &layer, fail) != 0)
		return -1;
	while (alternative_next(&at, &alternative)) {
		int result = layout_ask(layer, &alternative, out, fail);

		if (result < 0)
			types_layout_deinit(out);
		if (result <= 0)
			return result;
	}
	return path_not_found(layer, path, fail);
}

void types_layout_deinit(struct type_layout *layout)
{
	for (size_t i = 0; i < layout->count; i++) {
		free(layout->rows[i].type);
		free(layout->rows[i].name);
	}
	free(layout->rows);
	*layout = (struct type_layout){ .rows = NULL };
}
