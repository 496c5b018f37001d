/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec: what a patch file becomes, and how it is refused where tests/spec/ cannot look. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/errno_name.h"
#include "spec.h"

#define HEAD "patch: p\nsummary: s\n"
#define SITE "- {function: f, offset: 1, expect: {bytes: \"90\"}, replace: {bytes: cc}}\n"

/* In memory of exactly its size, so that a sanitizer sees a byte read too far. */
static int parse(const char *text, size_t length, struct patch *patch, struct fail *fail)
{
	char *copy = malloc(length > 0 ? length : 1);
	int result;

	assert_non_null(copy);
	memcpy(copy, text, length);
	result = spec_parse("t.yaml", copy, length, patch, fail);
	free(copy);
	return result;
}

static void load(const char *path, struct patch *patch)
{
	char text[65536];
	FILE *file = fopen(path, "r");
	struct fail fail = { .message = "" };
	size_t length;

	assert_non_null(file);
	length = fread(text, 1, sizeof(text), file);
	assert_true(length < sizeof(text));
	assert_int_equal(fclose(file), 0);
	if (parse(text, length, patch, &fail) != 0)
		fail_msg("%s", fail.message);
}

static void assert_refused(const char *text, const char *message)
{
	struct patch patch, nothing = { .source = NULL };
	struct fail fail;

	assert_int_equal(parse(text, strlen(text), &patch, &fail), -1);
	assert_string_equal(fail.message, message);
	assert_int_equal(fail.code, OUTCOME_INVALID_SPEC);
	assert_memory_equal(&patch, &nothing, sizeof(patch));
}

static void assert_place(struct place place, unsigned line, unsigned column)
{
	assert_int_equal(place.line, line);
	assert_int_equal(place.column, column);
}

static void assert_bytes(const struct bytes *bytes, const char *expected)
{
	char text[BYTES_TEXT_MAX];

	assert_string_equal(bytes_print(bytes, text), expected);
}

static void every_key_of_a_site_is_taken(void **state)
{
	const struct site *site;
	struct patch patch;

	(void)state;
	load("tests/spec/good/sites.yaml", &patch);
	assert_int_equal(patch.variant_count, 1);
	assert_int_equal(patch.variants[0].site_count, 2);
	site = &patch.variants[0].sites[0];
	assert_string_equal(site->symbol, "nfs_flock");
	assert_string_equal(site->module, "nfs");
	assert_int_equal(site->offset, 0x2f);
	assert_int_equal(site->occurrence, 2);
	assert_bytes(&site->expect.bytes, "74 39");
	assert_string_equal(site->expect.assembler, "je *");
	assert_bytes(&site->operation.bytes, "75 39");
	assert_false(site->operation.multiple);

	site = &patch.variants[0].sites[1];
	assert_string_equal(site->symbol, "nfs_flock.cold");
	assert_null(site->module);
	assert_int_equal(site->offset, 16);
	assert_int_equal(site->occurrence, 0);
	assert_int_equal(site->expect.bytes.length, 0);
	assert_string_equal(site->expect.assembler, "testb $0x2,0x50(%rdi)");
	assert_bytes(&site->operation.bytes, "f6 47 50 04");
	assert_true(site->operation.multiple);
	patch_deinit(&patch);
}

static void each_owner_that_a_site_allows_keeps_its_reason(void **state)
{
	const struct site *site;
	struct patch patch;
	size_t allowable = 0;

	(void)state;
	load("tests/spec/good/allow.yaml", &patch);
	site = &patch.variants[0].sites[0];
	for (int kind = 0; kind < OWNER_KINDS; kind++) {
		if (owner_allowable((enum owner_kind)kind))
			assert_int_equal(site->allow[allowable++].kind, kind);
	}
	assert_int_equal(site->allow_count, allowable);
	assert_string_equal(site->allow[0].reason, "the faulting instruction stays the same");
	assert_string_equal(site->allow[1].reason, "in quotes: with a colon");
	assert_string_equal(site->allow[2].reason, "folded from two lines");
	assert_int_equal(strlen(site->allow[3].reason), 1000);
	assert_place(site->allow[1].place, 11, 7);
	patch_deinit(&patch);
}

