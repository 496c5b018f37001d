/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types_at: from an offset to the member that is there. */
#include "lib/types_internal.h"

#include <stdio.h>
#include <string.h>

/* One search; `text` is what was found so far. */
struct way {
	const struct layer *layer;
	char *text;
	size_t size;
	unsigned work;
	uint64_t behind;
};

/* As deep as TYPES_DEPTH_MAX, NOLINTBEGIN(misc-no-recursion) */
static bool way_go(struct way *way, uint32_t id, uint64_t offset, unsigned depth);

/* Into a member that has the byte; what it adds to the text is taken back where that leads nowhere. */
static bool member_go(struct way *way, const struct spot *spot, const char *name, uint64_t offset,
		      unsigned depth)
{
	size_t length = strlen(way->text);
	struct type_member member;
	uint64_t size;

	if (!spot_member(way->layer, spot, &member))
		return false;
	size = member.bit_size == 0 ? member.size : (member.bit_offset + member.bit_size + 7) / 8;
	if (offset < member.offset || offset - member.offset >= size)
		return false;
	if (*name != '\0' && snprintf(way->text + length, way->size - length, "%s%s",
				      length == 0 ? "" : ".", name) >= (int)(way->size - length)) {
		way->text[length] = '\0';
		return false;
	}
	if (member.bit_size != 0) {
		way->behind = offset - member.offset;
		return true;
	}
	if (way_go(way, spot->type, offset - member.offset, depth + 1))
		return true;
	way->text[length] = '\0';
	return false;
}

static bool element_go(struct way *way, const struct btf_type *type, uint64_t offset,
		       unsigned depth)
{
	uint32_t element = btf_array(type)->type;
	size_t length = strlen(way->text);
	uint64_t size;

	if (!type_size(way->layer, element, &size) || size == 0)
		return false;
	if (snprintf(way->text + length, way->size - length, "[%ju]", (uintmax_t)(offset / size)) <
	    (int)(way->size - length) && way_go(way, element, offset % size, depth + 1))
		return true;
	way->text[length] = '\0';
	return false;
}

static bool way_go(struct way *way, uint32_t id, uint64_t offset, unsigned depth)
{
	const struct btf_type *type;

	id = type_plain(way->layer, id);
	type = layer_type(way->layer, id);
	if (type == NULL || depth > TYPES_DEPTH_MAX)
		return false;
	if (btf_is_array(type))
		return element_go(way, type, offset, depth);
	if (!type_is_compound(type)) {
		way->behind = offset;
		return true;
	}
	for (unsigned i = 0; i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(way->layer->btf,
						       btf_members(type)[i].name_off);
		struct spot spot;

		if (way->work++ > TYPES_WORK_MAX)
			return false;
		if (name != NULL && member_spot(way->layer, type, i, 0, &spot) &&
		    member_go(way, &spot, name, offset, depth))
			return true;
	}
	return false;
}

/* NOLINTEND(misc-no-recursion) */

/* What one type has there; false: nothing. */
static bool candidate_ask(const struct layer *layer, const struct alternative *alternative,
			  uint32_t plain, uint64_t offset, struct way *way)
{
	struct spot spot;

	return steps_follow(layer, plain, alternative, &spot, NULL) &&
	       way_go(way, spot.type, offset, 0) && way->text[0] != '\0';
}

bool types_member_at(struct types *types, const char *module, const char *type, uint64_t offset,
		     char *out, size_t out_size, uint64_t *behind)
{
	struct alternative alternative;
	const struct layer *layer;
	const char *at = type;
	uint32_t id = 0, plain;
	struct fail fail;
	bool first = true;

	if (out_size == 0 || path_layer(types, module, type, &layer, &fail) != 0 ||
	    !alternative_next(&at, &alternative))
		return false;
	while (candidate_next(layer, &alternative, &id, &plain)) {
		char text[512] = "";
		struct way way = { .layer = layer, .text = text,
				   .size = out_size < sizeof(text) ? out_size : sizeof(text) };

		/* two types of that name: both must have the same there */
		if (!candidate_ask(layer, &alternative, plain, offset, &way) ||
		    (!first && (strcmp(text, out) != 0 || *behind != way.behind)))
			return false;
		(void)snprintf(out, out_size, "%s", text);
		*behind = way.behind;
		first = false;
	}
	return !first;
}
