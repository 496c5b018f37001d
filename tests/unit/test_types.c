/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types: where members are, by BTF that libbpf writes; and what hostile BTF cannot do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/btf.h>

#include "tests/unit/btf_elf.h"
#include "types.h"

/* A kernel's types, and those of a module that goes on from them. */
struct world {
	struct btf *kernel, *module;
	struct types *types;		/* of the kernel */
	struct types *both;
	struct elf_file *elf;		/* of the module */
};

static const void *raw(const struct btf *btf, uint32_t *size)
{
	const void *data = btf__raw_data(btf, size);

	assert_non_null(data);
	return data;
}

static struct types *of_kernel(const struct btf *btf)
{
	struct types *types;
	struct fail fail;
	uint32_t size;
	const void *data = raw(btf, &size);

	if (types_create_image(NULL, NULL, data, size, "base", &types, &fail) != 0)
		fail_msg("%s", fail.message);
	return types;
}

/* Of the struct that was added last. */
static void field(struct btf *btf, const char *name, int type, uint32_t bit, uint32_t bits)
{
	assert_int_equal(btf__add_field(btf, name, type, bit, bits), 0);
}

static struct btf *kernel_make(void)
{
	struct btf *btf = btf__new_empty();
	int number, character, wide, list, lock, pointer, inner, anonymous, pair, array, objects;
	int proto = 0;

	assert_non_null(btf);
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	character = btf__add_int(btf, "char", 1, 0);
	wide = btf__add_int(btf, "long int", 8, BTF_INT_SIGNED);
	list = btf__add_struct(btf, "list", 16);
	field(btf, "next", list + 1, 0, 0);
	field(btf, "prev", list + 1, 64, 0);
	assert_int_equal(btf__add_ptr(btf, list), list + 1);
	inner = btf__add_struct(btf, NULL, 4);
	field(btf, "low", character, 0, 0);
	field(btf, "high", character, 8, 0);
	anonymous = btf__add_union(btf, NULL, 8);
	field(btf, "whole", wide, 0, 0);
	field(btf, NULL, inner, 0, 0);
	pair = btf__add_struct(btf, "pair", 8);
	field(btf, "first", number, 0, 0);
	field(btf, "second", number, 32, 0);
	array = btf__add_array(btf, number, btf__add_const(btf, pair), 3);
	objects = btf__add_array(btf, number, character, 0);
	lock = btf__add_struct(btf, "lock", 80);
	field(btf, "count", number, 0, 0);
	field(btf, NULL, anonymous, 64, 0);
	field(btf, "links", list, 128, 0);
	field(btf, "flag", number, 256 + 9, 3);
	field(btf, "pairs", array, 320, 0);
	field(btf, "owner", lock + 1, 512, 0);
	field(btf, "named", inner, 576, 0);
	field(btf, "tail", objects, 640, 0);
	assert_int_equal(btf__add_ptr(btf, lock), lock + 1);
	assert_true(btf__add_typedef(btf, "lock_t", btf__add_typedef(btf, "lock_tt", lock)) > 0);
	assert_true(btf__add_typedef(btf, "count_t", number) > 0);
	assert_true(btf__add_typedef(btf, "anonymous_t", inner) > 0);
	assert_true(btf__add_fwd(btf, "secret", BTF_FWD_STRUCT) > 0);
	/* two of one name and layout; two of one name that differ */
	for (int i = 0; i < 2; i++) {
		assert_true(btf__add_struct(btf, "twin", 8) > 0);
		field(btf, "same", number, 32, 0);
		assert_true(btf__add_struct(btf, "brother", i == 0 ? 8 : 16) > 0);
		field(btf, "moved", number, i == 0 ? 32 : 64, 0);
		field(btf, "still", number, 0, 0);
		field(btf, i == 0 ? "elder" : "younger", number, 0, 0);
	}
	for (int i = 0; i < 4; i++) {
		static const char *const names[] = { "gives_int", "gives_void", "gives_pointer",
						     "gives_struct" };
		int types[] = { btf__add_enum(btf, "bool_like", 4), 0, list + 1, pair };

		proto = btf__add_func_proto(btf, types[i]);
		assert_int_equal(btf__add_func_param(btf, "a", number), 0);
		assert_true(btf__add_func(btf, names[i], BTF_FUNC_STATIC, proto) > 0);
	}
	pointer = btf__add_ptr(btf, proto);
	array = btf__add_array(btf, number, btf__add_const(btf, list + 1), 1);
	assert_true(btf__add_struct(btf, "calls", 16) > 0);
	field(btf, "call", pointer, 0, 0);
	field(btf, "table", array, 64, 0);
	return btf;
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct fail fail;
	uint32_t size, kernel_size;
	const void *data, *kernel_data;

