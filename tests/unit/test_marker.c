/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a crash, or a patch that nobody confirmed, leaves for the next boot; with a clock of the
 * test's own. */
#include "journal_fixture.h"

#include <errno.h>
#include <time.h>

#include "patcherd/log.h"
#include "patcherd/marker.h"
#include "clock_fixture.h"

enum { MINUTE = 60 * 1000 };		/* milliseconds */

static char said[4096];

static const char *unremovable;	/* a file's name */

int __real_unlinkat(int directory, const char *name, int flags);
int __wrap_unlinkat(int directory, const char *name, int flags);

int __wrap_unlinkat(int directory, const char *name, int flags)
{
	if (unremovable == NULL || strcmp(unremovable, name) != 0)
		return __real_unlinkat(directory, name, flags);
	errno = EIO;
	return -1;
}

void log_line(int priority, const struct log_about *about, const char *format, ...)
{
	size_t length = strlen(said);
	va_list arguments;

	(void)priority;
	(void)about;
	va_start(arguments, format);
	(void)vsnprintf(said + length, sizeof(said) - length, format, arguments);
	va_end(arguments);
}

/* A patcherd that starts in that boot, at that time. */
static struct markers started(void **state, const char *boot_id, int64_t milliseconds)
{
	const struct place_of_test *place = *state;
	struct markers markers = { .directory = place->directory, .boot_id = boot_id };

	now = milliseconds;
	said[0] = '\0';
	markers_start(&markers);
	return markers;
}

static void set(struct markers *markers, const char *patch)
{
	struct fail fail;

	if (markers_set(markers, patch, "patch: p\n", &fail) < 0)
		fail_msg("%s", fail.message);
}

static void waits(const struct markers *markers, const char *patch)
{
	struct fail fail;

	if (markers_wait(markers, patch, "patch: p\n", &fail) < 0)
		fail_msg("%s", fail.message);
}

static void expired(struct markers *markers, bool all)
{
	struct fail fail;

	if (markers_expire(markers, all, &fail) < 0)
		fail_msg("%s", fail.message);
}

static bool is_blocked(const struct markers *markers, const char *patch)
{
	struct fail why;

	return markers_blocked(markers, patch, &why);
}

static void assert_blocked(const struct markers *markers, const char *patch, const char *words)
{
	struct fail why = { .message = "" };

	assert_true(markers_blocked(markers, patch, &why));
	assert_int_equal(why.code, OUTCOME_ATTENTION);
	assert_contains(why.message, words);
	assert_contains(why.message, "patchctl enable");
}

/* applying/PATCH, or another file of the test's directory, by a path within it. */
static bool is_there(void **state, const char *file)
{
	const struct place_of_test *place = *state;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", place->directory, file);
	return access(path, F_OK) == 0;
}

