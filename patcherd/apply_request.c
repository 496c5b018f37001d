/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply_request.h"

#include <string.h>

enum { SOURCE_MAX = 4096 };

/* Names of files stand in messages of one line each. */
static bool source_good(const char *source)
{
	size_t length = strlen(source);

	for (const char *at = source; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return false;
	}
	return length > 0 && length < SOURCE_MAX;
}

static bool jobs_unpack(json_t *patches, struct jobs *jobs)
{
	json_error_t why;
	size_t i;
	json_t *item;

	if (json_array_size(patches) == 0 || json_array_size(patches) > JOBS_MAX)
		return false;
	json_array_foreach(patches, i, item) {
		struct job *job = &jobs->items[i];

		if (json_unpack_ex(item, &why, JSON_STRICT, "{s:s, s:s}", "name", &job->source,
				   "yaml", &job->yaml) < 0 || !source_good(job->source))
			return false;
		jobs->count = i + 1;
	}
	return true;
}

static bool target_good(const char *kind)
{
	return kind == NULL || live_kind_known(kind) || strcmp(kind, "auto") == 0;
}

static bool confirm_good(const struct apply_request *request)
{
	/* nor is it kept until the module comes */
	return request->confirm_within >= CONFIRM_SECONDS_LEAST &&
	       request->confirm_within <= CONFIRM_SECONDS_MOST && !request->when_loaded;
}

const char *apply_request_unpack(struct apply_request *request,
				 json_t *const values[METHOD_PARAMETERS])
{
	request->target = json_string_value(values[APPLY_TARGET]);
	request->offline_cpus = json_is_true(values[APPLY_OFFLINE_CPUS]);
	request->when_loaded = json_is_true(values[APPLY_WHEN_LOADED]);
	request->confirm_within = json_integer_value(values[APPLY_CONFIRM_WITHIN]);
	request->ignore_warnings = json_is_true(values[APPLY_IGNORE_WARNINGS]);
	if (!jobs_unpack(values[APPLY_PATCHES], &request->jobs))
		return "patches";
	/* they are not kept until its module comes */
	if (request->when_loaded && (request->target != NULL || request->offline_cpus))
		return "when_loaded";
	if (values[APPLY_CONFIRM_WITHIN] != NULL && !confirm_good(request))
		return "confirm_within";
	return target_good(request->target) ? NULL : "target";
}
