/* SPDX-License-Identifier: GPL-2.0-or-later */
/* target_test KIND: what lib/target does with the kernel's own /dev/kmem ("kmem"), with /dev/mem
 * ("mem"), or with patcher_kmem's /dev/kmem ("module"), to good addresses and to bad ones; runs as
 * root in a guest, with patcherd_test.ko beside it, and prints TAP. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kmem.h"
#include "symtab.h"
#include "target.h"

static struct target *target;
static struct symtab *symtab;
static struct fail fail;
static int user = -1;		/* what keeps patcherd_test in use */
static bool by_module;		/* by patcher_kmem */

/* In a test: says what did not hold, and ends the test. */
#define CHECK(condition) do { \
	if (!(condition)) { \
		printf("# %s:%d: does not hold: %s (%s)\n", __FILE__, __LINE__, #condition, \
		       fail.message); \
		return false; \
	} \
} while (0)

static int load_symbols(void *data, const struct symtab **out, struct fail *why)
{
	(void)data;
	(void)why;
	*out = symtab;
	return 0;
}

static uint64_t value_of(const char *name)
{
	const struct symbol *found = symtab_next(symtab, name, NULL);

	return found == NULL ? find_symbol(name) : found->address;
}

static int read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	int number = -1;

	if (file == NULL || fscanf(file, "%d", &number) != 1)
		number = -999;
	if (file != NULL)
		(void)fclose(file);
	return number;
}

static int change(uint64_t address, size_t length, const void *old, const void *new,
		  struct target_report *report)
{
	const struct target_change one = {
		.address = address, .length = length, .expected = old, .replacement = new,
	};

	return target_write(target, &one, 1, report, &fail);
}

/* `mov $42,%eax` in the function. */
static const uint8_t old_move[] = { 0xb8, 42, 0, 0, 0 }, new_move[] = { 0xb8, 43, 0, 0, 0 };

static uint64_t find_move(const char *function)
{
	uint64_t address = value_of(function);
	uint8_t code[64];
	const uint8_t *found;

	if (target_read(target, address, code, sizeof(code), function, &fail) != 0)
		return 0;
	found = memmem(code, sizeof(code), old_move, sizeof(old_move));
	return found == NULL ? 0 : address + (uint64_t)(found - code);
}

static bool it_is_what_it_says(void)
{
	char banner[512], found[sizeof(banner)];
	FILE *file = fopen("/proc/version", "re");

	CHECK(file != NULL && fgets(banner, sizeof(banner), file) != NULL && fclose(file) == 0);
	CHECK(target->info.live && target->info.writable && target->info.stops == by_module);
	if (value_of("linux_banner") == 0)
		return by_module;	/* the others find the kernel by it */
	CHECK(target_read(target, value_of("linux_banner"), found, strlen(banner), "the banner",
			  &fail) == 0);
	CHECK(memcmp(found, banner, strlen(banner)) == 0);
	return true;
}

/* What /proc/kcore, another way to memory, has there. */
static bool as_kcore_has_it(const char *name, size_t length)
{
	uint8_t *ours = malloc(length), *theirs = malloc(length);
	struct target *kcore;

	CHECK(ours != NULL && theirs != NULL && target_open_kcore(&kcore, &fail) == 0);
	CHECK(target_read(target, value_of(name), ours, length, name, &fail) == 0);
	CHECK(target_read(kcore, value_of(name), theirs, length, name, &fail) == 0);
	CHECK(memcmp(ours, theirs, length) == 0);
	target_close(kcore);
	free(ours);
	free(theirs);
	return true;
}

static bool text_of_the_image_is_read(void)
{
	return as_kcore_has_it("cmdline_proc_show", 16) && as_kcore_has_it("_stext", 100000);
}

static bool text_and_data_of_a_module_are_read(void)
{
	return as_kcore_has_it("patcherd_test_answer", 16) &&
	       as_kcore_has_it("patcherd_test_data", 65536);
}

/* Neither read nor written, and the address is in the message. */
static bool refused(uint64_t address, size_t length)
{
	uint8_t bytes[64] = { 0 }, other[64] = { 1 };
	struct target_report report;
	char text[32];

	(void)snprintf(text, sizeof(text), "0x%" PRIx64, address);
	fail.message[0] = '\0';
	CHECK(target_read(target, address, bytes, length, "a bad address", &fail) == -1);
	CHECK(strstr(fail.message, text) != NULL && fail.has_address && fail.address == address);
	CHECK(change(address, length, bytes, other, &report) == -1 && !report.written);
	CHECK(strstr(fail.message, text) != NULL);
	return true;
}