	assert_non_null(world);
	world->kernel = kernel_make();
	world->types = of_kernel(world->kernel);
	world->module = btf__new_empty_split(world->kernel);
	assert_non_null(world->module);
	assert_true(btf__add_struct(world->module, "private", 24) > 0);
	field(world->module, "lead", 1, 0, 0);
	field(world->module, "pair", btf__find_by_name(world->kernel, "pair"), 64, 0);
	assert_true(btf__add_func(world->module, "gives_too", BTF_FUNC_STATIC,
				  btf__add_func_proto(world->module, 0)) > 0);
	data = raw(world->module, &size);
	kernel_data = raw(world->kernel, &kernel_size);
	world->elf = btf_elf(data, size);
	assert_non_null(world->elf);
	assert_int_equal(types_create_image(world->elf, "mod.ko", kernel_data, kernel_size, "base",
					    &world->both, &fail), 0);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	types_destroy(world->both);
	types_destroy(world->types);
	elf_file_close(world->elf);
	btf__free(world->module);
	btf__free(world->kernel);
	free(world);
	return 0;
}

static void expect_member(struct types *types, const char *path, uint64_t offset, uint64_t size)
{
	struct type_member member;
	struct fail fail;

	if (types_member(types, NULL, path, &member, &fail) != 0)
		fail_msg("%s: %s", path, fail.message);
	assert_int_equal(member.offset, offset);
	assert_int_equal(member.size, size);
	assert_int_equal(member.bit_size, 0);
	assert_int_equal(member.bit_offset, 0);
}

static void expect_failure(struct types *types, const char *path, enum outcome code,
			   const char *text)
{
	struct type_member member;
	struct fail fail;

	assert_int_equal(types_member(types, NULL, path, &member, &fail), -1);
	if (fail.code != code || strstr(fail.message, text) == NULL)
		fail_msg("%s: %s: %s, without '%s'", path, outcome_name(fail.code), fail.message,
			 text);
}

static void a_member_has_its_offset_and_size(void **state)
{
	struct types *types = ((struct world *)*state)->types;

	expect_member(types, "lock.count", 0, 4);
	expect_member(types, "lock.links", 16, 16);
	expect_member(types, "lock.links.prev", 24, 8);
	expect_member(types, "lock.named.high", 73, 1);
	expect_member(types, "lock.tail", 80, 0);
}

static void members_of_what_has_no_name_are_its_parents(void **state)
{
	struct types *types = ((struct world *)*state)->types;

	expect_member(types, "lock.whole", 8, 8);
	expect_member(types, "lock.low", 8, 1);
	expect_member(types, "lock.high", 9, 1);
}

static void an_element_of_an_array_is_found_and_none_past_its_end(void **state)
{
	struct types *types = ((struct world *)*state)->types;

	expect_member(types, "lock.pairs", 40, 24);
	expect_member(types, "lock.pairs[0]", 40, 8);
	expect_member(types, "lock.pairs[2].second", 60, 4);
	expect_member(types, "lock.tail[7]", 87, 1);
	expect_failure(types, "lock.pairs[3]", OUTCOME_NOT_FOUND, "past the end of an array of 3");
	expect_failure(types, "lock.count[0]", OUTCOME_NOT_FOUND, "no array");
	expect_failure(types, "lock.pairs.first", OUTCOME_NOT_FOUND, "an index like [0]");
}

