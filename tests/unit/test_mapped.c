/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/mem is a file here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/mman.h>
#include <sys/personality.h>

/* A device that takes stores and does nothing with them. */
static bool deaf;

static void *deaf_mmap(void *address, size_t length, int protection, int flags, int fd,
		       off_t offset)
{
	return mmap(address, length, protection, deaf ? MAP_PRIVATE : flags, fd, offset);
}

#define mmap deaf_mmap
#include "lib/target_mapped.c"
#undef mmap

#include "patch.h"
#include "tests/unit/mapped_fixture.h"

static int machine_open(struct machine *machine, struct fail *fail)
{
	const struct target_symbols symbols = { symbols_load, machine };

	return target_open_mem_at(&machine->paths, &symbols, &machine->target, fail);
}

static int setup(void **state)
{
	deaf = false;
	return machine_setup(state);
}

static int setup_open(void **state)
{
	struct fail fail;

	(void)setup(state);
	if (machine_open(*state, &fail) != 0)
		fail_msg("%s", fail.message);
	return 0;
}

/* ---- opening ------------------------------------------------------------------------------- */

static void it_says_what_it_is(void **state)
{
	struct machine *machine = *state;

	assert_string_equal(machine->target->info.kind, "mem");
	assert_true(machine->target->info.live && machine->target->info.writable);
	assert_false(machine->target->info.stops);
	assert_int_equal(machine->asked, 1);
}

static void another_kernels_banner_is_refused(void **state)
{
	struct machine *machine = *state;
	struct fail fail;

	poke(machine, BANNER - TEXT + CODE + 20, "x", 1);
	assert_int_equal(machine_open(machine, &fail), -1);
	assert_null(machine->target);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "linux_banner, at 0x" NUMBERS "001000, is not what");
}

static void symbols_of_another_place_are_refused(void **state)
{
	static const char *const texts[] = {
		NUMBERS "000000 T _text\n", NUMBERS "001000 D linux_banner\n",
		NUMBERS "000001 T _text\n" NUMBERS "001000 D linux_banner\n",
		NUMBERS "000000 T _text\nffffffff82001000 D linux_banner\n",
		NUMBERS "000000 T _text\n" NUMBERS "085000 D linux_banner\n"
		NUMBERS "080000 D __init_begin\n" NUMBERS "090000 D __init_end\n",
	};
	struct machine *machine = *state;
	struct fail fail;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		symbols_make(machine, texts[i]);
		assert_int_equal(machine_open(machine, &fail), -1);
		assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	}
}