static void no_owner_but_those_that_can_be_is_allowed(void **state)
{
	static const char format[] = HEAD "sites:\n- function: f\n  offset: 1\n"
		"  expect: {bytes: \"90\"}\n  replace: {bytes: cc}\n  allow: {%s: why}\n";

	(void)state;
	for (int kind = 0; kind < OWNER_KINDS; kind++) {
		char text[512], beginning[256];
		struct patch patch;
		struct fail fail;
		int length = snprintf(text, sizeof(text), format, owner_name((enum owner_kind)kind));

		if (owner_allowable((enum owner_kind)kind)) {
			assert_int_equal(parse(text, (size_t)length, &patch, &fail), 0);
			patch_deinit(&patch);
			continue;
		}
		(void)snprintf(beginning, sizeof(beginning),
			       "t.yaml:8:11: error: sites[0].allow: '%s' cannot be allowed, for such "
			       "bytes are ", owner_name((enum owner_kind)kind));
		assert_int_equal(parse(text, (size_t)length, &patch, &fail), -1);
		assert_memory_equal(fail.message, beginning, strlen(beginning));
	}
}

static void every_key_of_the_top_is_taken(void **state)
{
	struct patch patch;

	(void)state;
	load("tests/spec/good/sites.yaml", &patch);
	assert_string_equal(patch.source, "t.yaml");
	assert_string_equal(patch.name, "nfs-flock");
	assert_string_equal(patch.summary,
			    "Refuse flock() on NFS instead of emulating it with POSIX locks");
	assert_string_equal(patch.description,
			    "flock() on NFS is emulated with POSIX locks, which are lost when any\n"
			    "descriptor of the file is closed.\n");
	assert_int_equal(patch.kernel.architectures, 1u << ARCH_X86_64 | 1u << ARCH_I386);
	assert_int_equal(patch.kernel.releases.count, 2);
	assert_string_equal(patch.kernel.releases.items[0], "6.1.*");
	assert_string_equal(patch.kernel.releases.items[1], "6.12.*");
	assert_int_equal(patch.kernel.build_ids.count, 1);
	assert_string_equal(patch.kernel.build_ids.items[0],
			    "0123456789abcdef0123456789abcdef01234567");
	patch_deinit(&patch);
}

static void each_value_has_its_place(void **state)
{
	const struct site *site;
	struct patch patch;

	(void)state;
	load("tests/spec/good/sites.yaml", &patch);
	site = &patch.variants[0].sites[0];
	assert_place(patch.name_place, 3, 8);
	assert_place(patch.kernel.place, 10, 3);
	assert_place(patch.variants[0].place, 14, 3);
	assert_place(site->place, 14, 5);
	assert_place(site->symbol_place, 14, 15);
	assert_place(site->module_place, 15, 13);
	assert_place(site->offset_place, 16, 13);
	assert_place(site->expect.bytes_place, 18, 21);
	assert_place(site->expect.assembler_place, 18, 35);
	assert_place(site->operation.place, 19, 22);
	assert_place(patch.variants[0].sites[1].expect.bytes_place, 0, 0);
	assert_place(patch.variants[0].sites[1].module_place, 0, 0);
	patch_deinit(&patch);
}

static const struct site *site_at(const struct patch *patch, size_t index)
{
	assert_true(index < patch->variants[0].site_count);
	return &patch->variants[0].sites[index];
}

