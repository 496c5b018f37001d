/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spec_walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void walk_error(struct walk *walk, struct place place, const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(message, sizeof(message), format, arguments) < 0)
		message[0] = '\0';
	va_end(arguments);
	spec_error(walk->errors, place, "%s%s%s", walk->path, walk->path[0] == '\0' ? "" : ": ",
		   message);
}

void walk_expected(struct walk *walk, const struct node *node, const char *what)
{
	char got[QUOTE_MAX];

	switch (node->kind) {
	case NODE_REFUSED:
		break;
	case NODE_LIST:
		walk_error(walk, node->place, "expected %s, got a list", what);
		break;
	case NODE_MAPPING:
		walk_error(walk, node->place, "expected %s, got a mapping", what);
		break;
	case NODE_SCALAR:
		if (node->length == 0 && !node->quoted)
			walk_error(walk, node->place, "expected %s, got nothing", what);
		else
			walk_error(walk, node->place, "expected %s, got %s%s", what,
				   spec_quote(node->text, node->length, got),
				   node->quoted ? " in quotes" : "");
		break;
	}
}

size_t walk_push(struct walk *walk, const char *separator, const char *name)
{
	size_t old = strlen(walk->path);

	(void)snprintf(walk->path + old, sizeof(walk->path) - old, "%s%s",
		       old == 0 ? "" : separator, name);
	return old;
}

/* How many characters must be put in, taken out or replaced; more than 2 is told as 3. */
static size_t distance(const char *text, size_t length, const char *key)
{
	enum { KEY_MAX = 24 };
	size_t row[KEY_MAX + 1], width = strlen(key);

	if (width > KEY_MAX || length > width + 2)
		return 3;
	for (size_t j = 0; j <= width; j++)
		row[j] = j;
	for (size_t i = 1; i <= length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= width; j++) {
			size_t best = diagonal + (text[i - 1] != key[j - 1]);

			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[width] < 3 ? row[width] : 3;
}

size_t walk_distance(const struct node *name, const char *key)
{
	size_t far = distance(name->text, name->length, key);

	/* two letters of "asm" are not a typing error */
	return far < 3 && far * 2 < strlen(key) ? far : SIZE_MAX;
}

static size_t key_near(const struct key *keys, const struct node *name)
{
	size_t best = SIZE_MAX, least = SIZE_MAX;

	for (size_t i = 0; keys[i].name != NULL; i++) {
		size_t far = walk_distance(name, keys[i].name);

		if (far < least) {
			best = i;
			least = far;
		}
	}
	return best;
}

static size_t key_find(const struct key *keys, const struct node *name)
{
	for (size_t i = 0; keys[i].name != NULL; i++) {
		if (strlen(keys[i].name) == name->length &&
		    memcmp(keys[i].name, name->text, name->length) == 0)
			return i;
	}
	return SIZE_MAX;
}

static void unknown_key(struct walk *walk, const struct node *name, const struct key *keys,
			struct seen *seen)
{
	const char *dot = walk->path[0] == '\0' ? "" : ".";
	char quoted[QUOTE_MAX];
	size_t near = key_near(keys, name);

	/* the quote goes before the path */
	(void)spec_quote(name->text, name->length, quoted);
	if (near == SIZE_MAX) {
		spec_error(walk->errors, name->place, "unknown key '%s%s%s", walk->path, dot,
			   quoted + 1);
		return;
	}
	spec_error(walk->errors, name->place, "unknown key '%s%s%s (did you mean '%s'?)",
		   walk->path, dot, quoted + 1, keys[near].name);
	if (seen->keys[near] == NULL)
		seen->keys[near] = name;
}

static void read_key(struct walk *walk, const struct node *name, const struct key *keys, void *out,
		     struct seen *seen)
{
	size_t index, old;
	bool again;

	if (name->kind == NODE_REFUSED)
		return;
	if (name->kind != NODE_SCALAR) {
		walk_error(walk, name->place, "a key must be a word, not a list or a mapping");
		return;
	}
	index = key_find(keys, name);
	if (index == SIZE_MAX) {
		unknown_key(walk, name, keys, seen);
		return;
	}
	again = seen->keys[index] != NULL;
	old = walk_push(walk, ".", keys[index].name);
	if (again)
		spec_error(walk->errors, name->place, "duplicate key '%s' (first at line %u)",
			   walk->path, seen->keys[index]->place.line);
	else
		keys[index].read(walk, name->next, out);
	if (!again)
		seen->keys[index] = name;
	walk->path[old] = '\0';
}

bool walk_mapping(struct walk *walk, const struct node *node, const struct key *keys, void *out,
		  struct seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	if (node->kind != NODE_MAPPING) {
		walk_expected(walk, node, "a mapping of keys to values");
		return false;
	}
	for (const struct node *name = node->child; name != NULL; name = name->next->next)
		read_key(walk, name, keys, out, seen);
	return true;
}

void walk_missing(struct walk *walk, const struct node *node, const struct key *keys,
		  const struct seen *seen)
{
	for (size_t i = 0; keys[i].name != NULL; i++) {
		size_t old;

		if (!keys[i].required || seen->keys[i] != NULL)
			continue;
		old = walk_push(walk, ".", keys[i].name);
		spec_error(walk->errors, node->place, "missing key '%s'", walk->path);
		walk->path[old] = '\0';
	}
}

bool walk_list(struct walk *walk, const struct node *node, size_t max,
	       void (*read)(struct walk *walk, const struct node *item, void *out), void *out)
{
	size_t index = 0;

	if (node->kind != NODE_LIST) {
		walk_expected(walk, node, "a list");
		return false;
	}
	if (node->child == NULL) {
		walk_error(walk, node->place, "the list is empty");
		return false;
	}
	for (const struct node *item = node->child; item != NULL; item = item->next, index++) {
		char number[32];
		size_t old;

		if (index == max) {
			walk_error(walk, item->place, "more than %zu in the list", max);
			return false;
		}
		(void)snprintf(number, sizeof(number), "[%zu]", index);
		old = walk_push(walk, "", number);
		read(walk, item, out);
		walk->path[old] = '\0';
	}
	return true;
}

void walk_one_or_several(struct walk *walk, const struct node *node,
			 void (*read)(struct walk *walk, const struct node *item, void *out),
			 void *out)
{
	if (node->kind == NODE_LIST)
		(void)walk_list(walk, node, WALK_SEVERAL_MAX, read, out);
	else
		read(walk, node, out);
}
