/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The armed patches and the modules that come, with a real journal; modules and apply are the
 * test's. */
#include "journal_fixture.h"

#include <stdint.h>

#include "module.h"
#include "patcherd/daemon.h"
#include "patcherd/log.h"
#include "patcherd/methods.h"

static struct {
	uint64_t identity;		/* of the module nfs; 0: it is not loaded */
	bool is_coming;
	const char *answer;		/* to each apply */
	const char *disarms;		/* what an apply of the patch "newer" takes the place of */
	char applied[256];		/* whose text was to be applied, one after the other */
	char told[256];			/* actions */
} world;

void log_line(int priority, const struct log_about *about, const char *format, ...)
{
	(void)priority;
	(void)about;
	(void)format;
}

static void add(char *to, size_t size, const char *text)
{
	size_t length = strlen(to);

	(void)snprintf(to + length, size - length, "%s ", text);
}

void daemon_note(struct daemon *daemon, const struct journal_caller *caller, const char *action,
		 const char *patch, enum outcome outcome, const char *message)
{
	(void)daemon;
	(void)caller;
	(void)patch;
	(void)outcome;
	(void)message;
	add(world.told, sizeof(world.told), action);
}

json_t *method_apply(struct daemon *daemon, const struct journal_caller *caller,
		     json_t *const values[METHOD_PARAMETERS])
{
	const json_t *patch = json_array_get(values[0], 0);
	const char *name = json_string_value(json_object_get(patch, "yaml"));
	struct fail fail;

	(void)caller;
	add(world.applied, sizeof(world.applied), name);
	if (world.disarms != NULL && strcmp(name, "newer") == 0)
		assert_int_equal(journal_disarm(daemon->journal, &world.disarms, 1, &fail), 0);
	return json_loads(world.answer, 0, NULL);
}

int __wrap_modules_load(struct modules *out, struct fail *fail);
int __wrap_module_identity(const char *name, uint64_t *out, struct fail *fail);

int __wrap_modules_load(struct modules *out, struct fail *fail)
{
	const char *text = world.is_coming ? "nfs 4096 0 - Loading 0xffffffffc0400000\n" :
			   "nfs 4096 0 - Live 0xffffffffc0400000\n";

	return modules_parse(world.identity == 0 ? "" : text, out, fail);
}

int __wrap_module_identity(const char *name, uint64_t *out, struct fail *fail)
{
	(void)fail;
	*out = strcmp(name, "nfs") == 0 ? world.identity : 0;
	return 0;
}

#define APPLIED "{\"parameters\": {\"results\": [{\"outcome\": \"applied\", \"message\": null}]}}"
#define REFUSED "{\"error\": \"io.patcherd.Refused\", \"parameters\": {\"results\": " \
	"[{\"outcome\": \"mismatch\", \"message\": \"other bytes\"}]}}"
#define BUSY "{\"error\": \"io.patcherd.Busy\", \"parameters\": {\"message\": \"again\"}}"

static void begin(struct daemon *daemon, const struct place_of_test *place)
{
	memset(&world, 0, sizeof(world));
	memset(daemon, 0, sizeof(*daemon));
	world.answer = APPLIED;
	memcpy(daemon->boot_id, BOOT_1, sizeof(BOOT_1));
	daemon->journal = opened(place->path, BOOT_1);
}

static void end(struct daemon *daemon)
{
	armed_deinit(&daemon->armed);
	journal_close(daemon->journal);
}

static void arm(struct daemon *daemon, const char *patch)
{
	struct journal_armed armed = {
		.patch = (char *)patch, .source = (char *)"p.yaml", .yaml = (char *)patch,
		.module = (char *)"nfs",
	};
	struct fail fail;

	assert_int_equal(journal_arm(daemon->journal, &armed, 1, &fail), 0);
}

static void look(struct daemon *daemon, bool again)
{
	bool is_again;

	world.applied[0] = world.told[0] = '\0';
	armed_look(daemon, &is_again);
	assert_int_equal(is_again, again);
}

static void a_patch_is_applied_when_its_module_comes_and_not_before(void **state)
{
	struct daemon daemon;

	begin(&daemon, *state);
	arm(&daemon, "p");
	look(&daemon, false);
	assert_string_equal(world.applied, "");
	world.identity = 7;
	look(&daemon, false);
	assert_string_equal(world.applied, "p ");
	end(&daemon);
}

static void what_is_refused_is_left_until_its_module_comes_again(void **state)
{
	struct daemon daemon;

	begin(&daemon, *state);
	arm(&daemon, "p");
	world.identity = 7;
	world.answer = REFUSED;
	look(&daemon, false);
	look(&daemon, false);
	assert_string_equal(world.applied, "");
	world.identity = 8;
	look(&daemon, false);
	assert_string_equal(world.applied, "p ");
	end(&daemon);
}

static void what_is_busy_is_tried_again_soon(void **state)
{
	struct daemon daemon;

	begin(&daemon, *state);
	arm(&daemon, "p");
	world.identity = 7;
	world.answer = BUSY;
	look(&daemon, true);
	look(&daemon, true);
	assert_string_equal(world.applied, "p ");
	end(&daemon);
}

static void what_another_has_just_taken_the_place_of_is_not_applied(void **state)
{
	struct daemon daemon;

	begin(&daemon, *state);
	arm(&daemon, "newer");
	arm(&daemon, "old");
	world.identity = 7;
	world.disarms = "old";
	look(&daemon, false);
	assert_string_equal(world.applied, "newer ");
	end(&daemon);
}

static void a_module_that_is_still_coming_is_waited_for(void **state)
{
	struct daemon daemon;

	begin(&daemon, *state);
	arm(&daemon, "p");
	world.identity = 7;
	world.is_coming = true;
	look(&daemon, false);
	assert_string_equal(world.applied, "");
	world.is_coming = false;
	look(&daemon, false);
	assert_string_equal(world.applied, "p ");
	end(&daemon);
}

/* What the apply of the patch p noted. */
static void note_applied(struct daemon *daemon)
{
	struct journal_site site = site_at(0xffffffffc0412345);
	struct journal_entry entry = entry_of("p", &site, 1);
	struct fail fail;

	site.module_identity = world.identity;
	assert_int_equal(journal_intend(daemon->journal, &entry, 1, &fail), 0);
	set_state(daemon->journal, entry.id, JOURNAL_APPLIED);
}

static void that_its_module_went_is_told_once_and_not_by_the_next_patcherd(void **state)
{
	struct daemon daemon;

	begin(&daemon, *state);
	arm(&daemon, "p");
	for (world.identity = 7; world.identity != 9; world.identity++) {
		const uint64_t identity = world.identity;

		look(&daemon, false);
		assert_string_equal(world.applied, "p ");
		note_applied(&daemon);
		look(&daemon, false);
		assert_string_equal(world.applied, "");
		world.identity = 0;
		look(&daemon, false);
		assert_string_equal(world.told, "unload ");
		look(&daemon, false);
		assert_string_equal(world.told, "");
		armed_deinit(&daemon.armed);
		look(&daemon, false);
		assert_string_equal(world.told, "");
		world.identity = identity;
	}
	end(&daemon);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_patch_is_applied_when_its_module_comes_and_not_before),
		TEST(what_is_refused_is_left_until_its_module_comes_again),
		TEST(what_is_busy_is_tried_again_soon),
		TEST(what_another_has_just_taken_the_place_of_is_not_applied),
		TEST(a_module_that_is_still_coming_is_waited_for),
		TEST(that_its_module_went_is_told_once_and_not_by_the_next_patcherd),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("armed", tests, NULL, NULL);
}