static void patterns_keep_their_lines_and_which_is_the_site(void **state)
{
	const struct pattern *pattern;
	const struct site *site;
	struct patch patch;

	(void)state;
	load("tests/spec/good/find.yaml", &patch);
	site = site_at(&patch, 0);
	assert_int_equal(site->where, SITE_FIND);
	assert_int_equal(site->offset_place.line, 0);
	assert_int_equal(site->operation.kind, OPERATION_INVERT);
	assert_place(site->operation.place, 20, 14);
	assert_int_equal(site->expect.bytes.length, 0);
	assert_null(site->expect.assembler);
	assert_int_equal(site->pattern_count, 2);
	pattern = &site->patterns[0];
	assert_place(pattern->place, 10, 9);
	assert_int_equal(pattern->count, 2);
	assert_int_equal(pattern->at, 1);
	assert_string_equal(pattern->lines[0].text,
			    "testb $0x2, {file_lock.fl_flags|file_lock.c.flc_flags}(*)");
	pattern = &site->patterns[1];
	assert_int_equal(pattern->count, 4);
	assert_int_equal(pattern->at, 3);
	assert_string_equal(pattern->lines[1].text, "...");
	assert_string_equal(pattern->lines[2].text, "and $0x2, @flags");
	assert_place(pattern->lines[3].place, 18, 13);
	patch_deinit(&patch);
}

static void a_pattern_of_one_line_is_the_site_itself(void **state)
{
	const struct site *site;
	struct patch patch;

	(void)state;
	load("tests/spec/good/find-forms.yaml", &patch);
	site = site_at(&patch, 0);
	assert_int_equal(site->patterns[0].count, 1);
	assert_int_equal(site->patterns[0].at, 0);
	assert_int_equal(site->operation.kind, OPERATION_NOP);
	assert_bytes(&site->expect.bytes, "74 39");
	assert_string_equal(site->expect.assembler, "je *");
	site = site_at(&patch, 1);
	assert_int_equal(site->patterns[0].at, 2);
	assert_string_equal(site->patterns[0].lines[0].text, "mov {inode.i_sb}(@inode), @sb");
	assert_bytes(&site->operation.bytes, "f6 40 50 04");
	site = site_at(&patch, 2);
	assert_int_equal(site->pattern_count, 2);
	assert_int_equal(site->patterns[1].at, 1);
	assert_true(site->operation.multiple);
	patch_deinit(&patch);
}

static void a_digest_is_kept_in_lower_case(void **state)
{
	struct patch patch;

	(void)state;
	load("tests/spec/good/find-forms.yaml", &patch);
	assert_string_equal(site_at(&patch, 0)->digest,
			    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	assert_place(site_at(&patch, 0)->digest_place, 9, 22);
	assert_null(site_at(&patch, 1)->digest);
	patch_deinit(&patch);
}

static void each_operation_keeps_its_number(void **state)
{
	static const struct {
		enum operation_kind kind;
		struct number number;
	} expected[] = {
		{ OPERATION_INVERT, { 0, false } },
		{ OPERATION_ALWAYS, { 0, false } },
		{ OPERATION_NEVER, { 0, false } },
		{ OPERATION_NOP, { 0, false } },
		{ OPERATION_IMMEDIATE, { 0, false } },
		{ OPERATION_IMMEDIATE, { UINT64_MAX, true } },
		{ OPERATION_IMMEDIATE, { UINT64_MAX, false } },
		{ OPERATION_IMMEDIATE, { (uint64_t)1 << 63, true } },
		{ OPERATION_DISPLACEMENT, { (uint64_t)-0x80, true } },
		{ OPERATION_DISPLACEMENT, { 0x7fffffff, false } },
		{ OPERATION_BYTES, { 0, false } },
		{ OPERATION_BYTES, { 0, false } },
	};
	struct patch patch;

	(void)state;
	load("tests/spec/good/operations.yaml", &patch);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const struct site *site = site_at(&patch, i);

		assert_int_equal(site->where, SITE_OFFSET);
		assert_int_equal(site->operation.kind, expected[i].kind);
		assert_int_equal(site->operation.number.bits, expected[i].number.bits);
		assert_int_equal(site->operation.number.negative, expected[i].number.negative);
		assert_int_equal(site->operation.multiple, i == 11);
		assert_null(site->operation.target);
	}
	patch_deinit(&patch);
}

