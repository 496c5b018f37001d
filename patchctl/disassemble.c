/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include "result.h"

static void function_print_text(const json_t *function)
{
	const json_t *target = json_object_get(function, "target");
	const json_t *lines = json_object_get(function, "lines");
	const char *module = json_text(function, "module");
	const json_t *line;
	int widest = 0;
	size_t i;

	(void)text_print(stdout, json_text(function, "function"));
	if (*module != '\0') {
		(void)fputs(" [", stdout);
		(void)text_print(stdout, module);
		(void)putchar(']');
	}
	(void)printf(": %lld bytes", (long long)json_integer_value(json_object_get(function, "size")));
	target_print(target);
	(void)putchar('\n');
	json_array_foreach(lines, i, line) {
		int width = text_print(NULL, json_text(line, "bytes"));

		widest = width > widest ? width : widest;
	}
	json_array_foreach(lines, i, line) {
		char offset[32];

		(void)snprintf(offset, sizeof(offset), "+0x%llx", (unsigned long long)
			       json_integer_value(json_object_get(line, "offset")));
		(void)text_print(stdout, json_text(line, "address"));
		(void)printf("  %-8s", offset);
		text_pad(stdout, json_text(line, "bytes"), widest + 2);
		(void)text_print(stdout, json_text(line, "asm"));
		(void)putchar('\n');
	}
}

static int daemon_disassemble(const struct options *options, const char *symbol, json_t **out,
			      struct fail *fail)
{
	CLEANUP(reply_deinit) struct reply reply = { .error = NULL };
	json_t *request = json_pack("{s:o, s:o*, s:o*}", "symbol", result_text(symbol),
				    "module", options->module == NULL ?
					      NULL : result_text(options->module),
				    "occurrence", options->occurrence == 0 ?
					      NULL : json_integer(options->occurrence));

	if (daemon_call(options, "Disassemble", request, &reply, fail) != 0)
		return -1;
	if (reply.error != NULL)
		return reply_fail(&reply, fail);
	*out = json_incref(reply.parameters);
	return 0;
}

int command_disassemble(const struct options *options, int count, char **arguments)
{
	json_t *function = NULL;
	struct fail fail;

	(void)count;
	if (options->image == NULL && options->system_map != NULL)
		return usage_error("--system-map needs --image");
	if ((options->image != NULL ?
		     image_disassemble(options, arguments[0], &function, &fail) :
		     daemon_disassemble(options, arguments[0], &function, &fail)) != 0)
		return fail_print(options, NULL, &fail);
	if (options->json)
		json_print(function);
	else
		function_print_text(function);
	json_decref(function);
	return 0;
}
