/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include <inttypes.h>
#include <stdlib.h>

#include "result.h"
#include "types.h"

/* Lines before and behind the one that was asked for. */
enum { AROUND = 8 };

/* Anybody may read the running kernel's types. */
static int live_members_add(const struct options *options, json_t *function, struct fail *fail)
{
	struct types *types;
	int result;

	if (types_create_live(&types, fail) != 0)
		return -1;
	result = members_add(options, types, function, fail);
	types_destroy(types);
	return result;
}

static int daemon_disassemble(const struct options *options, const char *symbol, json_t **out,
			      struct fail *fail)
{
	CLEANUP(reply_deinit) struct reply reply = { .error = NULL };
	json_t *request = json_pack("{s:o, s:o*, s:o*, s:b}", "symbol", result_text(symbol),
				    "module", options->module == NULL ?
					      NULL : result_text(options->module),
				    "occurrence", options->occurrence == 0 ?
					      NULL : json_integer(options->occurrence),
				    "digest", options->digest);

	if (daemon_call(options, "Disassemble", request, &reply, fail) != 0)
		return -1;
	if (reply.error != NULL)
		return reply_fail(&reply, fail);
	if (options->type_count > 0 && live_members_add(options, reply.parameters, fail) != 0)
		return -1;
	*out = json_incref(reply.parameters);
	return 0;
}

/* The index of the line at that offset. -1: there is none. */
static int line_find(json_t *function, uint64_t offset, size_t *out, struct fail *fail)
{
	const json_t *lines = json_object_get(function, "lines");
	const char *name = json_text(function, "function");
	json_int_t size = json_integer_value(json_object_get(function, "size"));
	size_t count = json_array_size(lines), i = 0;
	uint64_t before = 0;

	if (offset >= (uint64_t)size)
		return fail_set(fail, OUTCOME_MISMATCH, "%s+0x%" PRIx64 " is past the end of the "
				"function, which is 0x%llx bytes long", name, offset,
				(unsigned long long)size);
	for (; i < count; i++) {
		json_int_t at = json_integer_value(json_object_get(json_array_get(lines, i),
								   "offset"));

		if ((uint64_t)at == offset) {
			*out = i;
			return 0;
		}
		if ((uint64_t)at < offset)
			before = (uint64_t)at;
	}
	return fail_set(fail, OUTCOME_MISMATCH, "%s+0x%" PRIx64 " is inside the instruction at "
			"+0x%" PRIx64, name, offset, before);
}

/* Leaves the lines around an offset. */
static int window_cut(json_t *function, uint64_t offset, struct fail *fail)
{
	json_t *lines = json_object_get(function, "lines"), *cut;
	size_t at, first;

	if (line_find(function, offset, &at, fail) != 0)
		return -1;
	cut = json_array();
	first = at > AROUND ? at - AROUND : 0;
	for (size_t i = first; i <= at + AROUND && i < json_array_size(lines); i++) {
		if (json_array_append(cut, json_array_get(lines, i)) != 0)
			break;
	}
	if (json_object_set_new(function, "lines", cut) != 0 ||
	    json_object_set_new(function, "offset", json_integer((json_int_t)offset)) != 0)
		return fail_memory(fail, "a function's instructions");
	return 0;
}

static int sources_add(const struct options *options, json_t *function, struct fail *fail)
{
	struct debug *debug;
	int result;

	if (source_open(options, &debug, fail) != 0)
		return -1;
	result = source_lines_add(options, debug, function, fail);
	debug_close(debug);
	return result;
}

static int function_get(const struct options *options, const struct place_argument *place,
			     json_t **out, struct fail *fail)
{
	if ((options->image != NULL ? image_disassemble(options, place->symbol, out, fail) :
				      daemon_disassemble(options, place->symbol, out, fail)) != 0 ||
	    sources_add(options, *out, fail) != 0)
		return -1;
	return place->has_offset ? window_cut(*out, place->offset, fail) : 0;
}

static void function_show(const json_t *function, const struct place_argument *place)
{
	const json_t *lines = json_object_get(function, "lines");
	struct arrows *arrows = arrows_find(lines);
	const char *digest = json_text(function, "digest");

	listing_title(function, "function");
	if (*digest != '\0')
		(void)printf("function-digest: %s\n", digest);
	listing_print(lines, &(struct listing){ .arrows = arrows,
			      .marked = place->has_offset ? (int64_t)place->offset : -1 });
	arrows_free(arrows);
}

int command_disassemble(const struct options *options, int count, char **arguments)
{
	struct place_argument place = { .symbol = NULL };
	json_t *function = NULL;
	struct fail fail;
	int status;

	(void)count;
	if (options->image == NULL && options->system_map != NULL)
		return usage_error("--system-map needs --image");
	if (options->image == NULL && options->btf != NULL)
		return usage_error("--btf needs --image: a running kernel has its own types");
	status = place_parse("disassemble", arguments[0], &place);
	if (status != 0)
		return status;
	if (function_get(options, &place, &function, &fail) != 0)
		status = fail_print(options, NULL, &fail);
	else if (options->json)
		json_print(function);
	else
		function_show(function, &place);
	json_decref(function);
	return status;
}