static void planted(void **state, const char *file, const char *text)
{
	const struct place_of_test *place = *state;
	char path[256];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s/%s", place->directory, file);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void a_boot_that_ended_within_the_time_blocks(void **state)
{
	struct markers markers = started(state, BOOT_1, 1000);

	set(&markers, "p");
	assert_false(is_blocked(&markers, "p"));
	now += MARKER_MINUTES * MINUTE - 1;
	expired(&markers, false);
	markers = started(state, BOOT_2, 500);
	assert_blocked(&markers, "p", "within 5 minutes in a crash");
	assert_false(is_blocked(&markers, "other"));
	assert_contains(said, "within 5 minutes in a crash");
	assert_int_equal(markers.next, -1);
	markers = started(state, "33333333-3333-3333-3333-333333333333", 500);
	assert_blocked(&markers, "p", "within 5 minutes in a crash");
}

static void one_that_lasted_does_not(void **state)
{
	struct markers markers = started(state, BOOT_1, 1000);

	set(&markers, "p");
	assert_int_equal(markers.next, 1000 + MARKER_MINUTES * MINUTE);
	now = markers.next;
	expired(&markers, false);
	assert_int_equal(markers.next, -1);
	assert_false(is_there(state, "applying/p"));
	markers = started(state, BOOT_2, 500);
	assert_false(is_blocked(&markers, "p"));
	assert_string_equal(said, "");
}

static void each_has_its_own_time_and_the_first_is_next(void **state)
{
	struct markers markers = started(state, BOOT_1, 0);

	set(&markers, "a");
	now += MINUTE;
	set(&markers, "b");
	assert_int_equal(markers.next, MARKER_MINUTES * MINUTE);
	now = markers.next;
	expired(&markers, false);
	assert_int_equal(markers.next, (MARKER_MINUTES + 1) * MINUTE);
	assert_false(is_there(state, "applying/a"));
	assert_true(is_there(state, "applying/b"));
	set(&markers, "b");
	now = (MARKER_MINUTES + 1) * MINUTE;
	expired(&markers, false);
	assert_true(is_there(state, "applying/b"));
}

static void one_that_cannot_be_removed_is_in_no_others_way_and_is_tried_again(void **state)
{
	struct markers markers = started(state, BOOT_1, 0);
	struct fail fail;

	set(&markers, "a");
	set(&markers, "b");
	unremovable = "a";
	now = markers.next;
	assert_int_equal(markers_expire(&markers, false, &fail), -1);
	assert_contains(fail.message, "applying/a");
	assert_false(is_there(state, "applying/b"));
	assert_int_equal(markers.next, now + MINUTE);
	unremovable = NULL;
	now = markers.next;
	expired(&markers, false);
	assert_false(is_there(state, "applying/a"));
	assert_int_equal(markers.next, -1);
}

static void an_orderly_end_forgets_those_of_this_boot(void **state)
{
	struct markers markers = started(state, BOOT_1, 1000);

	set(&markers, "p");
	expired(&markers, true);
	assert_false(is_there(state, "applying/p"));
	markers = started(state, BOOT_2, 500);
	assert_false(is_blocked(&markers, "p"));
}

static void a_restart_in_the_same_boot_goes_on(void **state)
{
	struct markers markers = started(state, BOOT_1, 1000);

	set(&markers, "p");
	markers = started(state, BOOT_1, 2000);
	assert_int_equal(markers.next, 1000 + MARKER_MINUTES * MINUTE);
	assert_false(is_blocked(&markers, "p"));
	assert_string_equal(said, "");
}

/* Each boot's clock begins anew: what another one noted may be long ago, or still to come. */
static void the_time_of_another_boot_does_not_count(void **state)
{
	struct markers markers = started(state, BOOT_1, 100 * MINUTE);

	set(&markers, "p");
	markers = started(state, BOOT_2, 1);
	assert_blocked(&markers, "p", "in a crash");
	expired(&markers, true);
	assert_blocked(&markers, "p", "in a crash");
	assert_int_equal(markers.next, -1);
}

static void one_that_is_damaged_blocks(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "{\"boot_id\":\"x\"}", "nothing of ours",
		"{\"boot_id\":\"" BOOT_1 "\",\"at\":\"now\",\"sha256\":\"00\",\"until\":\"1\"}",
		"{\"boot_id\":\"" BOOT_1 "\",\"at\":\"now\",\"sha256\":\"00\",\"until\":1,\"more\":1}",
		"{\"boot_id\":\"" BOOT_1 "x\",\"at\":\"now\",\"sha256\":\"00\",\"until\":1}",
		"{\"boot_id\":\"" BOOT_1 "\",\"boot_id\":\"" BOOT_1
		"\",\"at\":\"now\",\"sha256\":\"00\",\"until\":1}",
	};
	struct markers markers = started(state, BOOT_1, 1000);
	struct fail fail;

	set(&markers, "good");	/* is read before it, and goes on */
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		set(&markers, "p");
		planted(state, "applying/p", texts[i]);
		markers = started(state, BOOT_1, 1000);
		assert_blocked(&markers, "p", "is no marker of patcherd");
		assert_true(is_there(state, "blocked/p"));
		assert_false(is_there(state, "applying/p"));
		assert_int_equal(markers_unblock(&markers, "p", &fail), 1);
		assert_false(is_blocked(&markers, "p"));
	}
}

