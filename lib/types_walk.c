/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types_walk: from a type to its members, through typedefs, qualifiers and what has no name. */
#include "lib/types_internal.h"

#include <stdio.h>
#include <string.h>

#include "lib/near.h"

uint32_t type_plain(const struct layer *layer, uint32_t id)
{
	for (int i = 0; i < TYPES_DEPTH_MAX; i++) {
		const struct btf_type *type = layer_type(layer, id);

		if (type == NULL)
			return 0;
		if (!btf_is_mod(type) && !btf_is_typedef(type) && !btf_is_type_tag(type))
			return id;
		id = type->type;
	}
	return 0;
}

bool type_is_compound(const struct btf_type *type)
{
	return btf_is_struct(type) || btf_is_union(type);
}

bool type_size(const struct layer *layer, uint32_t id, uint64_t *out)
{
	uint64_t count = 1;

	for (int i = 0; i < TYPES_DEPTH_MAX; i++) {
		const struct btf_type *type = layer_type(layer, type_plain(layer, id));

		if (type == NULL || btf_is_fwd(type) || btf_is_func_proto(type) ||
		    btf_is_func(type) || btf_is_var(type) || btf_is_decl_tag(type))
			return false;
		if (!btf_is_array(type)) {
			*out = count * (btf_is_ptr(type) ? layer->pointer : type->size);
			return *out <= UINT32_MAX;
		}
		count *= btf_array(type)->nelems;
		if (count > UINT32_MAX)
			return false;
		id = btf_array(type)->type;
	}
	return false;
}

/* Before pahole 1.16 an integer type itself said that it is a bitfield (btf.rst, BTF_KIND_INT). */
static void old_bitfield(const struct layer *layer, struct spot *spot)
{
	const struct btf_type *type = layer_type(layer, type_plain(layer, spot->type));

	if (type == NULL || !btf_is_int(type) || btf_int_bits(type) == type->size * 8)
		return;
	spot->bits += btf_int_offset(type);
	spot->bit_size = btf_int_bits(type);
}

bool member_spot(const struct layer *layer, const struct btf_type *type, unsigned index,
		 uint64_t bits, struct spot *out)
{
	*out = (struct spot){
		.type = btf_members(type)[index].type,
		.bits = bits + btf_member_bit_offset(type, index),
		.bit_size = btf_member_bitfield_size(type, index),
	};
	if (!btf_kflag(type))
		old_bitfield(layer, out);
	return layer_type(layer, out->type) != NULL && (out->bit_size != 0 || out->bits % 8 == 0);
}

bool spot_member(const struct layer *layer, const struct spot *spot, struct type_member *out)
{
	*out = (struct type_member){
		.offset = spot->bits / 8,
		.bit_offset = spot->bit_size == 0 ? 0 : (unsigned)(spot->bits % 8),
		.bit_size = spot->bit_size,
	};
	return type_size(layer, spot->type, &out->size);
}

/* One search, through all that has no name. */
struct search {
	const struct layer *layer;
	const char *name;
	size_t length;
	struct near *near;		/* collects what is like it; NULL: does not */
	unsigned work;
};

/* As deep as TYPES_DEPTH_MAX, NOLINTNEXTLINE(misc-no-recursion) */
static bool member_find(struct search *search, uint32_t id, uint64_t bits, unsigned depth,
			struct spot *out)
{
	const struct btf_type *type = layer_type(search->layer, type_plain(search->layer, id));

	if (type == NULL || !type_is_compound(type) || depth > TYPES_DEPTH_MAX)
		return false;
	for (unsigned i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *member = &btf_members(type)[i];
		const char *name = btf__name_by_offset(search->layer->btf, member->name_off);

		if (search->work++ > TYPES_WORK_MAX || name == NULL ||
		    !member_spot(search->layer, type, i, bits, out))
			continue;
		if (*name == '\0') {
			if (member_find(search, member->type, out->bits, depth + 1, out))
				return true;
		} else if (strncmp(name, search->name, search->length) == 0 &&
			   name[search->length] == '\0') {
			return true;
		} else if (search->near != NULL) {
			near_add(search->near, search->name, name);
		}
	}
	return false;
}

/* "struct file_lock", "the union in it" */
static void type_say(const struct layer *layer, uint32_t id, struct fail *fail)
{
	const struct btf_type *type = layer_type(layer, id);
	const char *kind = btf_is_union(type) ? "union" : "struct";
	const char *name = layer_name(layer, type);

	if (*name == '\0')
		fail_append(fail, "the %s without a name", kind);
	else
		fail_append(fail, "%s %s", kind, name);
}

static bool member_follow(const struct layer *layer, const char *name, size_t length,
			  struct spot *spot, struct fail *why)
{
	uint32_t id = type_plain(layer, spot->type);
	const struct btf_type *type = layer_type(layer, id);
	struct near near = { .count = 0 };
	char text[256];
	struct search search = {
		.layer = layer, .name = text, .length = length,
		.near = why == NULL ? NULL : &near,
	};

	(void)snprintf(text, sizeof(text), "%.*s", (int)length, name);
	if (spot->bit_size == 0 && type != NULL && type_is_compound(type) &&
	    member_find(&search, id, spot->bits, 0, spot))
		return true;
	if (why == NULL)
		return false;
	if (type == NULL || !type_is_compound(type)) {
		fail_append(why, "what stands before .%s is %s", text,
			    type != NULL && btf_is_ptr(type) ? "a pointer: what it points to is "
			    "another type" : type != NULL && btf_is_array(type) ?
			    "an array: an index like [0] is missing" : "no struct or union");
		return false;
	}
	type_say(layer, id, why);
	fail_append(why, " has no member %s", text);
	near_say(&near, why);
	return false;
}

static bool index_follow(const struct layer *layer, uint64_t index, struct spot *spot,
			 struct fail *why)
{
	const struct btf_type *type = layer_type(layer, type_plain(layer, spot->type));
	uint64_t size;

	if (type == NULL || !btf_is_array(type)) {
		if (why != NULL)
			fail_append(why, "what stands before [%ju] is no array", (uintmax_t)index);
		return false;
	}
	/* [0]: as long as its owner likes */
	if ((btf_array(type)->nelems != 0 && index >= btf_array(type)->nelems) ||
	    !type_size(layer, btf_array(type)->type, &size)) {
		if (why != NULL)
			fail_append(why, "[%ju] is past the end of an array of %u",
				    (uintmax_t)index, btf_array(type)->nelems);
		return false;
	}
	spot->type = btf_array(type)->type;
	spot->bits += index * size * 8;
	return true;
}

bool steps_follow(const struct layer *layer, uint32_t id, const struct alternative *alternative,
		  struct spot *out, struct fail *why)
{
	const char *at = alternative->steps;

	*out = (struct spot){ .type = id };
	while (at < alternative->end) {
		size_t length = strcspn(at + 1, ".[]| \t");
		uint64_t index = 0;

		if (*at == '.') {
			if (!member_follow(layer, at + 1, length, out, why))
				return false;
			at += 1 + length;
			continue;
		}
		for (const char *digit = at + 1; *digit != ']'; digit++)
			index = index * 10 + (uint64_t)(*digit - '0');
		if (!index_follow(layer, index, out, why))
			return false;
		at += length + 2;
	}
	return true;
}
