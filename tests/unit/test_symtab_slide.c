/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A System.map for the kernel's own symbols, or beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "symtab.h"
#include "tests/unit/file_fixture.h"

typedef int load_function(const char *path, struct symtab **out, struct fail *fail);

static struct symtab *load_by(load_function *function, const char *text)
{
	struct file file = file_text(text);
	struct symtab *symtab;
	struct fail fail;

	if (function(file.path, &symtab, &fail) != 0)
		fail_msg("%s", fail.message);
	file_close(&file);
	return symtab;
}

static struct symtab *load(const char *text)
{
	return load_by(symtab_load_kallsyms, text);
}

static struct symtab *load_map(const char *text)
{
	return load_by(symtab_load_system_map, text);
}

static const struct symbol *find(const struct symtab *symtab, const char *name)
{
	const struct symbol *symbol = symtab_next(symtab, name, NULL);

	if (symbol == NULL)
		fail_msg("no %s", name);
	return symbol;
}

static const char map_text[] =
	"0000000000000000 D __per_cpu_start\n"
	"0000000000001000 D per_cpu_thing\n"
	"0000000001000000 A phys_startup_64\n"
	"ffffffff81000000 T _text\n"
	"ffffffff81000100 t twice\n"
	"ffffffff81000200 t twice\n"
	"ffffffff81000300 T vfs_read\n"
	"ffffffff81000400 T only_here\n"
	"ffffffff82000000 R linux_banner\n"
	"ffffffff82001000 A an_absolute\n";

static void a_map_is_moved_by_one_slide(void **state)
{
	struct symtab *map = load_map(map_text), *moved, *live;
	int64_t slide = 0;
	struct fail fail;

	(void)state;
	live = load("ffffffff9c000000 T _text\n"
		    "ffffffff9c000150 t twice\n"
		    "ffffffff9c000300 T vfs_read\n"
		    "ffffffff9c999999 D linux_banner\n"
		    "ffffffffc0000000 t in_module\t[m]\n");
	assert_int_equal(symtab_slide(map, live, &slide, &fail), 0);
	assert_int_equal(slide, 0x1b000000);
	assert_int_equal(symtab_move(map, slide, &moved, &fail), 0);
	assert_int_equal(symtab_count(moved), symtab_count(map));
	assert_int_equal(find(moved, "only_here")->address, 0xffffffff9c000400);
	assert_int_equal(find(moved, "only_here")->size, find(map, "only_here")->size);
	assert_int_equal(find(moved, "linux_banner")->address, 0xffffffff9d000000);
	assert_int_equal(find(moved, "per_cpu_thing")->address, 0x1000);
	assert_int_equal(find(moved, "phys_startup_64")->address, 0x1000000);
	assert_int_equal(find(moved, "an_absolute")->address, 0xffffffff82001000);
	assert_string_equal(symtab_at(moved, 0xffffffff9c000301)->name, "vfs_read");
	symtab_destroy(moved);
	symtab_destroy(live);
	symtab_destroy(map);
}

static void a_map_can_slide_down(void **state)
{
	struct symtab *map = load_map("c1000000 T _text\nc1000010 T vfs_read\n"), *moved;
	struct symtab *live = load("c0400000 T _text\nc0400010 T vfs_read\n");
	int64_t slide;
	struct fail fail;

	(void)state;
	assert_int_equal(symtab_slide(map, live, &slide, &fail), 0);
	assert_int_equal(slide, -0xc00000);
	assert_int_equal(symtab_move(map, slide, &moved, &fail), 0);
	assert_int_equal(find(moved, "vfs_read")->address, 0xc0400010);
	symtab_destroy(moved);
	symtab_destroy(live);
	symtab_destroy(map);
}

