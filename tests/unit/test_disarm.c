/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a revert disarms, and arms again where it is refused. */
#include "journal_fixture.h"

#include "patcherd/disarm.h"

static void arm(struct journal *journal, const char *patch)
{
	struct journal_armed armed = {
		.patch = (char *)patch, .source = (char *)"p.yaml", .yaml = (char *)"patch: p\n",
		.module = (char *)"nfs", .caller = { .uid = 1000, .comm = "patchctl" },
	};
	struct fail fail;

	if (journal_arm(journal, &armed, 1, &fail) < 0)
		fail_msg("%s", fail.message);
}

static size_t armed_count(struct journal *journal, const char *patch)
{
	struct disarm found = { .count = 0 };
	struct fail fail;
	size_t count;

	if (journal_armed(journal, patch, &found.items, &found.count, &fail) < 0)
		fail_msg("%s", fail.message);
	count = found.count;
	if (count > 0)
		assert_int_equal(found.items[0].caller.uid, 1000);
	disarm_deinit(&found);
	return count;
}

static int64_t since(struct journal *journal, const char *patch)
{
	struct disarm found = { .count = 0 };
	struct fail fail;
	int64_t since;

	assert_int_equal(journal_armed(journal, patch, &found.items, &found.count, &fail), 0);
	assert_int_equal(found.count, 1);
	since = found.items[0].since;
	disarm_deinit(&found);
	return since;
}

static bool is_first(const void *data, const char *patch)
{
	(void)data;
	return strcmp(patch, "first") == 0;
}

static void those_that_are_named_are_disarmed_and_armed_again(void **state)
{
	const struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct disarm disarm;
	struct fail fail;
	int64_t before;

	arm(journal, "first");
	arm(journal, "second");
	before = since(journal, "first");
	assert_true(before > 0);
	assert_int_equal(disarm_load(journal, &disarm, &fail), 0);
	disarm_choose(&disarm, is_first, NULL);
	assert_non_null(disarm_find(&disarm, "first"));
	assert_null(disarm_find(&disarm, "second"));
	assert_int_equal(disarm_all(&disarm, journal, &fail), 0);
	assert_int_equal(armed_count(journal, "first"), 0);
	assert_int_equal(armed_count(journal, "second"), 1);
	assert_int_equal(disarm_undo(&disarm, journal, &fail), 0);
	assert_int_equal(armed_count(journal, "first"), 1);
	/* what failed since is not forgotten: it would be tried again by itself */
	assert_int_equal(since(journal, "first"), before);
	disarm_deinit(&disarm);
	journal_close(journal);
}

static void what_was_not_disarmed_is_not_armed(void **state)
{
	const struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct disarm disarm;
	const char *first = "first";
	struct fail fail;

	arm(journal, first);
	assert_int_equal(disarm_load(journal, &disarm, &fail), 0);
	assert_int_equal(journal_disarm(journal, &first, 1, &fail), 0);
	assert_int_equal(disarm_undo(&disarm, journal, &fail), 0);
	assert_int_equal(armed_count(journal, NULL), 0);
	disarm_deinit(&disarm);
	journal_close(journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(those_that_are_named_are_disarmed_and_armed_again),
		TEST(what_was_not_disarmed_is_not_armed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("disarm", tests, NULL, NULL);
}
