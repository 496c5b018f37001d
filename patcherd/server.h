/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server: the connections of one listening socket, one thread, one request at a time. No peer can
 * make it wait: none is read from or written to but as far as that goes without blocking, a
 * message must be whole and a reply be read within SERVER_PATIENCE seconds, and when
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

/* Serves until `stop` (a descriptor) is readable; the request in hand is finished first. -1: the
 * listening socket failed. */
int server_run(int listener, int stop, server_answer *answer, void *data,
	       struct fail *fail) MUST_CHECK;

#endif
