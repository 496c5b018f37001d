/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enable, Disable and Boot. */
#include "boot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot_replaced.h"
#include "clock.h"
#include "log.h"
#include "methods.h"
#include "module.h"
#include "reply.h"
#include "result.h"
#include "spec.h"

/* ---- the switches -------------------------------------------------------------------------- */

static const char off_word[] = "patcherd.enable=0";
static const char off_file[] = "/etc/patcherd/disable";

/* 1: the word is there. COMMAND_LINE_SIZE is 4096 at most, include/uapi/asm-generic/setup.h. */
static int command_line_has(const char *root, const char *wanted, struct fail *fail)
{
	char path[PATH_MAX], line[8192], *rest = NULL;
	CLEANUP_CLOSE int fd = -1;
	ssize_t length;

	(void)snprintf(path, sizeof(path), "%s/proc/cmdline", root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	if (length < 0)
		return fail_errno(fail, errno, "cannot read %s", path);
	line[length] = '\0';
	for (char *word = strtok_r(line, " \n", &rest); word != NULL;
	     word = strtok_r(NULL, " \n", &rest)) {
		if (strcmp(word, wanted) == 0)
			return 1;
	}
	return 0;
}

/* What cannot be told is off: nothing is lost by it but a patch. */
bool boot_is_off(const char *root, struct fail *why)
{
	char path[PATH_MAX];
	int has = command_line_has(root, off_word, why);

	(void)snprintf(path, sizeof(path), "%s%s", root, off_file);
	if (has < 0)
		fail_append(why, "; so no patch is applied at boot");
	else if (has > 0)
		(void)fail_set(why, OUTCOME_ATTENTION, "no patch is applied at boot: %s is on the "
			       "kernel's command line", off_word);
	else if (access(path, F_OK) == 0 || errno != ENOENT)
		(void)fail_set(why, OUTCOME_ATTENTION, "no patch is applied at boot: %s is there",
			       path);
	else
		return false;
	return true;
}

/* ---- marks --------------------------------------------------------------------------------- */

/* What cannot be told is: the mark is the safe side. */
static bool is_enabled(const struct daemon *daemon, const char *patch)
{
	CLEANUP_FREE char *text = NULL;
	struct keep keep = boot_keep(daemon);
	struct fail ignored;

	return keep_read(&keep, patch, &text, &ignored) != 0;
}

/* One that stays needs nobody's confirmation. */
static int mark(struct markers *markers, const struct job *job, bool pending, struct fail *fail)
{
	const char *patch = job->patch.name;

	if ((pending ? markers_wait(markers, patch, job->yaml, fail) :
	     markers_confirmed(markers, patch, fail)) < 0)
		return -1;
	return markers_set(markers, patch, job->yaml, fail);
}

int boot_mark(struct daemon *daemon, const struct job *jobs, size_t count, bool pending,
	      struct fail *fail)
{
	for (size_t i = 0; i < count; i++) {
		const struct job *job = &jobs[i];

		if (!job->planned || job->plan.outcome != OUTCOME_APPLICABLE ||
		    !is_enabled(daemon, job->patch.name))
			continue;
		if (mark(&daemon->markers, job, pending, fail) < 0) {
			fail_append(fail, "; nothing is written, for a crash would not be noticed "
				    "at the next boot, where %s is applied again",
				    job->patch.name);
			return -1;
		}
	}
	return 0;
}

/* Boot would apply for good what is applied for a time only. */
static int check_confirmed(struct daemon *daemon, const char *patch, struct fail *fail)
{
	struct journal_entry *entries = NULL;
	size_t count = 0;
	bool pending = false;

	if (journal_active(daemon->journal, patch, &entries, &count, fail) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		pending |= confirm_pending(&entries[i]);
	journal_entries_free(entries, count);
	return pending ? fail_set(fail, OUTCOME_CONFLICT, "the patch %s waits to be confirmed, and "
				  "nothing is applied at boot that may have to be reverted: "
				  "`patchctl confirm %s` first", patch, patch) : 0;
}

/* What the journal has as begun may be in the kernel; where it cannot be read, anything may. */
static int settle(struct daemon *daemon, const char *patch, struct fail *fail)
{
	struct journal_entry *entries = NULL;
	size_t count = 0;

	if (journal_active(daemon->journal, patch, &entries, &count, fail) < 0)
		return -1;
	journal_entries_free(entries, count);
	return count > 0 ? 0 : markers_forget(&daemon->markers, patch, fail);
}

void boot_settle(struct daemon *daemon)
{
	CLEANUP(strings_deinit) struct strings patches = { .count = 0 };
	struct fail fail;
	int result;

	if (daemon->journal == NULL)
		return;
	result = markers_list(&daemon->markers, &patches, &fail);
	for (size_t i = 0; i < patches.count && result == 0; i++)
		result = settle(daemon, patches.items[i], &fail);
	if (result < 0)
		log_line(LOG_ERR, NULL, "the next boot may take this one for a crash of a patch that "
			 "is not in the kernel: %s", fail.message);
}

/* The marker of one that was pending before stays. */
void boot_unmark(struct daemon *daemon, const struct job *jobs, size_t count)
{
	struct fail fail;

	for (size_t i = 0; i < count; i++) {
		if (jobs[i].planned &&
		    check_confirmed(daemon, jobs[i].patch.name, &fail) == 0 &&
		    markers_confirmed(&daemon->markers, jobs[i].patch.name, &fail) < 0)
			log_line(LOG_ERR, &(struct log_about){ .patch = jobs[i].patch.name },
				 "the next boot may not apply it: %s", fail.message);
	}
	boot_settle(daemon);
}

static void expire(struct daemon *daemon, bool all)
{
	struct fail fail;

	if (markers_expire(&daemon->markers, all, &fail) < 0)
		log_line(LOG_ERR, NULL, "the next boot may take this one for a crash: %s",
			 fail.message);
}

void boot_end(struct daemon *daemon)
{
	expire(daemon, true);
}

static int64_t expire_due_at(void *data)
{
	const struct daemon *daemon = data;

	return daemon->markers.next;
}

static void expire_due(void *data)
{
	expire(data, false);
}

struct server_source boot_source(struct daemon *daemon)
{
	return (struct server_source){ .fd = -1, .due_at = expire_due_at, .due = expire_due,
				       .data = daemon };
}

/* ---- what status says ----------------------------------------------------------------------- */

void boot_flags(const struct daemon *daemon, const char *patch, bool *on, bool *blocked)
{
	struct fail ignored;

	*on = is_enabled(daemon, patch);
	*blocked = *on && markers_blocked(&daemon->markers, patch, &ignored);
}

static json_t *enabled_json(const struct daemon *daemon, const struct strings *patches,
			    const struct boot_replaced *replaced, const char *patch, bool *attention)
{
	json_t *list = json_array();
	struct fail why, by;

	for (size_t i = 0; i < patches->count; i++) {
		const char *name = patches->items[i];
		bool blocked, left_out = replaced != NULL && replaced[i].by != NULL;

		if (patch != NULL && strcmp(name, patch) != 0)
			continue;
		blocked = markers_blocked(&daemon->markers, name, &why);
		if (left_out)
			boot_replaced_say(&replaced[i], name, &by);
		*attention |= blocked || (left_out && replaced[i].mutual);
		if (json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "patch", name, "blocked",
							  result_text(blocked ? why.message : NULL),
							  "replaced", result_text(left_out ? by.message :
										  NULL))) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *boot_json(const struct daemon *daemon, const char *patch)
{
	CLEANUP(strings_deinit) struct strings patches = { .count = 0 };
	CLEANUP(boot_replaced_deinit) struct boot_replaced_list replaced = { .items = NULL };
	struct keep keep = boot_keep(daemon);
	struct fail off, fail;
	bool is_off = boot_is_off("", &off);
	bool unknown = keep_list(&keep, &patches, &fail) < 0 ||
		       boot_replaced_load(daemon, &patches, &replaced, &fail) < 0;
	bool attention = unknown;
	json_t *list = enabled_json(daemon, &patches, replaced.items, patch, &attention);

	if (json_array_size(list) == 0 && !is_off && !unknown) {
		json_decref(list);
		return json_null();
	}
	return json_pack("{s:o, s:o, s:o, s:b}", "enabled", list,
			 "off", result_text(is_off ? off.message : NULL),
			 "message", result_text(unknown ? fail.message : NULL),
			 "attention", attention);
}

/* ---- Enable and Disable ---------------------------------------------------------------------- */

/* The text that is applied under this name; 1: *yaml is it, to be freed, and *fresh whether a crash
 * now would have to do with it. */
static int applied_text(struct daemon *daemon, const char *patch, char **yaml, bool *fresh,
			struct fail *fail)
{
	struct journal_entry *entries = NULL;
	int64_t now = clock_milliseconds(CLOCK_MONOTONIC);
	size_t count = 0;
	int found = 0;

	if (journal_active(daemon->journal, patch, &entries, &count, fail) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (found == 0 && entries[i].state == JOURNAL_APPLIED) {
			*yaml = entries[i].yaml;
			entries[i].yaml = NULL;
			*fresh = now - entries[i].changed_uptime < INT64_C(60000) * MARKER_MINUTES;
			found = 1;
		}
	}
	journal_entries_free(entries, count);
	return found;
}

static json_t *told(struct daemon *daemon, const struct journal_caller *caller, const char *action,
		    const char *patch, const char *message)
{
	daemon_note(daemon, caller, action, patch, OUTCOME_CONFIRMED, message);
	return reply_with(json_pack("{s:s, s:o}", "patch", patch, "message",
				    result_text(message)));
}

/* Who of the enabled patches takes whose place, as far as this one has to do with it. */
static void replaced_append(const struct daemon *daemon, const char *patch, struct fail *message)
{
	CLEANUP(strings_deinit) struct strings patches = { .count = 0 };
	CLEANUP(boot_replaced_deinit) struct boot_replaced_list replaced = { .items = NULL };
	struct keep keep = boot_keep(daemon);
	struct fail said;

	if (keep_list(&keep, &patches, &said) < 0 ||
	    boot_replaced_load(daemon, &patches, &replaced, &said) < 0) {
		fail_append(message, "\nwhether another patch replaces it at boot is not known: %s",
			    said.message);
		return;
	}
	for (size_t i = 0; i < patches.count; i++) {
		const struct boot_replaced *item = &replaced.items[i];

		if (item->by == NULL || (strcmp(patches.items[i], patch) != 0 &&
					 strcmp(item->by, patch) != 0))
			continue;
		boot_replaced_say(item, patches.items[i], &said);
		fail_append(message, "\n%s is %s", patches.items[i], said.message);
	}
}

/* `yaml` NULL: what is kept already stays. */
static json_t *enable(struct daemon *daemon, const struct journal_caller *caller,
		      const char *patch, const char *yaml, bool fresh)
{
	struct keep keep = boot_keep(daemon);
	CLEANUP_FREE char *path = keep_path(&keep, patch);
	struct fail fail, message, off;
	int unblocked;

	if (path == NULL)
		return NULL;
	/* the marker first: one too many is forgotten in time, and without one nothing is enabled */
	if (check_confirmed(daemon, patch, &fail) < 0 ||
	    (fresh && markers_set(&daemon->markers, patch, yaml, &fail) < 0) ||
	    (yaml != NULL && keep_write(&keep, patch, yaml, &fail) < 0))
		return reply_failed(&fail);
	unblocked = markers_unblock(&daemon->markers, patch, &fail);
	if (unblocked < 0)
		return reply_failed(&fail);
	(void)fail_set(&message, OUTCOME_CONFIRMED, "enabled%s: it is applied at each start of the "
		       "machine, from %s", unblocked ? ", and no longer blocked" : "", path);
	replaced_append(daemon, patch, &message);
	if (boot_is_off("", &off))
		fail_append(&message, "\nas things are, %s", off.message);
	return told(daemon, caller, "enable", patch, message.message);
}

static json_t *enable_file(struct daemon *daemon, const struct journal_caller *caller,
			   json_t *file)
{
	CLEANUP(patch_deinit) struct patch patch = { .name = NULL };
	const char *source, *yaml;
	json_error_t why;
	struct fail fail;

	if (json_unpack_ex(file, &why, JSON_STRICT, "{s:s, s:s}", "name", &source, "yaml",
			   &yaml) < 0)
		return reply_invalid("file");
	if (spec_parse(source, yaml, strlen(yaml), &patch, &fail) < 0)
		return reply_failed(&fail);
	return enable(daemon, caller, patch.name, yaml, false);
}

static json_t *enable_name(struct daemon *daemon, const struct journal_caller *caller,
			   const char *patch)
{
	CLEANUP_FREE char *yaml = NULL;
	bool fresh = false;
	struct fail fail;
	int applied = applied_text(daemon, patch, &yaml, &fresh, &fail);

	if (applied < 0)
		return reply_failed(&fail);
	if (applied == 0 && (!keep_name_good(patch) || !is_enabled(daemon, patch))) {
		(void)fail_set(&fail, OUTCOME_NOT_FOUND, "no patch named %s is applied, nor "
			       "enabled: apply it before, or give its file", patch);
		return reply_failed(&fail);
	}
	return enable(daemon, caller, patch, yaml, fresh);
}

json_t *method_enable(struct daemon *daemon, const struct journal_caller *caller,
		      json_t *const values[METHOD_PARAMETERS])
{
	if (daemon->journal == NULL)
		return reply_error_text("io.patcherd.JournalDamaged", "message",
					daemon->journal_fail.message);
	if ((values[0] == NULL) == (values[1] == NULL))
		return reply_invalid("patch");
	if (values[0] != NULL)
		return enable_name(daemon, caller, json_string_value(values[0]));
	return enable_file(daemon, caller, values[1]);
}

json_t *method_disable(struct daemon *daemon, const struct journal_caller *caller,
		       json_t *const values[METHOD_PARAMETERS])
{
	CLEANUP(strings_deinit) struct strings patches = { .count = 0 };
	const char *patch = json_string_value(values[0]);
	struct keep keep = boot_keep(daemon);
	struct fail fail;
	int was = keep_name_good(patch) ? keep_remove(&keep, patch, &fail) : 0;

	if (was < 0 || (was > 0 && markers_unblock(&daemon->markers, patch, &fail) < 0))
		return reply_failed(&fail);
	if (was > 0)
		return told(daemon, caller, "disable", patch, "disabled: it is not applied at the "
			    "next start of the machine; in the running kernel it stays as it is");
	(void)fail_set(&fail, OUTCOME_NOT_FOUND, "no patch named %s is enabled", patch);
	if (keep_list(&keep, &patches, &fail) < 0)
		return reply_failed(&fail);
	for (size_t i = 0; i < patches.count; i++)
		fail_append(&fail, "%s%s", i == 0 ? "; enabled are: " : ", ", patches.items[i]);
	return reply_failed(&fail);
}

/* ---- Boot ----------------------------------------------------------------------------------- */

/* Whether it may wait for its module, as most are not loaded yet: see arming.h. */
static bool can_wait(const struct patch *patch)
{
	for (size_t i = 0; i < patch->variant_count; i++) {
		const struct variant *variant = &patch->variants[i];
		const char *module = variant->sites[0].module;

		for (size_t j = 0; j < variant->site_count; j++) {
			const char *other = variant->sites[j].module;

			if (module == NULL || other == NULL || !module_name_equal(module, other))
				return false;
		}
	}
	return true;
}

/* 0: *yaml is what is kept of the patch, to be freed, and there is nothing against it. */
static int kept_text(const struct daemon *daemon, const char *patch, const char *path, char **yaml,
		     bool *waits, struct fail *fail)
{
	CLEANUP(patch_deinit) struct patch parsed = { .name = NULL };
	struct keep keep = boot_keep(daemon);
	int there;

	if (markers_blocked(&daemon->markers, patch, fail))
		return -1;
	there = keep_read(&keep, patch, yaml, fail);
	if (there < 0)
		return -1;
	if (there == 0)
		return fail_set(fail, OUTCOME_NOT_FOUND, "%s is gone", path);
	if (spec_parse(path, *yaml, strlen(*yaml), &parsed, fail) < 0)
		return -1;
	if (strcmp(parsed.name, patch) != 0)
		return fail_set(fail, OUTCOME_INVALID_SPEC, "%s:%u:%u: error: the patch is named %s, "
				"and its file says that it is %s; enable it anew", path,
				parsed.name_place.line, parsed.name_place.column, parsed.name,
				patch);
	*waits = can_wait(&parsed);
	return 0;
}

/* Its Result by a request of its own. */
static json_t *applied(struct daemon *daemon, const struct journal_caller *caller,
		       const char *patch, const char *path, const char *yaml, bool waits)
{
	json_t *values[METHOD_PARAMETERS] = { [APPLY_WHEN_LOADED] = waits ? json_true() : NULL };
	json_t *reply, *parameters, *result;
	struct fail fail;

	values[APPLY_PATCHES] = json_pack("[{s:s, s:s}]", "name", path, "yaml", yaml);
	reply = values[APPLY_PATCHES] == NULL ? NULL : method_apply(daemon, caller, values);
	json_decref(values[APPLY_PATCHES]);
	parameters = json_object_get(reply, "parameters");
	result = json_incref(json_array_get(json_object_get(parameters, "results"), 0));
	if (result == NULL) {	/* Busy, JournalDamaged */
		const char *message = json_string_value(json_object_get(parameters, "message"));
		const char *error = json_string_value(json_object_get(reply, "error"));
		bool busy = error != NULL && strcmp(error, "io.patcherd.Busy") == 0;

		(void)fail_set(&fail, busy ? OUTCOME_BUSY : OUTCOME_ERROR, "%s",
			       message == NULL ? "out of memory" : message);
		result = result_fail(patch, &fail);
	}
	json_decref(reply);
	return result;
}

static json_t *refused(struct daemon *daemon, const struct journal_caller *caller,
		       const char *patch, const struct fail *fail)
{
	daemon_note(daemon, caller, "apply", patch, fail->code, fail->message);
	return result_fail(patch, fail);
}

static json_t *boot_one(struct daemon *daemon, const struct journal_caller *caller,
			const char *patch)
{
	struct keep keep = boot_keep(daemon);
	CLEANUP_FREE char *path = keep_path(&keep, patch);
	CLEANUP_FREE char *yaml = NULL;
	bool waits = false;
	struct fail fail;

	if (path == NULL)
		return NULL;
	if (kept_text(daemon, patch, path, &yaml, &waits, &fail) < 0)
		return refused(daemon, caller, patch, &fail);
	return applied(daemon, caller, patch, path, yaml, waits);
}

/* Left out for one that takes its place, which is no refusal. */
static json_t *left_out(const struct journal_caller *caller, const char *patch,
			const struct fail *why)
{
	log_line(LOG_NOTICE, &(struct log_about){ .patch = patch, .caller = caller }, "%s",
		 why->message);
	return json_pack("{s:s, s:o}", "patch", patch, "message", result_text(why->message));
}

/* One that is refused is in nobody else's way. */
static json_t *boot_all(struct daemon *daemon, const struct journal_caller *caller,
			const struct strings *patches, const struct boot_replaced *replaced)
{
	json_t *results = json_array(), *left = json_array();
	struct fail why;
	int added = 0;

	for (size_t i = 0; i < patches->count && added == 0; i++) {
		const char *patch = patches->items[i];

		if (replaced[i].by != NULL)
			boot_replaced_say(&replaced[i], patch, &why);
		if (replaced[i].by == NULL)
			added = json_array_append_new(results, boot_one(daemon, caller, patch));
		else if (replaced[i].mutual)
			added = json_array_append_new(results, refused(daemon, caller, patch, &why));
		else
			added = json_array_append_new(left, left_out(caller, patch, &why));
	}
	if (added < 0) {
		json_decref(results);
		json_decref(left);
		return NULL;
	}
	return reply_with(json_pack("{s:o, s:o, s:n}", "results", results, "replaced", left,
				    "off"));
}

json_t *method_boot(struct daemon *daemon, const struct journal_caller *caller,
		    json_t *const values[METHOD_PARAMETERS])
{
	CLEANUP(strings_deinit) struct strings patches = { .count = 0 };
	CLEANUP(boot_replaced_deinit) struct boot_replaced_list replaced = { .items = NULL };
	struct keep keep = boot_keep(daemon);
	struct fail fail;

	(void)values;
	if (boot_is_off("", &fail)) {
		log_line(LOG_WARNING, &(struct log_about){ .caller = caller }, "%s", fail.message);
		return reply_with(json_pack("{s:[], s:[], s:o}", "results", "replaced", "off",
					    result_text(fail.message)));
	}
	daemon_recover(daemon);		/* what is applied counts */
	if (keep_list(&keep, &patches, &fail) < 0 ||
	    boot_replaced_load(daemon, &patches, &replaced, &fail) < 0) {
		log_line(LOG_ERR, &(struct log_about){ .caller = caller }, "no patch is applied at "
			 "boot: %s", fail.message);
		return reply_failed(&fail);
	}
	return boot_all(daemon, caller, &patches, replaced.items);
}