static void a_bitfield_has_the_byte_of_its_first_bit(void **state)
{
	struct types *types = ((struct world *)*state)->types;
	struct type_member member;
	struct fail fail;

	assert_int_equal(types_member(types, NULL, "lock.flag", &member, &fail), 0);
	assert_int_equal(member.offset, 33);
	assert_int_equal(member.bit_offset, 1);
	assert_int_equal(member.bit_size, 3);
	assert_int_equal(member.size, 4);
}

static void a_typedef_and_the_word_struct_are_names_of_a_type(void **state)
{
	struct types *types = ((struct world *)*state)->types;

	expect_member(types, "lock_t.links", 16, 16);
	expect_member(types, "struct lock.links", 16, 16);
	expect_member(types, "anonymous_t.high", 1, 1);
	expect_failure(types, "union lock.links", OUTCOME_NOT_FOUND, "lock is no union");
	expect_failure(types, "struct lock_t.links", OUTCOME_NOT_FOUND, "lock_t is no struct");
	expect_failure(types, "count_t.a", OUTCOME_NOT_FOUND, "count_t is no struct or union");
}

static void the_first_alternative_there_is_answers(void **state)
{
	struct types *types = ((struct world *)*state)->types;

	expect_member(types, "lock.gone|lock.links.next", 16, 8);
	expect_member(types, "absent.a | struct lock.count|lock.whole", 0, 4);
	expect_failure(types, "lock.gone|absent.a", OUTCOME_NOT_FOUND,
		       "lock.gone: struct lock has no member gone\nabsent.a: there is no struct or "
		       "union absent in base");
}

static void names_like_one_that_is_not_there_are_told(void **state)
{
	struct types *types = ((struct world *)*state)->types;

	expect_failure(types, "lock.link", OUTCOME_NOT_FOUND, "; like it: links");
	expect_failure(types, "lock.hihg", OUTCOME_NOT_FOUND, "struct lock has no member hihg");
	expect_failure(types, "lock.whale", OUTCOME_NOT_FOUND, "; like it: whole");
	expect_failure(types, "lokc_tt.a", OUTCOME_NOT_FOUND, "; like it: ");
	expect_failure(types, "anonimous_t.a", OUTCOME_NOT_FOUND, "; like it: anonymous_t");
}

static void what_is_only_declared_is_said_to_be(void **state)
{
	expect_failure(((struct world *)*state)->types, "secret.a", OUTCOME_NOT_FOUND,
		       "secret is only declared in base");
}

static void a_pointer_leads_nowhere_and_is_said_to_be_one(void **state)
{
	expect_failure(((struct world *)*state)->types, "lock.owner.count", OUTCOME_NOT_FOUND,
		       "what stands before .count is a pointer");
}

static void two_types_of_a_name_are_one_where_they_agree(void **state)
{
	struct types *types = ((struct world *)*state)->types;
	uint64_t size;
	struct fail fail;

	expect_member(types, "twin.same", 4, 4);
	assert_int_equal(types_size(types, NULL, "twin", &size, &fail), 0);
	assert_int_equal(size, 8);
	expect_member(types, "brother.still", 0, 4);
	expect_member(types, "brother.younger", 0, 4);	/* only one of them has it */
}

