/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include "result.h"

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
	if (options->json) {
		json_print(function);
	} else {
		listing_title(function, "function");
		listing_print(json_object_get(function, "lines"), NULL, NULL);
	}
	json_decref(function);
	return 0;
}
