/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spec_sites.h"

#include <stdlib.h>
#include <string.h>

#include "asm.h"
#include "module.h"
#include "spec_allow.h"
#include "spec_find.h"
#include "spec_replace.h"
#include "spec_value.h"
#include "spec_variable.h"

enum {
	SITES_MAX = 1024,		/* of one variant: PATCHER_KMEM_SITES_MAX */
	OFFSET_MAX = 1024 * 1024 - 1,	/* no function is longer: FUNCTION_SIZE_MAX */
	OCCURRENCE_MAX = 65535,
	DIGEST_DIGITS = 64		/* SHA-256 */
};

void spec_read_symbol(struct walk *walk, const struct node *node, const char *what,
		      struct site *site)
{
	const char *text = spec_symbol(walk, node, what);

	if (text == NULL)
		return;
	spec_copy(walk, text, &site->symbol);
	site->symbol_place = node->place;
}

static void read_function(struct walk *walk, const struct node *node, void *out)
{
	spec_read_symbol(walk, node, "the name of a function", out);
}

void spec_read_module(struct walk *walk, const struct node *node, void *out)
{
	const char *text = spec_module(walk, node);
	struct site *site = out;

	if (text == NULL)
		return;
	spec_copy(walk, text, &site->module);
	site->module_place = node->place;
}

void spec_read_offset(struct walk *walk, const struct node *node, void *out)
{
	struct site *site = out;

	if (spec_unsigned(walk, node, 0, OFFSET_MAX, &site->offset))
		site->offset_place = node->place;
}

void spec_read_occurrence(struct walk *walk, const struct node *node, void *out)
{
	struct site *site = out;
	uint64_t occurrence;

	if (spec_unsigned(walk, node, 1, OCCURRENCE_MAX, &occurrence))
		site->occurrence = (unsigned)occurrence;
}

static void read_digest(struct walk *walk, const struct node *node, void *out)
{
	char digits[DIGEST_DIGITS + 1];
	struct site *site = out;

	if (!spec_digits(walk, node, DIGEST_DIGITS, DIGEST_DIGITS,
			  "64 hexadecimal digits, as 'patchctl disassemble --digest' prints them",
			  digits))
		return;
	spec_copy(walk, digits, &site->digest);
	site->digest_place = node->place;
}

static void read_expected_bytes(struct walk *walk, const struct node *node, void *out)
{
	struct expectation *expect = out;

	if (spec_bytes(walk, node, &expect->bytes))
		expect->bytes_place = node->place;
}

/* One or several instructions, joined by ';'. */
static bool assembler_check(const char *text, const char **why)
{
	CLEANUP_FREE char *copy = strdup(text);
	char *save = NULL, *one = copy == NULL ? NULL : strtok_r(copy, ";", &save);

	*why = copy == NULL ? "out of memory" : "no instruction in it";
	if (one == NULL)
		return false;
	for (; one != NULL; one = strtok_r(NULL, ";", &save)) {
		if (!asm_check(one, why))
			return false;
	}
	return true;
}

static void read_assembler(struct walk *walk, const struct node *node, void *out)
{
	struct expectation *expect = out;
	const char *text = spec_text(walk, node, ASM_MAX - 1, "assembler text like \"je *\"");
	char got[QUOTE_MAX];
	const char *why;

	if (text == NULL)
		return;
	if (!assembler_check(text, &why)) {
		walk_error(walk, node->place, "%s, got %s", why,
			   spec_quote(text, node->length, got));
		return;
	}
	spec_copy(walk, text, &expect->assembler);
	expect->assembler_place = node->place;
}

