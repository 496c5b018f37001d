/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs while all CPUs are stopped, in a kernel of a few functions of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hazard_stop.h"
#include "tests/unit/file_fixture.h"

enum { BASE = 0x81000000, MODULE = 0xc0000000, SIZE = 0x10, FUNCTIONS = 16, OF_IMAGE = 13 };

/* One function each, of 16 bytes from BASE and from MODULE on: what it calls and jumps to. */
static const struct text {
	const char *name, *call, *jump;
	bool module;
} texts[FUNCTIONS] = {
	{ "multi_cpu_stop", "touch_watchdog", "clear_state", false },
	{ "touch_watchdog", "panic", NULL, false },
	{ "clear_state", "rcu_read_unlock_special", "multi_cpu_stop", false },
	{ "panic", "print_all", NULL, false },
	{ "print_all", NULL, NULL, false },
	{ "rcu_read_unlock_special", "wake_up", NULL, false },
	{ "wake_up", NULL, NULL, false },
	{ "stop_machine", "multi_cpu_stop", NULL, false },
	{ "vmalloc_to_page", "migrate_enable", "preempt_schedule", false },
	{ "migrate_enable", "__set_cpus_allowed_ptr", NULL, false },
	{ "preempt_schedule", "switch_tasks", NULL, false },
	{ "__set_cpus_allowed_ptr", "switch_tasks", NULL, false },
	{ "switch_tasks", NULL, NULL, false },
	{ "stopped", "vmalloc_to_page", NULL, true },
	{ "kmem_ioctl", "wake_up", NULL, true },
	{ "stopped", "print_all", NULL, true },		/* of another module */
};

static uint8_t memory[FUNCTIONS][SIZE];
static bool unreadable;

static uint64_t address_of(size_t index)
{
	return (texts[index].module ? MODULE : BASE) + index * SIZE;
}

static int text_read(struct target *target, uint64_t address, void *buffer, size_t length,
		     const char *what, struct fail *fail)
{
	size_t index = (address & 0xffff) / SIZE;

	(void)target;
	if (unreadable || index >= FUNCTIONS || address_of(index) != address || length > SIZE)
		return fail_at(fail, OUTCOME_ERROR, address, "%s is not there", what);
	memcpy(buffer, memory[index], length);
	return 0;
}

/* As many functions of 16 bytes, each of which calls the next one. */
enum { CHAIN = STOP_FUNCTIONS_MAX + 2 };

static int chain_read(struct target *target, uint64_t address, void *buffer, size_t length,
		      const char *what, struct fail *fail)
{
	static const uint8_t call[SIZE] = { 0xe8, SIZE - 5, 0, 0, 0, 0xc3 };

	(void)target;
	if (length > SIZE)
		return fail_at(fail, OUTCOME_ERROR, address, "%s is not there", what);
	memcpy(buffer, call, length);
	return 0;
}

static const struct target_ops ops = { .read = text_read };
static struct target target = { .ops = &ops };
static struct modules modules;
static struct symtab *symtab;
static struct decoder *decoder;
static struct hazard_stop stop;

static void branch(size_t index, size_t at, uint8_t opcode, const char *name)
{
	size_t other = 0;
	int32_t displacement;

	while (strcmp(texts[other].name, name) != 0)
		other++;
	displacement = (int32_t)(address_of(other) - (address_of(index) + at + 5));
	memory[index][at] = opcode;
	memcpy(memory[index] + at + 1, &displacement, sizeof(displacement));
}

static int setup(void **state)
{
	char map[2048] = "";
	struct file file;
	struct fail fail;

	(void)state;
	for (size_t i = 0; i < FUNCTIONS; i++) {
		memset(memory[i], 0x90, SIZE);
		memory[i][SIZE - 1] = 0xc3;	/* ret */
		if (texts[i].call != NULL)
			branch(i, 0, 0xe8, texts[i].call);
		if (texts[i].jump != NULL)
			branch(i, 5, 0xe9, texts[i].jump);
		(void)snprintf(map + strlen(map), sizeof(map) - strlen(map), "%016llx t %s%s\n",
			       (unsigned long long)address_of(i), texts[i].name,
			       !texts[i].module ? "" : i == FUNCTIONS - 1 ? "\t[other]" :
			       "\t[patcher_kmem]");
	}
	(void)snprintf(map + strlen(map), sizeof(map) - strlen(map), "%016llx T _etext\n"
		       "%016llx t end\t[other]\n", (unsigned long long)BASE + OF_IMAGE * SIZE,
		       (unsigned long long)MODULE + FUNCTIONS * SIZE);
	file = file_text(map);
	if (symtab_load_kallsyms(file.path, &symtab, &fail) != 0 ||
	    decoder_create(ARCH_X86_64, &decoder, &fail) != 0)
		fail_msg("%s", fail.message);
	file_close(&file);
	unreadable = false;
	target.ops = &ops;
	memset(&stop, 0, sizeof(stop));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	decoder_destroy(decoder);
	symtab_destroy(symtab);
	return 0;
}