static void one_function_elsewhere_disproves_a_map(void **state)
{
	struct symtab *map = load_map(map_text), *live;
	int64_t slide;
	struct fail fail;

	(void)state;
	live = load("ffffffff9c000000 T _text\nffffffff9c000301 T vfs_read\n");
	assert_int_equal(symtab_slide(map, live, &slide, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_GUARD);
	assert_message(fail, "_text");
	assert_message(fail, "vfs_read at 0xffffffff81000300 and 0xffffffff9c000301");
	assert_true(fail.has_address);
	symtab_destroy(live);
	live = load("ffffffff9c000000 T something_else\nffffffff9c000010 t twice\n");
	assert_int_equal(symtab_slide(map, live, &slide, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_GUARD);
	assert_message(fail, "no function in common");
	symtab_destroy(live);
	symtab_destroy(map);
}

/* Where a kernel does not list its own exit functions. */
static void a_modules_function_of_the_same_name_disproves_no_map(void **state)
{
	struct symtab *map = load_map("c1000000 T _text\nc1e70618 t resctrl_exit\n"), *live;
	int64_t slide;
	struct fail fail;

	(void)state;
	live = load("c2000000 T _text\nf7920000 t resctrl_exit\t[resctrl]\n");
	assert_int_equal(symtab_slide(map, live, &slide, &fail), 0);
	assert_int_equal(slide, 0x1000000);
	symtab_destroy(live);
	live = load("c2000000 t something_else\nf7920000 t resctrl_exit\t[resctrl]\n");
	assert_int_equal(symtab_slide(map, live, &slide, &fail), -1);
	assert_message(fail, "no function in common");
	symtab_destroy(live);
	symtab_destroy(map);
}

/* As the kernel lists its symbols without CONFIG_KALLSYMS_ALL, and its System.map moved there. */
static const char functions_only[] =
	"d8000000 T _text\n"
	"d8000040 t twice\n"
	"d8000080 T last_function\n"
	"f7920000 t nfs_flock\t[nfs]\n"
	"f7920040 t _text\t[nfs]\n";
static const char whole_map[] =
	"00001000 A per_cpu_thing\n"
	"d8000000 T _text\n"
	"d8000000 T alias\n"
	"d8000040 t twice\n"
	"d8000060 t twice\n"
	"d8000080 T last_function\n"
	"d8000090 T _etext\n"
	"d8a00000 D linux_banner\n"
	"d8a00100 D _edata\n";

static void a_map_is_joined_with_what_the_kernel_lists(void **state)
{
	struct symtab *live = load(functions_only), *map = load_map(whole_map), *joined;
	const struct symbol *symbol;
	struct fail fail;

	(void)state;
	assert_int_equal(symtab_join(live, map, &joined, &fail), 0);
	symtab_destroy(live);
	symtab_destroy(map);
	assert_int_equal(symtab_count(joined), 11);
	assert_int_equal(find(joined, "linux_banner")->address, 0xd8a00000);
	assert_int_equal(find(joined, "per_cpu_thing")->address, 0x1000);
	assert_string_equal(find(joined, "nfs_flock")->module, "nfs");
	symbol = find(joined, "_text");
	assert_null(symbol->module);
	symbol = symtab_next(joined, "_text", symbol);
	assert_string_equal(symbol->module, "nfs");
	assert_null(symtab_next(joined, "_text", symbol));
	symbol = symtab_next(joined, "twice", find(joined, "twice"));
	assert_int_equal(symbol->address, 0xd8000060);
	assert_null(symtab_next(joined, "twice", symbol));
	symtab_destroy(joined);
}

static void a_joined_symbol_ends_where_the_next_of_both_begins(void **state)
{
	struct symtab *live = load(functions_only), *map = load_map(whole_map), *joined;
	struct fail fail;

	(void)state;
	assert_int_equal(symtab_join(live, map, &joined, &fail), 0);
	assert_int_equal(find(live, "twice")->size, 0x40);
	assert_int_equal(find(joined, "twice")->size, 0x20);
	assert_int_equal(find(joined, "last_function")->size, 0x10);
	assert_int_equal(find(joined, "_etext")->size, 0);
	assert_int_equal(find(joined, "nfs_flock")->size, 0x40);
	assert_string_equal(symtab_at(joined, 0xd8a000ff)->name, "linux_banner");
	symtab_destroy(joined);
	symtab_destroy(live);
	symtab_destroy(map);
}

static void whether_data_is_listed_is_known(void **state)
{
	struct symtab *symtab = load(functions_only);

	(void)state;
	assert_false(symtab_has_data(symtab));
	symtab_destroy(symtab);
	symtab = load_map(whole_map);
	assert_true(symtab_has_data(symtab));
	symtab_destroy(symtab);
	symtab = load("d8000000 T _text\nf7920000 d linux_banner\t[other]\n");
	assert_false(symtab_has_data(symtab));
	symtab_destroy(symtab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_is_moved_by_one_slide),
		cmocka_unit_test(a_map_can_slide_down),
		cmocka_unit_test(one_function_elsewhere_disproves_a_map),
		cmocka_unit_test(a_modules_function_of_the_same_name_disproves_no_map),
		cmocka_unit_test(a_map_is_joined_with_what_the_kernel_lists),
		cmocka_unit_test(a_joined_symbol_ends_where_the_next_of_both_begins),
		cmocka_unit_test(whether_data_is_listed_is_known),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("symtab_slide", tests, NULL, NULL);
}
