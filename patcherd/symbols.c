/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "methods.h"

#include <string.h>

#include "reply.h"
#include "result.h"

/* No symbol is longer (include/linux/kallsyms.h, KSYM_NAME_LEN), and each is compared with all of it. */
enum { PATTERN_MAX = 512 };

json_t *method_symbols(struct daemon *daemon, const struct journal_caller *caller,
		       json_t *const values[METHOD_PARAMETERS])
{
	struct live *live = &daemon->live;
	struct fail fail;

	(void)caller;
	if (strlen(json_string_value(values[0])) > PATTERN_MAX)
		return reply_invalid("pattern");
	live->target_kind = daemon->target_kind;
	if (live_refresh(live, &fail) < 0)
		return reply_failed(&fail);
	return reply_with(result_symbols(live->symtab, json_string_value(values[0]),
					 json_string_value(values[1]), &live->target->info));
}
