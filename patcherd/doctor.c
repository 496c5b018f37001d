/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Doctor: every way into the running kernel's memory, and what stands in its way. */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "boot.h"
#include "machine.h"
#include "methods.h"
#include "offline.h"
#include "reply.h"
#include "result.h"

/* In the order in which they are tried; /dev/kmem has two makers. */
static const struct way {
	const char *name, *kind, *path;
} ways[] = {
	{ "patcher_kmem", "kmem", "/dev/kmem" },
	{ "native kmem", "kmem", "/dev/kmem" },
	{ "mem", "mem", "/dev/mem" },
	{ "kcore", "kcore", "/proc/kcore" },
};
enum { MODULE_KMEM, NATIVE_KMEM, WAYS = sizeof(ways) / sizeof(ways[0]) };

/* The kernel's own /dev/kmem: Documentation/admin-guide/devices.txt. */
static bool is_native(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 2);
}

static bool is_present(size_t way)
{
	struct stat status;

	if (stat(ways[way].path, &status) != 0)
		return false;
	return way > NATIVE_KMEM || is_native(&status) == (way == NATIVE_KMEM);
}

static json_t *way_json(size_t way, bool present, const struct target_info *info,
			const char *message)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:o}", "way", ways[way].name,
			 "kind", ways[way].kind, "path", ways[way].path, "present", present,
			 "readable", info != NULL, "writable", info != NULL && info->writable,
			 "stops", info != NULL && info->stops, "message", result_text(message));
}

/* Opens it as apply would, and closes it. */
static json_t *way_look(struct live *live, size_t way)
{
	bool present = is_present(way);
	struct target_info info;
	struct fail fail;

	if (!present && way == MODULE_KMEM && is_present(NATIVE_KMEM))
		return way_json(way, false, NULL, "not needed: this kernel has a /dev/kmem of its own");
	if (!present && way == NATIVE_KMEM)
		return way_json(way, false, NULL, "this kernel has none of its own: Linux removed it in "
				"5.13, and most kernels were built without it before");
	if (live_probe(live, ways[way].kind, &info, &fail) != 0)
		return way_json(way, present, NULL, fail.message);
	return way_json(way, present, &info, info.writable ? NULL : "it can only be read");
}

