/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/iomem.h"
#include "tests/unit/file_fixture.h"

/* As Linux 5.10 writes it in a small machine. */
static const char good[] =
	"00000000-00000fff : Reserved\n"
	"00001000-0009fbff : System RAM\n"
	"000a0000-000bffff : PCI Bus 0000:00\n"
	"00100000-3ffdffff : System RAM\n"
	"  1e600000-1f200e0f : Kernel code\n"
	"  1f400000-1f68dfff : Kernel rodata\n"
	"  1f800000-1f93e53f : Kernel data\n"
	"  1fb3b000-1fdfffff : Kernel bss\n"
	"c0000000-febfffff : PCI Bus 0000:00\n"
	"  fd000000-fdffffff : 0000:00:02.0\n"
	"100000000-13fffffff : System RAM\n"
	"140000000-17fffffff : Persistent Memory\n"
	"  140000000-15fffffff : System RAM (kmem)\n";

static int load(const char *text, struct iomem *out, struct fail *fail)
{
	struct file file = file_text(text);
	int result = iomem_load(file.path, out, fail);

	file_close(&file);
	return result;
}

static void refused(const char *text, enum outcome code, const char *message)
{
	struct iomem iomem;
	struct fail fail;

	assert_int_equal(load(text, &iomem, &fail), -1);
	assert_int_equal(fail.code, code);
	assert_message(fail, message);
}

static void the_kernels_ranges_are_found(void **state)
{
	struct iomem iomem;
	struct fail fail;

	(void)state;
	assert_int_equal(load(good, &iomem, &fail), 0);
	assert_int_equal(iomem.code, 0x1e600000);
	assert_int_equal(iomem.image_end, 0x1fdfffff);
	iomem_deinit(&iomem);
}

static void only_ram_is_ram(void **state)
{
	static const struct {
		uint64_t start, length;
		bool ram;
	} places[] = {
		{ 0x1000, 0x1000, true }, { 0, 0x1000, false }, { 0x9f000, 0xc00, true },
		{ 0x9f000, 0xc01, false }, { 0xa0000, 1, false }, { 0xff000, 0x1000, false },
		{ 0xff000, 0x1001, false }, { 0x1e600000, 0x1000, true },
		{ 0x3ffdf000, 0x1000, true }, { 0x3ffdf000, 0x1001, false },
		{ 0xfd000000, 4, false }, { 0x13ffff000, 0x1000, true },
		{ 0x150000000, 0x1000, true }, { 0x160000000, 0x1000, false },
		{ 0xfee00000, 4, false }, { UINT64_MAX, 1, false }, { 0x1000, UINT64_MAX, false },
		{ 0x1000, 0, false },
	};
	struct iomem iomem;
	struct fail fail;

	(void)state;
	assert_int_equal(load(good, &iomem, &fail), 0);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (iomem_is_ram(&iomem, places[i].start, places[i].length) != places[i].ram)
			fail_msg("0x%llx", (unsigned long long)places[i].start);
	}
	iomem_deinit(&iomem);
}

static void hidden_addresses_are_named_as_such(void **state)
{
	(void)state;
	refused("00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n",
		OUTCOME_NOT_WRITABLE, "CAP_SYS_ADMIN");
	refused("", OUTCOME_NOT_WRITABLE, "does not say");
}

static void a_kernel_outside_of_ram_is_refused(void **state)
{
	(void)state;
	refused("00100000-1fffffff : System RAM\n20000000-20ffffff : Kernel code\n", OUTCOME_ERROR,
		"not in one range of System RAM");
	refused("00100000-1fffffff : System RAM\n  1f000000-20ffffff : Kernel code\n", OUTCOME_ERROR,
		"not in one range of System RAM");
	refused("00100000-1fffffff : System RAM\n  1f000000-1fffffff : Kernel data\n", OUTCOME_ERROR,
		"not in one range of System RAM");
}

static void a_garbled_line_is_refused(void **state)
{
	static const char *const lines[] = {
		"banana\n", "1000-\n", "1000-2000\n", "1000-2000:System RAM\n", "-2000 : x\n",
		"2000-1000 : x\n", "1000-11111111111111111 : x\n", "1000 -2000 : x\n", "\n",
		"0x1000-2000 : x\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		refused(lines[i], OUTCOME_ERROR, ":1: not a line");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernels_ranges_are_found),
		cmocka_unit_test(only_ram_is_ram),
		cmocka_unit_test(hidden_addresses_are_named_as_such),
		cmocka_unit_test(a_kernel_outside_of_ram_is_refused),
		cmocka_unit_test(a_garbled_line_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("iomem", tests, NULL, NULL);
}
