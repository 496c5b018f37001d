/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include <stdlib.h>
#include <string.h>

#include "result.h"

enum { COLUMNS = 4 };

static const char *const titles[COLUMNS] = { "PATCH", "STATE", "SINCE", "BY" };

/* "uid 0, patchctl[812]" */
static void caller_print(char *out, size_t size, const json_t *caller)
{
	(void)snprintf(out, size, "uid %lld, %s[%lld]",
		       (long long)json_integer_value(json_object_get(caller, "uid")),
		       json_text(caller, "comm"),
		       (long long)json_integer_value(json_object_get(caller, "pid")));
}

static void row_make(const json_t *state, char *caller, size_t size, const char *row[COLUMNS])
{
	caller_print(caller, size, json_object_get(state, "caller"));
	row[0] = json_text(state, "patch");
	row[1] = json_text(state, "state");
	row[2] = json_text(state, "changed_at");
	row[3] = caller;
}

static void row_print(const char *const row[COLUMNS], const int widths[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++)
		text_pad(stdout, row[i], i == COLUMNS - 1 ? 0 : widths[i] + 2);
	(void)putchar('\n');
}

/* "  nfs_flock+0x2f [nfs]  0xffffffffc0412345  74 39 -> 75 39  now: new"
 * "  nfs_debug [nfs] = 0x0 -> 0x40  0xffffffffc0512340  now: other, 0x41" */
static void site_print(const json_t *site)
{
	const char *now = json_text(site, "now");
	const char *found = json_text(site, "found");
	char old[VALUE_TEXT_MAX], new[VALUE_TEXT_MAX], held[VALUE_TEXT_MAX];
	CLEANUP_FREE char *place = place_text(site);
	bool variable = *json_text(site, "variable") != '\0';
	const char *const parts[] = {
		"  ", place == NULL ? "" : place,
		variable ? " = " : "  ", variable ? "" : json_text(site, "address"),
		variable ? "" : "  ", variable_text(site, json_text(site, "old"), old), " -> ",
		variable_text(site, json_text(site, "new"), new), variable ? "  " : "",
		variable ? json_text(site, "address") : "", "  now: ", now,
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		(void)text_print(stdout, parts[i]);
	if (strcmp(now, "other") == 0 && *found != '\0') {
		(void)fputs(", ", stdout);
		(void)text_print(stdout, variable_text(site, found, held));
	}
	(void)putchar('\n');
}

static void table_print(const json_t *states)
{
	int widths[COLUMNS] = { 0 };
	const json_t *state, *site;
	const char *row[COLUMNS], *said;
	char caller[96];
	size_t i, j;

	for (int column = 0; column < COLUMNS; column++)
		widths[column] = (int)strlen(titles[column]);
	json_array_foreach(states, i, state) {
		row_make(state, caller, sizeof(caller), row);
		for (int column = 0; column < COLUMNS; column++) {
			int width = text_print(NULL, row[column]);

			widths[column] = width > widths[column] ? width : widths[column];
		}
	}
	row_print(titles, widths);
	json_array_foreach(states, i, state) {
		row_make(state, caller, sizeof(caller), row);
		row_print(row, widths);
		said = "";
		json_array_foreach(json_object_get(state, "sites"), j, site) {
			site_print(site);
			/* what holds for all sites is said once */
			if (strcmp(json_text(site, "message"), said) != 0)
				lines_print(stdout, "    ", json_text(site, "message"));
			said = json_text(site, "message");
		}
		lines_print(stdout, json_is_true(json_object_get(state, "attention")) ?
				    "  attention: " : "  ", json_text(state, "message"));
	}
}

/* Whether something is wrong beside the patches, as that CPUs are offline: it is told. */
static bool wrong_print(const struct options *options, const struct reply *reply, const char *key)
{
	json_t *wrong = json_object_get(reply->parameters, key);

	if (!json_is_object(wrong))
		return false;
	if (options->json)
		json_print(wrong);
	else
		lines_print(stdout, "attention: ", json_text(wrong, "message"));
	return true;
}

int command_status(const struct options *options, int count, char **arguments)
{
	CLEANUP(reply_deinit) struct reply reply = { .error = NULL };
	json_t *states, *state;
	struct fail fail;
	int status = 0;
	size_t i;

	if (daemon_call(options, "Status",
			count == 0 ? json_object() : json_pack("{s:o}", "patch", result_text(arguments[0])),
			&reply, &fail) != 0 ||
	    reply_list(&reply, "patches", &states, &fail) != 0)
		return fail_print(options, NULL, &fail);
	json_array_foreach(states, i, state) {
		if (options->json)
			json_print(state);
		if (json_is_true(json_object_get(state, "attention")))
			status = outcome_status(OUTCOME_ATTENTION);
	}
	if (!options->json && json_array_size(states) == 0)
		(void)puts("no patch was ever applied");
	else if (!options->json)
		table_print(states);
	if (boot_print(options, json_object_get(reply.parameters, "boot")))
		status = outcome_status(OUTCOME_ATTENTION);
	if (wrong_print(options, &reply, "left_offline"))
		status = outcome_status(OUTCOME_ATTENTION);
	return wrong_print(options, &reply, "room") ? outcome_status(OUTCOME_ATTENTION) : status;
}
