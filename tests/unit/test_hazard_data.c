/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_data() and what hazard_symbol() says of data, of a kernel that has no more than symbols, of
 * a module's file, and of loaded modules' sections in a directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hazard.h"
#include "lib/hazard_data.h"
#include "elf_fixture.h"
#include "file_fixture.h"

static const char map[] =
	"ffffffff81000000 T _stext\n"
	"ffffffff81000040 T schedule\n"
	"ffffffff81100000 T _etext\n"
	"ffffffff81200000 R __start_rodata\n"
	"ffffffff81200100 r constant\n"
	"ffffffff81200200 R sys_call_table\n"
	"ffffffff81201200 r behind_calls\n"
	"ffffffff81208000 R __start___ex_table\n"
	"ffffffff81208000 R __stop___ex_table\n"
	"ffffffff81210000 R __start_ro_after_init\n"
	"ffffffff81210010 D late_switch\n"
	"ffffffff81210020 D __end_ro_after_init\n"
	"ffffffff81220000 R __end_rodata\n"
	"ffffffff81300000 D before_tables\n"
	"ffffffff81300ff8 d last_before\n"
	"ffffffff81301000 D init_top_pgt\n"
	"ffffffff81301000 D alias_of_it\n"
	"ffffffff81302000 D behind_tables\n"
	"ffffffff81303000 b idt_table\n"
	"ffffffff81304000 b counter\n"
	"ffffffff81304010 D __SCK__might_resched\n"
	"ffffffff81304020 D plain\n"
	"ffffffff81400000 D __per_cpu_start\n"
	"ffffffff81400100 D each_cpus\n"
	"ffffffff81401000 D __per_cpu_end\n"
	"ffffffff81401000 D __init_begin\n"
	"ffffffff81401100 d starting\n"
	"ffffffff81401200 t starter\n"
	"ffffffff81402000 D __init_end\n"
	"ffffffff81402000 D running\n"
	"ffffffff81403000 D _end\n"
	"0000000000012340 a offset_of_each\t[nfs]\n"
	"ffffffffbfff0000 d below\t[nfs]\n"
	"ffffffffc0001010 d known\t[nfs]\n"
	"ffffffffc0009000 t leaving\t[nfs]\n";

static int no_read(struct target *target, uint64_t address, void *buffer, size_t length,
		   const char *what, struct fail *fail)
{
	(void)target;
	(void)buffer;
	(void)length;
	return fail_at(fail, OUTCOME_ERROR, address, "%s is not there", what);
}

static const struct target_ops ops = { .read = no_read };
static struct target target = { .ops = &ops };
static struct symtab *symtab;
static struct elf_file *elf;
static struct kernel kernel;
static struct owners owners;
static struct fail fail;

