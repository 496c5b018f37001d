/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spec_sites.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asm.h"
#include "module.h"
#include "spec_allow.h"

enum {
	SITES_MAX = 1024,		/* of one variant: PATCHER_KMEM_SITES_MAX */
	SYMBOL_MAX = 511,		/* KSYM_NAME_LEN - 1 from 6.1 on */
	MODULE_MAX = 55,		/* MODULE_NAME_LEN - 1 */
	BYTES_CHARS_MAX = 1024,
	OFFSET_MAX = 1024 * 1024 - 1,	/* no function is longer: FUNCTION_SIZE_MAX */
	OCCURRENCE_MAX = 65535
};

#define USE_BYTES "write the new instruction as 'replace: {bytes: ...}'"

/* A name as symbol tables and lsmod have it. */
static const char *read_symbol(struct walk *walk, const struct node *node, size_t max,
			       const char *punctuation, const char *what)
{
	const char *text = walk_text(walk, node, max, what);
	char got[QUOTE_MAX], character[QUOTE_MAX];
	size_t good = 0;

	if (text == NULL)
		return NULL;
	while (isalnum((unsigned char)text[good]) ||
	       (text[good] != '\0' && strchr(punctuation, text[good]) != NULL))
		good++;
	if (text[good] == '\0')
		return text;
	walk_error(walk, node->place, "%s is not %s: there can be no %s in one",
		   spec_quote(text, node->length, got), what,
		   (unsigned char)text[good] < 0x80 ? spec_quote(text + good, 1, character)
						    : "letter beyond ASCII");
	return NULL;
}

static void read_function(struct walk *walk, const struct node *node, void *out)
{
	struct site *site = out;
	const char *text = read_symbol(walk, node, SYMBOL_MAX, "_.$", "the name of a function");

	if (text == NULL)
		return;
	if (isdigit((unsigned char)text[0])) {
		walk_expected(walk, node, "the name of a function");
		return;
	}
	walk_copy(walk, text, &site->symbol);
	site->symbol_place = node->place;
}

static void read_module(struct walk *walk, const struct node *node, void *out)
{
	struct site *site = out;
	const char *text = read_symbol(walk, node, MODULE_MAX, "_-", "the name of a module");

	if (text == NULL)
		return;
	walk_copy(walk, text, &site->module);
	site->module_place = node->place;
}

static void read_offset(struct walk *walk, const struct node *node, void *out)
{
	struct site *site = out;

	if (walk_unsigned(walk, node, 0, OFFSET_MAX, &site->offset))
		site->offset_place = node->place;
}

static void read_occurrence(struct walk *walk, const struct node *node, void *out)
{
	struct site *site = out;
	uint64_t occurrence;

	if (walk_unsigned(walk, node, 1, OCCURRENCE_MAX, &occurrence))
		site->occurrence = (unsigned)occurrence;
}

static bool read_bytes(struct walk *walk, const struct node *node, struct bytes *out)
{
	const char *text = walk_text(walk, node, BYTES_CHARS_MAX, "bytes like \"74 39\"");
	char got[QUOTE_MAX];
	const char *why;

	if (text == NULL)
		return false;
	if (!bytes_parse(text, out, &why)) {
		walk_error(walk, node->place, "%s, got %s", why,
			   spec_quote(text, node->length, got));
		return false;
	}
	return true;
}

static void read_expected_bytes(struct walk *walk, const struct node *node, void *out)
{
	struct expectation *expect = out;

	if (read_bytes(walk, node, &expect->bytes))
		expect->bytes_place = node->place;
}

static void read_assembler(struct walk *walk, const struct node *node, void *out)
{
	struct expectation *expect = out;
	const char *text = walk_text(walk, node, ASM_MAX - 1, "assembler text like \"je *\"");
	char got[QUOTE_MAX];
	const char *why;

	if (text == NULL)
		return;
	if (!asm_check(text, &why)) {
		walk_error(walk, node->place, "%s, got %s", why,
			   spec_quote(text, node->length, got));
		return;
	}
	walk_copy(walk, text, &expect->assembler);
	expect->assembler_place = node->place;
}

static bool is_number(const struct node *node)
{
	return node->kind == NODE_SCALAR && !node->quoted && node->length > 0 &&
	       strspn(node->text, "-0123456789abcdefABCDEFx") == node->length;
}

static void read_expect(struct walk *walk, const struct node *node, void *out)
{
	static const struct key keys[] = {
		{ "bytes", read_expected_bytes, false, NULL },
		{ "asm", read_assembler, false, NULL },
		{ NULL, NULL, false, NULL }
	};
	struct site *site = out;
	struct seen seen;

	if (is_number(node))
		walk_later(walk, node->place, ": NUMBER",
			   "write the old instruction as 'expect: {bytes: ...}'");
	else if (walk_mapping(walk, node, keys, &site->expect, &seen) &&
		 seen.keys[0] == NULL && seen.keys[1] == NULL)
		walk_error(walk, node->place, "give 'bytes', 'asm' or both");
}

static void read_new_bytes(struct walk *walk, const struct node *node, void *out)
{
	struct site *site = out;

	if (read_bytes(walk, node, &site->operation.bytes))
		site->operation.place = node->place;
}

