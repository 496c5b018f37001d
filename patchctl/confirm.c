/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "result.h"

enum { SECONDS_MOST = 24 * 60 * 60 };

int time_parse(const char *option, const char *text, unsigned least, unsigned *out)
{
	static const struct {
		const char *unit;
		unsigned long seconds;
	} units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 } };
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (*text < '1' || *text > '9' || errno != 0 || value > SECONDS_MOST ||
		    strcmp(end, units[i].unit) != 0)
			continue;
		value *= units[i].seconds;
		if (value < least || value > SECONDS_MOST)
			break;
		*out = (unsigned)value;
		return 0;
	}
	return usage_error("--%s: expected a time from %us to 24h, as in 90s, 5m or 2h, got '%s'",
			   option, least, text);
}

int command_confirm(const struct options *options, int count, char **arguments)
{
	CLEANUP(reply_deinit) struct reply reply = { .error = NULL };
	json_t *names = json_array(), *results;
	struct fail fail;

	for (int i = 0; i < count; i++) {
		if (json_array_append_new(names, result_text(arguments[i])) != 0) {
			json_decref(names);
			(void)fail_memory(&fail, "the request");
			return fail_print(options, NULL, &fail);
		}
	}
	if (daemon_call_in_turn(options, "Confirm", json_pack("{s:o}", "patches", names), &reply,
				&fail) != 0 ||
	    reply_list(&reply, "results", &results, &fail) != 0)
		return fail_print(options, NULL, &fail);
	return results_print(options, results);
}
