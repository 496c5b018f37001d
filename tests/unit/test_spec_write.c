/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_write: what is written is read as the same patch, and looks as a person would write it. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "spec.h"
#include "spec_write.h"

static void read_file(const char *path, char **text, size_t *length)
{
	FILE *file = fopen(path, "r"), *copy = open_memstream(text, length);
	int c;

	assert_non_null(file);
	assert_non_null(copy);
	while ((c = fgetc(file)) != EOF)
		fputc(c, copy);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(fclose(copy), 0);
}

static void parse(const char *source, const char *text, size_t length, struct patch *out)
{
	struct fail fail;

	if (spec_parse(source, text, length, out, &fail) < 0)
		fail_msg("%s\n%s", fail.message, text);
}

static void same_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a != NULL)
		assert_string_equal(a, b);
}

static void same_strings(const struct strings *a, const struct strings *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_string_equal(a->items[i], b->items[i]);
}

static void same_conditions(const struct conditions *a, const struct conditions *b)
{
	same_strings(&a->releases, &b->releases);
	same_strings(&a->build_ids, &b->build_ids);
	assert_int_equal(a->architectures, b->architectures);
}

static void same_requirements(const struct requirements *a, const struct requirements *b)
{
	same_strings(&a->symbols, &b->symbols);
	same_strings(&a->module_build_ids, &b->module_build_ids);
	assert_int_equal(a->type_count, b->type_count);
	for (size_t i = 0; i < a->type_count; i++) {
		same_text(a->types[i].name, b->types[i].name);
		assert_int_equal(a->types[i].is_size, b->types[i].is_size);
		assert_int_equal(a->types[i].number, b->types[i].number);
	}
}

static void same_number(const struct number *a, const struct number *b)
{
	assert_int_equal(a->bits, b->bits);
	assert_int_equal(a->negative, b->negative);
}

static void same_patterns(const struct site *a, const struct site *b)
{
	assert_int_equal(a->pattern_count, b->pattern_count);
	for (size_t i = 0; i < a->pattern_count; i++) {
		assert_int_equal(a->patterns[i].at, b->patterns[i].at);
		assert_int_equal(a->patterns[i].count, b->patterns[i].count);
		for (size_t j = 0; j < a->patterns[i].count; j++)
			same_text(a->patterns[i].lines[j].text, b->patterns[i].lines[j].text);
	}
}

static void same_site(const struct site *a, const struct site *b)
{
	assert_int_equal(a->where, b->where);
	same_text(a->symbol, b->symbol);
	same_text(a->module, b->module);
	same_text(a->digest, b->digest);
	assert_int_equal(a->offset, b->offset);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->occurrence, b->occurrence);
	same_patterns(a, b);
	assert_true(bytes_equal(&a->expect.bytes, &b->expect.bytes));
	same_text(a->expect.assembler, b->expect.assembler);
	assert_int_equal(a->expect.has_value, b->expect.has_value);
	same_number(&a->expect.value, &b->expect.value);
	assert_int_equal(a->operation.kind, b->operation.kind);
	assert_int_equal(a->operation.multiple, b->operation.multiple);
	assert_true(bytes_equal(&a->operation.bytes, &b->operation.bytes));
	same_number(&a->operation.number, &b->operation.number);
	same_text(a->operation.target, b->operation.target);
	assert_int_equal(a->allow_count, b->allow_count);
	for (size_t i = 0; i < a->allow_count; i++) {
		assert_int_equal(a->allow[i].kind, b->allow[i].kind);
		same_text(a->allow[i].reason, b->allow[i].reason);
	}
}

static void same_patch(const struct patch *a, const struct patch *b)
{
	same_text(a->name, b->name);
	same_text(a->summary, b->summary);
	same_text(a->description, b->description);
	same_conditions(&a->kernel, &b->kernel);
	same_requirements(&a->requires, &b->requires);
	same_strings(&a->replaces, &b->replaces);
	assert_int_equal(a->variant_count, b->variant_count);
	for (size_t i = 0; i < a->variant_count; i++) {
		same_conditions(&a->variants[i].when, &b->variants[i].when);
		assert_int_equal(a->variants[i].site_count, b->variants[i].site_count);
		for (size_t j = 0; j < a->variants[i].site_count; j++)
			same_site(&a->variants[i].sites[j], &b->variants[i].sites[j]);
	}
}

static void comes_back(const char *source, const char *text, size_t length)
{
	CLEANUP(patch_deinit) struct patch before = { .name = NULL }, after = { .name = NULL };
	CLEANUP_FREE char *written = NULL;
	struct fail fail;

	parse(source, text, length, &before);
	assert_int_equal(spec_write(&before, NULL, &written, &fail), 0);
	parse(source, written, strlen(written), &after);
	same_patch(&before, &after);
}

