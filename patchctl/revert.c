/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include <stdlib.h>
#include <string.h>

#include "result.h"
#include "spec.h"

/* The name in a patch file. */
static json_t *file_patch_name(const char *path, struct fail *fail)
{
	CLEANUP(patch_file_deinit) struct patch_file file = { .text = NULL };
	CLEANUP(patch_deinit) struct patch patch = { .name = NULL };
	json_t *name;

	if (patch_file_read(path, &file, fail) != 0 ||
	    spec_parse(file.name, file.text, file.length, &patch, fail) != 0)
		return NULL;
	name = result_text(patch.name);
	if (name == NULL)
		(void)fail_memory(fail, path);
	return name;
}

static json_t *patch_name(const char *argument, struct fail *fail)
{
	json_t *name = is_patch_file(argument) ? file_patch_name(argument, fail) : NULL;

	if (name == NULL && !is_patch_file(argument)) {
		name = result_text(argument);
		if (name == NULL)
			(void)fail_memory(fail, argument);
	}
	return name;
}

static json_t *request_make(const struct options *options, int count, char **arguments,
			    struct fail *fail)
{
	json_t *names = json_array();
	json_t *request;

	for (int i = 0; i < count; i++) {
		json_t *name = patch_name(arguments[i], fail);

		if (name == NULL) {
			json_decref(names);
			return NULL;
		}
		if (json_array_append_new(names, name) != 0) {
			json_decref(names);
			(void)fail_memory(fail, "the request");
			return NULL;
		}
	}
	request = json_pack("{s:o, s:b, s:b, s:o*}", "patches", names, "all", options->all, "force",
			    options->force, "offline_cpus",
			    options->offline_cpus ? json_true() : NULL);
	if (request == NULL)
		(void)fail_memory(fail, "the request");
	return request;
}

int command_revert(const struct options *options, int count, char **arguments)
{
	CLEANUP(reply_deinit) struct reply reply = { .error = NULL };
	struct fail fail;
	json_t *request, *results;
	int status;

	if (options->all && count != 0)
		return usage_error("revert takes --all or the names of patches, not both");
	if (!options->all && count == 0)
		return usage_error("revert needs the name or the file of a patch, or --all");
	request = request_make(options, count, arguments, &fail);
	if (request == NULL ||
	    daemon_call_in_turn(options, "Revert", request, &reply, &fail) != 0 ||
	    reply_list(&reply, "results", &results, &fail) != 0)
		return fail_print(options, NULL, &fail);
	if (json_array_size(results) == 0 && !options->json)
		(void)puts("no patch is applied");
	status = results_print(options, results);
	return reply_is(&reply, "Incomplete") ? outcome_status(OUTCOME_INCOMPLETE) : status;
}
