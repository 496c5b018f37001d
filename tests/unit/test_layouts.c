/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The corpus of fuzz_layouts is one source, compiled into each format; it is damaged here too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "layouts.h"
#include "lib/types_internal.h"
#include "tests/unit/btf_elf.h"

#define CORPUS "tests/fuzz/corpus/layouts/"

struct loaded {
	struct elf_file *elf;
	struct layouts *layouts;
};

static struct loaded load(const char *name)
{
	struct loaded loaded;
	struct fail fail;
	char path[128];

	(void)snprintf(path, sizeof(path), CORPUS "%s", name);
	if (elf_file_open(path, &loaded.elf, &fail) != 0 ||
	    layouts_open(loaded.elf, path, NULL, 0, &loaded.layouts, &fail) != 0)
		fail_msg("%s", fail.message);
	return loaded;
}

static void unload(struct loaded *loaded)
{
	layouts_close(loaded->layouts);
	elf_file_close(loaded->elf);
}

static const struct aggregate_member *member(const struct aggregate *aggregate, const char *name)
{
	for (size_t i = 0; i < aggregate->member_count; i++) {
		if (strcmp(aggregate->members[i].name, name) == 0)
			return &aggregate->members[i];
	}
	fail_msg("no member %s", name);
	return NULL;
}

static const char *const amd64[] = {
	"gcc-dwarf2.o", "gcc-dwarf4.o", "gcc-dwarf5.o", "clang-dwarf5.o", "zlib.o", "ctf.o", "btf.o",
};
static const char *const all[] = {
	"gcc-dwarf2.o", "gcc-dwarf4.o", "gcc-dwarf5.o", "clang-dwarf5.o", "zlib.o", "ctf.o", "btf.o",
	"i386-dwarf4.o", "i386-ctf.o", "ctf-archive.o",
};
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void check_member(const struct aggregate *aggregate, const char *name, uint64_t bit_offset,
			 uint64_t bit_size, uint64_t size)
{
	const struct aggregate_member *found = member(aggregate, name);

	assert_int_equal(found->bit_offset, bit_offset);
	assert_int_equal(found->bit_size, bit_size);
	if (bit_size == 0)
		assert_int_equal(found->value.size, size);
}

static void members_are_where_the_compiler_put_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(amd64); i++) {
		struct loaded loaded = load(amd64[i]);
		const struct aggregate *s = layouts_aggregate(loaded.layouts, "s", NULL);

		assert_non_null(s);
		assert_null(layouts_aggregate(loaded.layouts, "s", s));
		assert_int_equal(s->size, 144);
		assert_int_equal(s->member_count, 17);
		assert_false(s->is_union);
		check_member(s, "x", 0, 0, 4);
		check_member(s, "f1", 32, 3, 0);
		check_member(s, "f2", 35, 5, 0);
		check_member(s, "big", 64, 40, 0);
		check_member(s, "u1", 16 * 8, 0, 4);
		check_member(s, "u2", 16 * 8, 0, 4);
		check_member(s, "q1", 20 * 8, 0, 2);
		check_member(s, "deep", 24 * 8, 0, 4);
		check_member(s, "arr", 48 * 8, 0, 48);
		check_member(s, "an", 96 * 8, 0, 16);
		check_member(s, "flex", 144 * 8, 0, 0);
		unload(&loaded);
	}
}

static void i386_has_pointers_of_four_bytes(void **state)
{
	static const char *const names[] = { "i386-dwarf4.o", "i386-ctf.o" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct loaded loaded = load(names[i]);
		const struct aggregate *s = layouts_aggregate(loaded.layouts, "s", NULL);

		assert_non_null(s);
		assert_int_equal(s->size, 104);
		check_member(s, "big", 40, 40, 0);
		check_member(s, "next", 88 * 8, 0, 4);
		unload(&loaded);
	}
}