static json_t *ways_json(struct live *live)
{
	json_t *list = json_array();

	for (size_t i = 0; i < WAYS; i++) {
		if (json_array_append_new(list, way_look(live, i)) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static int add_condition(json_t *list, const char *name, const char *value, bool good,
			 const char *message)
{
	return json_array_append_new(list, json_pack("{s:s, s:o, s:b, s:o}", "name", name,
						     "value", result_text(value), "good", good,
						     "message", result_text(message)));
}

/* Whether who owns the kernel's text can be told, by the example of one function. */
static int add_owners(json_t *list, const struct kernel *kernel)
{
	CLEANUP(owners_deinit) struct owners owners = { .items = NULL };
	const struct symbol *symbol = symtab_in_image(kernel->symtab, "vfs_read");
	const char *unknown = NULL;
	struct function function;
	struct fail fail;
	int result;

	if (symbol == NULL)
		return 0;
	if (function_load(kernel->target, kernel->decoder, symbol, &function, &fail) != 0)
		return add_condition(list, "owners of text", "unknown", false, fail.message);
	result = hazard_owners(kernel, &function, &owners, &fail);
	for (size_t i = 0; i < owners.count && unknown == NULL && result == 0; i++) {
		if (owners.items[i].kind == OWNER_UNKNOWN)
			unknown = owners.items[i].detail;
	}
	if (result != 0)
		unknown = fail.message;
	result = add_condition(list, "owners of text", unknown == NULL ? "known" : "unknown",
			       unknown == NULL, unknown);
	function_deinit(&function);
	return result;
}

static int add_symbols(json_t *list, struct live *live)
{
	struct fail fail;

	if (live->target == NULL)
		return 0;	/* each way in says why */
	if (live_refresh(live, &fail) != 0)
		return add_condition(list, "symbols", "none", false, fail.message);
	if (add_condition(list, "symbols", live->symbols_of_map ? live->system_map :
			  "/proc/kallsyms", true, NULL) != 0)
		return -1;
	return add_owners(list, &live->kernel);
}

/* Changes nothing: Status and Apply try to bring them back. */
static int add_left_offline(json_t *list, const struct daemon *daemon)
{
	static const char name[] = "CPUs left offline";
	struct cpus left = { .has = { false } };
	char text[1024];
	struct fail said;

	if (daemon->journal == NULL)
		return add_condition(list, name, "unknown", false, daemon->journal_fail.message);
	if (!offline_left(daemon->journal, CPUS_DIRECTORY, &left, &said))
		return add_condition(list, name, "none", true, NULL);
	return add_condition(list, name, cpus_none(&left) ? "unknown" :
			     cpus_print(&left, text, sizeof(text)), false, said.message);
}

/* That nothing is applied at boot, or not all that is enabled, is somebody's will or a crash. */
static int add_boot(json_t *list, const struct daemon *daemon)
{
	json_t *boot = boot_json(daemon, NULL), *enabled = json_object_get(boot, "enabled"), *item;
	const char *off = json_string_value(json_object_get(boot, "off"));
	const char *unknown = json_string_value(json_object_get(boot, "message"));
	const char *blocked = NULL;
	char value[64];
	size_t i;
	int result;

	json_array_foreach(enabled, i, item) {
		if (blocked == NULL)
			blocked = json_string_value(json_object_get(item, "blocked"));
	}
	(void)snprintf(value, sizeof(value), "%zu enabled%s", json_array_size(enabled),
		       off != NULL ? ", switched off" : "");
	result = add_condition(list, "patches at boot", value,
			       off == NULL && unknown == NULL && blocked == NULL,
			       off != NULL ? off : unknown != NULL ? unknown : blocked);
	json_decref(boot);
	return result;
}

static json_t *conditions_json(struct daemon *daemon)
{
	json_t *list = json_array();
	struct machine machine = { .count = 0 };
	struct utsname name;
	int result = 0;

	machine_look("", uname(&name) == 0 ? name.release : "", &machine);
	for (size_t i = 0; i < machine.count && result == 0; i++) {
		const struct condition *condition = &machine.conditions[i];
		bool native = strcmp(condition->name, "patcher_kmem") == 0 &&
			      is_present(NATIVE_KMEM);

		result = native ? add_condition(list, condition->name, "not needed", true, NULL) :
			 add_condition(list, condition->name, condition->value, condition->good,
				       condition->message[0] == '\0' ? NULL : condition->message);
	}
	if (result == 0 && add_symbols(list, &daemon->live) == 0 &&
	    add_left_offline(list, daemon) == 0 && add_boot(list, daemon) == 0)
		return list;
	json_decref(list);
	return NULL;
}

json_t *method_doctor(struct daemon *daemon, const struct journal_caller *caller,
		      json_t *const values[METHOD_PARAMETERS])
{
	struct live *live = &daemon->live;
	const char *used = NULL, *refusal = NULL;
	struct fail fail;

	(void)caller;
	(void)values;
	live->target_kind = daemon->target_kind;
	if (live_open_target(live, &fail) != 0)
		refusal = fail.message;
	else if (!live->target->info.writable)
		refusal = live->not_writable.message;
	else
		used = ways[live->target->info.stops ? MODULE_KMEM :
			    strcmp(live->target->info.kind, "kmem") == 0 ? NATIVE_KMEM :
			    NATIVE_KMEM + 1].name;
	return reply_with(json_pack("{s:s?, s:o, s:o, s:o}", "apply_uses", used,
				    "refusal", result_text(refusal), "ways", ways_json(live),
				    "conditions", conditions_json(daemon)));
}
