/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modules_watch.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "fault.h"
#include "log.h"
#include "uevent.h"

/* How many messages are taken before requests have their turn. */
enum { EVENTS_MAX = 4096, EVERY_MS = 60000, AGAIN_MS = 1000 };

/* Whether any of what has come is a reason to look. */
static bool drain(int fd)
{
	struct uevent event;
	bool look = false;

	for (int i = 0; i < EVENTS_MAX; i++) {
		switch (uevent_receive(fd, &event)) {
		case UEVENT_NONE:
			return look;
		case UEVENT_MODULE:
			look = true;
			break;
		case UEVENT_LOST:
			log_line(LOG_INFO, NULL, "messages of the kernel about modules were lost: "
				 "looking which are loaded");
			look = true;
			break;
		case UEVENT_OTHER:
			break;
		}
	}
	return look;
}

static int64_t due_at(void *data)
{
	const struct modules_watch *watch = data;

	return watch->next;
}

static void due(void *data)
{
	struct modules_watch *watch = data;
	bool look = watch->fd >= 0 && drain(watch->fd), again;

	if (!look && clock_milliseconds(CLOCK_MONOTONIC) < watch->next)
		return;
	armed_look(watch->daemon, &again);
	watch->next = clock_milliseconds(CLOCK_MONOTONIC) + (again ? AGAIN_MS : EVERY_MS);
}

void modules_watch_open(struct daemon *daemon, struct modules_watch *out)
{
	struct fail fail;

	*out = (struct modules_watch){ .daemon = daemon, .fd = -1,
					.next = clock_milliseconds(CLOCK_MONOTONIC) };
	if (uevents_open(&out->fd, &fail) == 0) {
		fault_socket_buffer(out->fd);
		return;
	}
	out->fd = -1;
	log_line(LOG_WARNING, NULL, "%s: a module that comes is noticed only within %d seconds",
		 fail.message, EVERY_MS / 1000);
}

void modules_watch_close(struct modules_watch *watch)
{
	if (watch->fd >= 0)
		(void)close(watch->fd);
	watch->fd = -1;
}

struct server_source modules_watch_source(struct modules_watch *watch)
{
	return (struct server_source){
		.fd = watch->fd, .due_at = due_at, .due = due, .data = watch,
	};
}
