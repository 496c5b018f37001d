/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "patcherd/drift.h"

enum { SITES = 3 };

static struct journal_site sites[SITES] = {
	{ .symbol = (char *)"nfs_flock", .module = (char *)"nfs", .offset = 0x2f,
	  .address = 0xffffffffc0412345, .old = { .data = { 0x74, 0x39 }, .length = 2 },
	  .replacement = { .data = { 0x75, 0x39 }, .length = 2 } },
	{ .symbol = (char *)"nfs_lock", .module = (char *)"nfs", .offset = 0x10,
	  .address = 0xffffffffc0412400, .old = { .data = { 0x74, 0x41 }, .length = 2 },
	  .replacement = { .data = { 0xeb, 0x41 }, .length = 2 } },
	{ .symbol = (char *)"nfs_debug", .variable = true, .module = (char *)"nfs",
	  .address = 0xffffffffc0512340, .old = { .data = { 0 }, .length = 1 },
	  .replacement = { .data = { 0x40 }, .length = 1 } },
};
static const struct journal_entry entry = { .sites = sites, .site_count = SITES };

/* `now` of each site, with the bytes that go with it. */
static char *described(const enum look_now now[SITES])
{
	struct look_site looked[SITES] = { { .now = LOOK_OLD } };
	char *text;

	for (size_t i = 0; i < SITES; i++) {
		looked[i].now = now[i];
		looked[i].found = now[i] == LOOK_OLD ? sites[i].old : sites[i].replacement;
		if (now[i] == LOOK_OTHER)
			looked[i].found.data[0] = 0xcc;
		if (now[i] == LOOK_GONE)
			looked[i].found.length = 0;
	}
	text = drift_describe(&entry, looked);
	assert_non_null(text);
	return text;
}

static void both_bytes_of_a_changed_site_are_told_with_its_place(void **state)
{
	char *text = described((const enum look_now[]){ LOOK_OTHER, LOOK_NEW, LOOK_NEW });

	(void)state;
	assert_string_equal(text, "nfs:nfs_flock+0x2f 0xffffffffc0412345: 75 39 was written, and "
			    "cc 39 is there");
	free(text);
}

static void each_changed_site_is_told(void **state)
{
	char *text = described((const enum look_now[]){ LOOK_OTHER, LOOK_OLD, LOOK_NEW });

	(void)state;
	assert_string_equal(text, "nfs:nfs_flock+0x2f 0xffffffffc0412345: 75 39 was written, and "
			    "cc 39 is there; nfs:nfs_lock+0x10 0xffffffffc0412400: eb 41 was written, "
			    "and 74 41 is there, as before it");
	free(text);
}

static void a_patch_as_it_was_written_has_nothing_to_tell(void **state)
{
	char *text = described((const enum look_now[]){ LOOK_NEW, LOOK_NEW, LOOK_NEW });

	(void)state;
	assert_string_equal(text, "");
	free(text);
}

static void what_went_with_its_module_or_the_kernel_sets_itself_is_no_drift(void **state)
{
	char *text = described((const enum look_now[]){ LOOK_GONE, LOOK_NEW, LOOK_OTHER });

	(void)state;
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_bytes_of_a_changed_site_are_told_with_its_place),
		cmocka_unit_test(each_changed_site_is_told),
		cmocka_unit_test(a_patch_as_it_was_written_has_nothing_to_tell),
		cmocka_unit_test(what_went_with_its_module_or_the_kernel_sets_itself_is_no_drift),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
