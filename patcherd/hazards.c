/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "methods.h"
#include "reply.h"
#include "result.h"

json_t *method_hazards(struct daemon *daemon, const struct journal_caller *caller,
		       json_t *const values[METHOD_PARAMETERS])
{
	CLEANUP(survey_deinit) struct survey survey = { .symbol = NULL };
	json_int_t occurrence = json_integer_value(values[2]);
	json_int_t offset = json_integer_value(values[3]);
	struct live *live = &daemon->live;
	struct fail fail;

	(void)caller;
	if (occurrence < 0 || occurrence > 1000000)
		return reply_invalid("occurrence");
	if (offset < 0)
		return reply_invalid("offset");
	live->target_kind = daemon->target_kind;
	if (live_refresh(live, &fail) < 0 ||
	    survey_make(&live->kernel, &(struct survey_question){
				.symbol = json_string_value(values[0]),
				.module = json_string_value(values[1]),
				.occurrence = (unsigned)occurrence,
				.has_offset = values[3] != NULL,
				.offset = (uint64_t)offset,
			}, &survey, &fail) < 0)
		return reply_failed(&fail);
	return reply_with(result_survey(&live->kernel, &survey));
}
