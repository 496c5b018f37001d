/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer: bytes from a socket, in pieces of any length, as messages. The first byte says how
 * long a piece is. What is taken must be an object that can be sent on as it is. */
#include "varlink.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void take_all(struct varlink *link, struct varlink *back)
{
	struct fail fail;
	json_t *message;
	int taken;

	while ((taken = varlink_take(link, &message, &fail)) != 0) {
		if (taken < 0) {
			if (strlen(fail.message) == 0)
				abort();
			continue;
		}
		if (!json_is_object(message) || varlink_queue(back, message, &fail) < 0)
			abort();
		json_decref(message);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct varlink link = { .fd = -1 }, back = { .fd = -1 };
	struct fail fail;
	int fds[2];
	size_t piece;

	if (size < 2 || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		return 0;
	link.fd = fds[0];
	piece = (size_t)data[0] * 8 + 1;
	for (size_t at = 1; at < size; at += piece) {
		size_t length = size - at < piece ? size - at : piece;

		if (send(fds[1], data + at, length, MSG_NOSIGNAL) != (ssize_t)length ||
		    varlink_receive(&link, &fail) != 1)
			abort();
		take_all(&link, &back);
	}
	(void)close(fds[1]);
	varlink_deinit(&link);
	varlink_deinit(&back);
	return 0;
}
