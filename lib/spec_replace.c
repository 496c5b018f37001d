/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spec_replace.h"

#include <ctype.h>
#include <string.h>

#include "errno_name.h"
#include "spec_value.h"

static const struct {
	const char *name;
	enum operation_kind kind;
} words[] = {
	{ "invert", OPERATION_INVERT },
	{ "always", OPERATION_ALWAYS },
	{ "never", OPERATION_NEVER },
	{ "nop", OPERATION_NOP },
};

static void read_bytes(struct walk *walk, const struct node *node, void *out)
{
	struct operation *operation = out;

	operation->kind = OPERATION_BYTES;
	if (spec_bytes(walk, node, &operation->bytes))
		operation->place = node->place;
}

static void read_multiple(struct walk *walk, const struct node *node, void *out)
{
	struct operation *operation = out;

	(void)spec_bool(walk, node, &operation->multiple);
}

/* Whether the value is an error's name, which is -EPERM: taken, or told to be wrong. */
static bool read_errno(struct walk *walk, const struct node *node, struct operation *operation)
{
	const char *name = node->text;
	char got[QUOTE_MAX];
	int number;

	if (node->kind != NODE_SCALAR || node->quoted)
		return false;
	name += name[0] == '-';
	if (name[0] != 'E' || !isupper((unsigned char)name[1 + (name[1] == '2')]))
		return false;
	if (!errno_parse(name, &number)) {
		walk_error(walk, node->place, "there is no error %s; errno(3) lists them",
			   spec_quote(name, strlen(name), got));
	} else if (name == node->text) {
		walk_error(walk, node->place, "functions of the kernel return errors as negative "
			   "numbers: write -%s", name);
	} else {
		operation->number.bits = 0 - (uint64_t)number;
		operation->number.negative = true;
		operation->place = node->place;
	}
	return true;
}

static void read_return(struct walk *walk, const struct node *node, void *out)
{
	static const char what[] = "a number or an error like -EPERM";
	struct operation *operation = out;
	struct number number;
	char got[QUOTE_MAX];

	operation->kind = OPERATION_RETURN;
	if (read_errno(walk, node, operation))
		return;
	if (node->kind != NODE_SCALAR || node->quoted ||
	    !isdigit((unsigned char)node->text[node->text[0] == '-'])) {
		walk_expected(walk, node, what);
		return;
	}
	if (!spec_number(walk, node, &number))
		return;
	/* the immediate of mov, sign-extended to the register */
	if ((int64_t)number.bits < 0 ? !number.negative || (int64_t)number.bits < INT32_MIN
				     : number.bits > INT32_MAX) {
		walk_error(walk, node->place, "%s is out of range, expected -2147483648 to "
			   "2147483647: it is a number of 32 bits with a sign, which is extended "
			   "to the whole register", spec_quote(node->text, node->length, got));
		return;
	}
	operation->number = number;
	operation->place = node->place;
}

static void read_number(struct walk *walk, const struct node *node, enum operation_kind kind,
			struct operation *operation)
{
	operation->kind = kind;
	if (spec_number(walk, node, &operation->number))
		operation->place = node->place;
}

static void read_immediate(struct walk *walk, const struct node *node, void *out)
{
	read_number(walk, node, OPERATION_IMMEDIATE, out);
}

static void read_displacement(struct walk *walk, const struct node *node, void *out)
{
	read_number(walk, node, OPERATION_DISPLACEMENT, out);
}

static void read_target(struct walk *walk, const struct node *node, void *out)
{
	const char *text = spec_symbol(walk, node, "the name of a function");
	struct operation *operation = out;

	operation->kind = OPERATION_TARGET;
	if (text == NULL)
		return;
	spec_copy(walk, text, &operation->target);
	operation->place = node->place;
}

static void refuse_word(struct walk *walk, const struct node *node, void *out)
{
	(void)out;
	walk_error(walk, node->place, "it takes no value: write 'replace: %s'",
		   strrchr(walk->path, '.') + 1);
}

enum { REPLACE_BYTES, REPLACE_RETURN, REPLACE_IMMEDIATE, REPLACE_DISPLACEMENT, REPLACE_TARGET,
       REPLACE_INVERT, REPLACE_ALWAYS, REPLACE_NEVER, REPLACE_NOP, REPLACE_OPERATIONS,
       REPLACE_MULTIPLE = REPLACE_OPERATIONS };
static const struct key replace_keys[] = {
	[REPLACE_BYTES] = { "bytes", read_bytes, false },
	[REPLACE_RETURN] = { "return", read_return, false },
	[REPLACE_IMMEDIATE] = { "immediate", read_immediate, false },
	[REPLACE_DISPLACEMENT] = { "displacement", read_displacement, false },
	[REPLACE_TARGET] = { "target", read_target, false },
	[REPLACE_INVERT] = { "invert", refuse_word, false },
	[REPLACE_ALWAYS] = { "always", refuse_word, false },
	[REPLACE_NEVER] = { "never", refuse_word, false },
	[REPLACE_NOP] = { "nop", refuse_word, false },
	[REPLACE_MULTIPLE] = { "multiple", read_multiple, false },
	{ NULL, NULL, false }
};

/* Exactly one operation, and what goes with it. */
static void check_keys(struct walk *walk, const struct node *node, const struct seen *seen)
{
	const struct node *const multiple = seen->keys[REPLACE_MULTIPLE], *first = NULL;

	for (size_t i = 0; i < REPLACE_OPERATIONS; i++) {
		const struct node *key = seen->keys[i];

		if (key == NULL)
			continue;
		if (first != NULL)
			walk_error(walk, key->place, "a site has one operation, and there is "
				   "another at line %u; for several changes write several sites",
				   first->place.line);
		first = key;
	}
	if (first == NULL)
		walk_error(walk, node->place, "no operation; give 'bytes', 'return', 'immediate', "
			   "'displacement' or 'target'");
	else if (multiple != NULL && seen->keys[REPLACE_BYTES] == NULL)
		walk_error(walk, multiple->place, "'multiple' goes with 'bytes' only: how many "
			   "instructions another operation changes is known");
}

void spec_read_replace(struct walk *walk, const struct node *node, void *out)
{
	struct site *site = out;
	struct seen seen;

	if (node->kind == NODE_MAPPING) {
		if (walk_mapping(walk, node, replace_keys, &site->operation, &seen))
			check_keys(walk, node, &seen);
		return;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (node->kind != NODE_SCALAR || strcmp(node->text, words[i].name) != 0)
			continue;
		site->operation.kind = words[i].kind;
		site->operation.place = node->place;
		return;
	}
	walk_expected(walk, node, "invert, always, never, nop, or a mapping like {bytes: \"75 "
		      "39\"}, {return: -EPERM}, {immediate: 4}, {displacement: 8} or {target: "
		      "function}");
}
