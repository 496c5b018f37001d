/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "module.h"
#include "tests/unit/file_fixture.h"

static const char two[] =
	"nfs 409600 1 - Live 0xffffffffc0a2d000 (E)\n"
	"snd_pcm 163840 3 snd_hda,snd_usb, Loading 0xffffffffc0500000\n";

static uint64_t fingerprint(const char *text)
{
	struct modules modules;
	struct fail fail;
	uint64_t result;

	if (modules_parse(text, &modules, &fail) != 0)
		fail_msg("%s", fail.message);
	result = modules.fingerprint;
	modules_deinit(&modules);
	return result;
}

static void modules_are_listed(void **state)
{
	struct modules modules;
	struct fail fail;

	(void)state;
	assert_int_equal(modules_parse(two, &modules, &fail), 0);
	assert_int_equal(modules.count, 2);
	assert_string_equal(modules.items[0].name, "nfs");
	assert_int_equal(modules.items[0].address, 0xffffffffc0a2d000);
	assert_int_equal(modules.items[0].size, 409600);
	assert_true(modules.items[0].live);
	assert_false(modules.items[1].live);
	modules_deinit(&modules);
	assert_int_equal(modules_parse("", &modules, &fail), 0);
	assert_int_equal(modules.count, 0);
	modules_deinit(&modules);
}

static void what_holds_a_module_is_listed(void **state)
{
	static const char text[] =
		"a 4096 0 - Live 0xffffffffc0001000\n"
		"b 4096 2 a,c, Live 0xffffffffc0002000\n"
		"c 4096 0 [permanent], Live 0xffffffffc0003000\n"
		"d 4096 - - Live 0xffffffffc0004000\n"
		"e 4096 -1 - Unloading 0xffffffffc0005000\n";
	struct modules modules;
	struct fail fail;

	(void)state;
	assert_int_equal(modules_parse(text, &modules, &fail), 0);
	assert_int_equal(modules.items[0].uses, 0);
	assert_int_equal(modules.items[1].uses, 2);
	assert_int_equal(modules.items[2].uses, -1);
	assert_int_equal(modules.items[3].uses, -1);
	assert_int_equal(modules.items[4].uses, 0);
	assert_false(modules.items[4].live);
	modules_deinit(&modules);
}

static void a_module_is_found_by_its_bytes(void **state)
{
	const uint64_t start = 0xffffffffc0a2d000, size = 409600;
	struct modules modules;
	struct fail fail;

	(void)state;
	assert_int_equal(modules_parse(two, &modules, &fail), 0);
	assert_ptr_equal(modules_at(&modules, start, 1), &modules.items[0]);
	assert_ptr_equal(modules_at(&modules, start, size), &modules.items[0]);
	assert_ptr_equal(modules_at(&modules, start + size - 1, 1), &modules.items[0]);
	assert_null(modules_at(&modules, start - 1, 1));
	assert_null(modules_at(&modules, start + size, 1));
	assert_null(modules_at(&modules, start + size - 1, 2));
	assert_null(modules_at(&modules, start, size + 1));
	assert_null(modules_at(&modules, start, SIZE_MAX));
	assert_null(modules_at(&modules, 0xffffffffc0500000, 1));	/* not live */
	modules_deinit(&modules);
}

static void names_are_found_with_dash_or_underscore(void **state)
{
	struct modules modules;
	struct fail fail;

	(void)state;
	assert_int_equal(modules_parse(two, &modules, &fail), 0);
	assert_ptr_equal(modules_find(&modules, "nfs"), &modules.items[0]);
	assert_ptr_equal(modules_find(&modules, "snd-pcm"), &modules.items[1]);
	assert_ptr_equal(modules_find(&modules, "snd_pcm"), &modules.items[1]);
	assert_null(modules_find(&modules, "nf"));
	assert_null(modules_find(&modules, "nfsd"));
	assert_null(modules_find(&modules, ""));
	modules_deinit(&modules);
}

