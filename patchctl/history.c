/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include <string.h>

#include "result.h"

/* "2026-11-02T10:11:12Z  apply  nfs-flock  mismatch  uid 0, patchctl[812]: why" on one line: what
 * the message has of further lines follows behind " / ". */
static void event_print(const json_t *event)
{
	const json_t *caller = json_object_get(event, "caller");
	const char *message = json_text(event, "message");

	(void)text_print(stdout, json_text(event, "at"));
	(void)fputs("  ", stdout);
	text_pad(stdout, json_text(event, "action"), 9);
	text_pad(stdout, json_text(event, "patch"), 24);
	text_pad(stdout, "", 1);
	text_pad(stdout, json_text(event, "outcome"), 17);
	(void)printf("uid %lld, ", (long long)json_integer_value(json_object_get(caller, "uid")));
	(void)text_print(stdout, json_text(caller, "comm"));
	(void)printf("[%lld]", (long long)json_integer_value(json_object_get(caller, "pid")));
	for (const char *separator = ": "; *message != '\0'; separator = " / ") {
		size_t length = strcspn(message, "\n");
		CLEANUP_FREE char *line = strndup(message, length);

		(void)fputs(separator, stdout);
		(void)text_print(stdout, line == NULL ? "(out of memory)" : line);
		message += length;
		message += *message == '\n';
	}
	(void)putchar('\n');
}

int command_history(const struct options *options, int count, char **arguments)
{
	CLEANUP(reply_deinit) struct reply reply = { .error = NULL };
	json_t *events, *event;
	struct fail fail;
	size_t i;

	if (daemon_call(options, "History",
			count == 0 ? json_object() : json_pack("{s:o}", "patch", result_text(arguments[0])),
			&reply, &fail) != 0 ||
	    reply_list(&reply, "events", &events, &fail) != 0)
		return fail_print(options, NULL, &fail);
	json_array_foreach(events, i, event) {
		if (options->json)
			json_print(event);
		else
			event_print(event);
	}
	if (!options->json && json_array_size(events) == 0)
		(void)puts("nothing has happened yet");
	return 0;
}