static void read_expect(struct walk *walk, const struct node *node, void *out)
{
	static const struct key keys[] = {
		{ "bytes", read_expected_bytes, false },
		{ "asm", read_assembler, false },
		{ NULL, NULL, false }
	};
	struct site *site = out;
	struct seen seen;

	if (walk_mapping(walk, node, keys, &site->expect, &seen) &&
	    seen.keys[0] == NULL && seen.keys[1] == NULL)
		walk_error(walk, node->place, "give 'bytes', 'asm' or both");
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

static void refuse_size(struct walk *walk, const struct node *node, void *out)
{
	(void)out;
	walk_error(walk, node->place, "only a variable has one; the bytes, or the instruction, say "
		   "how long a change of a function is");
}

/* The keys that relate to others come first. */
enum { SITE_KEY_FUNCTION, SITE_KEY_OFFSET, SITE_KEY_FIND, SITE_KEY_EXPECT };
static const struct key function_keys[] = {
	[SITE_KEY_FUNCTION] = { "function", read_function, false },
	[SITE_KEY_OFFSET] = { "offset", spec_read_offset, false },
	[SITE_KEY_FIND] = { "find", spec_read_find, false },
	[SITE_KEY_EXPECT] = { "expect", read_expect, false },
	{ "replace", spec_read_replace, true },
	{ "module", spec_read_module, false },
	{ "occurrence", spec_read_occurrence, false },
	{ "function-digest", read_digest, false },
	{ "size", refuse_size, false },
	{ "allow", spec_read_allow, false },
	{ NULL, NULL, false }
};

static void missing(struct walk *walk, const struct node *node, const char *key, const char *or)
{
	spec_error(walk->errors, node->place, "missing key '%s.%s'%s", walk->path, key, or);
}

/* Exactly one of `offset`, `find` and `return`, and what each of them needs. */
static void check_where(struct walk *walk, const struct node *node, const struct seen *seen,
			struct site *site)
{
	const struct node *offset = seen->keys[SITE_KEY_OFFSET], *find = seen->keys[SITE_KEY_FIND];
	bool entry = site->operation.kind == OPERATION_RETURN;

	if (seen->keys[SITE_KEY_FUNCTION] == NULL)
		missing(walk, node, "function", " (or 'variable')");
	if (entry && (offset != NULL || find != NULL))
		spec_error(walk->errors, (offset != NULL ? offset : find)->place,
			   "%s: 'return' is made at the function's entry, which is found by "
			   "itself; leave '%s' out", walk->path,
			   offset != NULL ? "offset" : "find");
	else if (offset != NULL && find != NULL)
		spec_error(walk->errors, find->place, "%s: both 'offset' (line %u) and 'find'; "
			   "give one of them", walk->path, offset->place.line);
	else if (!entry && offset == NULL && find == NULL)
		missing(walk, node, "offset", " (or 'find')");
	if (!entry && find == NULL && seen->keys[SITE_KEY_EXPECT] == NULL)
		missing(walk, node, "expect", "");
	site->where = entry ? SITE_ENTRY : find != NULL ? SITE_FIND : SITE_OFFSET;
}

static void read_function_site(struct walk *walk, const struct node *node, struct site *site)
{
	struct seen seen;

	if (!walk_mapping(walk, node, function_keys, site, &seen))
		return;
	check_where(walk, node, &seen, site);
	walk_missing(walk, node, function_keys, &seen);
	check_bytes(walk, site);
}

/* Whether it names a variable, or means to. */
static bool has_variable(const struct node *node)
{
	const struct node *name = node->kind == NODE_MAPPING ? node->child : NULL;

	for (; name != NULL; name = name->next->next) {
		if (name->kind == NODE_SCALAR && walk_distance(name, "variable") != SIZE_MAX)
			return true;
	}
	return false;
}

static void read_site(struct walk *walk, const struct node *node, void *out)
{
	struct variant *variant = out;
	struct site *sites = reallocarray(variant->sites, variant->site_count + 1, sizeof(*sites));

	if (sites == NULL) {
		walk->errors->no_memory = true;
		return;
	}
	variant->sites = sites;
	sites += variant->site_count++;
	*sites = (struct site){ .place = node->place };
	if (has_variable(node))
		spec_read_variable_site(walk, node, sites);
	else
		read_function_site(walk, node, sites);
}

/* NULL: the kernel image. */
static bool same_module(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return module_name_equal(a, b);
}

/* How many bytes it changes, at least; 0: it is not known where. */
static size_t site_length(const struct site *site)
{
	/* line 0: the value is missing or wrong, which is told already */
	if (site->symbol == NULL || site->operation.place.line == 0)
		return 0;
	switch (site->where) {
	case SITE_VARIABLE:
		return site->size;
	case SITE_ENTRY:
		return 1;
	case SITE_OFFSET:
		if (site->offset_place.line == 0)
			return 0;
		if (site->operation.bytes.length > 0)
			return site->operation.bytes.length;
		return site->expect.bytes.length > 0 ? site->expect.bytes.length : 1;
	default:
		return 0;
	}
}

static bool sites_overlap(const struct site *a, const struct site *b)
{
	size_t a_length = site_length(a), b_length = site_length(b);

	/* where the entry ends only the kernel tells */
	if (a->where != b->where || a_length == 0 || b_length == 0)
		return false;
	/* The first, or only, function of a name can be named with and without its number. */
	if ((a->occurrence > 1 ? a->occurrence : 1) != (b->occurrence > 1 ? b->occurrence : 1))
		return false;
	return a->offset < b->offset + b_length && b->offset < a->offset + a_length &&
	       strcmp(a->symbol, b->symbol) == 0 && same_module(a->module, b->module);
}

static void overlap_error(struct walk *walk, size_t index, size_t other,
			  const struct variant *variant)
{
	const struct site *a = &variant->sites[other], *b = &variant->sites[index];
	uint64_t offset = b->offset > a->offset ? b->offset : a->offset;

	if (b->where == SITE_ENTRY)
		spec_error(walk->errors, b->operation.place, "%s[%zu]: overlaps %s[%zu] at line "
			   "%u: both are at the entry of %s", walk->path, index, walk->path, other,
			   a->place.line, b->symbol);
	else
		spec_error(walk->errors, b->offset_place.line == 0 ? b->place : b->offset_place,
			   "%s[%zu]: overlaps %s[%zu] at line %u: both change bytes of %s+0x%jx",
			   walk->path, index, walk->path, other, a->place.line, b->symbol,
			   (uintmax_t)offset);
}

static void check_overlap(struct walk *walk, const struct variant *variant)
{
	for (size_t i = 1; i < variant->site_count; i++) {
		if (site_length(&variant->sites[i]) == 0)
			continue;
		for (size_t j = 0; j < i; j++) {
			if (!sites_overlap(&variant->sites[j], &variant->sites[i]))
				continue;
			overlap_error(walk, i, j, variant);
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
