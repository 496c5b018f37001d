/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "varlink.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct pair {
	struct varlink link;
	int peer;
	struct fail fail;
};

static int setup(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	int fds[2];

	if (pair == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	pair->link.fd = fds[0];
	pair->peer = fds[1];
	*state = pair;
	return 0;
}

static int teardown(void **state)
{
	struct pair *pair = *state;

	varlink_deinit(&pair->link);
	if (pair->peer >= 0)
		close(pair->peer);
	free(pair);
	return 0;
}

/* Gives the link `length` bytes and has it receive them all. */
static void feed(struct pair *pair, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(pair->peer, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			data += sent;
			length -= (size_t)sent;
		}
		while (pair->link.in_length <= VARLINK_FRAME_MAX &&
		       varlink_receive(&pair->link, &pair->fail) == 1)
			;
	}
}

/* A whole message of the bytes of `text`. */
static int take_text(struct pair *pair, const char *text, json_t **out)
{
	feed(pair, text, strlen(text) + 1);
	return varlink_take(&pair->link, out, &pair->fail);
}

static void a_message_in_pieces_is_taken_once_it_is_whole(void **state)
{
	static const char text[] = "{\"a\": 1}";
	struct pair *pair = *state;
	json_t *json;

	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		feed(pair, text + i, 1);
		assert_int_equal(varlink_take(&pair->link, &json, &pair->fail), 0);
	}
	feed(pair, "", 1);
	assert_int_equal(varlink_take(&pair->link, &json, &pair->fail), 1);
	assert_int_equal(json_integer_value(json_object_get(json, "a")), 1);
	json_decref(json);
	assert_int_equal(varlink_take(&pair->link, &json, &pair->fail), 0);
}

static void pipelined_messages_are_taken_in_order(void **state)
{
	static const char text[] = "{\"a\":1}\0{\"a\":2}\0{\"a\":";
	struct pair *pair = *state;
	json_t *json;

	feed(pair, text, sizeof(text) - 1);
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(varlink_take(&pair->link, &json, &pair->fail), 1);
		assert_int_equal(json_integer_value(json_object_get(json, "a")), i);
		json_decref(json);
	}
	assert_int_equal(varlink_take(&pair->link, &json, &pair->fail), 0);
	feed(pair, "3}", 3);
	assert_int_equal(varlink_take(&pair->link, &json, &pair->fail), 1);
	assert_int_equal(json_integer_value(json_object_get(json, "a")), 3);
	json_decref(json);
}

static void what_is_no_strict_json_object_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "not JSON" },
		{ "x", "not JSON" },
		{ "{\"a\":1", "not JSON" },
		{ "{\"a\":1}}", "not JSON" },
		{ "{\"a\":1} {\"a\":1}", "not JSON" },
		{ "{\"a\":1,\"a\":2}", "duplicate" },
		{ "{\"a\":{\"b\":1,\"b\":1}}", "duplicate" },
		{ "{\"a\":\"\\u0000\"}", "not JSON" },
		{ "{\"a\":\"\xff\"}", "not JSON" },
		{ "{\"a\":\"\\ud800\"}", "not JSON" },
		{ "{\"a\":NaN}", "not JSON" },
		{ "{\"a\":1e999}", "not JSON" },
		{ "{\"a\":99999999999999999999}", "not JSON" },
		{ "{a:1}", "not JSON" },
		{ "[]", "no JSON object" },
		{ "[{\"a\":1}]", "no JSON object" },
		{ "null", "not JSON" },
	};
	struct pair *pair = *state;
	json_t *json;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(take_text(pair, cases[i].text, &json), -1);
		assert_non_null(strstr(pair->fail.message, cases[i].why));
	}
	/* one bad message does not spoil the next */
	assert_int_equal(take_text(pair, "{}", &json), 1);
	json_decref(json);
}

/* {"a":{"a":…{}…}} with `depth` pairs of braces */
static char *nested(unsigned depth)
{
	char *text = calloc(1, (size_t)depth * 6 + 1);

	assert_non_null(text);
	for (unsigned i = 1; i < depth; i++)
		strcpy(text + (size_t)(i - 1) * 5, "{\"a\":");
	memset(text + strlen(text), '{', 1);
	memset(text + strlen(text), '}', depth);
	return text;
}

static void nesting_up_to_the_limit_is_taken_and_beyond_is_refused(void **state)
{
	struct pair *pair = *state;
	char *good = nested(VARLINK_DEPTH_MAX);
	char *bad = nested(VARLINK_DEPTH_MAX + 1);
	char *bomb = nested(500000);
	json_t *json;

	assert_int_equal(take_text(pair, good, &json), 1);
	json_decref(json);
	assert_int_equal(take_text(pair, bad, &json), -1);
	assert_non_null(strstr(pair->fail.message, "deeper than 64"));
	assert_int_equal(take_text(pair, bomb, &json), -1);
	assert_non_null(strstr(pair->fail.message, "deeper than 64"));
	free(good);
	free(bad);
	free(bomb);
}

