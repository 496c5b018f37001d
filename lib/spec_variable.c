/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spec_variable.h"

#include "spec_allow.h"
#include "spec_sites.h"
#include "spec_value.h"

static void read_variable(struct walk *walk, const struct node *node, void *out)
{
	spec_read_symbol(walk, node, "the name of a variable", out);
}

static void read_size(struct walk *walk, const struct node *node, void *out)
{
	struct site *site = out;
	uint64_t size;

	if (!spec_unsigned(walk, node, 1, 8, &size))
		return;
	if ((size & (size - 1)) != 0)
		walk_expected(walk, node, "1, 2, 4 or 8");
	else
		site->size = (unsigned)size;
}

static void read_old_value(struct walk *walk, const struct node *node, void *out)
{
	struct expectation *expect = &((struct site *)out)->expect;

	expect->has_value = spec_number(walk, node, &expect->value);
	if (expect->has_value)
		expect->value_place = node->place;
}

static void read_new_value(struct walk *walk, const struct node *node, void *out)
{
	struct operation *operation = &((struct site *)out)->operation;

	if (spec_number(walk, node, &operation->number))
		operation->place = node->place;
}

static void refuse_function(struct walk *walk, const struct node *node, void *out)
{
	(void)out;
	walk_error(walk, node->place, "a site is in a function or a variable; write two sites");
}

static void refuse_code(struct walk *walk, const struct node *node, void *out)
{
	(void)out;
	walk_error(walk, node->place, "a variable has no instructions; its place is 'offset', from "
		   "0, and 'size'");
}

static const struct key variable_keys[] = {
	{ "variable", read_variable, true },
	{ "module", spec_read_module, false },
	{ "offset", spec_read_offset, false },
	{ "size", read_size, true },
	{ "expect", read_old_value, true },
	{ "replace", read_new_value, true },
	{ "occurrence", spec_read_occurrence, false },
	{ "allow", spec_read_allow, false },
	{ "function", refuse_function, false },
	{ "find", refuse_code, false },
	{ "function-digest", refuse_code, false },
	{ NULL, NULL, false }
};

/* Whether it fits `size` bytes, with a sign or without. */
static bool number_fits(const struct number *number, unsigned size)
{
	uint64_t sign = UINT64_MAX << (size * 8 - 1);

	if (number->negative)
		return (number->bits & sign) == sign;
	return size == 8 || number->bits >> size * 8 == 0;
}

static void out_of_range(struct walk *walk, struct place place, const char *key,
			 const struct number *number, unsigned size)
{
	spec_error(walk->errors, place, "%s.%s: %s%ju does not fit %u byte%s, with a sign or without",
		   walk->path, key, number->negative ? "-" : "",
		   (uintmax_t)(number->negative ? 0 - number->bits : number->bits), size,
		   size == 1 ? "" : "s");
}

static void check_values(struct walk *walk, const struct site *site)
{
	const struct number *old = &site->expect.value, *new = &site->operation.number;
	const struct {
		const struct number *number;
		struct place place;
		const char *key;
	} values[] = {
		{ old, site->expect.value_place, "expect" },
		{ new, site->operation.place, "replace" },
	};
	bool fit = true;

	for (size_t i = 0; i < 2; i++) {
		if (values[i].place.line == 0 || number_fits(values[i].number, site->size)) {
			fit &= values[i].place.line != 0;
			continue;
		}
		out_of_range(walk, values[i].place, values[i].key, values[i].number, site->size);
		fit = false;
	}
	/* 0xff and -1 are the same byte */
	if (fit && (old->bits ^ new->bits) << (64 - site->size * 8) == 0)
		spec_error(walk->errors, site->operation.place, "%s.replace: the same as expect at "
			   "line %u, so nothing would change", walk->path,
			   site->expect.value_place.line);
}

void spec_read_variable_site(struct walk *walk, const struct node *node, struct site *site)
{
	struct seen seen;

	site->where = SITE_VARIABLE;
	site->operation.kind = OPERATION_VALUE;
	if (!walk_mapping(walk, node, variable_keys, site, &seen))
		return;
	walk_missing(walk, node, variable_keys, &seen);
	if (site->size != 0)
		check_values(walk, site);
}
