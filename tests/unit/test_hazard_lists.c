/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owners of kernel text whose addresses the kernel hides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "lib/hazard_lists.h"
#include "tests/unit/file_fixture.h"

static struct symtab *symbols(void)
{
	struct file file = file_text("ffffffff81000000 T do_int3\n"
				     "ffffffff81000100 t twin\n"
				     "ffffffff81000200 t twin\n"
				     "ffffffff81000300 T nfs_flock\n"
				     "ffffffff81000400 T _etext\n"
				     "ffffffffc0000000 t nfs_flock\t[nfs]\n");
	struct symtab *symtab;
	struct fail fail;

	if (symtab_load_kallsyms(file.path, &symtab, &fail) != 0)
		fail_msg("%s", fail.message);
	file_close(&file);
	return symtab;
}

/* One item of a list, resolved. */
static struct owner_list resolved(struct listed owner)
{
	struct owner_list list = { .state = LIST_READ, .count = 1 };
	struct symtab *symtab = symbols();
	struct fail fail;

	list.items = malloc(sizeof(*list.items));
	assert_non_null(list.items);
	owner.name = strdup(owner.name);
	owner.object = owner.object == NULL ? NULL : strdup(owner.object);
	list.items[0] = owner;
	assert_int_equal(owner_list_resolve(&list, symtab, &fail), 0);
	symtab_destroy(symtab);
	return list;
}

static void a_hidden_owner_is_found_by_its_name(void **state)
{
	struct owner_list list = resolved((struct listed){ .name = "do_int3", .offset = 0x10 });

	(void)state;
	assert_int_equal(list.state, LIST_READ);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.items[1].address, 0xffffffff81000010u);
	assert_int_equal(list.items[1].end, 0xffffffff81000100u);
	assert_string_equal(list.items[1].name, "do_int3");
	owner_list_deinit(&list);
}

static void each_function_of_that_name_is_an_owner(void **state)
{
	struct owner_list list = resolved((struct listed){ .name = "twin" });

	(void)state;
	assert_int_equal(list.count, 3);
	assert_int_equal(list.items[1].address, 0xffffffff81000100u);
	assert_int_equal(list.items[2].address, 0xffffffff81000200u);
	owner_list_deinit(&list);
}

static void a_modules_function_is_not_the_images(void **state)
{
	struct owner_list list = resolved((struct listed){ .name = "nfs_flock", .object = "nfs" });

	(void)state;
	assert_int_equal(list.count, 2);
	assert_int_equal(list.items[1].address, 0xffffffffc0000000u);
	owner_list_deinit(&list);
	list = resolved((struct listed){ .name = "nfs_flock" });
	assert_int_equal(list.count, 2);
	assert_int_equal(list.items[1].address, 0xffffffff81000300u);
	owner_list_deinit(&list);
}

static void a_name_that_is_nowhere_makes_the_list_unreadable(void **state)
{
	struct owner_list list = resolved((struct listed){ .name = "gone" });

	(void)state;
	assert_int_equal(list.state, LIST_UNREADABLE);
	assert_non_null(strstr(list.why, "gone"));
	assert_non_null(strstr(list.why, "kptr_restrict"));
	owner_list_deinit(&list);
}

static void a_module_without_symbols_is_left_alone(void **state)
{
	struct owner_list list = resolved((struct listed){ .name = "gone", .object = "xfs" });

	(void)state;
	assert_int_equal(list.state, LIST_READ);
	assert_int_equal(list.count, 1);
	owner_list_deinit(&list);
}

static void a_shown_address_stays(void **state)
{
	struct owner_list list = resolved((struct listed){ .name = "twin", .address = 4, .end = 8 });

	(void)state;
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].address, 4);
	assert_int_equal(list.items[0].end, 8);
	owner_list_deinit(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hidden_owner_is_found_by_its_name),
		cmocka_unit_test(each_function_of_that_name_is_an_owner),
		cmocka_unit_test(a_modules_function_is_not_the_images),
		cmocka_unit_test(a_name_that_is_nowhere_makes_the_list_unreadable),
		cmocka_unit_test(a_module_without_symbols_is_left_alone),
		cmocka_unit_test(a_shown_address_stays),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hazard_lists", tests, NULL, NULL);
}
