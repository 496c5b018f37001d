/* SPDX-License-Identifier: GPL-2.0-or-later */
/* patcherd carries out one request after the other, and nothing is said of one that waits. Its
 * answer to a question that costs nothing tells that it has time; while there is none, nothing was
 * asked for, and one can go away and be sure of it. */
#include "patchctl.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "clock.h"
#include "varlink.h"

static int ask(struct varlink *link, struct fail *fail)
{
	json_t *call = json_pack("{s:s}", "method", "org.varlink.service.GetInfo");
	int result = call == NULL ? fail_memory(fail, "a call") : varlink_queue(link, call, fail);

	json_decref(call);
	/* The buffer of a new connection has room for it. */
	return result < 0 || varlink_flush(link, fail) < 0 ? -1 : 0;
}

/* 1: something came; 0: nothing until then. */
static int wait_until(struct varlink *link, int64_t by, struct fail *fail)
{
	struct pollfd fd = { .fd = link->fd, .events = POLLIN };
	int64_t left = (by - clock_microseconds(CLOCK_BOOTTIME) + 999) / 1000;

	if (left <= 0)
		return 0;
	if (poll(&fd, 1, left > INT_MAX ? INT_MAX : (int)left) < 0 && errno != EINTR)
		return fail_errno(fail, errno, "cannot wait for patcherd");
	return fd.revents == 0 ? 1 : varlink_receive(link, fail) < 0 ? -1 : 1;
}

int turn_wait(struct varlink *link, int64_t by, struct fail *fail)
{
	json_t *answer = NULL;
	int result = ask(link, fail), taken = 0;
	struct fail why;

	while (result >= 0 && (taken = varlink_take(link, &answer, fail)) == 0) {
		result = wait_until(link, by, fail);
		if (result == 0)
			return fail_set(fail, OUTCOME_BUSY, "patcherd was busy with other requests "
					"for too long; nothing was done: try again, or let it wait "
					"longer with --wait");
	}
	json_decref(answer);
	if (result >= 0 && taken > 0)
		return 0;
	why = *fail;
	return fail_set(fail, OUTCOME_UNREACHABLE, "the connection to patcherd broke before it was asked "
			"for anything, and nothing was done: %.1000s", why.message);
}
