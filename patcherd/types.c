/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "types_json.h"

#include "methods.h"
#include "reply.h"

/* Neither the kernel's memory nor its symbols are needed: it answers where those are closed too. */
static int types_now(struct live *live, struct fail *fail)
{
	struct modules modules;

	if ((live->types == NULL && types_create_live(&live->types, fail) < 0) ||
	    modules_load(&modules, fail) < 0)
		return -1;
	types_renew(live->types, &modules);
	modules_deinit(&modules);
	return 0;
}

json_t *method_types(struct daemon *daemon, const struct journal_caller *caller,
		     json_t *const values[METHOD_PARAMETERS])
{
	struct type_layout layout;
	struct fail fail;
	json_t *answer;

	(void)caller;
	if (types_now(&daemon->live, &fail) < 0 ||
	    types_layout(daemon->live.types, json_string_value(values[1]),
			 json_string_value(values[0]), &layout, &fail) < 0)
		return reply_failed(&fail);
	answer = types_json(&layout);
	types_layout_deinit(&layout);
	return reply_with(answer);
}
