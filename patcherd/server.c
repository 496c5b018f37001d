/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "varlink.h"

struct connection {
	bool open;
	bool closing;			/* no more is read; closed once all is sent */
	bool more;			/* another whole message may be in the buffer */
	struct varlink link;
	struct journal_caller caller;
	uint64_t active;		/* the server's turn when it last did something */
	int64_t deadline;		/* 0: none */
};

struct server {
	server_answer *answer;
	void *data;
	int64_t accept_after;		/* descriptors ran out: do not accept before */
	uint64_t turn;			/* counts what connections do: clocks have ties */
	const struct server_source *sources;
	size_t source_count;
	struct connection connections[SERVER_CONNECTIONS];
};

/* The name is for the log only: the process may be gone, or have named itself anything. */
static void read_comm(int32_t pid, char out[17])
{
	char path[32];
	CLEANUP_CLOSE int fd = -1;
	ssize_t length;

	(void)snprintf(path, sizeof(path), "/proc/%" PRId32 "/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, out, 16);
	if (length > 0 && out[length - 1] == '\n')
		length--;
	out[length > 0 ? length : 0] = '\0';
	for (char *at = out; *at != '\0'; at++) {
		if (!isascii((unsigned char)*at) || !isprint((unsigned char)*at))
			*at = '?';
	}
}

static void connection_close(struct connection *connection)
{
	varlink_deinit(&connection->link);
	memset(connection, 0, sizeof(*connection));
}

/* A free one, made by closing the one that was silent the longest where there is none. */
static struct connection *connection_place(struct server *server)
{
	struct connection *oldest = &server->connections[0];

	for (int i = 0; i < SERVER_CONNECTIONS; i++) {
		struct connection *connection = &server->connections[i];

		if (!connection->open)
			return connection;
		if (connection->active < oldest->active)
			oldest = connection;
	}
	log_line(LOG_NOTICE, &(struct log_about){ .caller = &oldest->caller },
		 "closed an idle connection: %d are open", SERVER_CONNECTIONS);
	connection_close(oldest);
	return oldest;
}

static void connection_open(struct server *server, int fd)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);
	struct connection *connection;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) {
		log_line(LOG_ERR, NULL, "cannot tell who connected: %s", strerror(errno));
		(void)close(fd);
		return;
	}
	connection = connection_place(server);
	connection->open = true;
	connection->link.fd = fd;
	connection->active = ++server->turn;
	connection->caller.uid = peer.uid;
	connection->caller.pid = peer.pid;
	read_comm(peer.pid, connection->caller.comm);
}

static int server_accept(struct server *server, int listener, struct fail *fail)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		connection_open(server, fd);
		return 0;
	}
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		log_line(LOG_ERR, NULL, "cannot take a connection: %s", strerror(errno));
		server->accept_after = clock_milliseconds(CLOCK_MONOTONIC) + 1000;
		return 0;
	case EAGAIN:
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
		return 0;
	default:
		return fail_errno(fail, errno, "the listening socket failed");
	}
}

/* Queues a reply and starts to send it. */
static void connection_reply(struct connection *connection, json_t *reply)
{
	struct fail fail;
	int queued = reply == NULL ? fail_memory(&fail, "a reply") :
		     varlink_queue(&connection->link, reply, &fail);

	if (queued < 0) {
		json_t *error = json_pack("{s:s, s:{s:s, s:o}}", "error", "io.patcherd.Failed",
					  "parameters", "outcome", outcome_name(OUTCOME_UNKNOWN),
					  "message",
					  json_sprintf("the request was carried out, but its reply "
						       "could not be sent: %s; ask status",
						       fail.message));

		queued = error == NULL ? -1 : varlink_queue(&connection->link, error, &fail);
		json_decref(error);
	}
	if (queued < 0)
		connection->closing = true;
	connection->deadline = clock_milliseconds(CLOCK_MONOTONIC) + SERVER_PATIENCE * 1000L;
}

/* While something else was done than to read and write, no peer could have got any further: that is not
 * put down to it. `since`: milliseconds of CLOCK_MONOTONIC. */
static void deadlines_move(struct server *server, int64_t since)
{
	int64_t took = clock_milliseconds(CLOCK_MONOTONIC) - since;

	for (int i = 0; i < SERVER_CONNECTIONS; i++) {
		if (server->connections[i].deadline != 0)
			server->connections[i].deadline += took;
	}
}

/* What is not a varlink call cannot be answered by one; it gets an error, and no more is read. */
static void connection_refuse(struct connection *connection, const char *why)
{
	json_t *message = json_string(why);
	json_t *error = json_pack("{s:s, s:{s:o}}", "error", "io.patcherd.InvalidMessage",
				  "parameters", "message",
				  message != NULL ? message : json_string("not UTF-8"));

	log_line(LOG_WARNING, &(struct log_about){ .caller = &connection->caller },
		 "refused a message: %s", why);
	connection_reply(connection, error);
	json_decref(error);
	connection->closing = true;
}

