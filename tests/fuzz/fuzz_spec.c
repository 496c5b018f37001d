/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text is a patch or is refused in whole lines of messages: never a fault, never a leak.
 *
 *	make CC=clang SAN=fuzzer-no-link,address,undefined BUILD=build-fuzz build-fuzz/fuzz_spec
 *	cp -r tests/spec/good build/corpus && build-fuzz/fuzz_spec build/corpus tests/spec/bad
 */
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "pattern.h"
#include "spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_expectation(const struct site *site)
{
	const struct expectation *expect = &site->expect;

	check(expect->bytes.length <= BYTES_MAX);
	if (site->where == SITE_VARIABLE)
		check(expect->has_value && expect->bytes.length == 0 && expect->assembler == NULL);
	else
		check(!expect->has_value);
	if (site->where == SITE_OFFSET)
		check(expect->bytes.length > 0 || expect->assembler != NULL);
}

static void check_operation(const struct site *site)
{
	const struct operation *operation = &site->operation;
	bool bytes = operation->kind == OPERATION_BYTES;

	check(operation->place.line != 0);
	check(bytes ? operation->bytes.length > 0 && operation->bytes.length <= BYTES_MAX
		    : operation->bytes.length == 0 && !operation->multiple);
	check((operation->kind == OPERATION_RETURN) == (site->where == SITE_ENTRY));
	check((operation->kind == OPERATION_VALUE) == (site->where == SITE_VARIABLE));
	if (bytes && site->expect.bytes.length > 0)
		check(operation->bytes.length == site->expect.bytes.length &&
		      !bytes_equal(&operation->bytes, &site->expect.bytes));
	if (operation->kind == OPERATION_RETURN)
		check((int64_t)operation->number.bits == (int32_t)operation->number.bits);
	check((operation->kind == OPERATION_TARGET) ==
	      (operation->target != NULL && operation->target[0] != '\0'));
	/* a value of the variable's size, or that sign-extended */
	if (site->where == SITE_VARIABLE && site->size < 8)
		check(operation->number.negative || operation->number.bits >> site->size * 8 == 0);
}

static void check_patterns(const struct site *site)
{
	check((site->pattern_count > 0) == (site->where == SITE_FIND));
	for (size_t i = 0; i < site->pattern_count; i++) {
		const struct pattern *pattern = &site->patterns[i];

		check(pattern->count > 0 && pattern->count <= PATTERN_LINES_MAX &&
		      pattern->at < pattern->count);
		for (size_t j = 0; j < pattern->count; j++) {
			const char *why, *text = pattern->lines[j].text;

			check(text != NULL && pattern->lines[j].place.line != 0);
			if (strcmp(text, "...") == 0)
				check(j > 0 && j + 1 < pattern->count && j != pattern->at);
			else
				check(pattern_line_check(text, &why));
		}
	}
}

static void check_site(const struct site *site)
{
	check(site->symbol != NULL && site->place.line != 0);
	check(site->digest == NULL || strlen(site->digest) == DIGEST_TEXT_MAX - 1);
	if (site->where == SITE_OFFSET)
		check(site->offset_place.line != 0);
	check(site->where == SITE_VARIABLE ? site->size > 0 && site->size <= 8 &&
					     (site->size & (site->size - 1)) == 0 : site->size == 0);
	check_expectation(site);
	check_operation(site);
	check_patterns(site);
	for (size_t i = 0; i < site->allow_count; i++)
		check(site->allow[i].reason != NULL && owner_allowable(site->allow[i].kind));
}

static void check_patch(const struct patch *patch)
{
	check(patch->name != NULL && patch->summary != NULL && patch->variant_count > 0);
	for (size_t i = 0; i < patch->requires.type_count; i++) {
		const struct type_requirement *type = &patch->requires.types[i];
		const char *why;

		check(types_path_check(type->name, &why) && type->number <= UINT32_MAX &&
		      type->is_size == (strchr(type->name, '.') == NULL));
	}
	for (size_t i = 0; i < patch->variant_count; i++) {
		check(patch->variants[i].site_count > 0);
		for (size_t j = 0; j < patch->variants[i].site_count; j++)
			check_site(&patch->variants[i].sites[j]);
	}
}

static void check_message(const char *message)
{
	for (const char *line = message; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "f.yaml:", strlen("f.yaml:")) != 0)
			abort();
	}
	for (; *message != '\0'; message++) {
		if ((unsigned char)*message < 0x20 && *message != '\n')
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct patch patch;
	struct fail fail;

	if (spec_parse("f.yaml", (const char *)data, size, &patch, &fail) == 0)
		check_patch(&patch);
	else if (fail.code == OUTCOME_INVALID_SPEC)
		check_message(fail.message);
	patch_deinit(&patch);
	return 0;
}
