/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "methods.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "interface.h"
#include "log.h"
#include "reply.h"

static const char service_description[] =
	"# The Varlink Service Interface is provided by every varlink service. It\n"
	"# describes the service and the interfaces it implements.\n"
	"interface org.varlink.service\n"
	"\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n";

static const struct {
	const char *name;
	const char *description;
} interfaces[] = {
	{ "org.varlink.service", service_description },
	{ "io.patcherd", interface_io_patcherd },
};
enum { INTERFACES = sizeof(interfaces) / sizeof(interfaces[0]) };

static json_t *service_info(struct daemon *daemon, const struct journal_caller *caller,
			    json_t *const values[METHOD_PARAMETERS])
{
	(void)daemon;
	(void)caller;
	(void)values;
	return reply_with(json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "patcherd",
				    "product", "patcherd", "version", VERSION, "url", "",
				    "interfaces", interfaces[0].name, interfaces[1].name));
}

static json_t *service_description_of(struct daemon *daemon, const struct journal_caller *caller,
				      json_t *const values[METHOD_PARAMETERS])
{
	const char *name = json_string_value(values[0]);

	(void)daemon;
	(void)caller;
	for (int i = 0; i < INTERFACES; i++) {
		if (strcmp(interfaces[i].name, name) == 0)
			return reply_with(json_pack("{s:s}", "description",
						    interfaces[i].description));
	}
	return reply_error_text("org.varlink.service.InterfaceNotFound", "interface", name);
}

enum need { OPTIONAL, REQUIRED };

struct parameter {
	const char *name;
	json_type type;			/* JSON_TRUE: either boolean */
	enum need need;
};

enum { BEGIN_SECONDS_MOST = 24 * 60 * 60 };
static const char begin_by[] = "begin_by";
#define BEGIN_BY { begin_by, JSON_INTEGER, OPTIONAL }

static const struct method {
	const char *name;
	bool anyone;			/* false: root */
	method_answer *answer;
	struct parameter parameters[METHOD_PARAMETERS];
} methods[] = {
	{ "org.varlink.service.GetInfo", true, service_info, { { 0 } } },
	{ "org.varlink.service.GetInterfaceDescription", true, service_description_of,
	  { { "interface", JSON_STRING, REQUIRED } } },
	{ "io.patcherd.DryRun", false, method_dry_run,
	  { { "patches", JSON_ARRAY, REQUIRED }, { "target", JSON_STRING, OPTIONAL } } },
	{ "io.patcherd.Apply", false, method_apply,
	  { { "patches", JSON_ARRAY, REQUIRED }, { "target", JSON_STRING, OPTIONAL },
	    { "offline_cpus", JSON_TRUE, OPTIONAL }, { "when_loaded", JSON_TRUE, OPTIONAL },
	    { "confirm_within", JSON_INTEGER, OPTIONAL },
	    { "ignore_warnings", JSON_TRUE, OPTIONAL }, BEGIN_BY } },
	{ "io.patcherd.Confirm", false, method_confirm,
	  { { "patches", JSON_ARRAY, REQUIRED }, BEGIN_BY } },
	{ "io.patcherd.Revert", false, method_revert,
	  { { "patches", JSON_ARRAY, REQUIRED }, { "all", JSON_TRUE, OPTIONAL },
	    { "force", JSON_TRUE, OPTIONAL }, { "offline_cpus", JSON_TRUE, OPTIONAL },
	    BEGIN_BY } },
	{ "io.patcherd.Status", false, method_status, { { "patch", JSON_STRING, OPTIONAL } } },
	{ "io.patcherd.History", false, method_history, { { "patch", JSON_STRING, OPTIONAL } } },
	{ "io.patcherd.Doctor", false, method_doctor, { { 0 } } },
	{ "io.patcherd.Enable", false, method_enable,
	  { { "patch", JSON_STRING, OPTIONAL }, { "file", JSON_OBJECT, OPTIONAL }, BEGIN_BY } },
	{ "io.patcherd.Disable", false, method_disable,
	  { { "patch", JSON_STRING, REQUIRED }, BEGIN_BY } },
	{ "io.patcherd.Boot", false, method_boot, { { 0 } } },
	{ "io.patcherd.Disassemble", false, method_disassemble,
	  { { "symbol", JSON_STRING, REQUIRED }, { "module", JSON_STRING, OPTIONAL },
	    { "occurrence", JSON_INTEGER, OPTIONAL }, { "digest", JSON_TRUE, OPTIONAL } } },
	{ "io.patcherd.Symbols", false, method_symbols,
	  { { "pattern", JSON_STRING, REQUIRED }, { "module", JSON_STRING, OPTIONAL } } },
	{ "io.patcherd.Types", false, method_types,
	  { { "type", JSON_STRING, REQUIRED }, { "module", JSON_STRING, OPTIONAL } } },
	{ "io.patcherd.Hazards", false, method_hazards,
	  { { "symbol", JSON_STRING, REQUIRED }, { "module", JSON_STRING, OPTIONAL },
	    { "occurrence", JSON_INTEGER, OPTIONAL }, { "offset", JSON_INTEGER, OPTIONAL } } },
};
enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

