/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "guard.h"
#include "tests/unit/elf_fixture.h"
#include "tests/unit/file_fixture.h"

static char *releases[] = { "5.10.*", "6.1.*", "6.12.*" };
static char *build_ids[] = { "00aa", "00bb" };

static struct target_info info_of(const char *release, const char *build_id)
{
	struct target_info info = { .kind = "image", .architecture = ARCH_X86_64, .live = true };

	strcpy(info.release, release);
	strcpy(info.build_id, build_id);
	return info;
}

static void no_condition_always_holds(void **state)
{
	struct conditions when = { .architectures = 0 };
	struct target_info info = info_of("", "");
	struct fail fail;

	(void)state;
	assert_int_equal(guard_check(&when, "p.yaml", &info, &fail), 0);
}

static void one_of_each_list_is_enough(void **state)
{
	struct conditions when = {
		.releases = { releases, 3 }, .build_ids = { build_ids, 2 },
		.architectures = 1u << ARCH_X86_64 | 1u << ARCH_I386,
	};
	struct target_info info = info_of("6.12.3-amd64", "00bb");
	struct fail fail;

	(void)state;
	assert_int_equal(guard_check(&when, "p.yaml", &info, &fail), 0);
	info.architecture = ARCH_I386;
	assert_int_equal(guard_check(&when, "p.yaml", &info, &fail), 0);
}

static void expect_refused(const struct conditions *when, const struct target_info *info,
			   const char *message)
{
	struct fail fail;

	assert_int_equal(guard_check(when, "p.yaml", info, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_GUARD);
	assert_string_equal(fail.message, message);
}

static void a_refusal_says_what_is_asked_and_what_is_there(void **state)
{
	struct conditions when = { .place = { 4, 3 }, .releases = { releases, 3 } };
	struct target_info info = info_of("6.10.1", "00cc");

	(void)state;
	expect_refused(&when, &info, "p.yaml:4:3: the patch is for kernel release \"5.10.*\", "
		       "\"6.1.*\" or \"6.12.*\", and this kernel is 6.10.1");
	when.releases.count = 0;
	when.build_ids = (struct strings){ build_ids, 2 };
	expect_refused(&when, &info, "p.yaml:4:3: the patch is for the kernel with build-id "
		       "\"00aa\" or \"00bb\", and this kernel has 00cc");
	when.architectures = 1u << ARCH_I386;
	expect_refused(&when, &info, "p.yaml:4:3: the patch is for architecture i386, and this "
		       "kernel is x86_64");
	when.place.line = 0;
	expect_refused(&when, &info, "p.yaml: the patch is for architecture i386, and this kernel "
		       "is x86_64");
}

static void what_an_image_does_not_say_is_refused(void **state)
{
	static char *any[] = { "*" };
	struct conditions when = { .place = { 4, 3 }, .releases = { any, 1 } };
	struct target_info info = info_of("", "");

	(void)state;
	info.live = false;
	expect_refused(&when, &info, "p.yaml:4:3: the patch is for kernel release \"*\", and the "
		       "image does not say which it is; give --release");
	when.releases.count = 0;
	when.build_ids = (struct strings){ any, 1 };
	expect_refused(&when, &info, "p.yaml:4:3: the patch is for the kernel with build-id \"*\", "
		       "and the image has none (a module's own is not the kernel's)");
}

/* Globs are matched in no more than polynomial time: this would not end otherwise. */
static void a_hostile_glob_ends(void **state)
{
	static char *stars[] = { "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b" };
	struct conditions when = { .releases = { stars, 1 } };
	struct target_info info =
		info_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "");
	struct fail fail;

	(void)state;
	assert_int_equal(guard_check(&when, "p.yaml", &info, &fail), -1);
}

struct mapped {
	struct elf_file *elf;
	struct target *target;
	struct symtab *map;
};

/* The fixture's kernel, with a System.map. */
static struct mapped mapped_make(const char *text)
{
	struct elf_fixture image;
	struct mapped mapped;
	struct fail fail;

	fixture_make(&image, false);

	struct file file = file_make(&image, sizeof(image)), map = file_text(text);

	assert_int_equal(elf_file_open(file.path, &mapped.elf, &fail), 0);
	assert_int_equal(target_open_image(mapped.elf, "vmlinux", NULL, &mapped.target, &fail), 0);
	assert_int_equal(symtab_load_system_map(map.path, &mapped.map, &fail), 0);
	file_close(&file);
	file_close(&map);
	return mapped;
}

static void mapped_close(struct mapped *mapped)
{
	symtab_destroy(mapped->map);
	target_close(mapped->target);
	elf_file_close(mapped->elf);
}

static void a_map_is_believed_where_the_banner_is(void **state)
{
	struct mapped mapped = mapped_make("ffffffff81200020 R linux_banner\n");
	struct fail fail;

	(void)state;
	assert_int_equal(guard_system_map(mapped.map, mapped.target,
					  "Linux version 6.1.0-test (root@x) #1\n", &fail), 0);
	assert_int_equal(guard_system_map(mapped.map, mapped.target,
					  "Linux version 6.1.0-test (root@x) #1", &fail), 0);
	mapped_close(&mapped);
}

static void expect_map_refused(const char *map, const char *banner, enum outcome outcome,
			       const char *message)
{
	struct mapped mapped = mapped_make(map);
	struct fail fail;

	assert_int_equal(guard_system_map(mapped.map, mapped.target, banner, &fail), -1);
	assert_int_equal(fail.code, outcome);
	assert_message(fail, message);
	mapped_close(&mapped);
}

static void a_map_of_another_kernel_is_not_believed(void **state)
{
	static const char good[] = "ffffffff81200020 R linux_banner\n";

	(void)state;
	expect_map_refused(good, "Linux version 6.1.0-test (root@x) #2", OUTCOME_GUARD,
			   "there is \"Linux version 6.1.0-test (root@x) #1\", not \"Linux version "
			   "6.1.0-test (root@x) #2\"");
	/* the banner there goes on */
	expect_map_refused(good, "Linux version 6.1.0-test (root@x)", OUTCOME_GUARD,
			   "another kernel");
	expect_map_refused(good, "", OUTCOME_ERROR, "0 characters");
	expect_map_refused("ffffffff81200000 R linux_banner\n", "Linux version 6", OUTCOME_GUARD,
			   "0xffffffff81200000");
	expect_map_refused("ffffffff81900000 R linux_banner\n", "Linux version 6", OUTCOME_ERROR,
			   "the kernel's banner");
	expect_map_refused("ffffffff81200020 R other_banner\n", "Linux version 6", OUTCOME_GUARD,
			   "has no linux_banner");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_condition_always_holds),
		cmocka_unit_test(one_of_each_list_is_enough),
		cmocka_unit_test(a_refusal_says_what_is_asked_and_what_is_there),
		cmocka_unit_test(what_an_image_does_not_say_is_refused),
		cmocka_unit_test(a_hostile_glob_ends),
		cmocka_unit_test(a_map_is_believed_where_the_banner_is),
		cmocka_unit_test(a_map_of_another_kernel_is_not_believed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
