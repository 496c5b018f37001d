/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include <string.h>

#include "result.h"

/* --debug must work; an image is asked too, and most have none. */
int source_open(const struct options *options, struct debug **out, struct fail *fail)
{
	*out = NULL;
	if (options->debug != NULL)
		return debug_open(options->debug, out, fail);
	if (options->image != NULL && debug_open(options->image, out, fail) != 0)
		*out = NULL;
	return 0;
}

static int result_add(const struct options *options, struct debug *debug, json_t *result,
		      struct fail *fail)
{
	const json_t *sites = json_object_get(result, "sites");
	json_t *site;
	size_t i;

	if (debug_differs(debug, json_text(json_object_get(result, "target"), "build_id"),
			  options->image == NULL)) {
		json_t *warning = json_sprintf("%s is of another kernel (its build-id is not the "
					       "target's): no source lines are shown",
					       options->debug);

		if (json_array_append_new(json_object_get(result, "warnings"), warning) != 0)
			return fail_memory(fail, "source lines");
		return 0;
	}
	json_array_foreach(sites, i, site) {
		const char *module = json_string_value(json_object_get(site, "module"));
		json_int_t offset = json_integer_value(json_object_get(site, "offset"));
		char line[512];

		if (json_is_string(json_object_get(site, "address")) && offset >= 0 &&
		    debug_line(debug, module, json_text(site, "function"), (uint64_t)offset, line,
			       sizeof(line)) &&
		    json_object_set_new(site, "source", result_text(line)) != 0)
			return fail_memory(fail, "source lines");
	}
	return 0;
}

int source_add(const struct options *options, struct debug *debug, json_t *results,
	       struct fail *fail)
{
	json_t *result;
	size_t i;

	if (debug == NULL)
		return 0;
	json_array_foreach(results, i, result) {
		if (result_add(options, debug, result, fail) != 0)
			return -1;
	}
	return 0;
}

int source_lines_add(const struct options *options, struct debug *debug, json_t *function,
		     struct fail *fail)
{
	const char *module = json_string_value(json_object_get(function, "module"));
	json_t *line;
	size_t i;

	if (debug == NULL)
		return 0;
	if (debug_differs(debug, json_text(json_object_get(function, "target"), "build_id"),
			  options->image == NULL))
		return fail_set(fail, OUTCOME_GUARD, "%s is of another kernel: its build-id is not the "
				"target's, and its source lines would be wrong", options->debug);
	json_array_foreach(json_object_get(function, "lines"), i, line) {
		json_int_t offset = json_integer_value(json_object_get(line, "offset"));
		char text[512];

		if (debug_line(debug, module, json_text(function, "function"), (uint64_t)offset, text,
			       sizeof(text)) &&
		    json_object_set_new(line, "source", result_text(text)) != 0)
			return fail_memory(fail, "source lines");
	}
	return 0;
}
