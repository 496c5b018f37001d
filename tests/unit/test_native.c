/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel's own /dev/kmem, whose physical memory is a file: it maps virtual addresses of the
 * kernel image and of the direct map, and reads those of modules. It is never asked for anything
 * else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>

static void *device_mmap(void *address, size_t length, int protection, int flags, int fd,
			 off_t offset);
static off_t device_seek(int fd, off_t offset, int whence);
static ssize_t device_read(int fd, void *buffer, size_t length);

#define mmap device_mmap
#include "lib/target_mapped.c"
#undef mmap
#define lseek device_seek
#define read device_read
#include "lib/target_native.c"
#undef lseek
#undef read

#include "patch.h"
#include "tests/unit/mapped_fixture.h"
#include "vmcoreinfo.h"

/* Where the direct map starts: on i386 the image is a part of it. */
#if UINTPTR_MAX == UINT32_MAX
#define DIRECT (TEXT - CODE)
#else
#define DIRECT UINT64_C(0xffff888000000000)
#endif
#define TABLES (ROOT - TEXT + CODE)	/* physical */
#define VARIABLE 0x20000		/* in the image */
#define SITE 0x127			/* in the module's page */
#define ENCRYPTED (UINT64_C(1) << 47)

static const uint8_t je[] = { 0x74, 0x39, 0x8b }, jne[] = { 0x75, 0x39, 0x8b };

/* ---- the device ----------------------------------------------------------------------------- */

static int device, memory;		/* what is open; memory is the file */
static uint64_t direct;
static uint64_t position;
static unsigned by_memory;		/* mappings of /dev/mem */
/* How often yet a whole page is read with another last byte than it has; `once_written`: only where
 * the site has been changed. */
static unsigned lies;
static bool once_written;

static void *device_mmap(void *address, size_t length, int protection, int flags, int fd,
			 off_t offset)
{
	uint64_t at = (uint64_t)offset;

	assert_int_equal(length, PAGE);
	if (fd != device) {
		by_memory++;
		return mmap(address, length, protection, flags, fd, offset);
	}
	if (at - TEXT < 0x100000)
		at = at - TEXT + CODE;
	else if (at - direct < SIZE)
		at -= direct;
	else
		fail_msg("mapped at 0x%llx", (unsigned long long)at);
	return mmap(address, length, protection, flags, memory, (off_t)at);
}

static off_t device_seek(int fd, off_t offset, int whence)
{
	assert_int_equal(fd, device);
	assert_int_equal(whence, SEEK_SET);
	position = (uint64_t)offset;
	return offset;
}

static ssize_t device_read(int fd, void *buffer, size_t length)
{
	uint8_t now;

	assert_int_equal(fd, device);
	assert_in_range(position, MODULE, MODULE + PAGE - length);
	assert_int_equal(pread(memory, buffer, length, (off_t)(position - MODULE + MODULE_PHYSICAL)),
			 length);
	assert_int_equal(pread(memory, &now, 1, MODULE_PHYSICAL + SITE), 1);
	if (length == PAGE && lies > 0 && (!once_written || now == jne[0])) {
		((uint8_t *)buffer)[PAGE - 1] ^= 1;
		lies--;
	}
	return (ssize_t)length;
}

/* ---- what the kernel has for crash dumps ---------------------------------------------------- */

static struct vmcoreinfo core;

int vmcoreinfo_load(const char *path, struct vmcoreinfo *out, struct fail *fail)
{
	(void)fail;
	assert_string_equal(path, "/nonexistent/kcore");
	*out = core;
	return 0;
}

/* ---- the machine ----------------------------------------------------------------------------- */

/* The direct map, which leads to physical `to` where it has the module's page; 0: to nothing. */
static void direct_map(struct machine *machine, uint64_t to)
{
	const uint64_t tables = TABLES;
	unsigned at = 256;

	if (sizeof(void *) == 4) {
		entry(machine, tables + 2 * PAGE, 9, (tables + 7 * PAGE) | PRESENT);
		at = 0;
	} else {
		entry(machine, tables, direct >> 39 & 511, (tables + 5 * PAGE) | PRESENT);
		entry(machine, tables + 5 * PAGE, 0, (tables + 6 * PAGE) | PRESENT);
		entry(machine, tables + 6 * PAGE, 0, 0x80 | PRESENT);	/* 2 MiB */
		entry(machine, tables + 6 * PAGE, 1, (tables + 7 * PAGE) | PRESENT);
	}
	entry(machine, tables + 7 * PAGE, at, to == 0 ? 0 : to | PRESENT);
}

