/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * varlink: NUL-terminated JSON messages over a stream socket, both ends. What comes in is
 * hostile: at most VARLINK_FRAME_MAX bytes a message, at most VARLINK_DEPTH_MAX levels, no
 * duplicate keys, UTF-8. Never blocks except in varlink_call().
 *
 * Protocol: https://varlink.org/Method-Call
 */
#ifndef PATCHERD_VARLINK_H
#define PATCHERD_VARLINK_H

#include <jansson.h>

#include "fail.h"

enum { VARLINK_FRAME_MAX = 4 * 1024 * 1024, VARLINK_DEPTH_MAX = 64 };

/* One end of a connection. All zero but fd is a new one. */
struct varlink {
	int fd;			/* owned */
	char *in;		/* what has come and is not taken yet */
	size_t in_length, in_size, in_scanned;
	char *out;		/* what is still to be sent */
	size_t out_length, out_size, out_sent;
};

void varlink_deinit(struct varlink *link);

/* Reads what is there. 1: something came; 0: would block; -1: closed by the peer (the message says
 * "closed"), failed, or the frame is too long. */
int varlink_receive(struct varlink *link, struct fail *fail) MUST_CHECK;
/* Takes one whole message. 1: *out is a new reference to an object; 0: none is whole yet; -1: the
 * next one is not JSON, no object, too deep. */
int varlink_take(struct varlink *link, json_t **out, struct fail *fail) MUST_CHECK;
/* Queues one message (`message` is not taken over); -1: no memory, or over VARLINK_FRAME_MAX. */
int varlink_queue(struct varlink *link, json_t *message, struct fail *fail) MUST_CHECK;
/* Sends what is queued, as far as it goes without blocking. 1: all sent; 0: more later; -1: failed. */
int varlink_flush(struct varlink *link, struct fail *fail) MUST_CHECK;

/* Client: connects. -1: OUTCOME_UNREACHABLE, or OUTCOME_DENIED for EACCES. */
int varlink_connect(const char *path, struct varlink *out, struct fail *fail) MUST_CHECK;
/*
 * Client: one call, and waits for its reply. `parameters` is not taken over. 0: *reply is a new
 * reference to the reply's parameters, and *error NULL or the name of the error the service
 * declared (to be freed). -1: OUTCOME_UNREACHABLE: nothing was sent; OUTCOME_ERROR: nor was anything,
 * as it is over VARLINK_FRAME_MAX, or memory ran out; OUTCOME_UNKNOWN: the connection broke after
 * something was.
 */
int varlink_call(struct varlink *link, const char *method, json_t *parameters, json_t **reply,
		 char **error, struct fail *fail) MUST_CHECK;

#endif