static void connection_call(struct server *server, struct connection *connection, json_t *call)
{
	json_t *parameters = NULL, *reply;
	const char *method;
	int oneway = 0, more = 0, upgrade = 0;
	json_error_t why;
	int64_t since;

	if (json_unpack_ex(call, &why, JSON_STRICT, "{s:s, s?o, s?b, s?b, s?b}", "method", &method,
			   "parameters", &parameters, "oneway", &oneway, "more", &more,
			   "upgrade", &upgrade) < 0) {
		connection_refuse(connection, why.text);
		return;
	}
	if (json_is_null(parameters))
		parameters = NULL;
	if (parameters != NULL && !json_is_object(parameters)) {
		connection_refuse(connection, "`parameters` is no object");
		return;
	}
	if (upgrade) {
		connection_refuse(connection, "`upgrade` is not supported");
		return;
	}
	/* `more` asks for several replies if there are any; one is all there ever is. */
	since = clock_milliseconds(CLOCK_MONOTONIC);
	reply = server->answer(server->data, &connection->caller, method, parameters);
	deadlines_move(server, since);
	if (!oneway)
		connection_reply(connection, reply);
	json_decref(reply);
}

/* One message at a time, and none before the reply to the one before is on its way: a peer
 * that does not read cannot have replies pile up. */
static void connection_take(struct server *server, struct connection *connection)
{
	struct fail fail;
	json_t *call;
	int taken = varlink_take(&connection->link, &call, &fail);

	connection->more = false;
	if (taken < 0) {
		connection_refuse(connection, fail.message);
	} else if (taken > 0) {
		connection->deadline = 0;
		connection_call(server, connection, call);
		json_decref(call);
		connection->more = connection->link.in_length > 0;
	} else if (connection->deadline == 0) {
		connection->deadline = clock_milliseconds(CLOCK_MONOTONIC) + SERVER_PATIENCE * 1000L;
	}
}

/* All that can be done now without waiting. */
static void connection_turn(struct server *server, struct connection *connection)
{
	struct fail fail;
	int received = 1;

	connection->active = ++server->turn;
	if (connection->link.out_length == 0 && !connection->more)
		received = varlink_receive(&connection->link, &fail);
	if (received < 0 && strcmp(fail.message, "closed") != 0)
		connection_refuse(connection, fail.message);
	else if (received < 0)
		connection->closing = true;
	else if (received > 0 && connection->link.out_length == 0)
		connection_take(server, connection);

	if (connection->link.out_length > 0) {
		int flushed = varlink_flush(&connection->link, &fail);

		if (flushed == 0)
			return;
		connection->deadline = 0;
		/* the rest may be a whole message, or the beginning of one */
		connection->more = connection->link.in_length > 0;
		if (flushed < 0)
			connection->closing = true;
	}
	if (connection->closing)
		connection_close(connection);
}

static void connection_expire(struct connection *connection)
{
	log_line(LOG_WARNING, &(struct log_about){ .caller = &connection->caller },
		 "closed a connection: %s within %d seconds",
		 connection->link.out_length > 0 ? "it did not read its reply" :
		 "its message was not whole", SERVER_PATIENCE);
	connection_close(connection);
}

/* Milliseconds until something has to be done though nothing comes; -1: never. */
static int next_timeout(const struct server *server, int64_t now)
{
	int64_t next = server->accept_after > now ? server->accept_after : INT64_MAX;

	for (size_t i = 0; i < server->source_count; i++) {
		int64_t due_at = server->sources[i].due_at(server->sources[i].data);

		if (due_at >= 0 && due_at < next)
			next = due_at;
	}

	for (int i = 0; i < SERVER_CONNECTIONS; i++) {
		const struct connection *connection = &server->connections[i];

		if (connection->open && connection->more && connection->link.out_length == 0)
			return 0;
		if (connection->deadline != 0 && connection->deadline < next)
			next = connection->deadline;
	}
	if (next == INT64_MAX)
		return -1;
	next = next <= now ? 0 : next - now;
	return next > INT_MAX ? INT_MAX : (int)next;
}

enum {
	STOP, LISTENER, FIRST, FIRST_SOURCE = FIRST + SERVER_CONNECTIONS,
	FDS = FIRST_SOURCE + SERVER_SOURCES
};

static void source_due(struct server *server, const struct server_source *source)
{
	int64_t since = clock_milliseconds(CLOCK_MONOTONIC);

	source->due(source->data);
	deadlines_move(server, since);
}

/* Those whose time has come. */
static void sources_by_time(struct server *server)
{
	for (size_t i = 0; i < server->source_count; i++) {
		const struct server_source *source = &server->sources[i];
		int64_t due_at = source->due_at(source->data);

		if (due_at >= 0 && due_at <= clock_milliseconds(CLOCK_MONOTONIC))
			source_due(server, source);
	}
}

