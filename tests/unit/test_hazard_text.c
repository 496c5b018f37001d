/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What functions are for, by name, by range and by section. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/hazard_text.h"
#include "tests/unit/file_fixture.h"

static struct symtab *symtab;

static int setup(void **state)
{
	struct file file = file_text("ffffffff81000000 T _stext\n"
				     "ffffffff81000010 t before\n"
				     "ffffffff81000100 T __noinstr_text_start\n"
				     "ffffffff81000100 t within\n"
				     "ffffffff810001f0 t last\n"
				     "ffffffff81000200 T __noinstr_text_end\n"
				     "ffffffff81000200 t behind\n"
				     "ffffffff81000300 T __entry_text_start\n"
				     "ffffffff81000300 t entry_SYSCALL_64\n"
				     "ffffffff81000400 T __entry_text_end\n"
				     "ffffffff81000500 T __kprobes_text_start\n"
				     "ffffffff81000500 t old_handler\n"
				     "ffffffff81000510 T __kprobes_text_end\n"
				     "ffffffff81000510 T __softirqentry_text_start\n"
				     "ffffffff81000510 T __do_softirq\n"
				     "ffffffff81000520 T __softirqentry_text_end\n"
				     "ffffffff81000600 T __SCT__might_resched\n"
				     "ffffffff81000610 T bpf_dispatcher_xdp_func\n"
				     "ffffffff81000620 t bpf_dispatcher_nop_func\n"
				     "ffffffff81000630 T bpf_dispatcher_change_prog\n"
				     "ffffffff81000640 t nmi_handle\n"
				     "ffffffff81000650 t nmi_handle.part.0\n"
				     "ffffffff81000660 t nmi_handle_other\n"
				     "ffffffff81000670 t nmi\n"
				     "ffffffff81000680 T ftrace_caller\n"
				     "ffffffff81000684 T ftrace_caller_op_ptr\n"
				     "ffffffff81000690 T ftrace_call\n"
				     "ffffffff810006a0 T ftrace_regs_call\n"
				     "ffffffff810006b0 t ftrace_call_replace\n"
				     "ffffffff81000700 T _etext\n"
				     "ffffffffc0000000 t within\t[mod]\n"
				     "ffffffffc0000010 T __SCT__mod\t[mod]\n"
				     "ffffffffc0000020 t end\t[mod]\n");
	struct fail fail;

	(void)state;
	if (symtab_load_kallsyms(file.path, &symtab, &fail) != 0)
		fail_msg("%s", fail.message);
	file_close(&file);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	symtab_destroy(symtab);
	return 0;
}

/* The function's only owner, of all of it; "": it has none. */
static const char *owner_of(const char *name, const char *module)
{
	CLEANUP(owners_deinit) struct owners owners = { .items = NULL };
	struct modules modules = { .items = NULL };
	const struct kernel kernel = { .symtab = symtab, .modules = &modules };
	const struct symbol *symbol = NULL;
	struct fail fail;

	do {
		symbol = symtab_next(symtab, name, symbol);
		assert_non_null(symbol);
	} while ((module == NULL) != (symbol->module == NULL));

	const struct function function = { .symbol = symbol, .size = 8 };

	assert_int_equal(hazard_text(&kernel, &function, &owners, &fail), 0);
	if (owners.count == 0)
		return "";
	assert_int_equal(owners.count, 1);
	assert_int_equal(owners.items[0].address, symbol->address);
	assert_int_equal(owners.items[0].end, symbol->address + 8);
	assert_int_equal(owners.items[0].policy, OWNER_FORBIDDEN);
	return owner_name(owners.items[0].kind);
}

static void functions_between_the_symbols_are_entry_or_noinstr_and_those_beside_are_not(void **state)
{
	(void)state;
	assert_string_equal(owner_of("before", NULL), "");
	assert_string_equal(owner_of("within", NULL), "noinstr");
	assert_string_equal(owner_of("last", NULL), "noinstr");
	assert_string_equal(owner_of("behind", NULL), "");
	assert_string_equal(owner_of("entry_SYSCALL_64", NULL), "entry");
	assert_string_equal(owner_of("old_handler", NULL), "kprobe_blacklist");
	assert_string_equal(owner_of("__do_softirq", NULL), "");
}

static void a_module_s_function_is_not_in_the_image_s_ranges(void **state)
{
	(void)state;
	assert_string_equal(owner_of("within", "mod"), "");
}

static void static_calls_trampolines_are_told_by_name_in_modules_too(void **state)
{
	(void)state;
	assert_string_equal(owner_of("__SCT__might_resched", NULL), "static_call_trampoline");
	assert_string_equal(owner_of("__SCT__mod", "mod"), "static_call_trampoline");
}

