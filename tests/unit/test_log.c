/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A journald that does not read: of the test's own, at the other ends of two sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "patcherd/log.h"

enum { LINES = 3000 };

static int datagrams[2], stream[2];

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);

/* log_open() connects its own socket: that becomes one of ours. */
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	(void)address;
	(void)length;
	return dup2(datagrams[0], fd) == fd ? 0 : -1;
}

/* What is there to be read, with its NULs left out. */
static size_t drain(int fd, char *out, size_t size)
{
	size_t length = 0;
	ssize_t got;

	while (length + 1 < size &&
	       (got = recv(fd, out + length, size - 1 - length, MSG_DONTWAIT)) > 0)
		length += (size_t)got;
	out[length] = '\0';
	return length;
}

static size_t occurrences(const char *text, const char *word)
{
	size_t found = 0;

	for (text = strstr(text, word); text != NULL; text = strstr(text + 1, word))
		found++;
	return found;
}

static void one_that_is_stopped_stops_nobody_and_what_it_lost_is_said(void **state)
{
	enum { SIZE = 8 * 1024 * 1024 };
	char *direct = malloc(SIZE), *plain = malloc(SIZE);
	unsigned long lost = 0;
	const char *said;
	size_t taken;

	(void)state;
	assert_true(direct != NULL && plain != NULL);
	/* whoever waits for journald is ended by this, and the test fails */
	(void)alarm(30);
	for (int i = 0; i < LINES; i++)
		log_line(LOG_NOTICE, NULL, "line-%d %0500d", i, 0);
	taken = drain(datagrams[1], direct, SIZE);
	assert_in_range(taken, 500, SIZE);
	assert_non_null(strstr(direct, "MESSAGE=line-0 "));
	taken = occurrences(direct, "line-");
	(void)drain(stream[1], plain, SIZE);
	assert_in_range(occurrences(plain, "patcherd: line-"), 1, LINES);
	taken += occurrences(plain, "0\n");
	assert_in_range(taken, 1, LINES - 1);

	log_line(LOG_NOTICE, NULL, "reads again");
	(void)drain(datagrams[1], direct, SIZE);
	said = strstr(direct, "MESSAGE=");
	assert_non_null(said);
	assert_int_equal(sscanf(said, "MESSAGE=%lu log lines", &lost), 1);
	assert_int_equal(taken + lost, LINES);
	assert_non_null(strstr(direct, "MESSAGE=reads again"));

	log_line(LOG_NOTICE, NULL, "and again");
	(void)drain(datagrams[1], direct, SIZE);
	assert_null(strstr(direct, "log lines"));
	free(direct);
	free(plain);
}

/* Standard error becomes a stream of that journald, as systemd.exec(5) has it. */
static int setup(void **state)
{
	struct stat status;
	char text[64];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, stream) < 0 ||
	    dup2(stream[0], STDERR_FILENO) < 0 || fstat(STDERR_FILENO, &status) < 0)
		return -1;
	(void)snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)status.st_dev,
		       (uintmax_t)status.st_ino);
	if (setenv("JOURNAL_STREAM", text, 1) < 0)
		return -1;
	log_open();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_stopped_stops_nobody_and_what_it_lost_is_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("log", tests, setup, NULL);
}
