/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spec_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operation.h"
#include "yaml_scalar.h"

static void number_write(FILE *out, const struct number *number)
{
	uint64_t magnitude = number->negative ? 0 - number->bits : number->bits;

	(void)fprintf(out, magnitude < 10 ? "%s%" PRIu64 : "%s0x%" PRIx64, number->negative ? "-" : "",
		magnitude);
}

/* "key: text", or a list where there are several. */
static void strings_write(FILE *out, int indent, const char *key, const struct strings *strings)
{
	if (strings->count == 0)
		return;
	(void)fprintf(out, "%*s%s:", indent, "", key);
	for (size_t i = 0; i < strings->count; i++) {
		if (strings->count > 1)
			(void)fprintf(out, "\n%*s-", indent + 2, "");
		(void)fputc(' ', out);
		scalar_write(out, strings->items[i], false);
	}
	(void)fputc('\n', out);
}

static void architectures_write(FILE *out, int indent, unsigned architectures)
{
	const char *before = "";

	if (architectures == 0)
		return;
	(void)fprintf(out, "%*sarchitecture: [", indent, "");
	for (unsigned i = 0; architectures >> i != 0; i++) {
		if ((architectures & 1u << i) == 0)
			continue;
		(void)fprintf(out, "%s%s", before, arch_name((enum architecture)i));
		before = ", ";
	}
	(void)fputs("]\n", out);
}

static void conditions_write(FILE *out, int indent, const struct conditions *conditions)
{
	strings_write(out, indent, "release", &conditions->releases);
	strings_write(out, indent, "build-id", &conditions->build_ids);
}

static void requirements_write(FILE *out, const struct requirements *requires)
{
	if (requires->symbols.count + requires->type_count + requires->module_build_ids.count == 0)
		return;
	(void)fputs("requires:\n", out);
	strings_write(out, 2, "symbols", &requires->symbols);
	if (requires->type_count > 0)
		(void)fputs("  types:\n", out);
	for (size_t i = 0; i < requires->type_count; i++) {
		const struct type_requirement *type = &requires->types[i];

		(void)fprintf(out, type->is_size ? "    %s: {size: 0x%" PRIx64 "}\n" :
			"    %s: 0x%" PRIx64 "\n", type->name, type->number);
	}
	strings_write(out, 2, "module-build-id", &requires->module_build_ids);
}

static void pattern_write(FILE *out, const struct pattern *pattern)
{
	(void)fputs("      - lines:\n", out);
	for (size_t i = 0; i < pattern->count; i++) {
		(void)fputs("          - ", out);
		scalar_write(out, pattern->lines[i].text, false);
		(void)fputc('\n', out);
	}
	if (pattern->count > 1)
		(void)fprintf(out, "        at: %zu\n", pattern->at + 1);
}

static void where_write(FILE *out, const struct site *site)
{
	if (site->where == SITE_OFFSET || (site->where == SITE_VARIABLE && site->offset != 0))
		(void)fprintf(out, "    offset: 0x%" PRIx64 "\n", site->offset);
	if (site->where == SITE_VARIABLE)
		(void)fprintf(out, "    size: %u\n", site->size);
	if (site->where != SITE_FIND)
		return;
	(void)fputs("    find:\n", out);
	for (size_t i = 0; i < site->pattern_count; i++)
		pattern_write(out, &site->patterns[i]);
}

static void expect_write(FILE *out, const struct expectation *expect)
{
	char text[BYTES_TEXT_MAX];

	if (expect->has_value) {
		(void)fputs("    expect: ", out);
		number_write(out, &expect->value);
		(void)fputc('\n', out);
	}
	if (expect->bytes.length == 0 && expect->assembler == NULL)
		return;
	(void)fputs("    expect: {", out);
	if (expect->bytes.length > 0)
		(void)fprintf(out, "bytes: \"%s\"%s", bytes_print(&expect->bytes, text),
			expect->assembler != NULL ? ", " : "");
	if (expect->assembler != NULL) {
		(void)fputs("asm: ", out);
		scalar_write(out, expect->assembler, true);
	}
	(void)fputs("}\n", out);
}

static void operation_write(FILE *out, const struct operation *operation)
{
	char text[BYTES_TEXT_MAX];

	(void)fputs("    replace: ", out);
	switch (operation->kind) {
	case OPERATION_BYTES:
		(void)fprintf(out, "{bytes: \"%s\"%s}", bytes_print(&operation->bytes, text),
			operation->multiple ? ", multiple: true" : "");
		break;
	case OPERATION_RETURN:
	case OPERATION_IMMEDIATE:
	case OPERATION_DISPLACEMENT:
		(void)fprintf(out, "{%s: ", operation_name(operation->kind));
		number_write(out, &operation->number);
		(void)fputc('}', out);
		break;
	case OPERATION_TARGET:
		(void)fputs("{target: ", out);
		scalar_write(out, operation->target, true);
		(void)fputc('}', out);
		break;
	case OPERATION_VALUE:
		number_write(out, &operation->number);
		break;
	default:
		(void)fputs(operation_name(operation->kind), out);
	}
	(void)fputc('\n', out);
}