static void read_multiple(struct walk *walk, const struct node *node, void *out)
{
	struct site *site = out;

	(void)walk_bool(walk, node, &site->operation.multiple);
}

static bool is_operation(const struct node *node)
{
	static const char *const operations[] = { "invert", "always", "never", "nop" };

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (node->kind == NODE_SCALAR && strcmp(node->text, operations[i]) == 0)
			return true;
	}
	return false;
}

static void read_replace(struct walk *walk, const struct node *node, void *out)
{
	static const struct key keys[] = {
		{ "bytes", read_new_bytes, true, NULL },
		{ "multiple", read_multiple, false, NULL },
		{ "return", NULL, false, USE_BYTES },
		{ "immediate", NULL, false, USE_BYTES },
		{ "displacement", NULL, false, USE_BYTES },
		{ NULL, NULL, false, NULL }
	};
	struct seen seen;
	char operation[16];

	if (is_operation(node)) {
		(void)snprintf(operation, sizeof(operation), ": %s", node->text);
		walk_later(walk, node->place, operation, USE_BYTES);
	} else if (is_number(node)) {
		walk_later(walk, node->place, ": NUMBER", USE_BYTES);
	} else if (walk_mapping(walk, node, keys, out, &seen) && !walk->later) {
		walk_missing(walk, node, keys, &seen);
	}
}

/* What both values of a site must have in common. */
static void check_bytes(struct walk *walk, const struct site *site)
{
	const struct bytes *expected = &site->expect.bytes, *replacement = &site->operation.bytes;

	if (expected->length == 0 || replacement->length == 0)
		return;
	if (expected->length != replacement->length)
		spec_error(walk->errors, site->operation.place,
			   "%s.replace.bytes: length %zu, but expect.bytes at line %u has %zu; "
			   "a change must keep the length", walk->path, replacement->length,
			   site->expect.bytes_place.line, expected->length);
	else if (bytes_equal(expected, replacement))
		spec_error(walk->errors, site->operation.place,
			   "%s.replace.bytes: the same as expect.bytes at line %u, "
			   "so nothing would change", walk->path, site->expect.bytes_place.line);
}

static const struct key site_keys[] = {
	{ "function", read_function, true, NULL },
	{ "module", read_module, false, NULL },
	{ "offset", read_offset, true, NULL },
	{ "occurrence", read_occurrence, false, NULL },
	{ "expect", read_expect, true, NULL },
	{ "replace", read_replace, true, NULL },
	{ "find", NULL, false, "give the exact place with 'offset' and 'expect'" },
	{ "variable", NULL, false, "only instructions can be changed, with 'function'" },
	{ "size", NULL, false, "'bytes' says how long the change is" },
	{ "function-digest", NULL, false, "name one build of the kernel by its 'build-id'" },
	{ "allow", spec_read_allow, false, NULL },
	{ NULL, NULL, false, NULL }
};

static void read_site(struct walk *walk, const struct node *node, void *out)
{
	struct variant *variant = out;
	struct site *site, *sites = reallocarray(variant->sites, variant->site_count + 1,
						 sizeof(*sites));
	struct seen seen;

	if (sites == NULL) {
		walk->errors->no_memory = true;
		return;
	}
	variant->sites = sites;
	site = &sites[variant->site_count++];
	*site = (struct site){ .place = node->place };
	walk->later = false;
	if (!walk_mapping(walk, node, site_keys, site, &seen))
		return;
	/* A later form needs other keys than those of the table. */
	if (!walk->later)
		walk_missing(walk, node, site_keys, &seen);
	check_bytes(walk, site);
}

/* NULL: the kernel image. */
static bool same_module(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return module_name_equal(a, b);
}

static bool sites_overlap(const struct site *a, const struct site *b)
{
	/* line 0: the value is missing or wrong, which is told already */
	if (a->symbol == NULL || b->symbol == NULL || a->offset_place.line == 0 ||
	    b->offset_place.line == 0 || a->operation.bytes.length == 0 || b->operation.bytes.length == 0)
		return false;
	/* The first, or only, function of a name can be named with and without its number. */
	if ((a->occurrence > 1 ? a->occurrence : 1) != (b->occurrence > 1 ? b->occurrence : 1))
		return false;
	return a->offset < b->offset + b->operation.bytes.length &&
	       b->offset < a->offset + a->operation.bytes.length &&
	       strcmp(a->symbol, b->symbol) == 0 && same_module(a->module, b->module);
}

static void check_overlap(struct walk *walk, const struct variant *variant)
{
	for (size_t i = 1; i < variant->site_count; i++) {
		const struct site *site = &variant->sites[i];

		for (size_t j = 0; j < i; j++) {
			const struct site *other = &variant->sites[j];

			if (!sites_overlap(other, site))
				continue;
			spec_error(walk->errors, site->offset_place,
				   "%s[%zu]: overlaps %s[%zu] at line %u: both change bytes of "
				   "%s+0x%jx", walk->path, i, walk->path, j, other->place.line,
				   site->symbol, (uintmax_t)(site->offset > other->offset ?
							       site->offset : other->offset));
			break;
		}
	}
}

void spec_read_sites(struct walk *walk, const struct node *node, void *out)
{
	struct variant *variant = out;

	if (walk_list(walk, node, SITES_MAX, read_site, variant))
		check_overlap(walk, variant);
}