static void a_target_keeps_the_functions_name(void **state)
{
	struct patch patch;

	(void)state;
	load("tests/spec/good/target.yaml", &patch);
	assert_int_equal(site_at(&patch, 0)->operation.kind, OPERATION_TARGET);
	assert_string_equal(site_at(&patch, 0)->operation.target, "posix_lock_file");
	assert_place(site_at(&patch, 0)->operation.place, 7, 23);
	assert_string_equal(site_at(&patch, 1)->operation.target, "do_lock.constprop.0");
	assert_string_equal(site_at(&patch, 2)->operation.target, "null");
	patch_deinit(&patch);
}

static void a_return_is_at_the_entry_with_a_number_or_an_error(void **state)
{
	static const int64_t expected[] = {
		-EPERM, 0, -1, INT32_MAX, INT32_MIN, 0x10, -0x10, -E2BIG, -EHWPOISON, -EAGAIN, 0,
	};
	const size_t count = sizeof(expected) / sizeof(expected[0]);
	const struct site *site;
	struct patch patch;

	(void)state;
	load("tests/spec/good/return.yaml", &patch);
	for (size_t i = 0; i < count; i++) {
		site = site_at(&patch, i);
		assert_int_equal(site->where, SITE_ENTRY);
		assert_int_equal(site->operation.kind, OPERATION_RETURN);
		assert_int_equal((int64_t)site->operation.number.bits, expected[i]);
		assert_int_equal(site->operation.number.negative, expected[i] < 0);
		assert_int_equal(site->expect.bytes.length, 0);
	}
	site = site_at(&patch, count);
	assert_string_equal(site->expect.assembler, "push %r15; push %r14; push %r13");
	assert_int_equal(site->occurrence, 2);
	assert_int_equal((int64_t)site->operation.number.bits, -ENOLCK);
	patch_deinit(&patch);
}

/* What the kernel's headers define is what can be returned. */
static void every_error_of_linux_has_its_number(void **state)
{
	static const char *const headers[] = {
		"/usr/include/asm-generic/errno-base.h", "/usr/include/asm-generic/errno.h",
	};
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		FILE *file = fopen(headers[i], "r");
		char line[256], name[64];
		int expected, number;

		assert_non_null(file);
		while (fgets(line, sizeof(line), file) != NULL) {
			/* an alias, as EWOULDBLOCK, has a name in place of the number */
			if (sscanf(line, "#define E%62[A-Z0-9] %d", name + 1, &expected) != 2)
				continue;
			name[0] = 'E';
			assert_true(errno_parse(name, &number));
			assert_int_equal(number, expected);
			seen++;
		}
		assert_int_equal(fclose(file), 0);
	}
	assert_true(seen > 100);
}

static void a_variable_has_a_size_and_two_values(void **state)
{
	const struct site *site;
	struct patch patch;

	(void)state;
	load("tests/spec/good/variables.yaml", &patch);
	assert_int_equal(patch.variants[0].site_count, 7);
	site = site_at(&patch, 0);
	assert_int_equal(site->where, SITE_VARIABLE);
	assert_string_equal(site->symbol, "nfs_debug");
	assert_place(site->symbol_place, 5, 15);
	assert_string_equal(site->module, "sunrpc");
	assert_int_equal(site->offset, 0);
	assert_int_equal(site->size, 4);
	assert_true(site->expect.has_value);
	assert_int_equal(site->expect.value.bits, 0);
	assert_place(site->expect.value_place, 9, 13);
	assert_int_equal(site->operation.kind, OPERATION_VALUE);
	assert_int_equal(site->operation.number.bits, 0x40);
	assert_place(site->operation.place, 10, 14);

	site = site_at(&patch, 3);
	assert_null(site->module);
	assert_int_equal(site->offset, 0);
	assert_int_equal(site->size, 2);
	assert_int_equal((int64_t)site->operation.number.bits, -32768);
	assert_true(site->operation.number.negative);

	site = site_at(&patch, 6);
	assert_int_equal(site->occurrence, 2);
	assert_int_equal(site->offset, 0xfffff);
	assert_false(site->expect.value.negative);
	assert_int_equal(site->operation.number.bits, UINT64_MAX);
	assert_int_equal(site->allow[0].kind, OWNER_RO_AFTER_INIT);
	patch_deinit(&patch);
}

