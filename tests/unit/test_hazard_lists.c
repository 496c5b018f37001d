/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owners of kernel text whose addresses the kernel hides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Takes lines into a list; the last one's answer. */
static int take(int (*line_take)(char *line, struct owner_list *list, struct fail *fail),
		struct owner_list *list, const char *text)
{
	char line[256];
	struct fail fail;

	(void)snprintf(line, sizeof(line), "%s", text);
	return line_take(line, list, &fail);
}

static void events_of_kprobes_are_read_in_each_form(void **state)
{
	static const struct {
		const char *line, *name, *object, *event;
		uint64_t offset;
	} cases[] = {
		{ "p:kprobes/p_nfs_flock_0 vfs_read", "vfs_read", NULL, "kprobes/p_nfs_flock_0", 0 },
		{ "p:kprobes/here nfs:nfs_flock+47 cnt=%dx", "nfs_flock", "nfs", "kprobes/here", 47 },
		{ "r:my-group/back vfs_write arg1=$retval", "vfs_write", NULL, "my-group/back", 0 },
		{ "r10:kprobes/many vfs_open+4", "vfs_open", NULL, "kprobes/many", 4 },
	};
	struct owner_list list = { .state = LIST_READ };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(take(list_take_kprobe_event, &list, cases[i].line), 0);
		assert_int_equal(list.count, i + 1);
		assert_string_equal(list.items[i].name, cases[i].name);
		assert_string_equal(list.items[i].detail, cases[i].event);
		assert_int_equal(list.items[i].offset, cases[i].offset);
		if (cases[i].object == NULL)
			assert_null(list.items[i].object);
		else
			assert_string_equal(list.items[i].object, cases[i].object);
	}
	/* the kernel shows a hash for its address */
	assert_int_equal(take(list_take_kprobe_event, &list, "p:kprobes/p_0x12 0x12f33fd1"), 0);
	assert_int_equal(list.count, 4);
	owner_list_deinit(&list);
}

static void a_line_that_is_no_event_of_a_kprobe_is_not_taken(void **state)
{
	static const char *const lines[] = {
		"", " ", "p", "p:", "p:kprobes/here", "p:kprobes/here ", "p:here vfs_read",
		"p:/here vfs_read", "p:kprobes/ vfs_read", "p:a/b/c vfs_read", "x:a/b vfs_read",
		"p10:a/b vfs_read", "p:a/b nfs:", "p:a/b :vfs_read", "p:a/b vfs_read+",
		"p:a/b vfs_read+-1", "p:a/b vfs_read+4x", "p:a/b vfs_read+99999999999999999999",
		"p:a/b +4", "p:a/$(reboot) vfs_read", "p:a/b;c vfs_read", "p:a/b'c vfs_read",
		"p:a/b-c vfs_read", "p:../b vfs_read",
	};
	struct owner_list list = { .state = LIST_READ };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (take(list_take_kprobe_event, &list, lines[i]) != 1)
			fail_msg("\"%s\" is taken", lines[i]);
	}
	assert_int_equal(list.count, 0);
	owner_list_deinit(&list);
}

static void who_traces_is_told_with_the_lines_that_go_on(void **state)
{
	struct owner_list list = { .state = LIST_READ };

	(void)state;
	assert_int_equal(take(list_take_traced, &list, "\tdirect-->x"), 1);
	assert_int_equal(take(list_take_traced, &list, "vfs_read"), 1);
	assert_int_equal(take(list_take_traced, &list, "vfs_read (1) R D   \ttramp: f+0x0/0x10"), 0);
	assert_int_equal(take(list_take_traced, &list, "\tdirect-->bpf_trampoline_1+0x0/0x8"), 0);
	assert_int_equal(take(list_take_traced, &list, "nfs_flock [nfs] (2)   "), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].name, "vfs_read");
	assert_null(list.items[0].object);
	assert_string_equal(list.items[0].detail,
			    "R D tramp: f+0x0/0x10 direct-->bpf_trampoline_1+0x0/0x8");
	assert_string_equal(list.items[1].object, "nfs");
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
		cmocka_unit_test(events_of_kprobes_are_read_in_each_form),
		cmocka_unit_test(a_line_that_is_no_event_of_a_kprobe_is_not_taken),
		cmocka_unit_test(who_traces_is_told_with_the_lines_that_go_on),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hazard_lists", tests, NULL, NULL);
}
