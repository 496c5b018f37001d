/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reply.h"

#include "result.h"

json_t *reply_with(json_t *parameters)
{
	return json_pack("{s:o}", "parameters", parameters);
}

json_t *reply_error(const char *error, json_t *parameters)
{
	return json_pack("{s:s, s:o}", "error", error, "parameters", parameters);
}

json_t *reply_error_text(const char *error, const char *parameter, const char *text)
{
	return reply_error(error, json_pack("{s:o}", parameter, result_text(text)));
}

json_t *reply_failed(const struct fail *fail)
{
	return reply_error("io.patcherd.Failed",
			   json_pack("{s:s, s:o}", "outcome", outcome_name(fail->code),
				     "message", result_text(fail->message)));
}

json_t *reply_invalid(const char *parameter)
{
	return reply_error_text("org.varlink.service.InvalidParameter", "parameter", parameter);
}

json_t *reply_refused(const struct fail *fail, json_t *results)
{
	if (fail->code == OUTCOME_BUSY) {
		json_decref(results);
		return reply_error_text("io.patcherd.Busy", "message", fail->message);
	}
	return reply_error(fail->code == OUTCOME_INCOMPLETE ? "io.patcherd.Incomplete" :
			   "io.patcherd.Refused", json_pack("{s:o}", "results", results));
}