static void the_patches_that_it_replaces_are_kept_in_order(void **state)
{
	struct patch patch;

	(void)state;
	load("tests/spec/good/replaces.yaml", &patch);
	assert_int_equal(patch.replaces.count, 2);
	assert_string_equal(patch.replaces.items[0], "older-patch");
	assert_string_equal(patch.replaces.items[1], "other");
	patch_deinit(&patch);
	load("tests/spec/good/replaces-one.yaml", &patch);
	assert_int_equal(patch.replaces.count, 1);
	assert_string_equal(patch.replaces.items[0], "older-patch");
	patch_deinit(&patch);
}

static void what_a_patch_requires_is_kept_in_order(void **state)
{
	const struct requirements *requires;
	struct patch patch;

	(void)state;
	load("tests/spec/good/requires.yaml", &patch);
	requires = &patch.requires;
	assert_int_equal(requires->symbols.count, 2);
	assert_string_equal(requires->symbols.items[1], "nfs_flock.cold");
	assert_place(requires->symbols_place, 5, 12);
	assert_int_equal(requires->type_count, 6);
	assert_string_equal(requires->types[0].name, "file_lock.fl_flags");
	assert_false(requires->types[0].is_size);
	assert_int_equal(requires->types[0].number, 0x50);
	assert_place(requires->types[0].place, 7, 5);
	assert_string_equal(requires->types[1].name, "vnode");
	assert_true(requires->types[1].is_size);
	assert_int_equal(requires->types[1].number, 216);
	assert_string_equal(requires->types[3].name, "file_lock.fl_flags|file_lock.c.flc_flags");
	assert_int_equal(requires->types[4].number, UINT32_MAX);
	assert_int_equal(requires->module_build_ids.count, 2);
	assert_string_equal(requires->module_build_ids.items[0],
			    "0123456789abcdef0123456789abcdef01234567");
	assert_place(requires->module_build_ids_place, 14, 5);
	patch_deinit(&patch);

	load("tests/spec/good/requires-one.yaml", &patch);
	assert_int_equal(patch.requires.symbols.count, 1);
	assert_int_equal(patch.requires.module_build_ids.count, 1);
	assert_int_equal(patch.requires.type_count, 0);
	patch_deinit(&patch);
}

static void a_number_fits_each_size_up_to_its_ends_and_no_further(void **state)
{
	static const struct {
		unsigned size;
		const char *low, *below, *high, *above;
	} sizes[] = {
		{ 1, "-128", "-129", "255", "256" },
		{ 2, "-32768", "-32769", "65535", "65536" },
		{ 4, "-2147483648", "-2147483649", "4294967295", "4294967296" },
		{ 8, "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
		  "18446744073709551616" },
	};
	static const char format[] = HEAD "sites:\n- {variable: v, size: %u, expect: %s, replace: %s}\n";

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char text[256];
		struct patch patch;
		struct fail fail;
		int length = snprintf(text, sizeof(text), format, sizes[i].size, sizes[i].low,
				      sizes[i].high);

		assert_int_equal(parse(text, (size_t)length, &patch, &fail), 0);
		patch_deinit(&patch);
		length = snprintf(text, sizeof(text), format, sizes[i].size, sizes[i].below, "0");
		assert_int_equal(parse(text, (size_t)length, &patch, &fail), -1);
		length = snprintf(text, sizeof(text), format, sizes[i].size, "0", sizes[i].above);
		assert_int_equal(parse(text, (size_t)length, &patch, &fail), -1);
	}
}

