/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include <signal.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 2 };

static void say(union sigval text)
{
	(void)fprintf(stderr, "patchctl: %s…\n", (const char *)text.sival_ptr);
}

void wait_begin(struct wait *wait, const char *text)
{
	struct itimerspec patience = { .it_value.tv_sec = PATIENCE_SECONDS };
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD,
		.sigev_notify_function = say,
		.sigev_value.sival_ptr = (void *)text,
	};

	/* Without a timer there is no such message, and nothing else is amiss. */
	wait->running = isatty(STDERR_FILENO) &&
			timer_create(CLOCK_MONOTONIC, &event, &wait->timer) == 0;
	if (wait->running)
		(void)timer_settime(wait->timer, 0, &patience, NULL);
}

void wait_end(struct wait *wait)
{
	if (wait->running)
		(void)timer_delete(wait->timer);
	wait->running = false;
}
