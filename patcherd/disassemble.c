/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "digest.h"
#include "methods.h"
#include "reply.h"
#include "result.h"

static json_t *function_reply(struct live *live, const struct symbol *symbol, bool digest)
{
	CLEANUP(function_deinit) struct function function = { .symbol = NULL };
	char text[DIGEST_TEXT_MAX];
	struct fail fail;

	if (function_load(live->target, live->decoder, symbol, &function, &fail) < 0 ||
	    (digest && digest_make(&live->kernel, &function, text, &fail) < 0))
		return reply_failed(&fail);
	return reply_with(result_function(live->symtab, &function, digest ? text : NULL,
					  &live->target->info));
}

json_t *method_disassemble(struct daemon *daemon, const struct journal_caller *caller,
			   json_t *const values[METHOD_PARAMETERS])
{
	struct live *live = &daemon->live;
	const char *module = json_string_value(values[1]);
	json_int_t occurrence = json_integer_value(values[2]);
	const struct symbol *symbol;
	struct fail fail;

	(void)caller;
	if (occurrence < 0 || occurrence > 1000000)
		return reply_invalid("occurrence");
	live->target_kind = daemon->target_kind;
	if (live_refresh(live, &fail) < 0)
		return reply_failed(&fail);
	if (function_find(live->symtab, json_string_value(values[0]), module, module == NULL,
			  (unsigned)occurrence, &symbol, &fail) < 0) {
		kernel_explain(&live->kernel, &fail);
		return reply_failed(&fail);
	}
	if (hazard_symbol(&live->kernel, symbol, &fail) < 0)
		return reply_failed(&fail);
	return function_reply(live, symbol, json_is_true(values[3]));
}
