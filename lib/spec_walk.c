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

void walk_later(struct walk *walk, struct place place, const char *more, const char *instead)
{
	walk->later = true;
	spec_error(walk->errors, place, "'%s%s' is not supported yet; %s", walk->path, more, instead);
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

		if (keys[i].later == NULL && far < least) {
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
	else if (keys[index].later != NULL)
		walk_later(walk, name->place, "", keys[index].later);
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

/* Digits of one base to the end; false: something else, or none. Too large is UINT64_MAX. */
static bool digits_parse(const char *text, const char *digits, uint64_t *out)
{
	uint64_t base = strlen(digits), value = 0;
	bool overflow = false;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		int lower = *text >= 'A' && *text <= 'F' ? *text - 'A' + 'a' : *text;
		const char *digit = strchr(digits, lower);

		if (digit == NULL)
			return false;
		overflow |= __builtin_mul_overflow(value, base, &value);
		overflow |= __builtin_add_overflow(value, (uint64_t)(digit - digits), &value);
	}
	*out = overflow ? UINT64_MAX : value;
	return true;
}

bool walk_unsigned(struct walk *walk, const struct node *node, uint64_t min, uint64_t max,
		   uint64_t *out)
{
	char got[QUOTE_MAX];
	bool number = false;
	uint64_t value = 0;

	if (node->kind == NODE_SCALAR && !node->quoted) {
		if (strncmp(node->text, "0x", 2) == 0)
			number = digits_parse(node->text + 2, "0123456789abcdef", &value);
		else if (node->text[0] != '0' || node->length == 1)	/* 010 is 8 to YAML 1.1 */
			number = digits_parse(node->text, "0123456789", &value);
	}
	if (!number) {
		walk_expected(walk, node, "an unsigned integer");
		return false;
	}
	if (value < min || value > max) {
		walk_error(walk, node->place, "%s is out of range, expected %ju to %ju",
			   spec_quote(node->text, node->length, got), (uintmax_t)min,
			   (uintmax_t)max);
		return false;
	}
	*out = value;
	return true;
}

bool walk_bool(struct walk *walk, const struct node *node, bool *out)
{
	if (node->kind == NODE_SCALAR && !node->quoted) {
		if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0) {
			*out = node->text[0] == 't';
			return true;
		}
	}
	walk_expected(walk, node, "true or false");
	return false;
}

static bool text_printable(struct walk *walk, const struct node *node, size_t length, bool lines)
{
	if (!lines && memchr(node->text, '\n', length) != NULL) {
		walk_error(walk, node->place, "a line break in the text; it must be one line");
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		size_t control = spec_control_length(node->text + i, length - i);
		char got[QUOTE_MAX];

		if (control == 0 || (node->text[i] == '\t' && lines))
			continue;
		walk_error(walk, node->place, "control character %s in the text",
			   spec_quote(node->text + i, control, got));
		return false;
	}
	return true;
}

static const char *text_check(struct walk *walk, const struct node *node, size_t max,
			      const char *what, bool lines)
{
	size_t length = node->length;

	if (node->kind != NODE_SCALAR || (length == 0 && !node->quoted)) {
		walk_expected(walk, node, what);
		return NULL;
	}
	while (lines && length > 0 &&
	       (node->text[length - 1] == ' ' || node->text[length - 1] == '\n'))
		length--;
	if (length == 0) {
		walk_error(walk, node->place, "the text is empty");
		return NULL;
	}
	if (length > max) {
		walk_error(walk, node->place, "the text is too long: %zu bytes, at most %zu", length,
			   max);
		return NULL;
	}
	return text_printable(walk, node, length, lines) ? node->text : NULL;
}

const char *walk_text(struct walk *walk, const struct node *node, size_t max, const char *what)
{
	return text_check(walk, node, max, what, false);
}

const char *walk_paragraph(struct walk *walk, const struct node *node, size_t max, const char *what)
{
	return text_check(walk, node, max, what, true);
}

void walk_copy(struct walk *walk, const char *text, char **out)
{
	*out = strdup(text);
	if (*out == NULL)
		walk->errors->no_memory = true;
}
