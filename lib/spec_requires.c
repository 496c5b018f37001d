/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spec_requires.h"

#include <stdlib.h>
#include <string.h>

#include "spec_value.h"
#include "types.h"

enum { TYPE_NAME_MAX = 1000 };

static void read_symbol(struct walk *walk, const struct node *node, void *out)
{
	struct requirements *requires = out;
	const char *text = spec_symbol(walk, node, "the name of a symbol");

	if (text != NULL && strings_add(&requires->symbols, text) != 0)
		walk->errors->no_memory = true;
}

static void read_symbols(struct walk *walk, const struct node *node, void *out)
{
	struct requirements *requires = out;

	requires->symbols_place = node->place;
	walk_one_or_several(walk, node, read_symbol, out);
}

static void read_module_build_id(struct walk *walk, const struct node *node, void *out)
{
	struct requirements *requires = out;

	spec_build_id(walk, node, &requires->module_build_ids);
}

static void read_module_build_ids(struct walk *walk, const struct node *node, void *out)
{
	struct requirements *requires = out;

	requires->module_build_ids_place = node->place;
	walk_one_or_several(walk, node, read_module_build_id, out);
}

/* The key of a type, "file_lock.fl_flags" or "vnode"; NULL: it cannot be one, which is told. */
static const char *type_name(struct walk *walk, const struct node *name)
{
	char got[QUOTE_MAX];
	const char *text, *why;

	if (name->kind != NODE_SCALAR) {
		if (name->kind != NODE_REFUSED)
			walk_error(walk, name->place, "a key must be a word, not a list or a "
				   "mapping");
		return NULL;
	}
	text = spec_text(walk, name, TYPE_NAME_MAX, "a type, or a type.member");
	if (text == NULL || types_path_check(text, &why))
		return text;
	walk_error(walk, name->place, "%s, got %s", why, spec_quote(text, name->length, got));
	return NULL;
}

/* NULL: memory ran out, or it is there already, which is told. */
static struct type_requirement *add_type(struct walk *walk, const struct node *name,
					 const char *text, struct requirements *requires)
{
	struct type_requirement *types;

	for (size_t i = 0; i < requires->type_count; i++) {
		const struct type_requirement *other = &requires->types[i];

		if (strcmp(other->name, text) != 0)
			continue;
		spec_error(walk->errors, name->place, "duplicate key '%s.%s' (first at line %u)",
			   walk->path, text, other->place.line);
		return NULL;
	}
	types = reallocarray(requires->types, requires->type_count + 1, sizeof(*types));
	if (types == NULL) {
		walk->errors->no_memory = true;
		return NULL;
	}
	requires->types = types;
	types += requires->type_count;
	*types = (struct type_requirement){ .place = name->place };
	spec_copy(walk, text, &types->name);
	if (types->name == NULL)
		return NULL;
	requires->type_count++;
	return types;
}

static void read_size(struct walk *walk, const struct node *node, void *out)
{
	struct type_requirement *type = out;

	(void)spec_unsigned(walk, node, 0, UINT32_MAX, &type->number);
}

/* Whether each of the alternatives has a member, or none of them. */
static bool members_alike(const char *path, bool member)
{
	for (;;) {
		size_t length = strcspn(path, "|");

		if ((memchr(path, '.', length) != NULL) != member)
			return false;
		if (path[length] == '\0')
			return true;
		path += length + 1;
	}
}

static void read_type_value(struct walk *walk, const struct node *node,
			    struct type_requirement *type)
{
	static const struct key keys[] = {
		{ "size", read_size, true },
		{ NULL, NULL, false }
	};
	struct seen seen;

	if (node->kind == NODE_MAPPING) {
		type->is_size = true;
		if (walk_mapping(walk, node, keys, type, &seen))
			walk_missing(walk, node, keys, &seen);
		if (!members_alike(type->name, false))
			walk_error(walk, node->place, "a size is that of a type, not of a member; "
				   "of a member give the offset, a number");
	} else if (!members_alike(type->name, true)) {
		walk_error(walk, node->place, "a type has a size, write {size: NUMBER}; an offset "
			   "is that of a member, written 'TYPE.MEMBER: NUMBER'");
	} else {
		(void)spec_unsigned(walk, node, 0, UINT32_MAX, &type->number);
	}
}

static void read_types(struct walk *walk, const struct node *node, void *out)
{
	struct requirements *requires = out;
	size_t count = 0;

	if (node->kind != NODE_MAPPING) {
		walk_expected(walk, node, "a mapping of types to numbers, like "
			      "{file_lock.fl_flags: 0x50, vnode: {size: 216}}");
		return;
	}
	if (node->child == NULL)
		walk_error(walk, node->place, "it names no type; leave it out, or name one");
	for (const struct node *name = node->child; name != NULL; name = name->next->next) {
		const char *text = type_name(walk, name);
		struct type_requirement *type;
		size_t old;

		if (count++ == WALK_SEVERAL_MAX) {
			walk_error(walk, name->place, "more than %d types", WALK_SEVERAL_MAX);
			return;
		}
		type = text == NULL ? NULL : add_type(walk, name, text, requires);
		if (type == NULL)
			continue;
		old = walk_push(walk, ".", text);
		read_type_value(walk, name->next, type);
		walk->path[old] = '\0';
	}
}

void spec_read_requires(struct walk *walk, const struct node *node, struct requirements *out)
{
	static const struct key keys[] = {
		{ "symbols", read_symbols, false },
		{ "types", read_types, false },
		{ "module-build-id", read_module_build_ids, false },
		{ NULL, NULL, false }
	};
	struct seen seen;

	if (walk_mapping(walk, node, keys, out, &seen) && node->child == NULL)
		walk_error(walk, node->place, "nothing is required; give one of 'symbols', 'types' "
			   "and 'module-build-id'");
}
