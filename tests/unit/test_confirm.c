/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confirm with a real journal, and a clock and a kernel of the test's own. */
#include "journal_fixture.h"
#include "patcherd/confirm.h"
#include "patcherd/log.h"

#define SECOND INT64_C(1000000)

struct world {
	int64_t now;
	bool in_trouble;
	bool is_unknown;
	bool cannot_revert;
	int reverts;			/* that were tried */
	char order[256];		/* whose */
	int told;
	char action[16];
	enum outcome outcome;
	char message[1024];
	struct journal *journal;
	struct confirm confirm;
};

static int logged;

void log_line(int priority, const struct log_about *about, const char *format, ...)
{
	(void)priority;
	(void)about;
	(void)format;
	logged++;
}

static int64_t world_now(void *data)
{
	return ((struct world *)data)->now;
}

static bool world_trouble(void *data, const struct journal_entry *entry, struct fail *said)
{
	struct world *world = data;

	assert_int_equal(entry->mark.warn_count, 5);
	(void)fail_set(said, OUTCOME_ERROR, "warn_count rose");
	return world->in_trouble;
}

static bool world_unknown(void *data, const struct journal_entry *entry, struct fail *said)
{
	(void)entry;
	(void)fail_set(said, OUTCOME_ERROR, "messages were lost");
	return ((struct world *)data)->is_unknown;
}

static int world_revert(void *data, struct journal_entry *entry, struct fail *said,
			struct fail *fail)
{
	struct world *world = data;

	world->reverts++;
	(void)snprintf(world->order + strlen(world->order),
		       sizeof(world->order) - strlen(world->order), "%s ", entry->patch);
	if (world->cannot_revert)
		return fail_set(fail, OUTCOME_BUSY, "a task is inside");
	if (strcmp(entry->patch, "newer") == 0)
		(void)fail_set(said, OUTCOME_APPLIED, "what it had replaced is applied again: older");
	return journal_set(world->journal, &entry->id, 1, JOURNAL_REVERTED, fail);
}

static void world_tell(void *data, const struct journal_entry *entry, const char *action,
		       enum outcome outcome, const char *message)
{
	struct world *world = data;

	(void)entry;
	world->told++;
	world->outcome = outcome;
	(void)snprintf(world->action, sizeof(world->action), "%s", action);
	(void)snprintf(world->message, sizeof(world->message), "%s", message);
}

static const struct confirm_world functions = {
	.now = world_now, .trouble = world_trouble, .unknown = world_unknown,
	.revert = world_revert, .tell = world_tell,
};

/* A world in which the time is 100 s. */
static void begin(struct world *world, struct place_of_test *place)
{
	*world = (struct world){ .now = 100 * SECOND, .journal = opened(place->path, BOOT_1) };
	world->confirm = (struct confirm){ .world = &functions, .data = world };
	logged = 0;
}

static void end(struct world *world)
{
	confirm_deinit(&world->confirm);
	journal_close(world->journal);
}

static int64_t applied(struct world *world, const char *patch, int64_t confirm_by, bool ignoring)
{
	struct journal_site site = site_at(0xffffffffc0412345);
	struct journal_entry entry = entry_of(patch, &site, 1);
	struct fail fail = { 0 };

	entry.confirm_by = confirm_by;
	entry.ignore_warnings = ignoring;
	entry.mark.warn_count = 5;
	if (journal_intend(world->journal, &entry, 1, &fail) < 0)
		fail_msg("%s", fail.message);
	set_state(world->journal, entry.id, JOURNAL_APPLIED);
	return entry.id;
}

static int64_t turn(struct world *world)
{
	return confirm_turn(&world->confirm, world->journal);
}

static void nothing_is_done_where_nothing_is_pending(void **state)
{
	struct world world;

	begin(&world, *state);
	assert_int_equal(turn(&world), -1);
	(void)applied(&world, "stays", 0, false);
	world.in_trouble = true;
	assert_int_equal(turn(&world), -1);
	assert_int_equal(world.reverts, 0);
	end(&world);
}