static int setup(void **state)
{
	struct file file = file_text(map);

	(void)state;
	assert_int_equal(symtab_load_kallsyms(file.path, &symtab, &fail), 0);
	file_close(&file);
	kernel = (struct kernel){ .target = &target, .symtab = symtab };
	assert_int_equal(hazards_create(&kernel.hazards, &fail), 0);
	fail.message[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	owners_deinit(&owners);
	hazards_destroy(kernel.hazards);
	symtab_destroy(symtab);
	elf_file_close(elf);
	elf = NULL;
	return 0;
}

static const struct symbol *named(const char *name)
{
	const struct symbol *symbol = symtab_next(symtab, name, NULL);

	assert_non_null(symbol);
	return symbol;
}

/* The kind of the one owner of `size` bytes there; OWNER_KINDS: they have none. */
static enum owner_kind kind(const char *name, uint64_t offset, size_t size)
{
	const struct symbol *symbol = named(name);

	owners_deinit(&owners);
	if (hazard_symbol(&kernel, symbol, &fail) != 0 ||
	    hazard_data(&kernel, symbol, symbol->address + offset, size, &owners, &fail) != 0)
		fail_msg("%s", fail.message);
	assert_in_range(owners.count, 0, 1);
	return owners.count == 0 ? OWNER_KINDS : owners.items[0].kind;
}

static void a_table_the_cpu_or_the_kernel_lives_by_is_owned_and_its_neighbours_are_not(void **state)
{
	(void)state;
	assert_int_equal(kind("init_top_pgt", 0, 8), OWNER_PAGE_TABLE);
	assert_true(owners.items[0].address == 0xffffffff81301000);
	assert_true(owners.items[0].end == 0xffffffff81302000);
	assert_int_equal(owners.items[0].policy, OWNER_FORBIDDEN);
	assert_int_equal(kind("init_top_pgt", 0xff8, 8), OWNER_PAGE_TABLE);
	assert_int_equal(kind("behind_tables", 0, 8), OWNER_KINDS);
	assert_int_equal(kind("last_before", 0, 8), OWNER_KINDS);
	assert_int_equal(kind("idt_table", 16, 4), OWNER_INTERRUPT_TABLE);
	assert_int_equal(kind("counter", 0, 4), OWNER_KINDS);
}

static void another_name_of_it_or_bytes_that_reach_into_it_are_no_way_around(void **state)
{
	(void)state;
	assert_int_equal(kind("alias_of_it", 0, 8), OWNER_PAGE_TABLE);
	assert_string_equal(owners.items[0].detail, "init_top_pgt");
	assert_int_equal(kind("before_tables", 0x1000, 4), OWNER_PAGE_TABLE);
	assert_int_equal(kind("last_before", 4, 8), OWNER_PAGE_TABLE);
	assert_int_equal(kind("last_before", 4, 4), OWNER_KINDS);
}

static void the_table_of_system_calls_is_owned_besides_being_constant(void **state)
{
	const struct symbol *symbol = named("sys_call_table");

	(void)state;
	assert_int_equal(hazard_data(&kernel, symbol, symbol->address, 8, &owners, &fail), 0);
	assert_int_equal(owners.count, 2);
	assert_int_equal(owners.items[0].kind, OWNER_SYSCALL_TABLE);
	assert_int_equal(owners.items[1].kind, OWNER_RO_AFTER_INIT);
}

static void what_is_read_only_since_the_start_may_be_allowed(void **state)
{
	(void)state;
	assert_int_equal(kind("late_switch", 0, 4), OWNER_RO_AFTER_INIT);
	assert_int_equal(owners.items[0].policy, OWNER_ALLOWABLE);
	assert_null(owners.items[0].detail);
	assert_true(owners.items[0].address == 0xffffffff81210010);
	assert_true(owners.items[0].end == 0xffffffff81210014);
	assert_int_equal(kind("constant", 0, 4), OWNER_RO_AFTER_INIT);
	assert_non_null(strstr(owners.items[0].detail, "a constant (.rodata)"));
	assert_int_equal(kind("behind_calls", 0, 4), OWNER_RO_AFTER_INIT);
	assert_int_equal(kind("before_tables", 0, 4), OWNER_KINDS);
}

static void a_static_calls_key_is_known_by_its_name_too(void **state)
{
	(void)state;
	assert_int_equal(kind("__SCK__might_resched", 8, 8), OWNER_STATIC_CALL_KEY);
	assert_int_equal(kind("counter", 16, 8), OWNER_STATIC_CALL_KEY);
	assert_int_equal(kind("plain", 0, 8), OWNER_KINDS);
}

static void the_keys_that_a_table_names_are_owned_where_they_touch(void **state)
{
	struct table_entry keys[] = {
		{ 0x1000, OWNER_STATIC_KEY, 16 }, { 0x1010, OWNER_STATIC_CALL_KEY, 16 },
	};
	const struct table table = { .keys = keys, .key_count = 2 };

	(void)state;
	assert_int_equal(hazard_data_keys(&table, "nfs", &(struct data){ 0x100c, 0x1010 }, &owners,
					  &fail), 0);
	assert_int_equal(owners.count, 1);
	assert_int_equal(owners.items[0].kind, OWNER_STATIC_KEY);
	assert_string_equal(owners.items[0].detail, "one that nfs uses");
	assert_true(owners.items[0].address == 0x1000 && owners.items[0].end == 0x1010);
	owners_deinit(&owners);
	assert_int_equal(hazard_data_keys(&table, "nfs", &(struct data){ 0xf00, 0x2000 }, &owners,
					  &fail), 0);
	assert_int_equal(owners.count, 2);
	assert_int_equal(owners.items[1].kind, OWNER_STATIC_CALL_KEY);
	owners_deinit(&owners);
	assert_int_equal(hazard_data_keys(&table, "nfs", &(struct data){ 0x1020, 0x1024 }, &owners,
					  &fail), 0);
	assert_int_equal(hazard_data_keys(&table, "nfs", &(struct data){ 0xffc, 0x1000 }, &owners,
					  &fail), 0);
	assert_int_equal(owners.count, 0);
}

static void code_is_no_variable(void **state)
{
	(void)state;
	assert_int_equal(kind("schedule", 0, 4), OWNER_UNKNOWN);
	assert_string_equal(owner_advice(&owners.items[0]), "name it as a function");
}

static void refused(const char *name, const char *why)
{
	assert_int_equal(hazard_symbol(&kernel, named(name), &fail), -1);
	assert_int_equal(fail.code, OUTCOME_HAZARD);
	assert_message(fail, why);
}

static void memory_that_was_given_back_or_is_each_cpus_is_refused(void **state)
{
	(void)state;
	refused("each_cpus", "each_cpus is a per-CPU or absolute symbol");
	refused("starting", "starting at 0xffffffff81401100 is start-up data");
	refused("starter", "starter at 0xffffffff81401200 is start-up code");
	refused("offset_of_each", "is a per-CPU or absolute symbol");
	assert_int_equal(hazard_symbol(&kernel, named("running"), &fail), 0);
	assert_int_equal(hazard_symbol(&kernel, named("counter"), &fail), 0);
}

static void a_loaded_modules_data_may_be_away_from_its_text(void **state)
{
	struct modules modules;

	(void)state;
	assert_int_equal(modules_parse("nfs 8192 0 - Live 0xffffffffc0001000\n", &modules, &fail), 0);
	kernel.modules = &modules;
	assert_int_equal(hazard_symbol(&kernel, named("known"), &fail), 0);
	assert_int_equal(hazard_symbol(&kernel, named("below"), &fail), 0);
	refused("leaving", "leaving at 0xffffffffc0009000 is start-up code");
	modules_deinit(&modules);
}

/* A module's file, whose one section of data, with the symbol "counter", is called `section`. */
static void open_module(const char *section)
{
	struct elf_fixture *fixture = calloc(1, sizeof(*fixture));
	struct file file;

	assert_non_null(fixture);
	fixture_make(fixture, true);
	fixture->sections[S_BSS].sh_name = fixture_string(fixture->names, sizeof(fixture->names),
							  section);
	file = file_make(fixture, sizeof(*fixture));
	free(fixture);
	elf_file_close(elf);
	if (elf_file_open(file.path, &elf, &fail) != 0)
		fail_msg("%s", fail.message);
	file_close(&file);
	symtab_destroy(symtab);
	assert_int_equal(symtab_load_elf(elf, &symtab, &fail), 0);
	kernel.symtab = symtab;
	kernel.image = elf;
}

static void in_a_modules_file_sections_tell(void **state)
{
	(void)state;
	open_module(".data");
	assert_int_equal(kind("counter", 0, 4), OWNER_KINDS);
	open_module(".data..ro_after_init");
	assert_int_equal(kind("counter", 0, 4), OWNER_RO_AFTER_INIT);
	assert_null(owners.items[0].detail);
	assert_int_equal(kind("linux_banner", 0, 4), OWNER_RO_AFTER_INIT);
	assert_non_null(strstr(owners.items[0].detail, "a constant (.rodata)"));
	open_module(".init.data");
	refused("counter", "is start-up data");
	open_module(".data..percpu");
	refused("counter", "is a per-CPU or absolute symbol");
}

static void section_make(const char *directory, const char *name, const char *start)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fprintf(file, "%s\n", start) > 0);
	assert_int_equal(fclose(file), 0);
}

