/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include <string.h>

enum { COLUMNS = 5 };

static const char *const titles[COLUMNS] = { "WAY", "PATH", "PRESENT", "READ", "WRITE" };

static const char *yes_or_no(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key)) ? "yes" : "no";
}

static void row_make(const json_t *way, const char *row[COLUMNS])
{
	row[0] = json_text(way, "way");
	row[1] = json_text(way, "path");
	row[2] = yes_or_no(way, "present");
	row[3] = yes_or_no(way, "readable");
	row[4] = yes_or_no(way, "writable");
}

static void row_print(const char *const row[COLUMNS], const int widths[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++)
		text_pad(stdout, row[i], i == COLUMNS - 1 ? 0 : widths[i] + 2);
	(void)putchar('\n');
}

static void ways_print(const json_t *ways)
{
	const char *row[COLUMNS];
	int widths[COLUMNS] = { 0 };
	const json_t *way;
	size_t i;

	for (int j = 0; j < COLUMNS; j++)
		widths[j] = (int)strlen(titles[j]);
	json_array_foreach(ways, i, way) {
		row_make(way, row);
		for (int j = 0; j < COLUMNS; j++) {
			int width = text_print(NULL, row[j]);

			widths[j] = width > widths[j] ? width : widths[j];
		}
	}
	row_print(titles, widths);
	json_array_foreach(ways, i, way) {
		row_make(way, row);
		row_print(row, widths);
		lines_print(stdout, "    ", json_text(way, "message"));
		if (json_is_true(json_object_get(way, "writable")) &&
		    !json_is_true(json_object_get(way, "stops")))
			(void)puts("    it changes text without stopping the CPUs: see WAYS IN in "
				   "patcherd(8)");
	}
}

static void conditions_print(const json_t *conditions)
{
	const json_t *condition;
	int widest = 0;
	size_t i;

	json_array_foreach(conditions, i, condition) {
		int width = text_print(NULL, json_text(condition, "name"));

		widest = width > widest ? width : widest;
	}
	json_array_foreach(conditions, i, condition) {
		bool good = json_is_true(json_object_get(condition, "good"));

		(void)fputs(good ? "  " : "! ", stdout);
		text_pad(stdout, json_text(condition, "name"), widest + 2);
		(void)text_print(stdout, json_text(condition, "value"));
		(void)putchar('\n');
		lines_print(stdout, "    ", json_text(condition, "message"));
	}
}

static void doctor_print(const json_t *answer)
{
	const char *uses = json_text(answer, "apply_uses");

	ways_print(json_object_get(answer, "ways"));
	(void)putchar('\n');
	conditions_print(json_object_get(answer, "conditions"));
	(void)putchar('\n');
	if (*uses != '\0') {
		(void)fputs("apply would use ", stdout);
		(void)text_print(stdout, uses);
		(void)putchar('\n');
		return;
	}
	(void)puts("nothing can be changed on this machine: each way above says why");
}

int command_doctor(const struct options *options, int count, char **arguments)
{
	CLEANUP(reply_deinit) struct reply reply = { .error = NULL };
	struct fail fail;

	(void)count;
	(void)arguments;
	if (daemon_call(options, "Doctor", json_object(), &reply, &fail) != 0 ||
	    (reply.error != NULL && reply_fail(&reply, &fail) != 0))
		return fail_print(options, NULL, &fail);
	if (options->json)
		json_print(reply.parameters);
	else
		doctor_print(reply.parameters);
	return json_is_string(json_object_get(reply.parameters, "apply_uses")) ? 0 :
	       outcome_status(OUTCOME_NOT_WRITABLE);
}