/* The owner's name, if the function has one, of all of it. */
static const char *owner_of(const char *name, const char *module)
{
	CLEANUP(owners_deinit) struct owners owners = { .items = NULL };
	const struct kernel kernel = { .target = &target, .symtab = symtab, .modules = &modules,
				       .decoder = decoder };
	const struct symbol *symbol = NULL;
	struct fail fail;

	do {
		symbol = symtab_next(symtab, name, symbol);
		assert_non_null(symbol);
	} while (module != NULL && strcmp(symbol->module, module) != 0);

	const struct function function = { .symbol = symbol, .size = SIZE };

	assert_int_equal(hazard_stop(&stop, &kernel, &function, &owners, &fail), 0);
	if (owners.count == 0)
		return "";
	assert_int_equal(owners.count, 1);
	assert_int_equal(owners.items[0].address, symbol->address);
	assert_int_equal(owners.items[0].end, symbol->address + SIZE);
	return owner_name(owners.items[0].kind);
}

static void what_the_stop_calls_or_jumps_to_is_run_in_it(void **state)
{
	(void)state;
	assert_string_equal(owner_of("multi_cpu_stop", NULL), "stop");
	assert_string_equal(owner_of("touch_watchdog", NULL), "stop");
	assert_string_equal(owner_of("clear_state", NULL), "stop");
}

static void what_asks_for_the_stop_is_not(void **state)
{
	(void)state;
	assert_string_equal(owner_of("stop_machine", NULL), "");
}

static void what_only_a_panic_or_the_end_of_a_grace_period_calls_is_not(void **state)
{
	(void)state;
	assert_string_equal(owner_of("panic", NULL), "");
	assert_string_equal(owner_of("print_all", NULL), "");
	assert_string_equal(owner_of("rcu_read_unlock_special", NULL), "stop");
	assert_string_equal(owner_of("wake_up", NULL), "");
}

static void what_switches_tasks_is_not(void **state)
{
	(void)state;
	assert_string_equal(owner_of("migrate_enable", NULL), "stop");
	assert_string_equal(owner_of("preempt_schedule", NULL), "");
	assert_string_equal(owner_of("__set_cpus_allowed_ptr", NULL), "");
	assert_string_equal(owner_of("switch_tasks", NULL), "");
}

static void our_module_is_and_what_its_callback_calls(void **state)
{
	(void)state;
	assert_string_equal(owner_of("stopped", "patcher_kmem"), "stop");
	assert_string_equal(owner_of("kmem_ioctl", NULL), "stop");
	assert_string_equal(owner_of("vmalloc_to_page", NULL), "stop");
	assert_string_equal(owner_of("stopped", "other"), "");
}

static void text_that_cannot_be_read_makes_the_owner_unknown(void **state)
{
	(void)state;
	unreadable = true;
	assert_string_equal(owner_of("stop_machine", NULL), "unknown");
	unreadable = false;
	assert_string_equal(owner_of("stop_machine", NULL), "");
}

/* A kernel whose stop runs `count` functions. */
static void chain(size_t count)
{
	static const struct target_ops chain_ops = { .read = chain_read };
	static char map[CHAIN * 40];
	size_t length = 0;
	struct file file;
	struct fail fail;

	for (size_t i = 0; i < count; i++)
		length += (size_t)snprintf(map + length, sizeof(map) - length, "%zx t %s%.0zu\n",
					   BASE + i * SIZE, i == 0 ? "multi_cpu_stop" : "next", i);
	(void)snprintf(map + length, sizeof(map) - length, "%zx T _etext\n%x D print_all\n"
		       "%x D _edata\n", BASE + count * SIZE, BASE + CHAIN * SIZE,
		       BASE + CHAIN * SIZE + SIZE);
	file = file_text(map);
	symtab_destroy(symtab);
	if (symtab_load_system_map(file.path, &symtab, &fail) != 0)
		fail_msg("%s", fail.message);
	file_close(&file);
	target.ops = &chain_ops;
	stop.known = false;
}

static void more_than_can_be_followed_makes_the_owner_unknown(void **state)
{
	(void)state;
	chain(STOP_FUNCTIONS_MAX);
	assert_string_equal(owner_of("print_all", NULL), "");
	chain(STOP_FUNCTIONS_MAX + 1);
	assert_string_equal(owner_of("print_all", NULL), "unknown");
}

#define unit(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(what_the_stop_calls_or_jumps_to_is_run_in_it),
		unit(what_asks_for_the_stop_is_not),
		unit(what_only_a_panic_or_the_end_of_a_grace_period_calls_is_not),
		unit(what_switches_tasks_is_not),
		unit(our_module_is_and_what_its_callback_calls),
		unit(more_than_can_be_followed_makes_the_owner_unknown),
		unit(text_that_cannot_be_read_makes_the_owner_unknown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("hazard_stop", tests, NULL, NULL);
}