static void one_that_cannot_be_moved_blocks_all_the_same(void **state)
{
	struct markers markers = started(state, BOOT_1, 1000);
	struct fail fail;

	set(&markers, "p");
	planted(state, "blocked", "in the way of the directory");
	markers = started(state, BOOT_2, 500);
	assert_contains(said, "cannot open");
	assert_true(is_blocked(&markers, "p"));
	assert_int_equal(markers_unblock(&markers, "p", &fail), -1);
	assert_true(is_there(state, "applying/p"));
}

static void unblocked_it_may_be_applied_and_marked_again(void **state)
{
	struct markers markers = started(state, BOOT_1, 1000);
	struct fail fail;

	assert_int_equal(markers_unblock(&markers, "p", &fail), 0);
	set(&markers, "p");
	markers = started(state, BOOT_2, 500);
	assert_int_equal(markers_unblock(&markers, "p", &fail), 1);
	assert_false(is_blocked(&markers, "p"));
	set(&markers, "p");
	assert_false(is_blocked(&markers, "p"));
	assert_int_equal(markers_unblock(&markers, "p", &fail), 0);
	assert_true(is_there(state, "applying/p"));
}

static void what_waits_to_be_confirmed_outlives_time_and_an_orderly_end(void **state)
{
	struct markers markers = started(state, BOOT_1, 1000);

	waits(&markers, "p");
	assert_false(is_blocked(&markers, "p"));
	assert_int_equal(markers.next, -1);
	now += 100 * MINUTE;
	expired(&markers, false);
	expired(&markers, true);
	markers = started(state, BOOT_1, now);
	assert_int_equal(markers.next, -1);
	assert_false(is_blocked(&markers, "p"));
	markers = started(state, BOOT_2, 500);
	assert_blocked(&markers, "p", "to be confirmed, and was not");
}

static void confirmed_it_is_forgotten(void **state)
{
	struct markers markers = started(state, BOOT_1, 1000);
	struct fail fail;

	assert_int_equal(markers_confirmed(&markers, "p", &fail), 0);
	waits(&markers, "p");
	assert_int_equal(markers_confirmed(&markers, "p", &fail), 1);
	markers_unconfirmed(&markers, "p");
	assert_false(is_blocked(&markers, "p"));
	markers = started(state, BOOT_2, 500);
	assert_false(is_blocked(&markers, "p"));
}

static void reverted_for_want_of_that_it_is_blocked_at_once(void **state)
{
	struct markers markers = started(state, BOOT_1, 1000);
	struct fail fail;

	waits(&markers, "p");
	markers_unconfirmed(&markers, "p");
	assert_blocked(&markers, "p", "to be confirmed, and was not");
	assert_contains(said, "to be confirmed, and was not");
	assert_int_equal(markers_unblock(&markers, "p", &fail), 1);
	assert_false(is_blocked(&markers, "p"));
}

static void a_crash_of_one_that_waited_is_told_as_a_crash(void **state)
{
	struct markers markers = started(state, BOOT_1, 1000);
	struct fail fail;

	waits(&markers, "p");
	set(&markers, "p");
	markers = started(state, BOOT_2, 500);
	assert_blocked(&markers, "p", "in a crash");
	assert_int_equal(markers_unblock(&markers, "p", &fail), 1);
	assert_false(is_blocked(&markers, "p"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_boot_that_ended_within_the_time_blocks),
		TEST(one_that_lasted_does_not),
		TEST(each_has_its_own_time_and_the_first_is_next),
		TEST(one_that_cannot_be_removed_is_in_no_others_way_and_is_tried_again),
		TEST(an_orderly_end_forgets_those_of_this_boot),
		TEST(a_restart_in_the_same_boot_goes_on),
		TEST(the_time_of_another_boot_does_not_count),
		TEST(one_that_is_damaged_blocks),
		TEST(one_that_cannot_be_moved_blocks_all_the_same),
		TEST(unblocked_it_may_be_applied_and_marked_again),
		TEST(what_waits_to_be_confirmed_outlives_time_and_an_orderly_end),
		TEST(confirmed_it_is_forgotten),
		TEST(reverted_for_want_of_that_it_is_blocked_at_once),
		TEST(a_crash_of_one_that_waited_is_told_as_a_crash),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("marker", tests, NULL, NULL);
}