static void brackets_inside_strings_are_not_nesting(void **state)
{
	struct pair *pair = *state;
	char text[512] = "{\"a\":\"\\\"";
	json_t *json;

	memset(text + strlen(text), '[', 200);
	strcat(text, "\\\\\"}");
	assert_int_equal(take_text(pair, text, &json), 1);
	json_decref(json);
}

/* `length` bytes that are one JSON object */
static char *message_of(size_t length)
{
	char *text = malloc(length + 1);

	assert_non_null(text);
	memset(text, 'x', length);
	memcpy(text, "{\"a\":\"", 6);
	memcpy(text + length - 2, "\"}", 3);
	return text;
}

static void a_message_of_the_longest_length_is_taken(void **state)
{
	struct pair *pair = *state;
	char *text = message_of(VARLINK_FRAME_MAX);
	json_t *json;

	assert_int_equal(take_text(pair, text, &json), 1);
	assert_int_equal(json_string_length(json_object_get(json, "a")), VARLINK_FRAME_MAX - 8);
	json_decref(json);
	free(text);
}

static void a_message_over_the_longest_length_is_refused_without_its_end(void **state)
{
	struct pair *pair = *state;
	char *text = message_of(VARLINK_FRAME_MAX + 1);
	size_t length = VARLINK_FRAME_MAX + 1;
	const char *at = text;
	int result = 1;

	while (length > 0) {
		ssize_t sent = send(pair->peer, at, length, MSG_DONTWAIT);

		if (sent > 0) {
			at += sent;
			length -= (size_t)sent;
		}
		result = varlink_receive(&pair->link, &pair->fail);
		assert_int_equal(result, 1);
	}
	while ((result = varlink_receive(&pair->link, &pair->fail)) == 1)
		;
	assert_int_equal(result, -1);
	assert_non_null(strstr(pair->fail.message, "longer than 4194304"));
	assert_true(pair->link.in_size <= VARLINK_FRAME_MAX + 1);
	free(text);
}

static void a_peer_that_closed_is_told_apart_from_silence(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(varlink_receive(&pair->link, &pair->fail), 0);
	close(pair->peer);
	pair->peer = -1;
	assert_int_equal(varlink_receive(&pair->link, &pair->fail), -1);
	assert_string_equal(pair->fail.message, "closed");
}

static void sending_to_a_peer_that_closed_fails_without_a_signal(void **state)
{
	struct pair *pair = *state;
	json_t *json = json_object();

	close(pair->peer);
	pair->peer = -1;
	assert_int_equal(varlink_queue(&pair->link, json, &pair->fail), 0);
	assert_int_equal(varlink_flush(&pair->link, &pair->fail), -1);
	json_decref(json);
}

static void a_message_over_the_longest_length_is_not_queued(void **state)
{
	struct pair *pair = *state;
	char *text = message_of(VARLINK_FRAME_MAX);
	json_t *json = json_pack("{s:s}", "a", text);

	assert_non_null(json);
	assert_int_equal(varlink_queue(&pair->link, json, &pair->fail), -1);
	assert_non_null(strstr(pair->fail.message, "longer than 4194304"));
	assert_int_equal(pair->link.out_length, 0);
	json_decref(json);
	free(text);
}

static void a_reader_that_stalls_gets_the_rest_when_it_reads_on(void **state)
{
	struct pair *pair = *state;
	char *text = message_of(1000000);
	json_t *json = json_pack("{s:s}", "a", text);
	char *got = malloc(1100000);
	size_t length = 0;
	int flushed;

	assert_non_null(json);
	assert_non_null(got);
	assert_int_equal(varlink_queue(&pair->link, json, &pair->fail), 0);
	flushed = varlink_flush(&pair->link, &pair->fail);
	assert_int_equal(flushed, 0);
	do {
		ssize_t count = recv(pair->peer, got + length, 1100000 - length, MSG_DONTWAIT);

		if (count > 0)
			length += (size_t)count;
		else
			assert_int_equal(flushed, 0);
		if (flushed == 0)
			flushed = varlink_flush(&pair->link, &pair->fail);
		assert_true(flushed >= 0);
	} while (length == 0 || got[length - 1] != '\0');
	assert_int_equal(flushed, 1);
	json_decref(json);
	json = json_loads(got, 0, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "a")), text);
	json_decref(json);
	free(text);
	free(got);
}

/* A peer that reads one message, answers with `reply` (NULL: nothing) and closes. */
struct peer {
	int fd;
	const char *reply;
	size_t reply_length;
	bool reads;
};

static void *peer_run(void *data)
{
	struct peer *peer = data;
	char byte = 'x';

	while (peer->reads && byte != '\0' && recv(peer->fd, &byte, 1, 0) == 1)
		;
	if (peer->reply != NULL)
		(void)send(peer->fd, peer->reply, peer->reply_length, MSG_NOSIGNAL);
	(void)close(peer->fd);
	return NULL;
}

