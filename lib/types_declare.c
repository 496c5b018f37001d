/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types_declare: a type as C declares it, which is from the name outwards: *, [], (). */
#include "lib/types_internal.h"

#include <stdio.h>
#include <string.h>

enum { PARAMETERS_DEPTH_MAX = 4 };	/* of functions that take functions */

/* The word of a qualifier, with a blank behind it; NULL: it is none. */
static const char *qualifier(const struct btf_type *type)
{
	return btf_is_const(type) ? "const " : btf_is_volatile(type) ? "volatile " :
	       btf_is_restrict(type) ? "restrict " : NULL;
}

static void base_name(const struct layer *layer, const struct btf_type *type, struct text *out)
{
	const char *kind = type == NULL ? "" :
			   btf_is_struct(type) ? "struct" : btf_is_union(type) ? "union" :
			   btf_is_any_enum(type) ? "enum" :
			   btf_is_fwd(type) ? (btf_kflag(type) ? "union" : "struct") : "";
	const char *name = type == NULL ? "void" : layer_name(layer, type);

	text_wrap(out, "", kind);
	if (*name != '\0' && *kind != '\0')
		text_wrap(out, "", " ");
	text_wrap(out, "", name);
}

/* As deep as PARAMETERS_DEPTH_MAX, NOLINTBEGIN(misc-no-recursion) */
static void declare(const struct layer *layer, uint32_t id, unsigned depth, struct text *type,
		    struct text *name, uint32_t *base);

static void parameters(const struct layer *layer, const struct btf_type *function, unsigned depth,
		       struct text *out)
{
	unsigned count = btf_vlen(function);

	text_wrap(out, "", depth >= PARAMETERS_DEPTH_MAX ? "(..." : count == 0 ? "(void" : "(");
	for (unsigned i = 0; i < count && depth < PARAMETERS_DEPTH_MAX && !out->cut; i++) {
		struct text type = { .cut = false }, name = { .cut = false };
		uint32_t id = btf_params(function)[i].type, base;
		size_t length;

		if (id == 0)	/* the last one: any number of them */
			text_wrap(&type, "", "...");
		else
			declare(layer, id, depth + 1, &type, &name, &base);
		text_wrap(out, "", i == 0 ? "" : ", ");
		text_wrap(out, "", type.data);
		length = strlen(type.data);
		if (name.data[0] != '\0' && length > 0 && type.data[length - 1] != '*')
			text_wrap(out, "", " ");
		text_wrap(out, "", name.data);
	}
	text_wrap(out, "", ")");
}

/* What `type` adds around the name; false: it is what everything before is made of. */
static bool derive(const struct layer *layer, const struct btf_type *type, unsigned depth,
		   bool *pointer, struct text *name)
{
	char size[32];

	if (!btf_is_ptr(type) && !btf_is_array(type) && !btf_is_func_proto(type))
		return false;
	(void)snprintf(size, sizeof(size), "[%u]", btf_is_array(type) ?
		       btf_array(type)->nelems : 0);
	text_derive(name, pointer, btf_is_ptr(type) ? NULL : btf_is_array(type) ? size : "");
	if (btf_is_func_proto(type))
		parameters(layer, type, depth, name);
	return true;
}

/* What a pointer's stars stand at the start of belongs to the type: "list_head *", "next". */
static void stars_move(struct text *type, struct text *name)
{
	static const char *const words[] = { "*", "const ", "volatile ", "restrict " };
	size_t moved = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t length = strlen(words[i]);

		if (strncmp(name->data + moved, words[i], length) != 0)
			continue;
		moved += length;
		i = SIZE_MAX;	/* from the first one again */
	}
	if (moved == 0)
		return;
	text_wrap(type, "", " ");
	for (size_t i = 0; i < moved; i++)
		text_wrap(type, "", (char[]){ name->data[i], '\0' });
	text_trim(type);
	memmove(name->data, name->data + moved, strlen(name->data + moved) + 1);
}

static void declare(const struct layer *layer, uint32_t id, unsigned depth, struct text *type,
		    struct text *name, uint32_t *base)
{
	const struct btf_type *at = NULL;
	struct text words = { .cut = false };	/* qualifiers of what comes next */
	bool pointer = false, elsewhere = false;

	for (int i = 0; i < TYPES_DEPTH_MAX && !name->cut; i++) {
		const char *word;

		at = layer_type(layer, id);
		word = at == NULL ? NULL : qualifier(at);
		if (word != NULL) {
			text_wrap(&words, "", word);
		} else if (at == NULL || !btf_is_type_tag(at)) {
			if (at != NULL && btf_is_ptr(at) && words.data[0] != '\0') {
				text_wrap(name, words.data, "");
				words.data[0] = '\0';
			}
			if (at == NULL || !derive(layer, at, depth, &pointer, name))
				break;
			elsewhere |= !btf_is_array(at);
		}
		id = at->type;
		if (btf_is_array(at))
			id = btf_array(at)->type;
	}
	*base = elsewhere ? 0 : id;
	text_wrap(type, "", words.data);
	base_name(layer, at, type);
	stars_move(type, name);
}

/* NOLINTEND(misc-no-recursion) */

void type_declare(const struct layer *layer, uint32_t id, const char *name,
		  struct declaration *out)
{
	struct text type = { .cut = false }, around = { .cut = false };

	text_wrap(&around, "", name);
	declare(layer, id, 0, &type, &around, &out->base);
	memcpy(out->type, type.data, sizeof(out->type));
	memcpy(out->name, around.data, sizeof(out->name));
}