static void without_the_device_no_symbols_are_asked_for(void **state)
{
	struct machine *machine = *state;
	struct fail fail;

	machine->paths.memory = "/nonexistent/mem";
	assert_int_equal(machine_open(machine, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "CONFIG_DEVMEM");
	assert_int_equal(machine->asked, 0);
}

/* ---- reading ------------------------------------------------------------------------------- */

static void reads(struct machine *machine, uint64_t address, uint64_t physical, size_t length)
{
	uint8_t wanted[3 * PAGE], found[3 * PAGE];
	struct fail fail;

	for (size_t i = 0; i < length; i++)
		wanted[i] = (uint8_t)(i * 7 + 1);
	poke(machine, physical, wanted, length);
	if (target_read(machine->target, address, found, length, "the bytes", &fail) != 0)
		fail_msg("%s", fail.message);
	assert_memory_equal(found, wanted, length);
}

static void image_and_modules_are_read(void **state)
{
	struct machine *machine = *state;

	reads(machine, TEXT + 0x10010, CODE + 0x10010, 16);
	reads(machine, TEXT + 0x10ffc, CODE + 0x10ffc, 2 * PAGE + 100);
	reads(machine, TEXT + 0xffff8, CODE + 0xffff8, 8);
	reads(machine, FREED - 8, CODE + 0x7fff8, 8);
	reads(machine, FREED + 0x10000, CODE + 0x90000, 8);
	reads(machine, MODULE, MODULE_PHYSICAL, PAGE);
}

static void refused(struct machine *machine, uint64_t address, size_t length, const char *message)
{
	uint8_t bytes[PAGE], other[BYTES_MAX] = { 1 };
	const struct target_change change = { address, 1, bytes, other, false };
	struct target_report report;
	struct fail fail;

	assert_int_equal(target_read(machine->target, address, bytes, length, "x", &fail), -1);
	assert_true(fail.has_address && fail.address == address);
	assert_message(fail, message);
	bytes[0] = 0;
	if (length == 1) {
		assert_int_equal(target_write(machine->target, &change, 1, &report, &fail), -1);
		assert_false(report.written);
	}
}

static void nothing_else_is_read_or_written(void **state)
{
	static const char nobody[] = "neither in the kernel image nor in a module";
	struct machine *machine = *state;

	refused(machine, 0, 1, nobody);
	refused(machine, 0x400000, 1, nobody);
	refused(machine, TEXT - 0x1000000, 1, nobody);
	refused(machine, UINT32_MAX, 1, nobody);
	if (sizeof(void *) == 8) {
		refused(machine, 0x800000000000, 1, nobody);
		refused(machine, 0xffff888000100000, 1, nobody);
		refused(machine, UINT64_MAX, 1, nobody);
	}
	refused(machine, TEXT - 1, 1, nobody);
	refused(machine, TEXT - 1, 2, nobody);
	refused(machine, TEXT + 0x100000, 1, nobody);
	refused(machine, TEXT + 0xfffff, 2, nobody);
	refused(machine, FREED, 1, nobody);
	refused(machine, FREED - 1, 2, nobody);
	refused(machine, FREED + 0xffff, 1, nobody);
	refused(machine, MODULE - 1, 1, nobody);
	refused(machine, MODULE + 2 * PAGE, 1, nobody);
	refused(machine, MODULE + PAGE, 1, "0xfee00000 is not in RAM");
}

static void without_page_tables_the_image_can_be_read_still(void **state)
{
	struct machine *machine = *state;
	uint8_t byte;
	struct fail fail;

	entry(machine, ROOT - TEXT + CODE, ROOT_INDEX, 0);
	assert_int_equal(machine_open(machine, &fail), 0);
	reads(machine, TEXT + 0x10010, CODE + 0x10010, 16);
	assert_int_equal(target_read(machine->target, MODULE, &byte, 1, "x", &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "page tables do not lead");
}

static void page_tables_that_lead_elsewhere_are_not_believed(void **state)
{
	struct machine *machine = *state;
	uint8_t byte;
	struct fail fail;

	entry(machine, ROOT - TEXT + CODE + 3 * PAGE, 0, (CODE + PAGE) | PRESENT);
	assert_int_equal(machine_open(machine, &fail), 0);
	assert_int_equal(target_read(machine->target, MODULE, &byte, 1, "x", &fail), -1);
	assert_message(fail, "page tables do not lead");
}

static void a_module_that_goes_while_it_is_read_is_an_error(void **state)
{
	struct machine *machine = *state;
	uint8_t byte;
	struct fail fail;

	identity_changes_at = 2;
	assert_int_equal(target_read(machine->target, MODULE, &byte, 1, "x", &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_FOUND);
	assert_message(fail, "the module nfs was unloaded or loaded anew");
	assert_int_equal(target_read(machine->target, MODULE, &byte, 1, "x", &fail), 0);
}

/* ---- writing ------------------------------------------------------------------------------- */

static const uint8_t je[] = { 0x74, 0x39, 0x8b }, jne[] = { 0x75, 0x39, 0x8b };

static void site_make(struct machine *machine)
{
	poke(machine, MODULE_PHYSICAL + 0x127, je, sizeof(je));
	poke(machine, CODE + 0x5000, je, sizeof(je));
}

static int write_one(struct machine *machine, uint64_t address, const void *old, const void *new,
		     size_t length, struct target_report *report, struct fail *fail)
{
	const struct target_change change = { address, length, old, new, false };

	return target_write(machine->target, &change, 1, report, fail);
}

static void assert_bytes(struct machine *machine, uint64_t physical, const void *wanted,
			 size_t length)
{
	uint8_t now[BYTES_MAX];

	peek(machine, physical, now, length);
	assert_memory_equal(now, wanted, length);
}

static void an_instruction_is_changed_in_image_and_module(void **state)
{
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;
	uint8_t around[16], now[16];

	site_make(machine);
	peek(machine, CODE + 0x5000 + sizeof(jne), around, sizeof(around));
	assert_int_equal(write_one(machine, TEXT + 0x5000, je, jne, 3, &report, &fail), 0);
	assert_true(report.written);
	assert_bytes(machine, CODE + 0x5000, jne, 3);
	peek(machine, CODE + 0x5000 + sizeof(jne), now, sizeof(now));
	assert_memory_equal(now, around, sizeof(now));
	/* the instruction lies in two words, what differs of it in one */
	assert_int_equal(write_one(machine, MODULE + 0x127, je, jne, 3, &report, &fail), 0);
	assert_bytes(machine, MODULE_PHYSICAL + 0x127, jne, 3);
}

static void other_bytes_are_left_as_they_are(void **state)
{
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;

	site_make(machine);
	assert_int_equal(write_one(machine, TEXT + 0x5000, jne, je, 3, &report, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_MISMATCH);
	assert_message(fail, "0x" NUMBERS "005000 holds 74 39 8b, not 75 39 8b");
	assert_int_equal(report.failed, 0);
	assert_false(report.written);
	assert_bytes(machine, CODE + 0x5000, je, 3);
	/* also where only a byte differs that is not to be changed, in the other word */
	assert_int_equal(write_one(machine, MODULE + 0x127, (uint8_t[]){ 0x74, 0x39, 0x8c },
				   (uint8_t[]){ 0x75, 0x39, 0x8c }, 3, &report, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_MISMATCH);
	assert_bytes(machine, MODULE_PHYSICAL + 0x127, je, 3);
}

static void a_change_of_two_words_is_refused(void **state)
{
	const uint8_t new[] = { 0x75, 0x40, 0x8b };
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;

	site_make(machine);
	assert_int_equal(write_one(machine, MODULE + 0x127, je, new, 3, &report, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "of bytes in two words; that takes the module patcher_kmem");
	assert_bytes(machine, MODULE_PHYSICAL + 0x127, je, 3);
}

static void several_instructions_are_refused(void **state)
{
	const struct target_change change = { TEXT + 0x5000, 3, je, jne, true };
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;
	size_t failed;

	site_make(machine);
	assert_int_equal(target_check(machine->target, &change, 1, NULL, &failed, &fail), -1);
	assert_int_equal(failed, 0);
	assert_int_equal(target_write(machine->target, &change, 1, &report, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "several instructions");
	assert_bytes(machine, CODE + 0x5000, je, 3);
}

static void a_module_that_nothing_holds_is_not_written_to(void **state)
{
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;

	site_make(machine);
	uses = 0;
	assert_int_equal(write_one(machine, MODULE + 0x127, je, jne, 3, &report, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "in the module nfs, which nothing holds");
	assert_bytes(machine, MODULE_PHYSICAL + 0x127, je, 3);
	uses = -1;
	assert_int_equal(write_one(machine, MODULE + 0x127, je, jne, 3, &report, &fail), 0);
}

/* At whichever look at it: nothing of the change stays, for the page may be somebody else's. */
static void a_module_that_goes_is_left_as_it_was(void **state)
{
	struct machine *machine = *state;
	struct target_report report;
	unsigned calls, stayed = 0;
	struct fail fail;

	site_make(machine);
	identity_calls = 0;
	assert_int_equal(write_one(machine, MODULE + 0x127, je, jne, 3, &report, &fail), 0);
	calls = identity_calls;
	assert_int_equal(write_one(machine, MODULE + 0x127, jne, je, 3, &report, &fail), 0);
	assert_in_range(calls, 3, 20);
	for (unsigned at = 1; at <= calls; at++) {
		identity_calls = 0;
		identity_changes_at = at;
		if (write_one(machine, MODULE + 0x127, je, jne, 3, &report, &fail) == 0) {
			identity_changes_at = 0;
			assert_int_equal(write_one(machine, MODULE + 0x127, jne, je, 3, &report,
						   &fail), 0);
			continue;
		}
		identity_changes_at = 0;
		assert_bytes(machine, MODULE_PHYSICAL + 0x127, report.written ? jne : je, 3);
		stayed += report.written;
		poke(machine, MODULE_PHYSICAL + 0x127, je, 3);
	}
	/* only where it went after all that, while it was read back */
	assert_int_equal(stayed, 1);
}

static void a_store_that_does_nothing_is_told(void **state)
{
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;

	site_make(machine);
	deaf = true;
	assert_int_equal(write_one(machine, TEXT + 0x5000, je, jne, 3, &report, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "did nothing, without an error: it was not written");
	assert_int_equal(report.failed, 0);
	assert_false(report.written);
}

static void a_cpu_out_of_reach_is_told_before_anything_is_stored(void **state)
{
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;

	site_make(machine);
	assert_int_equal(pwrite(machine->online.fd, "0,8191\n", 7, 0), 7);
	assert_int_equal(write_one(machine, TEXT + 0x5000, je, jne, 3, &report, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_WRITABLE);
	assert_message(fail, "CPU 8191");
	assert_false(report.written);
	assert_bytes(machine, CODE + 0x5000, je, 3);
}

static void what_will_be_offline_for_the_store_is_out_of_reach_only_at_the_store(void **state)
{
	const struct target_change change = { TEXT + 0x5000, 3, je, jne, false };
	const struct cpus away = { .has = { [8191] = true } };
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;
	size_t failed;

	site_make(machine);
	assert_int_equal(pwrite(machine->online.fd, "0,8191\n", 7, 0), 7);
	assert_int_equal(target_check(machine->target, &change, 1, NULL, &failed, &fail), -1);
	assert_message(fail, "CPU 8191");
	assert_int_equal(target_check(machine->target, &change, 1, &away, &failed, &fail), 0);
	/* it did not go */
	assert_int_equal(target_write(machine->target, &change, 1, &report, &fail), -1);
	assert_message(fail, "CPU 8191");
	assert_bytes(machine, CODE + 0x5000, je, 3);
}

static void of_several_changes_none_is_stored_where_one_cannot_be(void **state)
{
	const struct target_change changes[] = {
		{ TEXT + 0x5000, 3, je, jne, false }, { MODULE + 0x127, 3, jne, je, false },
	};
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;

	site_make(machine);
	assert_int_equal(target_write(machine->target, changes, 2, &report, &fail), -1);
	assert_int_equal(report.failed, 1);
	assert_false(report.written);
	assert_bytes(machine, CODE + 0x5000, je, 3);
}

/* Two in one word: the second sees what the first made of it. */
static void changes_that_share_a_word_are_both_made(void **state)
{
	const struct target_change changes[] = {
		{ TEXT + 0x5000, 1, je, jne, false }, { TEXT + 0x5002, 1, je + 2, jne, false },
	};
	struct machine *machine = *state;
	struct target_report report;
	struct fail fail;

	site_make(machine);
	assert_int_equal(target_write(machine->target, changes, 2, &report, &fail), 0);
	assert_bytes(machine, CODE + 0x5000, (uint8_t[]){ 0x75, 0x39, 0x75 }, 3);
}

#define CLOSED(function) cmocka_unit_test_setup_teardown(function, setup, machine_teardown)
#define OPEN(function) cmocka_unit_test_setup_teardown(function, setup_open, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(it_says_what_it_is),
		CLOSED(another_kernels_banner_is_refused),
		CLOSED(symbols_of_another_place_are_refused),
		CLOSED(without_the_device_no_symbols_are_asked_for),
		OPEN(image_and_modules_are_read),
		OPEN(nothing_else_is_read_or_written),
		CLOSED(without_page_tables_the_image_can_be_read_still),
		CLOSED(page_tables_that_lead_elsewhere_are_not_believed),
		OPEN(a_module_that_goes_while_it_is_read_is_an_error),
		OPEN(an_instruction_is_changed_in_image_and_module),
		OPEN(other_bytes_are_left_as_they_are),
		OPEN(a_change_of_two_words_is_refused),
		OPEN(several_instructions_are_refused),
		OPEN(a_module_that_nothing_holds_is_not_written_to),
		OPEN(a_module_that_goes_is_left_as_it_was),
		OPEN(a_store_that_does_nothing_is_told),
		OPEN(a_cpu_out_of_reach_is_told_before_anything_is_stored),
		OPEN(what_will_be_offline_for_the_store_is_out_of_reach_only_at_the_store),
		OPEN(of_several_changes_none_is_stored_where_one_cannot_be),
		OPEN(changes_that_share_a_word_are_both_made),
	};

	/* as a 32-bit kernel would say it, where this program is run by a 64-bit one */
	if (sizeof(void *) == 4)
		assert_return_code(personality(PER_LINUX32), errno);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mapped", tests, NULL, NULL);
}