static void variants_keep_their_order_and_conditions(void **state)
{
	const struct variant *variant;
	struct patch patch;

	(void)state;
	load("tests/spec/good/variants.yaml", &patch);
	assert_null(patch.description);
	assert_int_equal(patch.kernel.architectures, 0);
	assert_int_equal(patch.variant_count, 2);
	variant = &patch.variants[0];
	assert_place(variant->place, 4, 5);
	assert_string_equal(variant->when.releases.items[0], "6.1.*");
	assert_int_equal(variant->when.architectures, 1u << ARCH_X86_64);
	assert_int_equal(variant->when.build_ids.count, 0);
	assert_int_equal(variant->site_count, 1);
	assert_int_equal(variant->sites[0].offset, 0x2f);
	variant = &patch.variants[1];
	assert_place(variant->when.place, 12, 7);
	assert_string_equal(variant->when.releases.items[0], "6.12.*");
	assert_string_equal(variant->when.build_ids.items[0], "0123456789abcdef");
	assert_int_equal(variant->when.architectures, 0);
	assert_int_equal(variant->sites[0].offset, 0x2c);
	patch_deinit(&patch);
}

static void bytes_without_quotes_are_hexadecimal_text(void **state)
{
	struct patch patch;

	(void)state;
	load("tests/spec/good/plain-bytes.yaml", &patch);
	assert_bytes(&patch.variants[0].sites[0].expect.bytes, "74 39");
	assert_bytes(&patch.variants[0].sites[0].operation.bytes, "66 90");
	assert_bytes(&patch.variants[0].sites[1].expect.bytes, "31 e0");
	assert_bytes(&patch.variants[0].sites[1].operation.bytes, "09 c0");
	patch_deinit(&patch);
}

static void a_byte_order_mark_and_crlf_do_not_count(void **state)
{
	struct patch patch;

	(void)state;
	load("tests/spec/good/byte-order-mark.yaml", &patch);
	assert_string_equal(patch.name, "bom");
	assert_place(patch.name_place, 1, 8);
	assert_string_equal(patch.summary, "caf\xc3\xa9, \xd1\x81\xd0\xb5\xd1\x82\xd1\x8c");
	assert_int_equal(patch.variants[0].sites[0].offset, 0xfffff);
	assert_place(patch.variants[0].sites[0].offset_place, 5, 11);
	patch_deinit(&patch);
}

static void json_is_taken(void **state)
{
	struct patch patch;

	(void)state;
	load("tests/spec/good/flow.yaml", &patch);
	assert_string_equal(patch.name, "flow");
	patch_deinit(&patch);
}

static void sites_that_only_touch_are_taken(void **state)
{
	struct patch patch;

	(void)state;
	load("tests/spec/good/neighbours.yaml", &patch);
	assert_int_equal(patch.variants[0].site_count, 6);
	patch_deinit(&patch);
}

static void the_largest_number_of_sites_is_taken(void **state)
{
	char *text = NULL;
	struct patch patch;
	struct fail fail;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	(void)state;
	assert_non_null(stream);
	assert_true(fprintf(stream, HEAD "sites:\n") > 0);
	for (int i = 0; i < 1024; i++)
		assert_true(fprintf(stream, "- {function: f, offset: %d, expect: {asm: nop}, "
				    "replace: {bytes: cc}}\n", i) > 0);
	assert_int_equal(fclose(stream), 0);
	if (parse(text, length, &patch, &fail) != 0)
		fail_msg("%s", fail.message);
	assert_int_equal(patch.variants[0].site_count, 1024);
	assert_int_equal(patch.variants[0].sites[1023].offset, 1023);
	patch_deinit(&patch);
	free(text);
}

