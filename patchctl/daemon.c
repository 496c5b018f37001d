/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "varlink.h"

#define INTERFACE "io.patcherd."

/* `by`: microseconds of CLOCK_BOOTTIME; -1: whenever. */
static int call(const struct options *options, const char *method, json_t *parameters, int64_t by,
		struct reply *out, struct fail *fail)
{
	CLEANUP(varlink_deinit) struct varlink link = { .fd = -1 };
	json_t *answer;
	char *error;
	char name[64];
	struct wait wait;
	int result = -1;

	memset(out, 0, sizeof(*out));
	if (parameters == NULL)
		return fail_memory(fail, "the request");
	(void)snprintf(name, sizeof(name), INTERFACE "%s", method);
	wait_begin(&wait, "waiting for patcherd");
	if (varlink_connect(options->socket, &link, fail) == 0 &&
	    (by < 0 || turn_wait(&link, by, fail) == 0))
		result = varlink_call(&link, name, parameters, &answer, &error, fail);
	wait_end(&wait);
	json_decref(parameters);
	if (result == 0)
		*out = (struct reply){ .parameters = answer, .error = error };
	return result;
}

int daemon_call(const struct options *options, const char *method, json_t *parameters,
		struct reply *out, struct fail *fail)
{
	return call(options, method, parameters, -1, out, fail);
}

int daemon_call_in_turn(const struct options *options, const char *method, json_t *parameters,
			struct reply *out, struct fail *fail)
{
	int64_t by = clock_microseconds(CLOCK_BOOTTIME) + options->wait * INT64_C(1000000);

	if (parameters != NULL &&
	    json_object_set_new(parameters, "begin_by", json_integer(by)) != 0) {
		json_decref(parameters);
		parameters = NULL;
	}
	return call(options, method, parameters, by, out, fail);
}

void reply_deinit(struct reply *reply)
{
	json_decref(reply->parameters);
	free(reply->error);
	memset(reply, 0, sizeof(*reply));
}

int reply_fail(const struct reply *reply, struct fail *fail)
{
	static const struct {
		const char *error;
		enum outcome code;
	} errors[] = {
		{ INTERFACE "Busy", OUTCOME_BUSY },
		{ INTERFACE "Denied", OUTCOME_DENIED },
		{ INTERFACE "JournalDamaged", OUTCOME_ERROR },
	};
	const char *message = json_text(reply->parameters, "message");
	enum outcome code;

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (strcmp(reply->error, errors[i].error) == 0)
			return fail_set(fail, errors[i].code, "%s", message);
	}
	if (strcmp(reply->error, INTERFACE "Failed") == 0 &&
	    outcome_parse(json_text(reply->parameters, "outcome"), &code))
		return fail_set(fail, code, "%s", message);
	/* org.varlink.service.MethodNotFound and the like: another patcherd than this patchctl's */
	(void)fail_set(fail, OUTCOME_ERROR, "patcherd answered with the error %s", reply->error);
	if (json_object_size(reply->parameters) != 0) {
		CLEANUP_FREE char *details = json_dumps(reply->parameters, JSON_COMPACT);

		fail_append(fail, " %s", details == NULL ? "" : details);
	}
	fail_append(fail, "\nare patchctl and patcherd of the same version?");
	return -1;
}

bool reply_is(const struct reply *reply, const char *error)
{
	return reply->error != NULL && strncmp(reply->error, INTERFACE, strlen(INTERFACE)) == 0 &&
	       strcmp(reply->error + strlen(INTERFACE), error) == 0;
}

int reply_list(const struct reply *reply, const char *key, json_t **out, struct fail *fail)
{
	if (reply->error != NULL && !reply_is(reply, "Refused") && !reply_is(reply, "Incomplete"))
		return reply_fail(reply, fail);
	*out = json_object_get(reply->parameters, key);
	if (!json_is_array(*out))
		return fail_set(fail, OUTCOME_ERROR, "patcherd's answer has no list '%s'\n"
				"are patchctl and patcherd of the same version?", key);
	return 0;
}
