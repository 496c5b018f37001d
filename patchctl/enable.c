/* SPDX-License-Identifier: GPL-2.0-or-later */
/* enable, disable and boot: what is applied when the machine starts. */
#include "patchctl.h"

#include <string.h>
#include <unistd.h>

#include "result.h"

enum { BOOT_TRIES = 40 };	/* well within TimeoutStartSec= of patcherd-boot.service */

/* By name, or with the text of the file. */
static json_t *enable_request(const char *argument, struct fail *fail)
{
	CLEANUP(patch_file_deinit) struct patch_file file = { .text = NULL };
	json_t *json;

	if (!is_patch_file(argument))
		return json_pack("{s:o}", "patch", result_text(argument));
	if (patch_file_read(argument, &file, fail) != 0)
		return NULL;
	json = patch_file_json(&file, fail);
	return json == NULL ? NULL : json_pack("{s:o}", "file", json);
}

/* One call for one patch, whose answer is printed. */
static int call_and_print(const struct options *options, const char *method, const char *argument,
			  json_t *request)
{
	CLEANUP(reply_deinit) struct reply reply = { .error = NULL };
	struct fail fail;

	if (daemon_call_in_turn(options, method, request, &reply, &fail) != 0 ||
	    (reply.error != NULL && reply_fail(&reply, &fail) != 0))
		return fail_print(options, argument, &fail);
	if (options->json) {
		json_print(reply.parameters);
		return 0;
	}
	(void)text_print(stdout, json_text(reply.parameters, "patch"));
	(void)fputs(": ", stdout);
	lines_print(stdout, "", json_text(reply.parameters, "message"));
	return 0;
}

/* Each by itself: what is kept of one is in no other's way. */
int command_enable(const struct options *options, int count, char **arguments)
{
	int status = 0;

	for (int i = 0; i < count; i++) {
		struct fail fail;
		json_t *request;
		int result;

		(void)fail_memory(&fail, arguments[i]);
		request = enable_request(arguments[i], &fail);
		result = request == NULL ? fail_print(options, NULL, &fail) :
			 call_and_print(options, "Enable", arguments[i], request);
		status = status != 0 ? status : result;
	}
	return status;
}

int command_disable(const struct options *options, int count, char **arguments)
{
	int status = 0;

	for (int i = 0; i < count; i++) {
		int result = call_and_print(options, "Disable", arguments[i],
					    json_pack("{s:o}", "patch",
						      result_text(arguments[i])));

		status = status != 0 ? status : result;
	}
	return status;
}

static bool is_busy(const json_t *results)
{
	const json_t *result;
	size_t i;

	json_array_foreach(results, i, result) {
		if (strcmp(json_text(result, "outcome"), outcome_name(OUTCOME_BUSY)) == 0)
			return true;
	}
	return false;
}

/* While a machine starts, modules come so fast that the symbols cannot be read at times. What is
 * applied already is so the next time, too. */
static int boot_call(const struct options *options, struct reply *reply, json_t **results,
		     struct fail *fail)
{
	for (int attempt = 1;; attempt++) {
		if (daemon_call(options, "Boot", json_object(), reply, fail) != 0 ||
		    reply_list(reply, "results", results, fail) != 0)
			return -1;
		if (!is_busy(*results) || attempt == BOOT_TRIES)
			return 0;
		if (attempt == 1)
			(void)fputs("patchctl: busy: trying again each second\n", stderr);
		reply_deinit(reply);
		(void)sleep(1);
	}
}

static void replaced_print(const struct options *options, const json_t *replaced)
{
	const json_t *item;
	size_t i;

	json_array_foreach(replaced, i, item) {
		if (options->json) {
			json_print(item);
			continue;
		}
		(void)text_print(stdout, json_text(item, "patch"));
		(void)fputs(": ", stdout);
		lines_print(stdout, "", json_text(item, "message"));
	}
}

int command_boot(const struct options *options, int count, char **arguments)
{
	CLEANUP(reply_deinit) struct reply reply = { .error = NULL };
	const char *off;
	json_t *results;
	struct fail fail;
	int status;

	(void)count;
	(void)arguments;
	if (boot_call(options, &reply, &results, &fail) != 0)
		return fail_print(options, NULL, &fail);
	off = json_text(reply.parameters, "off");
	if (options->json && *off != '\0')
		json_print(reply.parameters);
	else if (*off != '\0')
		lines_print(stdout, "", off);
	else if (!options->json && json_array_size(results) == 0)
		(void)puts("no patch is enabled");
	status = results_print(options, results);
	replaced_print(options, json_object_get(reply.parameters, "replaced"));
	/* It is as it should be: somebody was faster. */
	return status == outcome_status(OUTCOME_ALREADY_APPLIED) ? 0 : status;
}

bool boot_print(const struct options *options, const json_t *boot)
{
	const json_t *enabled = json_object_get(boot, "enabled"), *item;
	size_t i;

	if (!json_is_object(boot))
		return false;
	if (options->json) {
		json_print(boot);
		return json_is_true(json_object_get(boot, "attention"));
	}
	json_array_foreach(enabled, i, item) {
		(void)fputs(i == 0 ? "enabled at boot: " : ", ", stdout);
		(void)text_print(stdout, json_text(item, "patch"));
	}
	if (json_array_size(enabled) > 0)
		(void)putchar('\n');
	lines_print(stdout, "  ", json_text(boot, "off"));
	json_array_foreach(enabled, i, item) {
		if (*json_text(item, "replaced") != '\0') {
			(void)fputs("  ", stdout);
			(void)text_print(stdout, json_text(item, "patch"));
			(void)fputs(" is ", stdout);
			lines_print(stdout, "", json_text(item, "replaced"));
		}
		if (*json_text(item, "blocked") == '\0')
			continue;
		(void)fputs("attention: ", stdout);
		(void)text_print(stdout, json_text(item, "patch"));
		(void)fputs(" is ", stdout);
		lines_print(stdout, "", json_text(item, "blocked"));
	}
	lines_print(stdout, "attention: ", json_text(boot, "message"));
	return json_is_true(json_object_get(boot, "attention"));
}