static void a_bpf_dispatcher_is_bpf_s_and_what_serves_it_is_not(void **state)
{
	(void)state;
	assert_string_equal(owner_of("bpf_dispatcher_xdp_func", NULL), "bpf");
	assert_string_equal(owner_of("bpf_dispatcher_nop_func", NULL), "");
	assert_string_equal(owner_of("bpf_dispatcher_change_prog", NULL), "");
}

static void an_nmi_s_functions_are_its_with_their_parts_and_names_like_them_are_not(void **state)
{
	(void)state;
	assert_string_equal(owner_of("nmi_handle", NULL), "nmi");
	assert_string_equal(owner_of("nmi_handle.part.0", NULL), "nmi");
	assert_string_equal(owner_of("nmi_handle_other", NULL), "");
	assert_string_equal(owner_of("nmi", NULL), "");
}

static void ftrace_s_own_entries_are_its_and_what_serves_them_is_not(void **state)
{
	(void)state;
	assert_string_equal(owner_of("ftrace_caller", NULL), "ftrace");
	assert_string_equal(owner_of("ftrace_caller_op_ptr", NULL), "ftrace");
	assert_string_equal(owner_of("ftrace_call", NULL), "ftrace");
	assert_string_equal(owner_of("ftrace_regs_call", NULL), "ftrace");
	assert_string_equal(owner_of("ftrace_call_replace", NULL), "");
}

/* A directory as /sys/module/NAME/sections is one. */
static void section_write(const char *directory, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void sections_remove(const char *directory)
{
	static const char *const names[] = { ".text", ".noinstr.text", ".rodata", ".empty" };
	char path[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		(void)unlink(path);	/* not each of them is there in each test */
	}
	assert_int_equal(rmdir(directory), 0);
}

static void a_loaded_module_s_noinstr_section_ends_where_the_next_begins(void **state)
{
	char directory[] = "/tmp/test_hazard_text.XXXXXX";
	enum owner_kind kind = OWNER_UNKNOWN;
	struct fail fail;

	(void)state;
	assert_non_null(mkdtemp(directory));
	section_write(directory, ".text", "0xffffffffc0001000\n");
	section_write(directory, ".rodata", "0xffffffffc0003000\n");
	assert_int_equal(hazard_text_section(directory, 0xffffffffc0001000, &kind, &fail), 0);
	section_write(directory, ".noinstr.text", "0xffffffffc0002000\n");
	assert_int_equal(hazard_text_section(directory, 0xffffffffc0001fff, &kind, &fail), 0);
	assert_int_equal(hazard_text_section(directory, 0xffffffffc0002000, &kind, &fail), 1);
	assert_int_equal(kind, OWNER_NOINSTR);
	assert_int_equal(hazard_text_section(directory, 0xffffffffc0002fff, &kind, &fail), 1);
	assert_int_equal(hazard_text_section(directory, 0xffffffffc0003000, &kind, &fail), 0);
	section_write(directory, ".empty", "0xffffffffc0002000\n");
	assert_int_equal(hazard_text_section(directory, 0xffffffffc0002fff, &kind, &fail), 1);
	sections_remove(directory);
}

static void a_section_whose_address_is_hidden_or_garbled_is_an_error(void **state)
{
	char directory[] = "/tmp/test_hazard_text.XXXXXX";
	enum owner_kind kind = OWNER_UNKNOWN;
	struct fail fail;

	(void)state;
	assert_non_null(mkdtemp(directory));
	section_write(directory, ".noinstr.text", "0x0000000000000000\n");
	assert_int_equal(hazard_text_section(directory, 0xffffffffc0001000, &kind, &fail), -1);
	section_write(directory, ".noinstr.text", "here\n");
	assert_int_equal(hazard_text_section(directory, 0xffffffffc0001000, &kind, &fail), -1);
	section_write(directory, ".noinstr.text", "");
	assert_int_equal(hazard_text_section(directory, 0xffffffffc0001000, &kind, &fail), -1);
	sections_remove(directory);
	/* as without sysfs, or when the module went just now */
	assert_int_equal(hazard_text_section(directory, 0xffffffffc0001000, &kind, &fail), -1);
}

#define unit(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(functions_between_the_symbols_are_entry_or_noinstr_and_those_beside_are_not),
		unit(a_module_s_function_is_not_in_the_image_s_ranges),
		unit(static_calls_trampolines_are_told_by_name_in_modules_too),
		unit(a_bpf_dispatcher_is_bpf_s_and_what_serves_it_is_not),
		unit(an_nmi_s_functions_are_its_with_their_parts_and_names_like_them_are_not),
		unit(ftrace_s_own_entries_are_its_and_what_serves_them_is_not),
		unit(a_loaded_module_s_noinstr_section_ends_where_the_next_begins),
		unit(a_section_whose_address_is_hidden_or_garbled_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hazard_text", tests, NULL, NULL);
}
