/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types_ask: the answers that types.h promises. */
#include "lib/types_internal.h"

#include <string.h>

/* What one type says to one alternative. False: nothing. */
typedef bool asker(const struct layer *layer, uint32_t plain,
		   const struct alternative *alternative, struct type_member *out);

static bool ask_member(const struct layer *layer, uint32_t plain,
		       const struct alternative *alternative, struct type_member *out)
{
	struct spot spot;

	return steps_follow(layer, plain, alternative, &spot, NULL) &&
	       spot_member(layer, &spot, out);
}

static bool same_member(const struct type_member *a, const struct type_member *b)
{
	return a->offset == b->offset && a->size == b->size && a->bit_offset == b->bit_offset &&
	       a->bit_size == b->bit_size;
}

/* "8, of 4 bytes", "8, bit 3, of 2 bits" */
static void member_say(const struct type_member *member, struct fail *fail)
{
	if (member->bit_size == 0)
		fail_append(fail, "%ju, of %ju bytes", (uintmax_t)member->offset,
			    (uintmax_t)member->size);
	else
		fail_append(fail, "%ju, bit %u, of %u bits", (uintmax_t)member->offset,
			    member->bit_offset, member->bit_size);
}

static int member_ambiguous(const struct layer *layer, const struct alternative *alternative,
			    const struct type_member *a, const struct type_member *b,
			    struct fail *fail)
{
	(void)fail_set(fail, OUTCOME_AMBIGUOUS, "%.*s: %s has two types called %.*s: ",
		       (int)alternative->length, alternative->text, layer->path,
		       (int)alternative->name_length, alternative->name);
	if (alternative->steps == alternative->end) {
		fail_append(fail, "one of %ju bytes, another of %ju", (uintmax_t)a->size,
			    (uintmax_t)b->size);
	} else {
		fail_append(fail, "in one the member is at ");
		member_say(a, fail);
		fail_append(fail, ", in another at ");
		member_say(b, fail);
	}
	fail_append(fail, "\nwrite the number that this place has, or *");
	return -1;
}

/* The one answer of all types that the alternative may mean. 1: none answers. */
static int alternative_ask(const struct layer *layer, const struct alternative *alternative,
			   struct type_member *out, struct fail *fail)
{
	struct type_member answer;
	uint32_t id = 0, plain;
	bool found = false;

	while (candidate_next(layer, alternative, &id, &plain)) {
		if (!ask_member(layer, plain, alternative, &answer))
			continue;
		if (found && !same_member(out, &answer))
			return member_ambiguous(layer, alternative, out, &answer, fail);
		*out = answer;
		found = true;
	}
	return found ? 0 : 1;
}

static int path_ask(struct types *types, const char *module, const char *path, bool members,
		    struct type_member *out, struct fail *fail)
{
	struct alternative alternative;
	const struct layer *layer;
	const char *at = path;

	memset(out, 0, sizeof(*out));
	if (path_layer(types, module, path, &layer, fail) != 0)
		return -1;
	while (alternative_next(&at, &alternative)) {
		int result;

		if (members != (alternative.steps != alternative.end))
			return fail_set(fail, OUTCOME_NOT_FOUND, members ?
					"%.*s: a type, not a member of one: TYPE.MEMBER was expected" :
					"%.*s: a member, where a type's own size was asked for",
					(int)alternative.length, alternative.text);
		result = alternative_ask(layer, &alternative, out, fail);
		if (result <= 0)
			return result;
	}
	return path_not_found(layer, path, fail);
}

int types_member(struct types *types, const char *module, const char *path,
		 struct type_member *out, struct fail *fail)
{
	return path_ask(types, module, path, true, out, fail);
}

int types_size(struct types *types, const char *module, const char *type, uint64_t *out,
	       struct fail *fail)
{
	struct type_member member;

	if (path_ask(types, module, type, false, &member, fail) != 0)
		return -1;
	*out = member.size;
	return 0;
}

static enum type_kind kind_of(const struct layer *layer, uint32_t id)
{
	const struct btf_type *type;

	if (id == 0)
		return TYPE_VOID;
	type = layer_type(layer, type_plain(layer, id));
	if (type == NULL)
		return TYPE_OTHER;
	if (btf_is_ptr(type))
		return TYPE_POINTER;
	if (btf_is_int(type) && (btf_int_encoding(type) & BTF_INT_BOOL) != 0)
		return TYPE_BOOL;
	/* what is wider than a register comes back in two of them, and is none of these */
	return (btf_is_int(type) || btf_is_any_enum(type)) && type->size <= layer->pointer ?
	       TYPE_INTEGER : TYPE_OTHER;
}

/* Whether a module's types have it, not those of the kernel that they go on from. */
static bool is_own(const struct layer *layer, uint32_t id)
{
	return layer->base != NULL && id >= layer->first;
}

int types_returns(struct types *types, const char *module, const char *function,
		  enum type_kind *out, struct fail *fail)
{
	const struct layer *layer;
	uint32_t id = 0;
	bool found = false;

	if (types_layer(types, module, &layer, fail) != 0)
		return -1;
	while ((id = layer_next(layer, function, strlen(function), id)) != 0) {
		const struct btf_type *type = layer_type(layer, id);
		enum type_kind kind;

		if (!btf_is_func(type) || (module != NULL && !is_own(layer, id)))
			continue;
		type = layer_type(layer, type->type);
		if (type == NULL || !btf_is_func_proto(type))
			continue;
		kind = kind_of(layer, type->type);
		if (found && kind != *out)
			return fail_set(fail, OUTCOME_AMBIGUOUS, "%s has two functions called %s that "
					"return different things", layer->path, function);
		*out = kind;
		found = true;
	}
	if (found)
		return 0;
	if (module != NULL && layer->base == NULL)
		return fail_set(fail, OUTCOME_NOT_FOUND, "what %s returns is not known: module %s has "
				"no type information of its own", function, module);
	return fail_set(fail, OUTCOME_NOT_FOUND, "what %s returns is not known: %s has no function of "
			"that name", function, layer->path);
}