static int setup(void **state)
{
	struct machine *machine;

	(void)machine_setup(state);
	machine = *state;
	direct = DIRECT;
	lies = by_memory = 0;
	once_written = false;
	core = (struct vmcoreinfo){ .root = 0 };
	memory = machine->memory.fd;
	direct_map(machine, MODULE_PHYSICAL);
	poke(machine, MODULE_PHYSICAL + SITE, je, sizeof(je));
	return 0;
}

static void open_it(struct machine *machine)
{
	const struct target_symbols symbols = { symbols_load, machine };
	struct fail fail;

	device = dup(memory);
	assert_return_code(device, errno);
	if (mapped_open(&native, &machine->paths, "/dev/kmem", device, &symbols, &machine->target,
			&fail) != 0)
		fail_msg("%s", fail.message);
}

static int write_site(struct machine *machine, struct target_report *report, struct fail *fail)
{
	const struct target_change change = { MODULE + SITE, sizeof(je), je, jne, false };

	return target_write(machine->target, &change, 1, report, fail);
}

static void assert_site(struct machine *machine, const uint8_t *wanted)
{
	uint8_t now[sizeof(je)];

	peek(machine, MODULE_PHYSICAL + SITE, now, sizeof(now));
	assert_memory_equal(now, wanted, sizeof(now));
}

static void writes(struct machine *machine)
{
	struct target_report report;
	struct fail fail;

	open_it(machine);
	if (write_site(machine, &report, &fail) != 0)
		fail_msg("%s", fail.message);
	assert_site(machine, jne);
}