static void values_say_what_they_are_and_point_to(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(amd64); i++) {
		struct loaded loaded = load(amd64[i]);
		const struct aggregate *s = layouts_aggregate(loaded.layouts, "s", NULL);
		const struct aggregate *in = layouts_aggregate(loaded.layouts, "in", NULL);
		const struct aggregate *named = layouts_aggregate(loaded.layouts, "anon_t", NULL);
		const struct value *array = &member(s, "arr")->value;

		assert_int_equal(member(s, "next")->value.kind, VALUE_POINTER);
		assert_ptr_equal(member(s, "next")->value.aggregate, s);
		assert_int_equal(array->kind, VALUE_AGGREGATE);
		assert_ptr_equal(array->aggregate, in);
		assert_int_equal(array->element_size, 8);
		/* a typedef's; through another typedef and qualifiers; what is only declared */
		assert_ptr_equal(member(s, "an")->value.aggregate, named);
		assert_int_equal(member(s, "ap")->value.kind, VALUE_POINTER);
		assert_ptr_equal(member(s, "ap")->value.aggregate, named);
		assert_int_equal(member(s, "h")->value.kind, VALUE_POINTER);
		assert_null(member(s, "h")->value.aggregate);
		assert_int_equal(member(s, "name")->value.kind, VALUE_POINTER);
		assert_null(member(s, "name")->value.aggregate);
		assert_int_equal(member(s, "e")->value.kind, VALUE_OTHER);
		assert_string_equal(member(s, "next")->type, "struct s *");
		assert_string_equal(member(s, "name")->type, "const char *");
		assert_string_equal(member(s, "fn")->type, "int (*)(struct in *, ...)");
		assert_string_equal(member(s, "u2")->type, "char [4]");
		unload(&loaded);
	}
}

static void functions_and_variables_have_their_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(amd64); i++) {
		struct loaded loaded = load(amd64[i]);
		const struct aggregate *s = layouts_aggregate(loaded.layouts, "s", NULL);
		const struct prototype *use = layouts_function(loaded.layouts, "use");
		const struct prototype *helper = layouts_function(loaded.layouts, "helper");
		const struct value *table = layouts_variable(loaded.layouts, "table");

		assert_non_null(use);
		assert_int_equal(use->parameter_count, 1);
		assert_true(use->variadic);
		assert_int_equal(use->parameters[0].kind, VALUE_POINTER);
		assert_ptr_equal(use->parameters[0].aggregate, s);
		assert_int_equal(use->result.kind, VALUE_OTHER);
		assert_int_equal(use->result.size, 4);
		assert_ptr_equal(layouts_function(loaded.layouts, "use"), use);
		/* pahole leaves out what the compiler made another function of, and variables but
		 * for per-CPU ones */
		if (strcmp(amd64[i], "btf.o") != 0) {
			assert_non_null(helper);
			assert_int_equal(helper->parameter_count, 2);
			assert_false(helper->variadic);
			assert_ptr_equal(helper->parameters[0].aggregate, s);
			assert_non_null(table);
			assert_int_equal(table->kind, VALUE_AGGREGATE);
			assert_int_equal(table->size, 56);
			assert_int_equal(table->element_size, 8);
		}
		assert_null(layouts_function(loaded.layouts, "no_such"));
		assert_null(layouts_variable(loaded.layouts, "no_such"));
		assert_null(layouts_aggregate(loaded.layouts, "no_such", NULL));
		unload(&loaded);
	}
}

static void names_are_in_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(amd64); i++) {
		struct loaded loaded = load(amd64[i]);

		assert_string_equal(layouts_name(loaded.layouts, 0), "anon_t");
		assert_string_equal(layouts_name(loaded.layouts, 1), "in");
		assert_string_equal(layouts_name(loaded.layouts, 2), "s");
		assert_null(layouts_name(loaded.layouts, 3));
		unload(&loaded);
	}
}

static void two_structs_of_one_name_are_both_there(void **state)
{
	struct loaded loaded = load("ctf-archive.o");
	const struct aggregate *first = layouts_aggregate(loaded.layouts, "s", NULL);
	const struct aggregate *second = layouts_aggregate(loaded.layouts, "s", first);

	(void)state;
	assert_non_null(first);
	assert_non_null(second);
	assert_int_not_equal(first->size, second->size);
	assert_null(layouts_aggregate(loaded.layouts, "s", second));
	unload(&loaded);
}

static void all_formats_of_one_source_are_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(amd64); i++) {
		for (size_t k = 0; k < COUNT(amd64); k++) {
			struct loaded a = load(amd64[i]), b = load(amd64[k]);
			struct layout_drift drift;
			struct fail fail;

			assert_int_equal(layouts_compare(a.layouts, b.layouts, &drift, &fail), 0);
			assert_int_equal(drift.compared, 3);
			assert_int_equal(drift.count, 0);
			layout_drift_deinit(&drift);
			unload(&a);
			unload(&b);
		}
	}
}