static void a_patch_is_reverted_when_its_time_is_over_and_not_before(void **state)
{
	struct world world;

	begin(&world, *state);
	(void)applied(&world, "p", 105 * SECOND, false);
	assert_int_equal(turn(&world), SECOND);
	world.now = 105 * SECOND - 1;
	assert_int_equal(turn(&world), 1);
	assert_int_equal(world.reverts, 0);
	world.now = 105 * SECOND;
	assert_int_equal(turn(&world), -1);
	assert_int_equal(world.reverts, 1);
	assert_string_equal(world.action, "expire");
	assert_int_equal(world.outcome, OUTCOME_REVERTED);
	assert_state_of_latest(world.journal, "p", JOURNAL_REVERTED);
	assert_int_equal(turn(&world), -1);
	assert_int_equal(world.told, 1);
	end(&world);
}

static void a_confirmed_patch_stays(void **state)
{
	struct world world;
	struct fail fail;
	int64_t id;

	begin(&world, *state);
	id = applied(&world, "p", 105 * SECOND, false);
	assert_int_equal(turn(&world), SECOND);
	world.now = 105 * SECOND - 1;
	assert_int_equal(journal_confirm(world.journal, &id, 1, &fail), 0);
	world.now = 200 * SECOND;
	world.in_trouble = true;
	assert_int_equal(turn(&world), -1);
	assert_int_equal(world.reverts, 0);
	assert_state_of_latest(world.journal, "p", JOURNAL_APPLIED);
	end(&world);
}

static void what_is_not_applied_cannot_be_confirmed(void **state)
{
	struct world world;
	struct fail fail;
	int64_t id;

	begin(&world, *state);
	id = applied(&world, "p", 105 * SECOND, false);
	set_state(world.journal, id, JOURNAL_REVERTED);
	assert_int_equal(journal_confirm(world.journal, &id, 1, &fail), -1);
	end(&world);
}

static void the_time_goes_on_while_the_daemon_is_away(void **state)
{
	struct place_of_test *place = *state;
	struct world world;

	begin(&world, place);
	(void)applied(&world, "p", 105 * SECOND, false);
	end(&world);
	begin(&world, place);
	world.now = 300 * SECOND;
	assert_int_equal(turn(&world), -1);
	assert_int_equal(world.reverts, 1);
	assert_state_of_latest(world.journal, "p", JOURNAL_REVERTED);
	end(&world);
}

static void trouble_reverts_at_once_and_says_why(void **state)
{
	struct world world;

	begin(&world, *state);
	(void)applied(&world, "p", 105 * SECOND, false);
	world.in_trouble = true;
	assert_int_equal(turn(&world), -1);
	assert_string_equal(world.action, "trouble");
	assert_contains(world.message, "warn_count rose");
	assert_state_of_latest(world.journal, "p", JOURNAL_REVERTED);
	end(&world);
}

static void trouble_that_is_to_be_ignored_does_not_but_time_does(void **state)
{
	struct world world;

	begin(&world, *state);
	(void)applied(&world, "p", 105 * SECOND, true);
	world.in_trouble = true;
	/* not 5: the machine may sleep meanwhile, and the server's clock with it */
	assert_int_equal(turn(&world), SECOND);
	assert_int_equal(world.reverts, 0);
	world.now = 106 * SECOND;
	assert_int_equal(turn(&world), -1);
	assert_string_equal(world.action, "expire");
	end(&world);
}

static void what_cannot_be_reverted_is_tried_again_and_told_once(void **state)
{
	struct world world;
	int64_t id, wait;

	begin(&world, *state);
	id = applied(&world, "p", 105 * SECOND, false);
	world.now = 105 * SECOND;
	world.cannot_revert = true;
	assert_null(confirm_stuck(&world.confirm, id));
	wait = turn(&world);
	assert_true(wait > 0 && wait <= 10 * SECOND);
	assert_int_equal(world.outcome, OUTCOME_BUSY);
	assert_contains(world.message, "a task is inside");
	assert_non_null(confirm_stuck(&world.confirm, id));
	assert_string_equal(confirm_stuck(&world.confirm, id)->failure, "a task is inside");
	/* a message of the kernel wakes it before: then it only waits on */
	world.now += wait - 1;
	assert_int_equal(turn(&world), 1);
	assert_int_equal(world.reverts, 1);
	world.now += 1;
	(void)turn(&world);
	assert_int_equal(world.reverts, 2);
	assert_int_equal(world.told, 1);
	world.cannot_revert = false;
	world.now += wait;
	assert_int_equal(turn(&world), -1);
	assert_int_equal(world.told, 2);
	assert_int_equal(world.outcome, OUTCOME_REVERTED);
	assert_null(confirm_stuck(&world.confirm, id));
	end(&world);
}