static bool addresses_that_are_no_ones_are_refused(void)
{
	static const uint64_t wide[] = {
		0, 8, 0x1000, 0x400000, 0x7fffffffe000, 0x7ffffffffff8, 0x800000000000,
		0xdead000000000100, 0xffff7ffffffffff8, 0xffff800000000000, 0xffff888000000000,
		0xffffc90000000000, 0xffffea0000000000, 0xfffffe0000000000, 0xffffffff80000000,
		0xfffffffffe000000, 0xffffffffff000000, 0xffffffffff5fd000, 0xffffffffff600000,
		0xfffffffffffff000, 0xfffffffffffffff8,
	};
	static const uint64_t narrow[] = {
		0, 8, 0x1000, 0x8048000, 0xbffff000, 0xc0000000, 0xc0100000, 0xf7ffe000, 0xffc00000,
		0xffff0000, 0xfffff000, 0xfffffff8,
	};
	bool is_wide = target->info.architecture == ARCH_X86_64;
	size_t count = is_wide ? sizeof(wide) / sizeof(*wide) : sizeof(narrow) / sizeof(*narrow);

	for (size_t i = 0; i < count; i++) {
		if (!refused(is_wide ? wide[i] : narrow[i], 8))
			return false;
	}
	return true;
}

static bool the_edges_of_image_and_module_are_refused(void)
{
	uint64_t size = (uint64_t)read_number("/sys/module/patcherd_test/coresize");
	uint64_t module = value_of("patcherd_test_answer") & ~UINT64_C(0xfff);

	CHECK(refused(value_of("_text") - 8, 8) && refused(value_of("_text") - 1, 8));
	CHECK(refused(value_of("__init_begin"), 8) && refused(value_of("__init_begin") - 1, 8));
	CHECK(refused(value_of("__init_end") - 1, 8));
	CHECK(refused(value_of("_end"), 8) && refused(value_of("_end") + 0x10000000, 8));
	CHECK(refused(module - 8, 8) && refused(module - 1, 8));
	CHECK(refused(module + size - 4, 8) && refused(module + size, 8));
	return true;
}

/* Wherever a symbol may lead: per-CPU offsets, start-up code, constants, text made as the kernel
 * runs. What is not refused is read. */
static bool every_symbol_is_read_or_refused(void)
{
	size_t count = 0;
	uint8_t bytes[8];

	for (size_t i = 0; i < symtab_count(symtab); i++) {
		const struct symbol *symbol = symtab_item(symtab, i);

		if (target_read(target, symbol->address, bytes, sizeof(bytes), symbol->name,
				&fail) == 0)
			count++;
		else
			CHECK(fail.has_address && fail.address == symbol->address);
	}
	printf("# %zu of %zu symbols can be read\n", count, symtab_count(symtab));
	CHECK(count > 1000);
	return true;
}

static bool a_module_that_nothing_holds_is_refused(void)
{
	uint64_t address = find_move("patcherd_test_answer");
	struct target_report report;

	CHECK(address != 0);
	CHECK(close(user) == 0);
	CHECK(change(address, sizeof(old_move), old_move, new_move, &report) == -1);
	CHECK(fail.code == OUTCOME_NOT_WRITABLE && !report.written && report.failed == 0);
	CHECK(strstr(fail.message, "patcherd_test") && strstr(fail.message, "nothing holds"));
	user = open("/dev/patcherd_test", O_RDONLY | O_CLOEXEC);
	CHECK(user >= 0 && call(ANSWER) == 42);
	return true;
}

static bool a_function_of_a_module_is_changed_and_changed_back(void)
{
	uint64_t address = find_move("patcherd_test_answer");
	struct target_report report;

	CHECK(address != 0 && call(ANSWER) == 42);
	CHECK(change(address, sizeof(old_move), old_move, new_move, &report) == 0);
	CHECK(report.written && call(ANSWER) == 43);
	CHECK(change(address, sizeof(old_move), new_move, old_move, &report) == 0);
	CHECK(call(ANSWER) == 42);
	return true;
}

static bool a_variable_of_a_module_is_changed_and_changed_back(void)
{
	static const char path[] = "/sys/module/patcherd_test/parameters/inside";
	int32_t old = read_number(path), new = 4711;
	uint64_t address = find_symbol("patcherd_test_inside");
	struct target_report report;

	CHECK(address != 0);
	CHECK(change(address, 4, &old, &new, &report) == 0 && read_number(path) == 4711);
	CHECK(change(address, 4, &new, &old, &report) == 0 && read_number(path) == old);
	return true;
}

static bool a_variable_of_the_image_is_changed_and_changed_back(void)
{
	static const char path[] = "/proc/sys/kernel/panic";
	int32_t old = read_number(path), new = 86400;
	uint64_t address = value_of("panic_timeout");
	struct target_report report;

	CHECK(address != 0);
	CHECK(change(address, 4, &old, &new, &report) == 0 && read_number(path) == 86400);
	CHECK(change(address, 4, &new, &old, &report) == 0 && read_number(path) == old);
	return true;
}