static void all_errors_are_told_in_the_order_of_the_file(void **state)
{
	(void)state;
	assert_refused("summary: ''\nsites:\n- offset: x\n  function: 1\n  expect: {asm: nop}\n",
		       "t.yaml:1:1: error: missing key 'patch'\n"
		       "t.yaml:1:10: error: summary: the text is empty\n"
		       "t.yaml:3:3: error: missing key 'sites[0].replace'\n"
		       "t.yaml:3:11: error: sites[0].offset: expected an unsigned integer, got 'x'\n"
		       "t.yaml:4:13: error: sites[0].function: expected the name of a function, "
		       "got '1'");
}

static void errors_beyond_the_limit_are_counted(void **state)
{
	char text[2048] = HEAD "sites:\n" SITE, *last;
	struct patch patch;
	struct fail fail;

	(void)state;
	for (int i = 0; i < SPEC_ERRORS_MAX + 7; i++)
		(void)sprintf(text + strlen(text), "x%d: 1\n", i);
	assert_int_equal(parse(text, strlen(text), &patch, &fail), -1);
	last = strrchr(fail.message, '\n') + 1;
	assert_string_equal(last, "t.yaml: 7 more errors");
	last[-1] = '\0';
	assert_string_equal(strrchr(fail.message, '\n') + 1,
			    "t.yaml:54:1: error: unknown key 'x49'");
}

/* The message has 4 KiB: lines that do not fit are counted, none is cut. */
static void errors_that_do_not_fit_are_counted(void **state)
{
	char text[8192] = HEAD "sites:\n" SITE;
	struct patch patch;
	struct fail fail;
	size_t shown = 0, more;

	(void)state;
	for (int i = 0; i < SPEC_ERRORS_MAX; i++) {
		size_t at = strlen(text);

		memset(text + at, 'y', 120);
		(void)sprintf(text + at + 120, "%d: 1\n", i);
	}
	assert_int_equal(parse(text, strlen(text), &patch, &fail), -1);
	for (const char *c = fail.message; (c = strchr(c, '\n')) != NULL; c++)
		shown++;
	assert_true(shown < SPEC_ERRORS_MAX);
	assert_int_equal(sscanf(strrchr(fail.message, '\n'), "\nt.yaml: %zu more errors", &more), 1);
	assert_int_equal(shown + more, SPEC_ERRORS_MAX);
}

static void what_a_message_quotes_cannot_disturb_a_terminal(void **state)
{
	(void)state;
	assert_refused(HEAD "sites:\n- function: f\n  offset: \"\\e[2J\\u009b\\u202e\\n\\0\"\n"
		       "  expect: {asm: nop}\n  replace: {bytes: cc}\n",
		       "t.yaml:5:11: error: sites[0].offset: expected an unsigned integer, got "
		       "'\\x1b[2J\\xc2\\x9b\\xe2\\x80\\xae\\x0a\\x00' in quotes");
}

static void a_long_value_is_cut_between_characters(void **state)
{
	(void)state;
	assert_refused("patch: \"a"
		       "\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f"
		       "\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f"
		       "\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\"\n"
		       "summary: s\nsites:\n" SITE,
		       "t.yaml:1:8: error: patch: expected a name of 1 to 64 of a-z, 0-9 and '-', "
		       "no '-' in front, got 'a"
		       "\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f"
		       "\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f"
		       "\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f\xd1\x8f...' in quotes");
}

