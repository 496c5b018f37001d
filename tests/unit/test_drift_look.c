/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of bytes that somebody else changed, and when it is looked for; on the fake kernel,
 * with a clock of the test's own. */
#include "kernel_fixture.h"
#include "patcherd/daemon.h"
#include "patcherd/server.h"
#include "clock_fixture.h"

#include <time.h>

enum { A = KERNEL_BASE + 0x100 };

static struct {
	int count;
	enum outcome outcome;
	char message[1024];
} notes;

int live_open_target(struct live *live, struct fail *fail)
{
	(void)fail;
	live->target = &current->target;
	return 0;
}

void daemon_journal(struct daemon *daemon)
{
	assert_ptr_equal(daemon->journal, current->journal);
}

void daemon_note(struct daemon *daemon, const struct journal_caller *caller, const char *action,
		 const char *patch, enum outcome outcome, const char *message)
{
	struct journal_event event = {
		.patch = (char *)patch, .message = (char *)message, .caller = *caller,
	};
	struct fail fail;

	notes.count++;
	notes.outcome = outcome;
	(void)snprintf(notes.message, sizeof(notes.message), "%s", message);
	(void)snprintf(event.action, sizeof(event.action), "%s", action);
	(void)snprintf(event.outcome, sizeof(event.outcome), "%s", outcome_name(outcome));
	if (journal_note(daemon->journal, &event, &fail) < 0)
		fail_msg("%s", fail.message);
}

/* A patcherd that has just started. */
static struct daemon started(struct fake *fake)
{
	return (struct daemon){ .journal = fake->journal };
}

/* A patch that changed 2 bytes of the module nfs at A. */
static void apply_one(struct fake *fake)
{
	struct journal_site site = site_at(A);
	struct journal_entry entry = entry_of("p", &site, 1);
	struct fail fail;

	memset(&notes, 0, sizeof(notes));
	site.module_identity = fake->shared->identity;
	memcpy(at_address(fake, A), site.replacement.data, 2);
	if (journal_intend(fake->journal, &entry, 1, &fail) < 0)
		fail_msg("%s", fail.message);
	set_state(fake->journal, entry.id, JOURNAL_APPLIED);
}

static void a_change_is_told_once_and_that_it_ended_too(void **state)
{
	struct fake *fake = *state;
	struct daemon daemon = started(fake);

	apply_one(fake);
	drift_look(&daemon);
	assert_int_equal(notes.count, 0);
	*at_address(fake, A) = 0xcc;
	for (int i = 0; i < 3; i++)
		drift_look(&daemon);
	assert_int_equal(notes.count, 1);
	assert_int_equal(notes.outcome, OUTCOME_ATTENTION);
	assert_contains(notes.message, "75 39 was written, and cc 39 is there");
	*at_address(fake, A) = 0xcd;
	drift_look(&daemon);
	assert_int_equal(notes.count, 2);
	*at_address(fake, A) = 0x75;
	for (int i = 0; i < 3; i++)
		drift_look(&daemon);
	assert_int_equal(notes.count, 3);
	assert_int_equal(notes.outcome, OUTCOME_APPLIED);
	assert_contains(notes.message, "as it was applied again");
	drift_deinit(&daemon.drift);
}

static void another_patcherd_knows_what_was_told(void **state)
{
	struct fake *fake = *state;
	struct daemon daemon = started(fake);

	apply_one(fake);
	*at_address(fake, A) = 0xcc;
	drift_look(&daemon);
	drift_deinit(&daemon.drift);
	daemon = started(fake);
	drift_look(&daemon);
	assert_int_equal(notes.count, 1);
	*at_address(fake, A) = 0x75;
	drift_look(&daemon);
	assert_int_equal(notes.count, 2);
	drift_deinit(&daemon.drift);
	daemon = started(fake);
	drift_look(&daemon);
	assert_int_equal(notes.count, 2);
	*at_address(fake, A) = 0xcc;
	drift_look(&daemon);
	assert_int_equal(notes.count, 3);
	drift_deinit(&daemon.drift);
}

static void what_went_with_its_module_was_not_restored(void **state)
{
	struct fake *fake = *state;
	struct daemon daemon = started(fake);

	apply_one(fake);
	*at_address(fake, A) = 0xcc;
	drift_look(&daemon);
	fake->shared->identity++;
	drift_look(&daemon);
	assert_int_equal(notes.count, 1);
	drift_deinit(&daemon.drift);
}

static void what_has_ended_is_not_looked_at(void **state)
{
	struct fake *fake = *state;
	struct daemon daemon = started(fake);

	apply_one(fake);
	set_state(fake->journal, 1, JOURNAL_REVERTED);
	*at_address(fake, A) = 0xcc;
	drift_look(&daemon);
	assert_int_equal(notes.count, 0);
	drift_deinit(&daemon.drift);
}

static void it_is_looked_for_at_once_and_then_each_minute(void **state)
{
	struct fake *fake = *state;
	struct daemon daemon = started(fake);
	struct server_source source = drift_source(&daemon);

	apply_one(fake);
	now = 5000;
	assert_in_range(source.due_at(source.data), 0, now);
	source.due(source.data);
	assert_int_equal(source.due_at(source.data), now + 60000);
	*at_address(fake, A) = 0xcc;
	now += 60000;
	source.due(source.data);
	assert_int_equal(notes.count, 1);
	assert_int_equal(source.due_at(source.data), now + 60000);
	drift_deinit(&daemon.drift);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(a_change_is_told_once_and_that_it_ended_too),
		KERNEL_TEST(another_patcherd_knows_what_was_told),
		KERNEL_TEST(what_went_with_its_module_was_not_restored),
		KERNEL_TEST(what_has_ended_is_not_looked_at),
		KERNEL_TEST(it_is_looked_for_at_once_and_then_each_minute),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("drift_look", tests, NULL, NULL);
}