static void the_fingerprint_tells_any_change(void **state)
{
	static const char *const others[] = {
		"", "nfs 409600 1 - Live 0xffffffffc0a2d000\n",
		"nfs 409600 1 - Live 0xffffffffc0a2d000\nsnd_pcm 163840 3 - Live "
		"0xffffffffc0500000\n",
		"nfs 409600 1 - Live 0xffffffffc0a2e000\nsnd_pcm 163840 3 - Loading "
		"0xffffffffc0500000\n",
		"nfs 409601 1 - Live 0xffffffffc0a2d000\nsnd_pcm 163840 3 - Loading "
		"0xffffffffc0500000\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_true(fingerprint(two) != fingerprint(others[i]));
	/* users come and go */
	assert_true(fingerprint(two) ==
		    fingerprint("nfs 409600 7 lockd, Live 0xffffffffc0a2d000\n"
				"snd_pcm 163840 0 - Loading 0xffffffffc0500000\n"));
}

static void what_is_no_list_of_modules_is_refused(void **state)
{
	static const char *const bad[] = {
		"nfs\n", "\nnfs 409600 1 - Live 0xffffffffc0a2d000\n", "nfs 409600 1 - Live\n",
		"nfs -1 1 - Live 0xffffffffc0a2d000\n", "nfs 40x 1 - Live 0xffffffffc0a2d000\n",
		"nfs 99999999999999999999 1 - Live 0xffffffffc0a2d000\n",
		"nfs 409600 x - Live 0xffffffffc0a2d000\n", "nfs 409600 -1 - Live 0x1000\n",
		"nfs 409600 1x - Live 0x1000\n", "nfs 409600 99999999999999999999 - Live 0x1000\n",
		"nfs 409600 1 - Live ffffffffc0a2d000\n", "nfs 409600 1 - Live 0x\n",
		"nfs 409600 1 - Live 0xfffffffffc0a2d000\n", "nfs  409600 1 - Live "
		"0xffffffffc0a2d000\n",
		"a_name_of_more_than_sixty_three_characters_which_no_module_ever_has_x 1 1 - Live "
		"0x1\n",
	};
	struct modules modules;
	struct fail fail;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (modules_parse(bad[i], &modules, &fail) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_message(fail, "/proc/modules:1:");
		assert_null(modules.items);
	}
}

static void the_running_kernels_modules_are_read(void **state)
{
	struct modules modules;
	struct fail fail;
	uint64_t identity;

	(void)state;
	if (modules_load(&modules, &fail) != 0)
		fail_msg("%s", fail.message);
	for (size_t i = 0; i < modules.count; i++) {
		assert_int_equal(module_identity(modules.items[i].name, &identity, &fail), 0);
		if (modules.items[i].live)
			assert_true(identity != 0);
	}
	modules_deinit(&modules);
}

static void what_is_not_loaded_has_no_identity(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "../kernel" };
	struct fail fail;
	uint64_t identity = 1;

	(void)state;
	assert_int_equal(module_identity("no_such_module", &identity, &fail), 0);
	assert_int_equal(identity, 0);
	identity = 1;
	/* built in, with parameters */
	assert_int_equal(module_identity("kernel", &identity, &fail), 0);
	assert_int_equal(identity, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(module_identity(bad[i], &identity, &fail), -1);
		assert_message(fail, "no name of a module");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modules_are_listed),
		cmocka_unit_test(what_holds_a_module_is_listed),
		cmocka_unit_test(a_module_is_found_by_its_bytes),
		cmocka_unit_test(names_are_found_with_dash_or_underscore),
		cmocka_unit_test(the_fingerprint_tells_any_change),
		cmocka_unit_test(what_is_no_list_of_modules_is_refused),
		cmocka_unit_test(the_running_kernels_modules_are_read),
		cmocka_unit_test(what_is_not_loaded_has_no_identity),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