/* ---- damaged ---- */

static uint8_t *bytes_of(const char *name, size_t *size)
{
	uint8_t *data = malloc(1 << 16);
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), CORPUS "%s", name);
	file = fopen(path, "rb");
	assert_non_null(data);
	assert_non_null(file);
	*size = fread(data, 1, 1 << 16, file);
	assert_int_equal(fclose(file), 0);
	return data;
}

/* Takes the bytes; whether they were read, else *fail. */
static bool open_bytes(uint8_t *data, size_t size, struct fail *fail)
{
	struct elf_file *elf;
	struct layouts *layouts;
	bool right;

	fail->message[0] = '\0';
	if (elf_file_open_bytes("test.o", data, size, &elf, fail) != 0)
		return false;
	right = layouts_open(elf, "test.o", NULL, 0, &layouts, fail) == 0;
	if (right)
		layouts_close(layouts);
	elf_file_close(elf);
	return right;
}

static void a_file_with_any_byte_wrong_is_read_or_refused_with_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		size_t size;
		uint8_t *whole = bytes_of(all[i], &size);

		for (size_t at = 0; at < size; at += 3) {
			uint8_t *data = malloc(size);
			struct fail fail;

			assert_non_null(data);
			memcpy(data, whole, size);
			data[at] = data[at] == 0xff ? 0x7f : 0xff;
			if (!open_bytes(data, size, &fail))
				assert_non_null(strstr(fail.message, "test.o"));
		}
		free(whole);
	}
}

/* The section's first bytes overwritten. */
static void check_damage(const char *name, const char *section, size_t at, const char *bytes,
			 size_t count, enum outcome code, const char *says)
{
	struct elf_file *elf;
	const struct elf_section *found;
	struct fail fail;
	size_t size;
	uint8_t *data = bytes_of(name, &size), *copy = malloc(size);

	assert_non_null(copy);
	memcpy(copy, data, size);
	assert_int_equal(elf_file_open_bytes("test.o", data, size, &elf, &fail), 0);
	found = elf_file_section(elf, section);
	assert_non_null(found);
	assert_true(at + count <= found->size);
	memcpy(copy + (found->data - data) + at, bytes, count);
	elf_file_close(elf);
	assert_false(open_bytes(copy, size, &fail));
	assert_int_equal(fail.code, code);
	if (strstr(fail.message, says) == NULL)
		fail_msg("'%s' does not say '%s'", fail.message, says);
}

static void what_is_damaged_is_named_with_its_section(void **state)
{
	(void)state;
	check_damage("gcc-dwarf5.o", ".debug_info", 0, "\xff\xff\xff\x7f", 4, OUTCOME_ERROR,
		     "test.o: section .debug_info is damaged at 0x0");
	check_damage("gcc-dwarf5.o", ".debug_info", 4, "\x09", 1, OUTCOME_ERROR,
		     ".debug_info, at 0x0: DWARF of version 9");
	check_damage("gcc-dwarf5.o", ".debug_abbrev", 0, "\x80\x80\x80", 3, OUTCOME_ERROR,
		     "section .debug_info is damaged at 0x38: an entry of no known abbreviation");
	check_damage("ctf.o", ".ctf", 0, "x", 1, OUTCOME_ERROR,
		     "test.o: section .ctf is damaged: its magic");
	check_damage("ctf.o", ".ctf", 2, "\x07", 1, OUTCOME_NOT_FOUND, "version 7");
	check_damage("ctf.o", ".ctf", 40, "\xff\xff\xff\x7f", 4, OUTCOME_ERROR,
		     "section .ctf is damaged: the place of a part");
	check_damage("ctf-archive.o", ".ctf", 16, "\xff\xff\xff\xff", 4, OUTCOME_ERROR,
		     "number of dictionaries");
	check_damage("zlib.o", ".debug_info", 8, "\xff\xff\xff\xff\xff", 5, OUTCOME_ERROR,
		     "section .debug_info is damaged: it cannot be packed so");
	check_damage("zlib.o", ".debug_info", 30, "\xff\xff\xff\xff\xff", 5, OUTCOME_ERROR,
		     "cannot be unpacked");
}

/* ---- BTF made here ---- */

