/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types_path: "struct file_lock.fl_flags|file_lock.c.flc_flags": its syntax, and what it may mean. */
#include "lib/types_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { PATH_MAX_LENGTH = 511, NAME_LENGTH_MAX = 127, STEPS_MAX = 32, ALTERNATIVES_MAX = 16,
       INDEX_DIGITS_MAX = 9, CANDIDATES_MAX = 256 };

static const char *blanks_skip(const char *at)
{
	return at + strspn(at, " \t");
}

static size_t name_length(const char *at)
{
	size_t length = 0;

	while (isalnum((unsigned char)at[length]) || at[length] == '_')
		length++;
	return isdigit((unsigned char)at[0]) ? 0 : length;
}

/* "struct" or "union" in front, which is no name of a type itself. */
static const char *kind_skip(const char *at, unsigned *kind)
{
	static const struct {
		const char *word;
		unsigned kind;
	} words[] = { { "struct", BTF_KIND_STRUCT }, { "union", BTF_KIND_UNION } };

	*kind = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t length = strlen(words[i].word);

		if (name_length(at) == length && strncmp(at, words[i].word, length) == 0) {
			*kind = words[i].kind;
			return blanks_skip(at + length);
		}
	}
	return at;
}

/* NULL, or why the steps at *at are none; *at goes behind them. */
static const char *steps_check(const char **at)
{
	for (int i = 0; **at == '.' || **at == '['; i++) {
		size_t digits = strspn(*at + 1, "0123456789");
		size_t length = name_length(*at + 1);

		if (i == STEPS_MAX)
			return "more than 32 members in each other";
		if (**at == '.' && (length == 0 || length > NAME_LENGTH_MAX))
			return "no name of a member behind a dot";
		if (**at == '[' && (i == 0 || digits == 0 || digits > INDEX_DIGITS_MAX ||
				    (*at)[1 + digits] != ']'))
			return "no index like [3] of a member";
		*at += **at == '.' ? 1 + length : digits + 2;
	}
	return NULL;
}

bool types_path_check(const char *path, const char **why)
{
	const char *at = path;
	unsigned kind;

	*why = "longer than 511 characters";
	if (strlen(path) > PATH_MAX_LENGTH)
		return false;
	for (int i = 0;; i++) {
		size_t length;

		at = kind_skip(blanks_skip(at), &kind);
		length = name_length(at);
		*why = i == ALTERNATIVES_MAX ? "more than 16 alternatives" :
		       length == 0 ? "no name of a type" :
		       length > NAME_LENGTH_MAX ? "a name longer than 127 characters" : NULL;
		if (*why != NULL)
			return false;
		at += length;
		*why = steps_check(&at);
		if (*why != NULL)
			return false;
		at = blanks_skip(at);
		if (*at == '\0')
			return true;
		*why = "a character that is in no name of a type or member";
		if (*at++ != '|')
			return false;
	}
}

bool alternative_next(const char **at, struct alternative *out)
{
	const char *text = blanks_skip(*at);
	const char *name = kind_skip(text, &out->kind);

	if (*text == '\0')
		return false;
	out->text = text;
	out->name = name;
	out->name_length = name_length(name);
	out->steps = name + out->name_length;
	out->end = out->steps + strcspn(out->steps, "| \t");
	out->length = (size_t)(out->end - text);
	*at = blanks_skip(out->end);
	*at += **at == '|';
	return true;
}

bool candidate_next(const struct layer *layer, const struct alternative *alternative,
		    uint32_t *id, uint32_t *plain)
{
	for (int i = 0; i < CANDIDATES_MAX; i++) {
		const struct btf_type *type;

		*id = layer_next(layer, alternative->name, alternative->name_length, *id);
		type = layer_type(layer, *id);
		if (type == NULL)
			return false;
		if (btf_is_func(type) || btf_is_fwd(type) ||
		    (alternative->kind != 0 && btf_kind(type) != alternative->kind))
			continue;
		*plain = type_plain(layer, *id);
		type = layer_type(layer, *plain);
		if (type != NULL && type_is_compound(type))
			return true;
	}
	return false;
}

/* Why the type itself was not found. */
static void type_not_found(const struct layer *layer, const struct alternative *alternative,
			   struct fail *fail)
{
	bool declared = false, other = false;
	uint32_t id = 0;
	char name[NAME_LENGTH_MAX + 1];

	(void)snprintf(name, sizeof(name), "%.*s", (int)alternative->name_length,
		       alternative->name);
	while ((id = layer_next(layer, name, alternative->name_length, id)) != 0) {
		const struct btf_type *type = layer_type(layer, id);

		const struct btf_type *behind = layer_type(layer, type_plain(layer, id));

		declared |= behind != NULL && btf_is_fwd(behind);
		other |= type_is_compound(type) || btf_is_typedef(type);
	}
	if (declared)
		fail_append(fail, "%s is only declared in %s, and its members are not known there "
			    "(they may be in a module's types)", name, layer->path);
	else if (other && alternative->kind != 0)
		fail_append(fail, "%s is no %s in %s", name,
			    alternative->kind == BTF_KIND_UNION ? "union" : "struct", layer->path);
	else if (other)
		fail_append(fail, "%s is no struct or union in %s", name, layer->path);
	else {
		fail_append(fail, "there is no struct or union %s in %s", name, layer->path);
		layer_near(layer, name, fail);
	}
}

int path_layer(struct types *types, const char *module, const char *path,
	       const struct layer **out, struct fail *fail)
{
	const char *why;

	if (!types_path_check(path, &why))
		return fail_set(fail, OUTCOME_NOT_FOUND,
				"'%s' is no name of a type or of a member: %s", path, why);
	return types_layer(types, module, out, fail);
}

int path_not_found(const struct layer *layer, const char *path, struct fail *fail)
{
	struct alternative alternative;
	const char *at = path;

	(void)fail_set(fail, OUTCOME_NOT_FOUND, "%s", "");
	while (alternative_next(&at, &alternative)) {
		uint32_t id = 0, plain;
		struct spot spot;

		if (fail->message[0] != '\0')
			fail_append(fail, "\n");
		if (alternative.steps != alternative.end)
			fail_append(fail, "%.*s: ", (int)alternative.length, alternative.text);
		if (!candidate_next(layer, &alternative, &id, &plain))
			type_not_found(layer, &alternative, fail);
		else if (steps_follow(layer, plain, &alternative, &spot, fail))
			fail_append(fail, "its size is not known: the types in %s are damaged",
				    layer->path);
	}
	return -1;
}