static void any_prefix_of_a_file_is_refused_or_taken_whole(void **state)
{
	static const char text[] = "\xef\xbb\xbf%YAML 1.1\n---\n" HEAD
		"description: |\n  \xe2\x82\xac\nkernel: {release: [\"6.*\"], build-id: 0123456789abcdef}\n"
		"sites:\n" SITE;
	struct patch patch;
	struct fail fail;

	(void)state;
	for (size_t length = 0; length < sizeof(text) - 1; length++) {
		if (parse(text, length, &patch, &fail) == 0) {
			/* all but the line feed at the end */
			assert_int_equal(length, sizeof(text) - 2);
			patch_deinit(&patch);
		} else {
			assert_int_equal(fail.code, OUTCOME_INVALID_SPEC);
		}
	}
}

static void sixteen_levels_are_read_and_no_more(void **state)
{
	(void)state;
	/* the mapping of the file is the first */
	assert_refused(HEAD "sites:\n" SITE "description: [[[[[[[[[[[[[[[]]]]]]]]]]]]]]]\n",
		       "t.yaml:5:14: error: description: expected text, got a list");
	assert_refused(HEAD "sites:\n" SITE "description: [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]\n",
		       "t.yaml:5:29: error: more than 16 levels deep");
}

static void a_file_of_one_mebibyte_is_read_and_no_more(void **state)
{
	static const char start[] = HEAD "sites:\n" SITE "#";
	char *text = malloc(SPEC_TEXT_MAX + 1);
	struct patch patch;
	struct fail fail;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', SPEC_TEXT_MAX + 1);
	memcpy(text, start, sizeof(start) - 1);
	assert_int_equal(parse(text, SPEC_TEXT_MAX, &patch, &fail), 0);
	patch_deinit(&patch);
	assert_int_equal(parse(text, SPEC_TEXT_MAX + 1, &patch, &fail), -1);
	assert_string_equal(fail.message, "t.yaml:1:1: error: the file is larger than 1048576 bytes");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_of_a_site_is_taken),
		cmocka_unit_test(each_owner_that_a_site_allows_keeps_its_reason),
		cmocka_unit_test(no_owner_but_those_that_can_be_is_allowed),
		cmocka_unit_test(every_key_of_the_top_is_taken),
		cmocka_unit_test(each_value_has_its_place),
		cmocka_unit_test(patterns_keep_their_lines_and_which_is_the_site),
		cmocka_unit_test(a_pattern_of_one_line_is_the_site_itself),
		cmocka_unit_test(a_digest_is_kept_in_lower_case),
		cmocka_unit_test(each_operation_keeps_its_number),
		cmocka_unit_test(a_target_keeps_the_functions_name),
		cmocka_unit_test(a_return_is_at_the_entry_with_a_number_or_an_error),
		cmocka_unit_test(every_error_of_linux_has_its_number),
		cmocka_unit_test(a_variable_has_a_size_and_two_values),
		cmocka_unit_test(the_patches_that_it_replaces_are_kept_in_order),
		cmocka_unit_test(what_a_patch_requires_is_kept_in_order),
		cmocka_unit_test(a_number_fits_each_size_up_to_its_ends_and_no_further),
		cmocka_unit_test(variants_keep_their_order_and_conditions),
		cmocka_unit_test(bytes_without_quotes_are_hexadecimal_text),
		cmocka_unit_test(a_byte_order_mark_and_crlf_do_not_count),
		cmocka_unit_test(json_is_taken),
		cmocka_unit_test(sites_that_only_touch_are_taken),
		cmocka_unit_test(the_largest_number_of_sites_is_taken),
		cmocka_unit_test(all_errors_are_told_in_the_order_of_the_file),
		cmocka_unit_test(errors_beyond_the_limit_are_counted),
		cmocka_unit_test(errors_that_do_not_fit_are_counted),
		cmocka_unit_test(what_a_message_quotes_cannot_disturb_a_terminal),
		cmocka_unit_test(a_long_value_is_cut_between_characters),
		cmocka_unit_test(any_prefix_of_a_file_is_refused_or_taken_whole),
		cmocka_unit_test(sixteen_levels_are_read_and_no_more),
		cmocka_unit_test(a_file_of_one_mebibyte_is_read_and_no_more),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