/* Not even asked for: modules are not found. */
static void has_no_tables(struct machine *machine)
{
	struct target_report report;
	struct fail fail;

	open_it(machine);
	assert_int_equal(write_site(machine, &report, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "the kernel's page tables ");
	assert_site(machine, je);
}

/* ---- pages of modules ------------------------------------------------------------------------ */

static void a_module_is_written_to_where_the_direct_map_has_it(void **state)
{
	writes(*state);
	assert_int_equal(by_memory, 0);
}

static void what_the_direct_map_has_not_is_written_to_by_dev_mem(void **state)
{
	direct_map(*state, 0);
	writes(*state);
	assert_in_range(by_memory, 1, 100);
}

static void nor_is_it_believed_where_it_leads_elsewhere(void **state)
{
	direct_map(*state, MODULE_PHYSICAL + PAGE);
	writes(*state);
	assert_in_range(by_memory, 1, 100);
}

static void without_dev_mem_such_a_page_is_not_writable(void **state)
{
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;

	direct_map(machine, 0);
	machine->paths.memory = "/nonexistent/mem";
	open_it(machine);
	assert_int_equal(write_site(machine, &report, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "(high memory), and /nonexistent/mem cannot be opened");
	assert_false(report.written);
	assert_site(machine, je);
}

static void a_page_that_the_kernel_reads_otherwise_is_not_written_to(void **state)
{
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;

	open_it(machine);
	lies = 1000;
	assert_int_equal(write_site(machine, &report, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "is not what the kernel reads there; nothing was written to it");
	assert_false(report.written);
	assert_site(machine, je);
}

static void one_that_changes_is_looked_at_again(void **state)
{
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;

	open_it(machine);
	lies = 3;
	assert_int_equal(write_site(machine, &report, &fail), 0);
	assert_int_equal(lies, 0);
	assert_site(machine, jne);
}

static void after_the_store_it_is_compared_again(void **state)
{
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;

	open_it(machine);
	lies = 1000;
	once_written = true;
	assert_int_equal(write_site(machine, &report, &fail), -1);
	assert_message(fail, "is not what the kernel reads there");
	assert_true(report.written);
	assert_site(machine, jne);
}

/* ---- where the page tables are -------------------------------------------------------------- */

static void variable(struct machine *machine, const char *name, uint64_t value)
{
	char symbols[sizeof(good_symbols) + 64];

	(void)snprintf(symbols, sizeof(symbols), "%s" NUMBERS "020000 D %s\n", good_symbols, name);
	symbols_make(machine, symbols);
	poke(machine, CODE + VARIABLE, &value, sizeof(value));
}

/* As AMD's SME has it: the bit is in every entry. */
static void encrypt(struct machine *machine)
{
	uint64_t word;

	for (uint64_t at = TABLES; at < TABLES + 8 * PAGE; at += sizeof(word)) {
		peek(machine, at, &word, sizeof(word));
		if (word & 1)
			word |= ENCRYPTED;
		poke(machine, at, &word, sizeof(word));
	}
}

static void the_bit_of_encryption_is_the_one_that_the_kernel_names(void **state)
{
	encrypt(*state);
	variable(*state, "sme_me_mask", ENCRYPTED);
	writes(*state);
}

static void or_its_vmcoreinfo(void **state)
{
	encrypt(*state);
	core.sme_mask = ENCRYPTED;
	writes(*state);
}

static void and_no_other(void **state)
{
	encrypt(*state);
	core.sme_mask = ENCRYPTED << 1;
	has_no_tables(*state);
}

static const char no_root[] = NUMBERS "000000 T _text\n" NUMBERS "001000 D linux_banner\n";

static void tables_that_no_symbol_names_are_where_vmcoreinfo_says(void **state)
{
	symbols_make(*state, no_root);
	core.root = ROOT;
	writes(*state);
}

static void tables_that_nothing_names_are_not_looked_for(void **state)
{
	symbols_make(*state, no_root);
	has_no_tables(*state);
}

#if UINTPTR_MAX != UINT32_MAX
static void a_direct_map_at_a_random_place_is_where_its_variable_says(void **state)
{
	struct machine *machine = *state;

	entry(machine, TABLES, DIRECT >> 39 & 511, 0);
	direct = UINT64_C(0xffff9c0000000000);
	direct_map(machine, MODULE_PHYSICAL);
	variable(machine, "page_offset_base", direct);
	writes(machine);
	assert_int_equal(by_memory, 0);
}

static void five_levels_are_found_by_trying(void **state)
{
	struct machine *machine = *state;

	symbols_make(machine, no_root);
	core.root = ROOT + 8 * PAGE;
	direct = UINT64_C(0xff11000000000000);
	entry(machine, TABLES, DIRECT >> 39 & 511, 0);
	entry(machine, TABLES + 8 * PAGE, 511, TABLES | PRESENT);
	entry(machine, TABLES + 8 * PAGE, 273, (TABLES + 9 * PAGE) | PRESENT);
	entry(machine, TABLES + 9 * PAGE, 0, (TABLES + 5 * PAGE) | PRESENT);
	writes(machine);
	assert_int_equal(by_memory, 0);
}
#endif

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_module_is_written_to_where_the_direct_map_has_it),
		TEST(what_the_direct_map_has_not_is_written_to_by_dev_mem),
		TEST(nor_is_it_believed_where_it_leads_elsewhere),
		TEST(without_dev_mem_such_a_page_is_not_writable),
		TEST(a_page_that_the_kernel_reads_otherwise_is_not_written_to),
		TEST(one_that_changes_is_looked_at_again),
		TEST(after_the_store_it_is_compared_again),
		TEST(the_bit_of_encryption_is_the_one_that_the_kernel_names),
		TEST(or_its_vmcoreinfo),
		TEST(and_no_other),
		TEST(tables_that_no_symbol_names_are_where_vmcoreinfo_says),
		TEST(tables_that_nothing_names_are_not_looked_for),
#if UINTPTR_MAX != UINT32_MAX
		TEST(a_direct_map_at_a_random_place_is_where_its_variable_says),
		TEST(five_levels_are_found_by_trying),
#endif
	};

	/* as a 32-bit kernel would say it, where this program is run by a 64-bit one */
	if (sizeof(void *) == 4)
		assert_return_code(personality(PER_LINUX32), errno);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("native", tests, NULL, NULL);
}