static void two_types_of_a_name_that_differ_are_ambiguous_with_both_numbers(void **state)
{
	struct types *types = ((struct world *)*state)->types;
	struct type_layout layout;
	struct fail fail;
	uint64_t size;

	expect_failure(types, "brother.moved", OUTCOME_AMBIGUOUS,
		       "in one the member is at 4, of 4 bytes, in another at 8, of 4 bytes");
	assert_int_equal(types_size(types, NULL, "brother", &size, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_AMBIGUOUS);
	assert_non_null(strstr(fail.message, "one of 8 bytes, another of 16"));
	assert_int_equal(types_layout(types, NULL, "brother", &layout, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_AMBIGUOUS);
	assert_int_equal(types_layout(types, NULL, "twin", &layout, &fail), 0);
	types_layout_deinit(&layout);
}

static void a_size_is_that_of_the_type(void **state)
{
	struct types *types = ((struct world *)*state)->types;
	struct fail fail;
	uint64_t size;

	assert_int_equal(types_size(types, NULL, "gone|lock_t", &size, &fail), 0);
	assert_int_equal(size, 80);
	assert_int_equal(types_size(types, NULL, "lock.count", &size, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_FOUND);
	expect_failure(types, "lock", OUTCOME_NOT_FOUND, "TYPE.MEMBER was expected");
}

static void a_module_has_its_own_types_and_its_kernels(void **state)
{
	struct world *world = *state;

	expect_member(world->both, "private.pair.second", 12, 4);
	expect_member(world->both, "lock.links", 16, 16);
	expect_failure(world->types, "private.pair", OUTCOME_NOT_FOUND, "no struct or union private");
}

static void a_module_without_its_kernels_types_says_what_is_missing(void **state)
{
	struct world *world = *state;
	struct types *types;
	struct fail fail;

	assert_int_equal(types_create_image(world->elf, "mod.ko", NULL, 0, NULL, &types, &fail), 0);
	expect_failure(types, "private.pair", OUTCOME_NOT_FOUND,
		       "mod.ko has type information that goes on from that of its kernel: give --btf "
		       "with the kernel's vmlinuz");
	types_destroy(types);
}

static void a_module_on_another_kernels_types_is_refused(void **state)
{
	struct world *world = *state;
	struct btf *other = btf__new_empty();
	struct types *types;
	struct fail fail;
	uint32_t size;
	const void *data;

	assert_true(btf__add_int(other, "quite_another", 4, 0) > 0);
	for (int i = 0; i < 100; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "other_kernels_%d", i);
		assert_true(btf__add_struct(other, name, 4) > 0);
	}
	data = raw(other, &size);
	assert_int_equal(types_create_image(world->elf, "mod.ko", data, size, "other", &types, &fail),
			 -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_non_null(strstr(fail.message, "on top of the types in other"));
	btf__free(other);
}

static void a_modules_types_are_no_base(void **state)
{
	struct world *world = *state;
	struct types *types;
	struct fail fail;
	uint32_t size;
	const void *data = raw(world->module, &size);

	assert_int_equal(types_create_image(NULL, NULL, data, size, "mod", &types, &fail), -1);
	assert_non_null(strstr(fail.message, "give the kernel's vmlinuz"));
}

static void a_file_without_types_has_its_bases_or_none(void **state)
{
	struct world *world = *state;
	struct elf_file *empty = btf_elf("", 0);
	struct types *types;
	struct fail fail;
	uint32_t size;
	const void *data = raw(world->kernel, &size);

	assert_non_null(empty);
	assert_int_equal(types_create_image(empty, "a.o", data, size, "base", &types, &fail), 0);
	expect_member(types, "lock.links", 16, 16);
	types_destroy(types);
	assert_int_equal(types_create_image(empty, "a.o", NULL, 0, NULL, &types, &fail), 0);
	expect_failure(types, "lock.links", OUTCOME_NOT_FOUND, "a.o has no type information (.BTF)");
	types_destroy(types);
	elf_file_close(empty);
}

static void a_function_returns_what_its_prototype_says(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *name;
		enum type_kind kind;
	} cases[] = {
		{ "gives_int", TYPE_INTEGER }, { "gives_void", TYPE_VOID },
		{ "gives_pointer", TYPE_POINTER }, { "gives_struct", TYPE_OTHER },
	};
	enum type_kind kind;
	struct fail fail;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(types_returns(world->both, NULL, cases[i].name, &kind, &fail), 0);
		assert_int_equal(kind, cases[i].kind);
	}
	assert_int_equal(types_returns(world->both, NULL, "lock", &kind, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_FOUND);
}

static void what_a_module_s_function_returns_is_told_by_the_module_alone(void **state)
{
	struct world *world = *state;
	enum type_kind kind;
	struct fail fail;

	assert_int_equal(types_returns(world->both, "mod", "gives_too", &kind, &fail), 0);
	assert_int_equal(kind, TYPE_VOID);
	assert_int_equal(types_returns(world->both, "mod", "gives_int", &kind, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_FOUND);
	/* without types the module has those of its kernel */
	assert_int_equal(types_returns(world->types, "mod", "gives_int", &kind, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_FOUND);
	assert_non_null(strstr(fail.message, "module mod has no type information of its own"));
}

static void the_member_at_an_offset_is_the_innermost(void **state)
{
	struct world *world = *state;
	static const struct {
		uint64_t offset;
		const char *name;	/* NULL: none */
		uint64_t behind;
	} cases[] = {
		{ 0, "count", 0 }, { 3, "count", 3 }, { 4, NULL, 0 }, { 10, "whole", 2 },
		{ 24, "links.prev", 0 }, { 33, "flag", 0 }, { 57, "pairs[2].first", 1 },
		{ 73, "named.high", 0 }, { 74, NULL, 0 }, { 80, NULL, 0 }, { UINT64_MAX, NULL, 0 },
	};
	char name[64], small[8];
	uint64_t behind;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool found = types_member_at(world->types, NULL, "lock", cases[i].offset, name,
					     sizeof(name), &behind);

		assert_int_equal(found, cases[i].name != NULL);
		if (!found)
			continue;
		assert_string_equal(name, cases[i].name);
		assert_int_equal(behind, cases[i].behind);
	}
	/* two types of that name, of which one has nothing there, or another member */
	assert_false(types_member_at(world->types, NULL, "brother", 8, name, sizeof(name), &behind));
	assert_false(types_member_at(world->types, NULL, "brother", 4, name, sizeof(name), &behind));
	/* one that does not fit is not cut */
	assert_false(types_member_at(world->types, NULL, "lock", 24, small, sizeof(small), &behind));
}

static void a_layout_is_as_c_declares_it(void **state)
{
	struct world *world = *state;
	static const struct {
		unsigned depth;
		const char *type, *name;
		uint64_t offset, size;
		bool opens;
	} rows[] = {
		{ 0, "struct lock", NULL, 0, 80, true },
		{ 1, "int", "count", 0, 4, false },
		{ 1, "union", NULL, 8, 8, true },
		{ 2, "long int", "whole", 8, 8, false },
		{ 2, "struct", NULL, 8, 4, true },
		{ 3, "char", "low", 8, 1, false },
		{ 3, "char", "high", 9, 1, false },
		{ 1, "struct list", "links", 16, 16, false },
		{ 1, "int", "flag:3", 33, 4, false },
		{ 1, "const struct pair", "pairs[3]", 40, 24, false },
		{ 1, "struct lock *", "owner", 64, 8, false },
		{ 1, "struct", "named", 72, 4, true },
		{ 2, "char", "low", 72, 1, false },
		{ 2, "char", "high", 73, 1, false },
		{ 1, "char", "tail[]", 80, 0, false },
	};
	struct type_layout layout;
	struct fail fail;

	assert_int_equal(types_layout(world->types, NULL, "lock_t", &layout, &fail), 0);
	assert_int_equal(layout.count, sizeof(rows) / sizeof(*rows));
	for (size_t i = 0; i < layout.count; i++) {
		const struct type_row *row = &layout.rows[i];

		assert_int_equal(row->depth, rows[i].depth);
		assert_string_equal(row->type, rows[i].type);
		assert_string_equal(row->name == NULL ? "" : row->name,
				    rows[i].name == NULL ? "" : rows[i].name);
		assert_int_equal(row->at.offset, rows[i].offset);
		assert_int_equal(row->at.size, rows[i].size);
		assert_int_equal(row->opens, rows[i].opens);
	}
	types_layout_deinit(&layout);
}

static void expect_row(struct types *types, const char *path, size_t index, const char *type,
		       const char *name, uint64_t offset)
{
	struct type_layout layout;
	struct fail fail;

	assert_int_equal(types_layout(types, NULL, path, &layout, &fail), 0);
	assert_true(layout.count > index);
	assert_string_equal(layout.rows[index].type, type);
	assert_string_equal(layout.rows[index].name, name);
	assert_int_equal(layout.rows[index].at.offset, offset);
	types_layout_deinit(&layout);
}

static void pointers_to_functions_and_lone_members_are_laid_out(void **state)
{
	struct types *types = ((struct world *)*state)->types;

	expect_row(types, "calls", 1, "struct pair", "(*call)(int)", 0);
	expect_row(types, "calls", 2, "struct list *const", "table[1]", 8);
}

static void one_member_is_laid_out_from_the_outermost_start(void **state)
{
	struct types *types = ((struct world *)*state)->types;

	expect_row(types, "lock.count", 0, "int", "count", 0);
	expect_row(types, "lock.links", 0, "struct list", "links", 16);
	expect_row(types, "lock.links", 2, "struct list *", "prev", 24);
	expect_row(types, "lock.pairs[1]", 2, "int", "second", 52);
	expect_row(types, "anonymous_t", 0, "typedef struct", "anonymous_t", 0);
}

static void a_path_is_checked_by_its_syntax(void **state)
{
	static const char *const good[] = {
		"lock", "lock.a", "struct lock.a_1", "lock.a[0].b[1][2]", " lock.a | union b.c ",
		"structure.a", "_a._b",
	};
	static const char *const bad[] = {
		"", " ", ".", "lock.", "lock..a", ".a", "lock.a|", "|lock.a", "lock.a||b.c", "lock[1]",
		"lock.a[", "lock.a[]", "lock.a[-1]", "lock.a[1", "lock.a[0x1]", "lock.a[1234567890]",
		"struct", "struct .a", "1a.b", "a.1b", "a.b c", "a.b->c", "a.*", "a\n.b", "{a.b}",
	};
	const char *why;
	char text[600];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (!types_path_check(good[i], &why))
			fail_msg("'%s': %s", good[i], why);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (types_path_check(bad[i], &why))
			fail_msg("'%s' was accepted", bad[i]);
		assert_non_null(why);
	}
	memset(text, 'a', sizeof(text));
	text[127] = '\0';
	assert_true(types_path_check(text, &why));
	text[127] = 'a';
	text[128] = '\0';
	assert_false(types_path_check(text, &why));
	for (size_t i = 0; i < 34; i++)
		memcpy(text + i * 2, ".a", 3);
	assert_true(types_path_check(text + 68 - 2 * 32 - 1, &why));
	assert_false(types_path_check(text + 1, &why));
}

static void types_that_go_round_in_a_circle_end(void **state)
{
	struct btf *btf = btf__new_empty();
	struct type_layout layout;
	struct types *types;
	struct fail fail;

	(void)state;
	assert_true(btf__add_int(btf, "int", 4, 0) > 0);		/* 1 */
	assert_int_equal(btf__add_typedef(btf, "a", 3), 2);
	assert_int_equal(btf__add_typedef(btf, "b", 2), 3);
	assert_int_equal(btf__add_struct(btf, "inside", 4), 4);		/* of itself */
	field(btf, NULL, 5, 0, 0);
	assert_int_equal(btf__add_struct(btf, NULL, 4), 5);
	field(btf, NULL, 5, 0, 0);
	field(btf, NULL, 5, 0, 0);
	field(btf, "loop", 6, 0, 0);
	field(btf, "beyond", 4000, 0, 0);
	assert_int_equal(btf__add_array(btf, 1, 6, 65535), 6);
	types = of_kernel(btf);
	expect_failure(types, "a.x", OUTCOME_NOT_FOUND, "a is no struct or union");
	expect_failure(types, "inside.absent", OUTCOME_NOT_FOUND, "has no member absent");
	expect_failure(types, "inside.loop", OUTCOME_NOT_FOUND, "");
	assert_int_equal(types_layout(types, NULL, "inside", &layout, &fail), -1);
	assert_non_null(strstr(fail.message, "damaged"));
	types_destroy(types);
	btf__free(btf);
}

static void damaged_types_are_refused(void **state)
{
	struct world *world = *state;
	uint32_t size;
	const uint8_t *data = raw(world->kernel, &size);
	uint8_t *copy = malloc(size);
	struct types *types;
	struct fail fail;

	assert_non_null(copy);
	for (uint32_t length = 1; length < size; length++) {
		assert_int_equal(types_create_image(NULL, NULL, data, length, "cut", &types,
						    &fail), -1);
		assert_int_equal(fail.code, OUTCOME_ERROR);
		assert_non_null(strstr(fail.message, "cut: "));
	}
	memcpy(copy, data, size);
	copy[0] ^= 0xff;
	assert_int_equal(types_create_image(NULL, NULL, copy, size, "magic", &types, &fail), -1);
	assert_non_null(strstr(fail.message, "it begins with"));
	memcpy(copy, data, size);
	copy[sizeof(struct btf_header)] = 2;	/* the first type's name: in the middle of a string */
	assert_int_equal(types_create_image(NULL, NULL, copy, size, "name", &types, &fail), -1);
	assert_non_null(strstr(fail.message, "type 1 has no right name"));
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_has_its_offset_and_size),
		cmocka_unit_test(members_of_what_has_no_name_are_its_parents),
		cmocka_unit_test(an_element_of_an_array_is_found_and_none_past_its_end),
		cmocka_unit_test(a_bitfield_has_the_byte_of_its_first_bit),
		cmocka_unit_test(a_typedef_and_the_word_struct_are_names_of_a_type),
		cmocka_unit_test(the_first_alternative_there_is_answers),
		cmocka_unit_test(names_like_one_that_is_not_there_are_told),
		cmocka_unit_test(what_is_only_declared_is_said_to_be),
		cmocka_unit_test(a_pointer_leads_nowhere_and_is_said_to_be_one),
		cmocka_unit_test(two_types_of_a_name_are_one_where_they_agree),
		cmocka_unit_test(two_types_of_a_name_that_differ_are_ambiguous_with_both_numbers),
		cmocka_unit_test(a_size_is_that_of_the_type),
		cmocka_unit_test(a_module_has_its_own_types_and_its_kernels),
		cmocka_unit_test(a_module_without_its_kernels_types_says_what_is_missing),
		cmocka_unit_test(a_module_on_another_kernels_types_is_refused),
		cmocka_unit_test(a_modules_types_are_no_base),
		cmocka_unit_test(a_file_without_types_has_its_bases_or_none),
		cmocka_unit_test(a_function_returns_what_its_prototype_says),
		cmocka_unit_test(what_a_module_s_function_returns_is_told_by_the_module_alone),
		cmocka_unit_test(the_member_at_an_offset_is_the_innermost),
		cmocka_unit_test(a_layout_is_as_c_declares_it),
		cmocka_unit_test(pointers_to_functions_and_lone_members_are_laid_out),
		cmocka_unit_test(one_member_is_laid_out_from_the_outermost_start),
		cmocka_unit_test(a_path_is_checked_by_its_syntax),
		cmocka_unit_test(types_that_go_round_in_a_circle_end),
		cmocka_unit_test(damaged_types_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
