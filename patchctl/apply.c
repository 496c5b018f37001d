/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply and dry-run. The daemon does both; an image is looked at right here. */
#include "patchctl.h"

#include <stdlib.h>
#include <string.h>

enum { PATCHES_MAX = 64 };		/* of one request, see patcherd(8) */

static int request_make(const struct options *options, const struct patch_file *files,
			size_t count, json_t **out, struct fail *fail)
{
	json_t *patches;

	if (count > PATCHES_MAX)
		return fail_set(fail, OUTCOME_USAGE, "patcherd takes up to %d patches in one request, and "
				"these are %zu files: name fewer at once", PATCHES_MAX, count);
	patches = json_array();
	for (size_t i = 0; i < count; i++) {
		json_t *json = patch_file_json(&files[i], fail);

		if (json == NULL || json_array_append_new(patches, json) != 0) {
			if (json != NULL)
				(void)fail_memory(fail, "the request");
			json_decref(patches);
			return -1;
		}
	}
	/* What is not asked for is not named: an older patcherd does not know it. */
	*out = json_pack("{s:o, s:s?, s:o*, s:o*, s:o*, s:o*}", "patches", patches, "target",
			 options->target,
			 "offline_cpus", options->offline_cpus ? json_true() : NULL,
			 "when_loaded", options->when_loaded ? json_true() : NULL,
			 "confirm_within", options->confirm_within != 0 ?
					   json_integer(options->confirm_within) : NULL,
			 "ignore_warnings", options->ignore_warnings ? json_true() : NULL);
	return *out == NULL ? fail_memory(fail, "the request") : 0;
}

/* The Results by the daemon, and in *status what its error asks for, or 0. */
static int daemon_results(const struct options *options, const char *method,
			  const struct patch_file *files, size_t count, json_t **out, int *status,
			  struct fail *fail)
{
	CLEANUP(reply_deinit) struct reply reply = { .error = NULL };
	bool writes = strcmp(method, "Apply") == 0;
	json_t *request;

	if (request_make(options, files, count, &request, fail) != 0 ||
	    (writes ? daemon_call_in_turn : daemon_call)(options, method, request, &reply, fail) != 0 ||
	    reply_list(&reply, "results", out, fail) != 0)
		return -1;
	json_incref(*out);
	*status = reply_is(&reply, "Incomplete") ? outcome_status(OUTCOME_INCOMPLETE) : 0;
	return 0;
}

static int run(const struct options *options, const char *method, const struct patch_file *files,
	       size_t count)
{
	struct fail fail;
	struct debug *debug = NULL;
	json_t *results = NULL;
	int status = 0;
	int shown;

	if (source_open(options, &debug, &fail) != 0)
		return fail_print(options, NULL, &fail);
	if ((options->image != NULL ?
		     image_dry_run(options, files, count, &results, &fail) :
		     daemon_results(options, method, files, count, &results, &status, &fail)) != 0 ||
	    source_add(options, debug, results, &fail) != 0) {
		status = fail_print(options, NULL, &fail);
	} else {
		shown = results_print(options, results);
		if (status == 0 && shown != 0 && shown != outcome_status(OUTCOME_ALREADY_APPLIED) &&
		    !options->json && strcmp(method, "Apply") == 0)
			(void)fputs("patchctl: nothing was changed\n", stderr);
		status = status != 0 ? status : shown;
	}
	json_decref(results);
	debug_close(debug);
	return status;
}

/* Nothing is asked for unless every file can be read: all patches or none. */
static int read_and_run(const struct options *options, const char *method, int count, char **names)
{
	struct patch_file *files = calloc((size_t)count, sizeof(*files));
	struct fail fail;
	int status = 0;

	if (files == NULL) {
		(void)fail_memory(&fail, "the files' names");
		return fail_print(options, NULL, &fail);
	}
	for (int i = 0; i < count; i++) {
		if (patch_file_read(names[i], &files[i], &fail) != 0) {
			int refusal = fail_print(options, NULL, &fail);

			status = status != 0 ? status : refusal;
		}
	}
	if (status == 0)
		status = run(options, method, files, (size_t)count);
	for (int i = 0; i < count; i++)
		patch_file_deinit(&files[i]);
	free(files);
	return status;
}

static bool stdin_twice(int count, char **names)
{
	int times = 0;

	for (int i = 0; i < count; i++)
		times += strcmp(names[i], "-") == 0;
	return times > 1;
}

/* NULL: nothing; else what is wrong with the command line. */
static const char *wrong_target(const struct options *options)
{
	static const char *const kinds[] = { "kmem", "mem", "kcore", "auto" };

	if (options->target == NULL)
		return NULL;
	if (options->image != NULL)
		return "--target is for the running kernel: not with --image";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(options->target, kinds[i]) == 0)
			return NULL;
	}
	return "--target is kmem, mem, kcore or auto";
}

int command_apply(const struct options *options, int count, char **arguments)
{
	const char *wrong = wrong_target(options);

	if (wrong != NULL)
		return usage_error("%s", wrong);
	if (stdin_twice(count, arguments))
		return usage_error("'-', the standard input, can be read only once");
	if (options->ignore_warnings && options->confirm_within == 0)
		return usage_error("--ignore-warnings needs --confirm-within");
	if (options->when_loaded && (options->target != NULL || options->offline_cpus ||
				     options->confirm_within != 0))
		return usage_error("--when-loaded goes with none of --target, --offline-cpus and "
				   "--confirm-within: they would not be kept until the module comes");
	return read_and_run(options, "Apply", count, arguments);
}

int command_dry_run(const struct options *options, int count, char **arguments)
{
	const char *wrong = wrong_target(options);

	if (wrong != NULL)
		return usage_error("%s", wrong);
	if (stdin_twice(count, arguments))
		return usage_error("'-', the standard input, can be read only once");
	if (options->image == NULL && (options->system_map != NULL || options->btf != NULL ||
				       options->release != NULL))
		return usage_error("--system-map, --btf and --release need --image");
	return read_and_run(options, "DryRun", count, arguments);
}
