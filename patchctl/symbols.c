/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include <string.h>

#include "result.h"

static int daemon_symbols(const struct options *options, const char *pattern, json_t **out,
			  struct fail *fail)
{
	CLEANUP(reply_deinit) struct reply reply = { .error = NULL };
	json_t *request = json_pack("{s:o, s:o*}", "pattern", result_text(pattern),
				    "module", options->module == NULL ?
					      NULL : result_text(options->module));

	if (daemon_call(options, "Symbols", request, &reply, fail) != 0)
		return -1;
	if (reply.error != NULL)
		return reply_fail(&reply, fail);
	*out = json_incref(reply.parameters);
	return 0;
}

static void symbols_show(const json_t *answer)
{
	const json_t *symbol;
	size_t i;

	json_array_foreach(json_object_get(answer, "symbols"), i, symbol) {
		const char *module = json_text(symbol, "module");

		(void)text_print(stdout, json_text(symbol, "address"));
		(void)printf(" %8lld ", (long long)json_integer_value(json_object_get(symbol, "size")));
		(void)text_print(stdout, json_text(symbol, "type"));
		(void)putchar(' ');
		(void)text_print(stdout, json_text(symbol, "name"));
		if (*module != '\0') {
			(void)fputs(" [", stdout);
			(void)text_print(stdout, module);
			(void)putchar(']');
		}
		(void)putchar('\n');
	}
}

int command_symbols(const struct options *options, int count, char **arguments)
{
	json_t *answer = NULL;
	json_int_t more;
	struct fail fail;
	int status = 0;

	(void)count;
	if (options->image == NULL && options->system_map != NULL)
		return usage_error("--system-map needs --image");
	if ((options->image != NULL ? image_symbols(options, arguments[0], &answer, &fail) :
				      daemon_symbols(options, arguments[0], &answer, &fail)) != 0)
		return fail_print(options, NULL, &fail);
	more = json_integer_value(json_object_get(answer, "more"));
	if (json_array_size(json_object_get(answer, "symbols")) == 0) {
		(void)fail_set(&fail, OUTCOME_NOT_FOUND, "no symbol matches '%s'%s%s", arguments[0],
			       options->module == NULL ? "" : " in module ",
			       options->module == NULL ? "" : options->module);
		if (strpbrk(arguments[0], "*?[") == NULL)
			fail_append(&fail, "; a name without * and ? matches itself alone: try '*%s*'",
				    arguments[0]);
		status = fail_print(options, NULL, &fail);
	} else if (options->json) {
		json_print(answer);
	} else {
		symbols_show(answer);
		if (more > 0)
			(void)fprintf(stderr, "patchctl: and %lld more; ask for fewer\n",
				      (long long)more);
	}
	json_decref(answer);
	return status;
}
