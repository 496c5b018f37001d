/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server: the connections of one listening socket, one thread, one request at a time. No peer can
 * make it wait: none is read from or written to but as far as that goes without blocking, a
 * message must be whole and a reply be read within SERVER_PATIENCE seconds, not counting what others'
 * requests take, and when
 * SERVER_CONNECTIONS are open the one that was silent the longest makes room.
 */
#ifndef PATCHERD_SERVER_H
#define PATCHERD_SERVER_H

#include <jansson.h>

#include "journal.h"

enum { SERVER_CONNECTIONS = 64, SERVER_PATIENCE = 10 };

/*
 * Answers one call: returns the reply, {"parameters": …} or {"error": …, "parameters": …}, a new
 * reference; NULL when memory ran out. `parameters` is an object, or NULL.
 */
typedef json_t *server_answer(void *data, const struct journal_caller *caller, const char *method,
			      json_t *parameters);

/* What else than requests there is to do, between them and never inside one. */
struct server_source {
	int fd;				/* asked anew each turn; -1: only time */
	int64_t (*due_at)(void *data);	/* milliseconds of CLOCK_MONOTONIC; -1: not by time */
	void (*due)(void *data);	/* fd is readable, or has failed, or it is time */
	void *data;
};
enum { SERVER_SOURCES = 8 };

/* Serves until `stop` (a descriptor) is readable; the request in hand is finished first. `count`: up
 * to SERVER_SOURCES; the array may change between its turns. -1: the listening socket failed. */
int server_run(int listener, int stop, server_answer *answer, void *data,
	       const struct server_source *sources, size_t count, struct fail *fail) MUST_CHECK;

#endif