static size_t files_come_back(const char *directory)
{
	DIR *list = opendir(directory);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(list);
	while ((entry = readdir(list)) != NULL) {
		CLEANUP_FREE char *text = NULL;
		size_t length;
		char path[512];

		if (strstr(entry->d_name, ".yaml") == NULL)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		read_file(path, &text, &length);
		comes_back(path, text, length);
		count++;
	}
	assert_int_equal(closedir(list), 0);
	return count;
}

static void every_good_file_comes_back(void **state)
{
	(void)state;
	assert_true(files_come_back("tests/spec/good") > 10);
	assert_true(files_come_back("patches") > 3);
}

#define HEAD "patch: p\nsummary: "
#define SITES "\nsites: [{function: f, replace: {return: 0}}]\n"

static void odd_text_comes_back(void **state)
{
	static const char *const summaries[] = {
		"\"yes\"", "\"12\"", "\"0x1f\"", "\"a: b\"", "\"a #b\"", "\"ends with :\"", "\"- x\"",
		"\"* x\"", "\"quote \\\" and \\\\\"", "\"\\u0085next\"", "\"\\u2028line\"",
		"\"\xef\xbb\xbf mark\"", "\"\xc3\xa4\xe2\x82\xac\"", "\"~\"", "\" blank \"", "\"null\"",
		"\"[a]\"", "\"{a}\"", "\"a\\tb\"", "\"%d\"", "\"@x\"", "\"`x`\"", "\"! x\"", "\"&x\"",
		"\"'x'\"", "\"|\"", "\">\"", "\"?\"", "\"a,b\"", "\"=\"", "\"<<\"",
	};
	size_t good = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(summaries) / sizeof(summaries[0]); i++) {
		CLEANUP(patch_deinit) struct patch patch = { .name = NULL };
		struct fail fail;
		char text[256];

		(void)snprintf(text, sizeof(text), HEAD "%s" SITES, summaries[i]);
		/* those that the format refuses need not come back */
		if (spec_parse("t.yaml", text, strlen(text), &patch, &fail) < 0)
			continue;
		good++;
		comes_back("t.yaml", text, strlen(text));
	}
	assert_true(good > 25);
}

static void descriptions_come_back(void **state)
{
	static const char *const descriptions[] = {
		"|\n  one\n  two\n", "|-\n  one\n  two\n", "\"one\\n\\ntwo\\n\"", "\"one\\n\\n\\n\\ntwo\"",
		"\" one\\ntwo\"", "\"\\n\\none\"", "\"one\\n  two \\n   \\nthree\"", "\"one\\n\\ttwo\"",
		"\"# one\\n- two: x\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(descriptions) / sizeof(descriptions[0]); i++) {
		char text[256];

		(void)snprintf(text, sizeof(text), HEAD "s\ndescription: %s" SITES, descriptions[i]);
		comes_back("t.yaml", text, strlen(text));
	}
}

static void people_can_read_it(void **state)
{
	static const char text[] =
		"# of a.o and b.o\n"
		"#\n"
		"# two lines\n"
		"format: 1\n"
		"patch: p\n"
		"summary: \"What: it does\"\n"
		"description: |\n"
		"  one\n"
		"\n"
		"  two\n"
		"architecture: [x86_64]\n"
		"kernel:\n"
		"  release: \"6.1.*\"\n"
		"sites:\n"
		"  - function: f\n"
		"    module: nfs\n"
		"    find:\n"
		"      - lines:\n"
		"          - testb $0x2, 0x50(*)\n"
		"          - je *\n"
		"        at: 2\n"
		"    replace: invert\n"
		"\n"
		"  - function: g\n"
		"    offset: 0x10\n"
		"    expect: {bytes: \"90 90\", asm: \"nop; nop\"}\n"
		"    replace: {bytes: \"cc cc\", multiple: true}\n"
		"\n"
		"  - variable: v\n"
		"    size: 4\n"
		"    expect: 0\n"
		"    replace: -0x40\n";
	CLEANUP(patch_deinit) struct patch patch = { .name = NULL };
	CLEANUP_FREE char *written = NULL;
	struct fail fail;

	(void)state;
	parse("t.yaml", text, strlen(text), &patch);
	assert_int_equal(spec_write(&patch, "of a.o and b.o\n\ntwo lines\n", &written, &fail), 0);
	assert_string_equal(written, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_good_file_comes_back),
		cmocka_unit_test(odd_text_comes_back),
		cmocka_unit_test(descriptions_come_back),
		cmocka_unit_test(people_can_read_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