static void trouble_that_has_gone_by_the_next_try_reverts_all_the_same(void **state)
{
	struct world world;

	begin(&world, *state);
	(void)applied(&world, "p", 200 * SECOND, false);
	world.in_trouble = world.cannot_revert = true;
	world.now += turn(&world);
	world.in_trouble = world.cannot_revert = false;
	assert_int_equal(turn(&world), -1);
	assert_string_equal(world.action, "trouble");
	end(&world);
}

static void the_newest_goes_first_and_one_that_cannot_holds_no_other(void **state)
{
	struct world world;

	begin(&world, *state);
	(void)applied(&world, "one", 105 * SECOND, false);
	(void)applied(&world, "two", 105 * SECOND, false);
	(void)applied(&world, "later", 900 * SECOND, false);
	world.now = 105 * SECOND;
	assert_int_equal(turn(&world), SECOND);
	assert_string_equal(world.order, "two one ");
	assert_state_of_latest(world.journal, "later", JOURNAL_APPLIED);
	end(&world);
}

static void what_cannot_be_known_is_told_once_and_reverts_nothing(void **state)
{
	struct world world;

	begin(&world, *state);
	(void)applied(&world, "p", 105 * SECOND, false);
	world.is_unknown = true;
	(void)turn(&world);
	(void)turn(&world);
	assert_int_equal(logged, 1);
	assert_int_equal(world.reverts, 0);
	end(&world);
}

static void what_is_to_be_confirmed_comes_back_from_the_journal(void **state)
{
	struct world world;
	struct journal_entry *entries;
	struct fail fail;
	size_t count;

	begin(&world, *state);
	(void)applied(&world, "p", INT64_C(1) << 52, true);
	assert_int_equal(journal_active(world.journal, "p", &entries, &count, &fail), 0);
	assert_int_equal(count, 1);
	assert_int_equal(entries[0].confirm_by, INT64_C(1) << 52);
	assert_true(entries[0].ignore_warnings);
	assert_true(confirm_pending(&entries[0]));
	journal_entries_free(entries, count);
	end(&world);
}

static void what_became_of_those_that_it_had_replaced_is_told(void **state)
{
	struct world world;

	begin(&world, *state);
	(void)applied(&world, "newer", 105 * SECOND, false);
	world.now = 105 * SECOND;
	assert_int_equal(turn(&world), -1);
	assert_string_equal(world.message, "it was not confirmed within its time; what it had replaced "
			    "is applied again: older");
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_done_where_nothing_is_pending),
		TEST(a_patch_is_reverted_when_its_time_is_over_and_not_before),
		TEST(what_became_of_those_that_it_had_replaced_is_told),
		TEST(a_confirmed_patch_stays),
		TEST(what_is_not_applied_cannot_be_confirmed),
		TEST(the_time_goes_on_while_the_daemon_is_away),
		TEST(trouble_reverts_at_once_and_says_why),
		TEST(trouble_that_is_to_be_ignored_does_not_but_time_does),
		TEST(what_cannot_be_reverted_is_tried_again_and_told_once),
		TEST(trouble_that_has_gone_by_the_next_try_reverts_all_the_same),
		TEST(the_newest_goes_first_and_one_that_cannot_holds_no_other),
		TEST(what_cannot_be_known_is_told_once_and_reverts_nothing),
		TEST(what_is_to_be_confirmed_comes_back_from_the_journal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("confirm", tests, NULL, NULL);
}
