/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server's patience counts, with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "patcherd/log.h"
#include "patcherd/server.h"
#include "clock_fixture.h"


void log_line(int priority, const struct log_about *about, const char *format, ...)
{
	(void)priority;
	(void)about;
	(void)format;
}

/* A server, and a client of which half a message is there before it starts. */
struct test {
	int listener, stop[2];
	int half;
	int turns, turns_at_slow;
	bool answered;
};

static int client(const struct test *test, const char *text, size_t length)
{
	struct sockaddr_un address;
	socklen_t size = sizeof(address);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_int_equal(getsockname(test->listener, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(send(fd, text, length, 0), length);
	return fd;
}

enum { LARGE = 1 << 20 };		/* what no socket's buffer holds */

static json_t *large(void)
{
	char *text = malloc(LARGE);
	json_t *value;

	assert_non_null(text);
	memset(text, 'x', LARGE);
	value = json_stringn(text, LARGE);
	free(text);
	return value;
}

static json_t *answer(void *data, const struct journal_caller *caller, const char *method,
		      json_t *parameters)
{
	struct test *test = data;

	(void)caller;
	(void)parameters;
	if (strcmp(method, "large") == 0) {
		assert_int_equal(write(test->stop[1], "", 1), 1);
		return json_pack("{s:{s:o}}", "parameters", "text", large());
	}
	if (strcmp(method, "slow") == 0) {
		now += 60 * 1000;
		test->turns_at_slow = test->turns;
	} else {
		test->answered = true;
	}
	return json_pack("{s:{}}", "parameters");
}

static int64_t always(void *data)
{
	(void)data;
	return 0;
}

/* The rest comes after poll() has said that nothing is there. */
static void turn(void *data)
{
	static const char rest[] = "\"half\"}";
	struct test *test = data;

	test->turns++;
	if (test->turns_at_slow != 0 && test->turns == test->turns_at_slow + 2)
		(void)send(test->half, rest, sizeof(rest), MSG_NOSIGNAL);
	if (test->turns == 5000)
		assert_int_equal(write(test->stop[1], "", 1), 1);
}

static void serve(struct test *test)
{
	const struct server_source source = { .fd = -1, .due_at = always, .due = turn,
					      .data = test };
	struct fail fail;

	assert_int_equal(server_run(test->listener, test->stop[0], answer, test, &source, 1, &fail),
			 0);
}

static void set_up(struct test *test)
{
	struct sockaddr_un any = { .sun_family = AF_UNIX };

	*test = (struct test){ .listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0) };
	now = 1000;
	now_step = 0;
	assert_int_equal(bind(test->listener, (struct sockaddr *)&any, sizeof(any.sun_family)), 0);
	assert_int_equal(listen(test->listener, 8), 0);
	assert_int_equal(pipe(test->stop), 0);
	test->half = client(test, "{\"method\":", strlen("{\"method\":"));
}

static void tear_down(struct test *test)
{
	assert_int_equal(close(test->half) | close(test->listener) | close(test->stop[0]) |
			 close(test->stop[1]), 0);
}

static void a_long_request_of_another_does_not_count(void **state)
{
	static const char call[] = "{\"method\":\"slow\"}";
	struct test test;
	int other;

	(void)state;
	set_up(&test);
	other = client(&test, call, sizeof(call));
	serve(&test);
	assert_int_not_equal(test.turns_at_slow, 0);
	assert_true(test.answered);
	assert_int_equal(close(other), 0);
	tear_down(&test);
}

static void else_half_a_message_is_not_waited_for(void **state)
{
	struct test test;
	char byte;

	(void)state;
	set_up(&test);
	now_step = 5;
	serve(&test);
	assert_int_equal(recv(test.half, &byte, 1, MSG_DONTWAIT), 0);
	assert_false(test.answered);
	tear_down(&test);
}

/* All that comes, in another process: its exit status says whether it was all. */
static pid_t reader(const struct test *test)
{
	static const char call[] = "{\"method\":\"large\"}";
	int fd = client(test, call, sizeof(call));
	pid_t pid = fork();
	size_t length = 0;
	char bytes[4096];
	ssize_t got;

	assert_true(pid >= 0);
	if (pid > 0) {
		assert_int_equal(close(fd), 0);
		return pid;
	}
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		length += (size_t)got;
	_exit(got == 0 && length > LARGE ? 0 : 1);
}

static void a_reply_is_told_to_its_end_when_it_has_to_stop(void **state)
{
	struct test test;
	int status;
	pid_t pid;

	(void)state;
	set_up(&test);
	pid = reader(&test);
	serve(&test);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	tear_down(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_request_of_another_does_not_count),
		cmocka_unit_test(a_reply_is_told_to_its_end_when_it_has_to_stop),
		cmocka_unit_test(else_half_a_message_is_not_waited_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