static bool several_places_are_changed_or_none(void)
{
	struct target_change both[] = {
		{ find_move("patcherd_test_answer"), sizeof(old_move), old_move, new_move, false },
		{ find_move("patcherd_test_sleeper"), sizeof(old_move), old_move, new_move, false },
	};
	struct target_report report;

	CHECK(both[0].address != 0 && both[1].address != 0);
	both[1].expected = new_move;
	both[1].replacement = old_move;
	CHECK(target_write(target, both, 2, &report, &fail) == -1);
	CHECK(fail.code == OUTCOME_MISMATCH && report.failed == 1 && !report.written);
	CHECK(call(ANSWER) == 42 && call(SLEEPER) == 42);
	both[1].expected = old_move;
	both[1].replacement = new_move;
	CHECK(target_write(target, both, 2, &report, &fail) == 0);
	CHECK(call(ANSWER) == 43 && call(SLEEPER) == 43);
	for (int i = 0; i < 2; i++) {
		both[i].expected = new_move;
		both[i].replacement = old_move;
	}
	CHECK(target_write(target, both, 2, &report, &fail) == 0);
	CHECK(call(ANSWER) == 42 && call(SLEEPER) == 42);
	return true;
}

static bool what_one_store_cannot_do_is_refused(void)
{
	static const uint8_t zeros[16] = { 0 }, ends[16] = { 1, [8] = 1 };
	struct target_change several = {
		find_move("patcherd_test_answer"), sizeof(old_move), old_move, new_move, true,
	};
	struct target_report report;
	uint64_t address = value_of("patcherd_test_data");
	size_t failed;

	CHECK(target_check(target, &several, 1, NULL, &failed, &fail) == -1 && failed == 0);
	CHECK(fail.code == OUTCOME_NOT_WRITABLE && strstr(fail.message, "patcher_kmem"));
	CHECK(change(address, 9, zeros, ends, &report) == -1 && !report.written);
	CHECK(fail.code == OUTCOME_NOT_WRITABLE && strstr(fail.message, "two words"));
	/* what differs is in one word, though the bytes lie in two pages */
	CHECK(change(address + 4090, 16, zeros, (uint8_t[16]){ [15] = 9 }, &report) == 0);
	CHECK(change(address + 4090, 16, (uint8_t[16]){ [15] = 9 }, zeros, &report) == 0);
	return true;
}

/* What patcher_kmem does with edges, and that it does what one store cannot, is in module_test. */
static const struct test {
	const char *name;
	bool (*run)(void);
	bool mapped;		/* for the ways that map memory alone */
} tests[] = {
	{ "it is what it says", it_is_what_it_says, false },
	{ "text of the image is read", text_of_the_image_is_read, false },
	{ "text and data of a module are read", text_and_data_of_a_module_are_read, false },
	{ "addresses that are no one's are refused", addresses_that_are_no_ones_are_refused, false },
	{ "the edges of image and module are refused", the_edges_of_image_and_module_are_refused,
	  true },
	{ "every symbol is read or refused", every_symbol_is_read_or_refused, false },
	{ "a module that nothing holds is refused", a_module_that_nothing_holds_is_refused, true },
	{ "a function of a module is changed, and back",
	  a_function_of_a_module_is_changed_and_changed_back, false },
	{ "a variable of a module is changed, and back",
	  a_variable_of_a_module_is_changed_and_changed_back, false },
	{ "a variable of the image is changed, and back",
	  a_variable_of_the_image_is_changed_and_changed_back, false },
	{ "several places are changed, or none", several_places_are_changed_or_none, false },
	{ "what one store cannot do is refused", what_one_store_cannot_do_is_refused, true },
};

int main(int argc, char **argv)
{
	const struct target_symbols symbols = { load_symbols, NULL };
	const size_t count = sizeof(tests) / sizeof(*tests);
	const char *kind = argc > 1 ? argv[1] : "kmem";
	size_t run = 0, failed = 0;

	by_module = strcmp(kind, "module") == 0;
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (load("patcherd_test.ko") != 0 || !write_file("/dev/patcherd_test", "1") ||
	    (user = open("/dev/patcherd_test", O_RDONLY | O_CLOEXEC)) < 0 ||
	    symtab_load_kallsyms("/proc/kallsyms", &symtab, &fail) != 0 ||
	    (strcmp(kind, "mem") == 0 ? target_open_mem(&symbols, &target, &fail) :
	     target_open_kmem(&symbols, &target, &fail)) != 0) {
		printf("Bail out! cannot start: %s\n", fail.message[0] != '\0' ? fail.message :
		       strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		bool passed;

		if (tests[i].mapped && by_module)
			continue;
		passed = tests[i].run();
		printf("%s %zu - %s: %s\n", passed ? "ok" : "not ok", ++run, kind, tests[i].name);
		failed += !passed;
	}
	printf("1..%zu\n", run);
	target_close(target);
	symtab_destroy(symtab);
	return failed != 0;
}
