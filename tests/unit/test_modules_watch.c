/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When it is looked which modules are there; with messages and a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "patcherd/daemon.h"
#include "patcherd/log.h"
#include "patcherd/modules_watch.h"
#include "patcherd/uevent.h"
#include "clock_fixture.h"

static struct {
	bool no_socket, busy;
	enum uevent_kind kind;		/* of the next `left` messages */
	int left, received, looks, warnings;
} world;

int uevents_open(int *fd, struct fail *fail)
{
	if (world.no_socket)
		return fail_set(fail, OUTCOME_ERROR, "no such protocol");
	*fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return 0;
}

enum uevent_kind uevent_receive(int fd, struct uevent *out)
{
	assert_true(fd >= 0);
	memset(out, 0, sizeof(*out));
	world.received++;
	return world.left-- > 0 ? world.kind : UEVENT_NONE;
}

void armed_look(struct daemon *daemon, bool *again)
{
	(void)daemon;
	world.looks++;
	*again = world.busy;
}

void log_line(int priority, const struct log_about *about, const char *format, ...)
{
	(void)about;
	(void)format;
	world.warnings += priority <= LOG_WARNING;
}

static struct server_source opened(struct modules_watch *watch, bool no_socket)
{
	memset(&world, 0, sizeof(world));
	world.no_socket = no_socket;
	now = 100000;
	modules_watch_open(NULL, watch);
	return modules_watch_source(watch);
}

/* So many messages come before its time. */
static void messages(const struct server_source *source, enum uevent_kind kind, int count)
{
	world.kind = kind;
	world.left = count;
	world.received = 0;
	now += 10;
	source->due(source->data);
}

static void it_looks_at_its_start_and_each_minute(void **state)
{
	struct modules_watch watch;
	struct server_source source = opened(&watch, false);

	(void)state;
	assert_int_equal(source.due_at(source.data), now);
	source.due(source.data);
	assert_int_equal(world.looks, 1);
	for (int i = 2; i < 4; i++) {
		assert_int_equal(source.due_at(source.data), now + 60000);
		now += 60000;
		source.due(source.data);
		assert_int_equal(world.looks, i);
	}
	modules_watch_close(&watch);
}

static void it_looks_when_a_module_came_or_messages_were_lost(void **state)
{
	struct modules_watch watch;
	struct server_source source = opened(&watch, false);

	(void)state;
	assert_true(source.fd >= 0);
	source.due(source.data);
	messages(&source, UEVENT_OTHER, 3);
	assert_int_equal(world.looks, 1);
	messages(&source, UEVENT_MODULE, 3);
	assert_int_equal(world.looks, 2);
	messages(&source, UEVENT_LOST, 1);
	assert_int_equal(world.looks, 3);
	assert_int_equal(source.due_at(source.data), now + 60000);
	modules_watch_close(&watch);
}

static void what_could_not_be_done_is_tried_again_soon(void **state)
{
	struct modules_watch watch;
	struct server_source source = opened(&watch, false);

	(void)state;
	world.busy = true;
	source.due(source.data);
	assert_int_equal(source.due_at(source.data), now + 1000);
	world.busy = false;
	now += 1000;
	source.due(source.data);
	assert_int_equal(world.looks, 2);
	assert_int_equal(source.due_at(source.data), now + 60000);
	modules_watch_close(&watch);
}

static void a_flood_of_messages_lets_requests_have_their_turn(void **state)
{
	struct modules_watch watch;
	struct server_source source = opened(&watch, false);

	(void)state;
	messages(&source, UEVENT_MODULE, 1000000);
	assert_int_equal(world.looks, 1);
	assert_in_range(world.received, 1, 10000);
	modules_watch_close(&watch);
}

static void without_messages_it_looks_each_minute_and_says_so(void **state)
{
	struct modules_watch watch;
	struct server_source source = opened(&watch, true);

	(void)state;
	assert_int_equal(source.fd, -1);
	assert_int_equal(world.warnings, 1);
	source.due(source.data);
	assert_int_equal(world.looks, 1);
	assert_int_equal(source.due_at(source.data), now + 60000);
	modules_watch_close(&watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_looks_at_its_start_and_each_minute),
		cmocka_unit_test(it_looks_when_a_module_came_or_messages_were_lost),
		cmocka_unit_test(what_could_not_be_done_is_tried_again_soon),
		cmocka_unit_test(a_flood_of_messages_lets_requests_have_their_turn),
		cmocka_unit_test(without_messages_it_looks_each_minute_and_says_so),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("modules_watch", tests, NULL, NULL);
}