static void sources_turn(struct server *server, const struct pollfd *fds)
{
	for (size_t i = 0; i < server->source_count; i++) {
		if (fds[FIRST_SOURCE + i].revents != 0)
			source_due(server, &server->sources[i]);
	}
	sources_by_time(server);
}

static void server_turn(struct server *server, const struct pollfd *fds)
{
	for (int i = 0; i < SERVER_CONNECTIONS; i++) {
		struct connection *connection = &server->connections[i];

		if (!connection->open)
			continue;
		if (fds[FIRST + i].revents != 0 ||
		    (connection->more && connection->link.out_length == 0)) {
			connection_turn(server, connection);
			/* however many requests there are */
			sources_by_time(server);
		} else if (connection->deadline != 0 &&
			   connection->deadline <= clock_milliseconds(CLOCK_MONOTONIC)) {
			connection_expire(connection);
		}
	}
}

static int server_wait(struct server *server, int listener, int stop, struct pollfd *fds)
{
	int64_t now = clock_milliseconds(CLOCK_MONOTONIC);

	fds[STOP] = (struct pollfd) { .fd = stop, .events = POLLIN };
	fds[LISTENER] = (struct pollfd) {
		.fd = server->accept_after > now ? -1 : listener, .events = POLLIN,
	};
	for (int i = 0; i < SERVER_CONNECTIONS; i++) {
		const struct connection *connection = &server->connections[i];

		fds[FIRST + i] = (struct pollfd) {
			.fd = connection->open ? connection->link.fd : -1,
			.events = connection->link.out_length > 0 ? POLLOUT : POLLIN,
		};
	}
	for (size_t i = 0; i < server->source_count; i++)
		fds[FIRST_SOURCE + i] = (struct pollfd) {
			.fd = server->sources[i].fd, .events = POLLIN,
		};
	return poll(fds, FIRST_SOURCE + server->source_count, next_timeout(server, now));
}

static int server_loop(struct server *server, int listener, int stop, struct fail *fail)
{
	struct pollfd fds[FDS];

	for (;;) {
		if (server_wait(server, listener, stop, fds) < 0) {
			if (errno == EINTR)
				continue;
			return fail_errno(fail, errno, "cannot wait for requests");
		}
		if (fds[STOP].revents != 0)
			return 0;
		sources_turn(server, fds);
		server_turn(server, fds);
		if (fds[LISTENER].revents != 0 && server_accept(server, listener, fail) < 0)
			return -1;
	}
}

/* Those that have not read all of their reply; how many. */
static nfds_t unread(const struct server *server, struct pollfd fds[SERVER_CONNECTIONS])
{
	nfds_t count = 0;

	for (int i = 0; i < SERVER_CONNECTIONS; i++) {
		const struct connection *connection = &server->connections[i];
		bool waits = connection->open && connection->link.out_length > 0;

		fds[i] = (struct pollfd) { .fd = waits ? connection->link.fd : -1,
					   .events = POLLOUT };
		count += waits;
	}
	return count;
}

/* What was done is told to the end, though nothing more is done, for as long as a peer has to read its
 * reply. */
static void replies_finish(struct server *server)
{
	const int64_t until = clock_milliseconds(CLOCK_MONOTONIC) + SERVER_PATIENCE * INT64_C(1000);
	struct pollfd fds[SERVER_CONNECTIONS];
	struct fail ignored;	/* who went away has no use for the rest */

	while (unread(server, fds) > 0) {
		int64_t left = until - clock_milliseconds(CLOCK_MONOTONIC);

		if (left <= 0 ||
		    (poll(fds, SERVER_CONNECTIONS, (int)left) < 0 && errno != EINTR))
			return;
		for (int i = 0; i < SERVER_CONNECTIONS; i++) {
			if (fds[i].fd >= 0 && fds[i].revents != 0 &&
			    varlink_flush(&server->connections[i].link, &ignored) != 0)
				connection_close(&server->connections[i]);
		}
	}
}

int server_run(int listener, int stop, server_answer *answer, void *data,
	       const struct server_source *sources, size_t count, struct fail *fail)
{
	CLEANUP_FREE struct server *server = calloc(1, sizeof(*server));
	int result;

	if (count > SERVER_SOURCES)
		return fail_set(fail, OUTCOME_ERROR, "%zu sources are more than %d", count,
				SERVER_SOURCES);
	if (server == NULL)
		return fail_memory(fail, "connections");
	server->answer = answer;
	server->data = data;
	server->sources = sources;
	server->source_count = count;
	result = server_loop(server, listener, stop, fail);
	replies_finish(server);
	for (int i = 0; i < SERVER_CONNECTIONS; i++) {
		if (server->connections[i].open)
			connection_close(&server->connections[i]);
	}
	return result;
}