static struct btf *kernel_make(uint32_t offset)
{
	struct btf *btf = btf__new_empty();

	assert_non_null(btf);
	assert_int_equal(btf__add_int(btf, "int", 4, BTF_INT_SIGNED), 1);
	assert_int_equal(btf__add_struct(btf, "vnode", 32), 2);
	assert_int_equal(btf__add_field(btf, "v_type", 1, offset, 0), 0);
	assert_int_equal(btf__add_ptr(btf, 2), 3);
	assert_int_equal(btf__add_func_proto(btf, 1), 4);
	assert_int_equal(btf__add_func_param(btf, "vp", 3), 0);
	assert_int_equal(btf__add_func(btf, "check", BTF_FUNC_GLOBAL, 4), 5);
	return btf;
}

static void a_modules_types_go_on_from_its_kernels(void **state)
{
	struct btf *kernel = kernel_make(64), *module = btf__new_empty_split(kernel);
	uint32_t kernel_size, module_size;
	CLEANUP_FREE uint8_t *base = NULL;
	const void *raw;
	struct layouts *layouts;
	struct elf_file *elf;
	struct fail fail;

	(void)state;
	assert_non_null(module);
	/* what libbpf gives is good until it is asked the next thing */
	raw = btf__raw_data(kernel, &kernel_size);
	base = malloc(kernel_size);
	assert_non_null(base);
	memcpy(base, raw, kernel_size);
	assert_int_equal(btf__add_struct(module, "mine", 8), 6);
	assert_int_equal(btf__add_field(module, "vp", 3, 0, 0), 0);
	assert_int_equal(btf__add_func_proto(module, 3), 7);
	assert_int_equal(btf__add_func(module, "check", BTF_FUNC_STATIC, 7), 8);
	raw = btf__raw_data(module, &module_size);
	elf = btf_elf(raw, module_size);
	assert_non_null(elf);
	assert_int_equal(layouts_open(elf, "m.ko", NULL, 0, &layouts, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_FOUND);
	assert_non_null(strstr(fail.message, "--btf"));
	assert_int_equal(layouts_open(elf, "m.ko", base, kernel_size, &layouts, &fail), 0);
	assert_ptr_equal(layouts_aggregate(layouts, "mine", NULL)->members[0].value.aggregate,
			 layouts_aggregate(layouts, "vnode", NULL));
	/* its own function, not the kernel's of that name */
	assert_int_equal(layouts_function(layouts, "check")->parameter_count, 0);
	layouts_close(layouts);
	assert_int_equal(layouts_open_btf(base, kernel_size, "vmlinux", raw, module_size, "m",
					  &layouts, &fail), 0);
	assert_non_null(layouts_aggregate(layouts, "mine", NULL));
	layouts_close(layouts);
	elf_file_close(elf);
	btf__free(module);
	btf__free(kernel);
}

static void a_member_that_moved_is_named_with_both_places(void **state)
{
	struct btf *btf[2] = { kernel_make(0x30 * 8), kernel_make(0x28 * 8) };
	struct layouts *layouts[2];
	struct layout_drift drift;
	struct fail fail;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint32_t size;
		const void *raw = btf__raw_data(btf[i], &size);

		assert_int_equal(layouts_open_btf(raw, size, "test", NULL, 0, NULL, &layouts[i],
						  &fail), 0);
		btf__free(btf[i]);
	}
	assert_int_equal(layouts_compare(layouts[0], layouts[1], &drift, &fail), 0);
	assert_int_equal(drift.compared, 1);
	assert_int_equal(drift.count, 1);
	assert_int_equal(drift.items[0].member_count, 1);
	assert_int_equal(drift.items[0].members[0].object->bit_offset, 0x30 * 8);
	assert_int_equal(drift.items[0].members[0].kernel->bit_offset, 0x28 * 8);
	layout_drift_deinit(&drift);
	layouts_close(layouts[0]);
	layouts_close(layouts[1]);
}