static enum owner_kind loaded_kind(const char *directory, uint64_t address)
{
	const struct data data = { address, address + 4 };

	owners_deinit(&owners);
	assert_int_equal(hazard_data_constant(&kernel, &data, directory, &owners, &fail), 0);
	assert_in_range(owners.count, 0, 1);
	return owners.count == 0 ? OWNER_KINDS : owners.items[0].kind;
}

static void of_a_loaded_module_the_section_tells_that_starts_before(void **state)
{
	static const char *const sections[][2] = {
		{ ".text", "0xffffffffc0000000" }, { ".rodata.str1.8", "0xffffffffc0001000" },
		{ ".data..ro_after_init", "0xffffffffc0002000" }, { ".data", "0xffffffffc0002040" },
		{ ".init.data", "0xffffffffc0003000" },
	};
	char directory[] = "/tmp/test_hazard_data.XXXXXX", path[128];

	(void)state;
	assert_non_null(mkdtemp(directory));
	for (size_t i = 0; i < 5; i++)
		section_make(directory, sections[i][0], sections[i][1]);
	assert_int_equal(loaded_kind(directory, 0xffffffffc0002000), OWNER_RO_AFTER_INIT);
	assert_null(owners.items[0].detail);
	assert_int_equal(loaded_kind(directory, 0xffffffffc000203c), OWNER_RO_AFTER_INIT);
	assert_int_equal(loaded_kind(directory, 0xffffffffc0002040), OWNER_KINDS);
	assert_int_equal(loaded_kind(directory, 0xffffffffc0001ffc), OWNER_RO_AFTER_INIT);
	assert_non_null(strstr(owners.items[0].detail, "a constant (.rodata)"));
	assert_int_equal(loaded_kind(directory, 0xffffffffc0003000), OWNER_UNKNOWN);
	assert_non_null(strstr(owners.items[0].detail, ".init.data"));
	section_make(directory, ".data", "0x0000000000000000");
	assert_int_equal(loaded_kind(directory, 0xffffffffc0002040), OWNER_UNKNOWN);
	assert_non_null(strstr(owners.items[0].detail, "CAP_SYSLOG"));
	for (size_t i = 0; i < 5; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, sections[i][0]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(directory), 0);
	assert_int_equal(loaded_kind(directory, 0xffffffffc0002040), OWNER_UNKNOWN);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_table_the_cpu_or_the_kernel_lives_by_is_owned_and_its_neighbours_are_not),
		TEST(another_name_of_it_or_bytes_that_reach_into_it_are_no_way_around),
		TEST(the_table_of_system_calls_is_owned_besides_being_constant),
		TEST(what_is_read_only_since_the_start_may_be_allowed),
		TEST(a_static_calls_key_is_known_by_its_name_too),
		TEST(the_keys_that_a_table_names_are_owned_where_they_touch),
		TEST(code_is_no_variable),
		TEST(memory_that_was_given_back_or_is_each_cpus_is_refused),
		TEST(a_loaded_modules_data_may_be_away_from_its_text),
		TEST(in_a_modules_file_sections_tell),
		TEST(of_a_loaded_module_the_section_tells_that_starts_before),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