static bool value_fits(const json_t *value, const struct parameter *parameter)
{
	if (json_is_null(value))
		return parameter->need == OPTIONAL;
	if (parameter->type == JSON_TRUE)
		return json_is_boolean(value);
	return json_typeof(value) == parameter->type;
}

/* Fills in values, borrowed from `given`. Returns the name of a parameter that the method does not
 * have, or is of another type, or is missing; NULL: all is well. */
static const char *values_take(const struct method *method, json_t *given,
			       json_t *values[METHOD_PARAMETERS])
{
	const char *key;
	json_t *value;

	json_object_foreach(given, key, value) {
		int i = 0;

		while (i < METHOD_PARAMETERS && (method->parameters[i].name == NULL ||
						 strcmp(method->parameters[i].name, key) != 0))
			i++;
		if (i == METHOD_PARAMETERS || !value_fits(value, &method->parameters[i]))
			return key;
		values[i] = json_is_null(value) ? NULL : value;
	}
	for (int i = 0; i < METHOD_PARAMETERS; i++) {
		if (method->parameters[i].need == REQUIRED && values[i] == NULL)
			return method->parameters[i].name;
	}
	return NULL;
}

static json_t *not_found(const char *method)
{
	const char *dot = strrchr(method, '.');
	size_t length = dot == NULL ? 0 : (size_t)(dot - method);
	json_t *interface;

	for (int i = 0; i < INTERFACES; i++) {
		if (strlen(interfaces[i].name) == length &&
		    strncmp(interfaces[i].name, method, length) == 0)
			return reply_error_text("org.varlink.service.MethodNotFound", "method",
						method);
	}
	/* the name is UTF-8, and so is what stands before a dot of it */
	interface = json_stringn(method, length);
	return reply_error("org.varlink.service.InterfaceNotFound",
			   json_pack("{s:o}", "interface", interface));
}

static json_t *denied(const struct journal_caller *caller, const char *method)
{
	char why[256];

	log_line(LOG_WARNING, &(struct log_about){ .caller = caller, .outcome = "denied" },
		 "denied %s to a caller who is not root", method);
	(void)snprintf(why, sizeof(why), "only root may call %s, and the caller's user id is %u",
		       method, caller->uid);
	return reply_error_text("io.patcherd.Denied", "message", why);
}

/* When the method must have begun, in microseconds of CLOCK_BOOTTIME; NULL: it is not said. */
static const json_t *begin_by_of(const struct method *method, json_t *const values[])
{
	for (int i = 0; i < METHOD_PARAMETERS; i++) {
		if (method->parameters[i].name == begin_by)
			return values[i];
	}
	return NULL;
}

/* The request waited in its socket while others were carried out. */
static json_t *busy(const struct journal_caller *caller, const char *method)
{
	log_line(LOG_WARNING, &(struct log_about){ .caller = caller, .outcome = "busy" },
		 "%s was not begun: the time by which it should have been has passed", method);
	return reply_error_text("io.patcherd.Busy", "message",
				"patcherd was busy with other requests for too long; nothing was "
				"done: try again, or let it wait longer");
}

static json_t *begin(const struct method *method, struct daemon *daemon,
		     const struct journal_caller *caller, json_t *const values[METHOD_PARAMETERS])
{
	const json_t *by = begin_by_of(method, values);
	int64_t now = clock_microseconds(CLOCK_BOOTTIME);

	if (by == NULL)
		return method->answer(daemon, caller, values);
	if (json_integer_value(by) < 0 ||
	    json_integer_value(by) > now + BEGIN_SECONDS_MOST * INT64_C(1000000))
		return reply_invalid(begin_by);
	if (json_integer_value(by) < now)
		return busy(caller, method->name);
	return method->answer(daemon, caller, values);
}

json_t *methods_answer(void *data, const struct journal_caller *caller, const char *method,
		       json_t *parameters)
{
	json_t *values[METHOD_PARAMETERS] = { NULL };
	const char *wrong;

	for (int i = 0; i < METHODS; i++) {
		if (strcmp(methods[i].name, method) != 0)
			continue;
		if (!methods[i].anyone && caller->uid != 0)
			return denied(caller, methods[i].name);
		if (!methods[i].anyone)
			daemon_journal(data);
		wrong = values_take(&methods[i], parameters, values);
		if (wrong != NULL)
			return reply_invalid(wrong);
		return begin(&methods[i], data, caller, values);
	}
	return not_found(method);
}