static void allow_write(FILE *out, const struct site *site)
{
	if (site->allow_count > 0)
		(void)fputs("    allow:\n", out);
	for (size_t i = 0; i < site->allow_count; i++) {
		(void)fprintf(out, "      %s: ", owner_name(site->allow[i].kind));
		scalar_write(out, site->allow[i].reason, true);
		(void)fputc('\n', out);
	}
}

static void site_write(FILE *out, const struct site *site)
{
	(void)fprintf(out, "  - %s: ", site->where == SITE_VARIABLE ? "variable" : "function");
	scalar_write(out, site->symbol, false);
	(void)fputc('\n', out);
	if (site->module != NULL) {
		(void)fputs("    module: ", out);
		scalar_write(out, site->module, false);
		(void)fputc('\n', out);
	}
	if (site->occurrence != 0)
		(void)fprintf(out, "    occurrence: %u\n", site->occurrence);
	if (site->digest != NULL)
		(void)fprintf(out, "    function-digest: \"%s\"\n", site->digest);
	where_write(out, site);
	expect_write(out, &site->expect);
	operation_write(out, &site->operation);
	allow_write(out, site);
}

static void sites_write(FILE *out, const struct variant *variant)
{
	for (size_t i = 0; i < variant->site_count; i++) {
		if (i > 0)
			(void)fputc('\n', out);
		site_write(out, &variant->sites[i]);
	}
}

static void lines_indent(FILE *out, int indent, const char *text)
{
	while (*text != '\0') {
		int length = (int)strcspn(text, "\n");

		(void)fprintf(out, "%*s%.*s\n", length > 0 ? indent : 0, "", length, text);
		text += length + (text[length] == '\n');
	}
}

/* Its sites stand deeper than those of a file without variants. -1: memory ran out. */
static int variant_write(FILE *out, const struct variant *variant)
{
	CLEANUP_FREE char *text = NULL;
	size_t size;
	FILE *sites = open_memstream(&text, &size);

	if (sites == NULL)
		return -1;
	sites_write(sites, variant);
	if (fclose(sites) != 0)
		return -1;
	(void)fputs("  - when:\n", out);
	architectures_write(out, 6, variant->when.architectures);
	conditions_write(out, 6, &variant->when);
	(void)fputs("    sites:\n", out);
	lines_indent(out, 4, text);
	return 0;
}

static int variants_write(FILE *out, const struct patch *patch)
{
	const struct variant *first = patch->variants;

	if (patch->variant_count == 1 && first->when.releases.count == 0 &&
	    first->when.build_ids.count == 0 && first->when.architectures == 0) {
		(void)fputs("sites:\n", out);
		sites_write(out, first);
		return 0;
	}
	(void)fputs("variants:\n", out);
	for (size_t i = 0; i < patch->variant_count; i++) {
		if (i > 0)
			(void)fputc('\n', out);
		if (variant_write(out, &patch->variants[i]) < 0)
			return -1;
	}
	return 0;
}

static void head_write(FILE *out, const struct patch *patch)
{
	(void)fprintf(out, "format: 1\npatch: ");
	scalar_write(out, patch->name, false);
	(void)fputs("\nsummary: ", out);
	scalar_write(out, patch->summary, false);
	(void)fputc('\n', out);
	if (patch->description != NULL) {
		(void)fputs("description: ", out);
		paragraph_write(out, 2, patch->description);
	}
	architectures_write(out, 0, patch->kernel.architectures);
	if (patch->kernel.releases.count + patch->kernel.build_ids.count > 0) {
		(void)fputs("kernel:\n", out);
		conditions_write(out, 2, &patch->kernel);
	}
	requirements_write(out, &patch->requires);
	strings_write(out, 0, "replaces", &patch->replaces);
}

static void comment_write(FILE *out, const char *comment)
{
	while (*comment != '\0') {
		int length = (int)strcspn(comment, "\n");

		(void)fprintf(out, "#%s%.*s\n", length > 0 ? " " : "", length, comment);
		comment += length + (comment[length] == '\n');
	}
}

int spec_write(const struct patch *patch, const char *comment, char **out, struct fail *fail)
{
	CLEANUP_FREE char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	int result;

	if (file == NULL)
		return fail_memory(fail, patch->name);
	if (comment != NULL)
		comment_write(file, comment);
	head_write(file, patch);
	result = variants_write(file, patch);
	if (fclose(file) != 0 || result < 0)
		return fail_memory(fail, patch->name);
	*out = text;
	text = NULL;
	return 0;
}