static int call(struct pair *pair, const char *reply, bool reads, json_t **out, char **error)
{
	struct peer peer = { .fd = pair->peer, .reply = reply, .reads = reads };
	char *filler = message_of(1000000);
	json_t *parameters = json_pack("{s:s}", "a", reads ? "b" : filler);
	pthread_t thread;
	int result;

	peer.reply_length = reply == NULL ? 0 : strlen(reply) + 1;
	pair->peer = -1;
	assert_int_equal(pthread_create(&thread, NULL, peer_run, &peer), 0);
	result = varlink_call(&pair->link, "x.y.Z", parameters, out, error, &pair->fail);
	pthread_join(thread, NULL);
	json_decref(parameters);
	free(filler);
	return result;
}

static void a_call_returns_the_parameters_of_its_reply(void **state)
{
	json_t *reply;
	char *error;

	assert_int_equal(call(*state, "{\"parameters\":{\"n\":7}}", true, &reply, &error), 0);
	assert_null(error);
	assert_int_equal(json_integer_value(json_object_get(reply, "n")), 7);
	json_decref(reply);
}

static void a_call_returns_the_name_and_parameters_of_an_error(void **state)
{
	json_t *reply;
	char *error;

	assert_int_equal(call(*state, "{\"error\":\"x.y.Bad\",\"parameters\":{\"n\":7}}", true,
			      &reply, &error), 0);
	assert_string_equal(error, "x.y.Bad");
	assert_int_equal(json_integer_value(json_object_get(reply, "n")), 7);
	json_decref(reply);
	free(error);
}

static void an_error_sent_before_all_was_read_is_returned(void **state)
{
	json_t *reply;
	char *error;

	assert_int_equal(call(*state, "{\"error\":\"x.y.TooLong\"}", false, &reply, &error), 0);
	assert_string_equal(error, "x.y.TooLong");
	json_decref(reply);
	free(error);
}

static void a_connection_that_breaks_after_the_request_is_unknown(void **state)
{
	struct pair *pair = *state;
	json_t *reply;
	char *error;

	assert_int_equal(call(pair, NULL, true, &reply, &error), -1);
	assert_int_equal(pair->fail.code, OUTCOME_UNKNOWN);
	assert_non_null(strstr(pair->fail.message, "patchctl status"));
}

static void a_reply_that_is_none_is_unknown(void **state)
{
	static const char *const replies[] = {
		"{\"parameters\":[]}", "{\"error\":1}", "{\"other\":1}", "[]", "{",
		"{\"continues\":true}",
	};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		struct pair *pair;
		void *own;
		json_t *reply;
		char *error;

		(void)state;
		assert_int_equal(setup(&own), 0);
		pair = own;
		assert_int_equal(call(pair, replies[i], true, &reply, &error), -1);
		assert_int_equal(pair->fail.code, OUTCOME_UNKNOWN);
		teardown(&own);
	}
}

static void a_connection_closed_before_the_request_is_unreachable(void **state)
{
	struct pair *pair = *state;
	json_t *parameters = json_object();
	json_t *reply;
	char *error;

	close(pair->peer);
	pair->peer = -1;
	assert_int_equal(varlink_call(&pair->link, "x.y.Z", parameters, &reply, &error,
				      &pair->fail), -1);
	assert_int_equal(pair->fail.code, OUTCOME_UNREACHABLE);
	json_decref(parameters);
}

static void connecting_where_nobody_listens_is_unreachable(void **state)
{
	struct pair *pair = *state;
	struct varlink link;
	char path[200];

	assert_int_equal(varlink_connect("/nonexistent/socket", &link, &pair->fail), -1);
	assert_int_equal(pair->fail.code, OUTCOME_UNREACHABLE);
	assert_non_null(strstr(pair->fail.message, "/nonexistent/socket"));
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(varlink_connect(path, &link, &pair->fail), -1);
	assert_int_equal(pair->fail.code, OUTCOME_UNREACHABLE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_message_in_pieces_is_taken_once_it_is_whole),
		TEST(pipelined_messages_are_taken_in_order),
		TEST(what_is_no_strict_json_object_is_refused),
		TEST(nesting_up_to_the_limit_is_taken_and_beyond_is_refused),
		TEST(brackets_inside_strings_are_not_nesting),
		TEST(a_message_of_the_longest_length_is_taken),
		TEST(a_message_over_the_longest_length_is_refused_without_its_end),
		TEST(a_peer_that_closed_is_told_apart_from_silence),
		TEST(sending_to_a_peer_that_closed_fails_without_a_signal),
		TEST(a_message_over_the_longest_length_is_not_queued),
		TEST(a_reader_that_stalls_gets_the_rest_when_it_reads_on),
		TEST(a_call_returns_the_parameters_of_its_reply),
		TEST(a_call_returns_the_name_and_parameters_of_an_error),
		TEST(an_error_sent_before_all_was_read_is_returned),
		TEST(a_connection_that_breaks_after_the_request_is_unknown),
		TEST(a_reply_that_is_none_is_unknown),
		TEST(a_connection_closed_before_the_request_is_unreachable),
		TEST(connecting_where_nobody_listens_is_unreachable),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("varlink", tests, NULL, NULL);
}