static void a_struct_that_contains_itself_ends(void **state)
{
	struct btf *btf = btf__new_empty();
	struct layouts *layouts;
	struct fail fail;
	uint32_t size;
	const void *raw;

	(void)state;
	assert_non_null(btf);
	/* without names, twice in itself: 2^depth members */
	assert_int_equal(btf__add_struct(btf, "s", 8), 1);
	assert_int_equal(btf__add_field(btf, NULL, 2, 0, 0), 0);
	assert_int_equal(btf__add_struct(btf, NULL, 8), 2);
	assert_int_equal(btf__add_field(btf, NULL, 2, 0, 0), 0);
	assert_int_equal(btf__add_field(btf, NULL, 2, 0, 0), 0);
	assert_int_equal(btf__add_typedef(btf, "t", 3), 3);
	raw = btf__raw_data(btf, &size);
	assert_int_equal(layouts_open_btf(raw, size, "test", NULL, 0, NULL, &layouts, &fail), -1);
	assert_non_null(strstr(fail.message, "too deep"));
	btf__free(btf);
}

/* 16 anonymous structs in each of 16, six deep: 16777216 members of 1.5 KB. */
static void anonymous_members_that_multiply_take_no_memory(void **state)
{
	struct btf *btf = btf__new_empty();
	struct layouts *layouts;
	struct fail fail;
	const void *raw;
	uint32_t size;

	(void)state;
	assert_non_null(btf);
	assert_int_equal(btf__add_int(btf, "int", 4, BTF_INT_SIGNED), 1);
	for (int depth = 1; depth <= 6; depth++) {
		assert_int_equal(btf__add_struct(btf, depth == 6 ? "top" : NULL, 4), depth + 1);
		for (int i = 0; i < 16; i++)
			assert_int_equal(btf__add_field(btf, depth == 1 ? "a" : NULL, depth, 0, 0), 0);
	}
	raw = btf__raw_data(btf, &size);
	assert_int_equal(layouts_open_btf(raw, size, "test", NULL, 0, NULL, &layouts, &fail), -1);
	assert_non_null(strstr(fail.message, "too many members"));
	btf__free(btf);
}

static void types_of_another_architecture_are_not_compared(void **state)
{
	struct btf *btf[2] = { kernel_make(64), kernel_make(64) };
	struct layouts *layouts[2];
	struct layout_drift drift;
	struct fail fail;

	(void)state;
	for (int i = 0; i < 2; i++) {
		uint32_t size;
		const void *raw;

		assert_int_equal(btf__set_pointer_size(btf[i], i == 0 ? 4 : 8), 0);
		assert_true(btf__add_int(btf[i], "long", i == 0 ? 4 : 8, BTF_INT_SIGNED) > 0);
		raw = btf__raw_data(btf[i], &size);
		assert_int_equal(layouts_open_btf(raw, size, i == 0 ? "narrow" : "wide", NULL, 0,
						  NULL, &layouts[i], &fail), 0);
		btf__free(btf[i]);
	}
	assert_int_equal(layouts_compare(layouts[0], layouts[1], &drift, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_GUARD);
	assert_non_null(strstr(fail.message, "another architecture"));
	layouts_close(layouts[0]);
	layouts_close(layouts[1]);
}

static void a_file_that_says_nothing_is_told_what_to_do(void **state)
{
	struct elf_file *elf = btf_elf("", 0);
	struct layouts *layouts;
	struct fail fail;

	(void)state;
	assert_non_null(elf);
	assert_int_equal(layouts_open(elf, "plain.o", NULL, 0, &layouts, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_FOUND);
	assert_non_null(strstr(fail.message, "-g"));
	elf_file_close(elf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_where_the_compiler_put_them),
		cmocka_unit_test(i386_has_pointers_of_four_bytes),
		cmocka_unit_test(values_say_what_they_are_and_point_to),
		cmocka_unit_test(functions_and_variables_have_their_types),
		cmocka_unit_test(names_are_in_order),
		cmocka_unit_test(two_structs_of_one_name_are_both_there),
		cmocka_unit_test(all_formats_of_one_source_are_alike),
		cmocka_unit_test(a_file_with_any_byte_wrong_is_read_or_refused_with_a_reason),
		cmocka_unit_test(what_is_damaged_is_named_with_its_section),
		cmocka_unit_test(a_modules_types_go_on_from_its_kernels),
		cmocka_unit_test(a_member_that_moved_is_named_with_both_places),
		cmocka_unit_test(a_struct_that_contains_itself_ends),
		cmocka_unit_test(anonymous_members_that_multiply_take_no_memory),
		cmocka_unit_test(types_of_another_architecture_are_not_compared),
		cmocka_unit_test(a_file_that_says_nothing_is_told_what_to_do),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
