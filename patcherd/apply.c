/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DryRun and Apply: one way, of which the first leaves out the last step. */
#include "methods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arming.h"
#include "boot.h"
#include "claim.h"
#include "confirm_live.h"
#include "log.h"
#include "offline.h"
#include "prove.h"
#include "replace.h"
#include "reply.h"
#include "result.h"

enum { PATCHES_MAX = 64, SOURCE_MAX = 4096 };

struct request {
	struct daemon *daemon;
	const struct journal_caller *caller;
	bool offline_cpus;
	bool when_loaded;
	json_int_t confirm_within;	/* seconds; 0: it stays */
	bool ignore_warnings;
	struct job jobs[PATCHES_MAX];
	size_t count;
};

/* Names of files stand in messages of one line each. */
static bool source_good(const char *source)
{
	size_t length = strlen(source);

	for (const char *at = source; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return false;
	}
	return length > 0 && length < SOURCE_MAX;
}

static bool jobs_unpack(json_t *patches, struct request *request)
{
	json_error_t why;
	size_t i;
	json_t *item;

	if (json_array_size(patches) == 0 || json_array_size(patches) > PATCHES_MAX)
		return false;
	json_array_foreach(patches, i, item) {
		struct job *job = &request->jobs[i];

		if (json_unpack_ex(item, &why, JSON_STRICT, "{s:s, s:s}", "name", &job->source,
				   "yaml", &job->yaml) < 0 || !source_good(job->source))
			return false;
		request->count = i + 1;
	}
	return true;
}

static void request_free(struct request *request)
{
	for (size_t i = 0; i < request->count; i++) {
		replace_deinit(&request->jobs[i]);
		if (request->jobs[i].planned)
			plan_deinit(&request->jobs[i].plan);
		if (request->jobs[i].parsed)
			patch_deinit(&request->jobs[i].patch);
	}
	free(request);
}

static enum outcome job_outcome(const struct job *job)
{
	return job->planned ? job->plan.outcome : job->fail.code;
}

static const char *job_message(const struct job *job)
{
	return job->planned ? job->plan.message : job->fail.message;
}

static const char *job_name(const struct job *job)
{
	return job->parsed ? job->patch.name : job->source;
}

/* A plan's outcome anew; without its message where memory ran out. */
static void job_set(struct job *job, enum outcome outcome, const char *message)
{
	free(job->plan.message);
	job->plan.message = strdup(message);
	job->plan.outcome = outcome;
}

static void job_warn(struct job *job, const char *text, const char *why)
{
	char warning[sizeof(job->fail.message) + 128];

	(void)snprintf(warning, sizeof(warning), "%s: %s", text, why);
	/* without memory for a warning the outcome still stands */
	(void)!strings_add(&job->plan.warnings, warning);
}

static size_t jobs_with(const struct request *request, enum outcome outcome)
{
	size_t found = 0;

	for (size_t i = 0; i < request->count; i++)
		found += job_outcome(&request->jobs[i]) == outcome;
	return found;
}

/* All that had the outcome `from` get another one. */
static void jobs_set(struct request *request, enum outcome from, enum outcome outcome,
		     const char *message)
{
	for (size_t i = 0; i < request->count; i++) {
		if (job_outcome(&request->jobs[i]) == from)
			job_set(&request->jobs[i], outcome, message);
	}
}

/* Where it is true of all that were to be written. */
static void applicable_set(struct request *request, enum outcome outcome, const char *message)
{
	jobs_set(request, OUTCOME_APPLICABLE, outcome, message);
}

/* Against the journal; and whose module is not there, where that is to be waited for. */
static int jobs_compare(struct request *request, struct fail *fail)
{
	struct daemon *daemon = request->daemon;
	struct live *live = &daemon->live;

	if (request->when_loaded &&
	    arming_prove(&live->modules, request->jobs, request->count, fail) < 0)
		return -1;
	if (arming_check(daemon->journal, request->jobs, request->count, fail) < 0)
		return -1;
	return claim_check(daemon->journal, live->target, request->jobs, request->count, fail);
}

/* Every job gets its outcome, up to the write. */
static void jobs_prove(struct request *request)
{
	struct daemon *daemon = request->daemon;
	struct live *live = &daemon->live;
	struct fail fail;
	bool usable = live_refresh(live, &fail) == 0;

	for (size_t i = 0; i < request->count; i++)
		prove(daemon, &request->jobs[i], usable ? NULL : &fail);
	if (!usable)
		return;
	if (daemon->journal != NULL && jobs_compare(request, &fail) == 0)
		return;
	if (daemon->journal != NULL) {
		applicable_set(request, fail.code, fail.message);
		return;
	}
	for (size_t i = 0; i < request->count; i++) {
		if (request->jobs[i].planned)
			job_warn(&request->jobs[i], "not compared with what is applied, and apply "
				 "will refuse", daemon->journal_fail.message);
	}
}

/* Whether the target in use could write what was proved; a dry run says it, too. */
static int job_check(struct job *job, struct target *target, const struct cpus *away,
		     struct fail *fail)
{
	const size_t most = job->plan.site_count + job->undone_count;
	CLEANUP_FREE struct target_change *changes = calloc(most + 1, sizeof(*changes));
	CLEANUP_FREE struct store_site *sites = calloc(most + 1, sizeof(*sites));
	size_t count, failed;

	if (changes == NULL || sites == NULL)
		return fail_memory(fail, "asking whether it can be written");
	if (replace_sites(job, 0, sites, &count, fail) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		changes[i] = (struct target_change){
			.address = sites[i].address, .length = sites[i].wanted.length,
			.expected = sites[i].before.data, .replacement = sites[i].wanted.data,
			.multiple = sites[i].multiple,
		};
	if (target_check(target, changes, count, away, &failed, fail) == 0)
		return 0;
	if (failed < count && sites[failed].number < job->plan.site_count) {
		struct site_plan *site = &job->plan.sites[sites[failed].number];

		site->outcome = fail->code;
		free(site->message);
		site->message = strdup(fail->message);
	}
	return -1;
}

static const char *offline_warning(const struct target *target)
{
	return target->info.stops ? "without effect: this way in stops all CPUs by itself" :
	       "the other CPUs are offline while it is written, and tasks that were bound to them "
	       "may run anywhere from then on: see WAYS IN of patcherd(8)";
}

static void jobs_check(struct request *request)
{
	struct target *target = request->daemon->live.target;
	struct cpus away = { .has = { false } };
	struct fail fail;

	if (jobs_with(request, OUTCOME_APPLICABLE) == 0 || !target->info.writable)
		return;
	if (request->offline_cpus && !target->info.stops &&
	    offline_choose(CPUS_DIRECTORY, &away, &fail) < 0) {
		applicable_set(request, fail.code, fail.message);
		return;
	}
	for (size_t i = 0; i < request->count; i++) {
		struct job *job = &request->jobs[i];

		if (job_outcome(job) != OUTCOME_APPLICABLE)
			continue;
		if (job_check(job, target, &away, &fail) < 0)
			job_set(job, fail.code, fail.message);
		else if (request->offline_cpus)
			job_warn(job, "offline-cpus", offline_warning(target));
		else if (!target->info.stops)
			job_warn(job, target->info.path, "it changes code while the CPUs run it, by "
				 "one locked store each, after which every CPU serialises; Intel "
				 "does not guarantee that none sees anything but old or new: see "
				 "WAYS IN of patcherd(8)");
	}
}

/* By when it is to be confirmed, and how the kernel is before it is written to: what the write itself
 * brings about counts. */
static void confirm_set(struct request *request, struct transaction *transaction)
{
	if (request->confirm_within == 0)
		return;
	transaction->confirm_by = boottime_now() + request->confirm_within * 1000000;
	transaction->ignore_warnings = request->ignore_warnings;
	trouble_take(&request->daemon->trouble, &transaction->mark);
}

/* What whoever applied it for a time has to know. */
static void confirm_tell(struct request *request, const struct transaction *transaction)
{
	struct fail unknown;
	char message[256];

	if (request->confirm_within == 0)
		return;
	confirm_wake(request->daemon);
	for (size_t i = 0; i < request->count; i++) {
		struct job *job = &request->jobs[i];

		if (job_outcome(job) != OUTCOME_APPLIED)
			continue;
		(void)snprintf(message, sizeof(message), "it is reverted in %" JSON_INTEGER_FORMAT
			       " seconds, unless `patchctl confirm %s` comes before",
			       request->confirm_within, job->patch.name);
		job_set(job, OUTCOME_APPLIED, message);
		if (!request->ignore_warnings &&
		    trouble_unknown(&request->daemon->trouble, &transaction->mark, &unknown))
			job_warn(job, "not all that would revert it before can be known",
				 unknown.message);
	}
}

static void jobs_warn(struct request *request, const char *text, const char *why)
{
	for (size_t i = 0; i < request->count && why[0] != '\0'; i++)
		job_warn(&request->jobs[i], text, why);
}

static json_t *results(const struct request *request, uint64_t stop_nanoseconds)
{
	const struct live *live = &request->daemon->live;
	json_t *list = json_array();

	for (size_t i = 0; i < request->count; i++) {
		const struct job *job = &request->jobs[i];
		json_t *result = job->planned ? result_plan(&job->plan, &live->target->info) :
				 result_fail(job_name(job), &job->fail);

		if (job_outcome(job) == OUTCOME_APPLIED && live->target->info.stops)
			(void)json_object_set_new(result, "stop_nanoseconds",
						  json_integer((json_int_t)stop_nanoseconds));
		if (json_array_append_new(list, result) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* What it took the place of is not waited for any more, either. */
static void replaced_note(const struct request *request, const struct job *job)
{
	char message[128];
	struct fail fail;

	for (size_t i = 0; i < job->patch.replaces.count; i++) {
		if (journal_disarm(request->daemon->journal, job->patch.replaces.items[i],
				   &fail) < 0)
			log_line(LOG_ERR, &(struct log_about){
				 .patch = job->patch.replaces.items[i], .caller = request->caller },
				 "it was replaced, and is armed still: %s", fail.message);
	}

	(void)snprintf(message, sizeof(message), "replaced by %s", job->patch.name);
	for (size_t i = 0; i < job->replaced_count; i++)
		daemon_note(request->daemon, request->caller, "revert", job->replaced[i].patch,
			    OUTCOME_REVERTED, message);
}

static void jobs_note(const struct request *request)
{
	for (size_t i = 0; i < request->count; i++) {
		const struct job *job = &request->jobs[i];

		daemon_note(request->daemon, request->caller, "apply", job_name(job),
			    job_outcome(job), job_message(job));
		if (job_outcome(job) == OUTCOME_APPLIED)
			replaced_note(request, job);
	}
}

static json_t *refuse(struct request *request, const struct fail *fail)
{
	if (fail->code == OUTCOME_INCOMPLETE)
		applicable_set(request, OUTCOME_INCOMPLETE, fail->message);
	else
		applicable_set(request, OUTCOME_APPLICABLE,
			       "not written: nothing is, unless every patch of the request can be");
	jobs_set(request, OUTCOME_ARMED, OUTCOME_NOT_FOUND, "its module is not loaded, and it was "
		 "not armed: nothing is, unless every patch of the request can be");
	jobs_note(request);
	return reply_refused(fail, results(request, 0));
}

static bool is_in_module(const struct request *request)
{
	for (size_t i = 0; i < request->count; i++) {
		const struct plan *plan = &request->jobs[i].plan;

		for (size_t j = 0; request->jobs[i].planned && j < plan->site_count; j++) {
			if (plan->sites[j].module != NULL)
				return true;
		}
	}
	return false;
}

/* To prove many sites takes seconds. A module that was loaded anew meanwhile, before its identity was
 * asked for, may lie elsewhere than the symbols say that were read at the start, and what is there now
 * may even hold what a variable is expected to. */
static int check_modules(const struct request *request, struct fail *fail)
{
	CLEANUP(modules_deinit) struct modules now = { .count = 0 };

	if (!is_in_module(request))
		return 0;
	if (modules_load(&now, fail) < 0)
		return -1;
	if (now.fingerprint == request->daemon->live.modules.fingerprint)
		return 0;
	return fail_set(fail, OUTCOME_NOT_FOUND, "modules came or went while the patch was proved; "
			"nothing was written: try again");
}

/* What is to be there whenever its module is, is armed before it is written: whoever is killed
 * between the two finds it to be done. */
static int jobs_write(struct request *request, struct transaction *transaction, struct fail *fail)
{
	struct journal *journal = request->daemon->journal;
	struct fail undo;

	if (request->when_loaded &&
	    arming_note(journal, request->caller, request->jobs, request->count, fail) < 0) {
		jobs_set(request, OUTCOME_ARMED, fail->code, fail->message);
		return -1;
	}
	if (jobs_with(request, OUTCOME_APPLICABLE) == 0 ||
	    transaction_apply(transaction, request->jobs, request->count, fail) == 0)
		return 0;
	request->daemon->recovered &= !transaction->unnoted;
	if (arming_undo(journal, request->jobs, request->count, &undo) < 0)
		fail_append(fail, "; and what was armed could not be disarmed: %.1000s",
			    undo.message);
	return -1;
}

/* The proved jobs to the kernel, or none. */
static json_t *jobs_apply(struct request *request)
{
	struct daemon *daemon = request->daemon;
	struct transaction transaction = {
		.journal = daemon->journal, .target = daemon->live.target,
		.boot_id = daemon->boot_id, .caller = *request->caller,
		.cpus = CPUS_DIRECTORY, .offline_cpus = request->offline_cpus,
		.trace = &trace_kernel,
	};
	struct fail fail = { .code = OUTCOME_ERROR };
	size_t applicable = jobs_with(request, OUTCOME_APPLICABLE);

	if (applicable + jobs_with(request, OUTCOME_ALREADY_APPLIED) +
	    jobs_with(request, OUTCOME_ARMED) < request->count)
		return refuse(request, &fail);
	if (applicable > 0 && !daemon->live.target->info.writable) {
		applicable_set(request, OUTCOME_NOT_WRITABLE, daemon->live.not_writable.message);
		return refuse(request, &fail);
	}
	confirm_set(request, &transaction);
	if ((applicable > 0 && check_modules(request, &fail) < 0) ||
	    boot_mark(daemon, request->jobs, request->count, &fail) < 0 ||
	    jobs_write(request, &transaction, &fail) < 0) {
		if (jobs_with(request, fail.code) == 0)
			applicable_set(request, fail.code, fail.message);
		return refuse(request, &fail);
	}
	confirm_tell(request, &transaction);
	jobs_warn(request, "offline-cpus", transaction.left_offline.message);
	jobs_warn(request, "trace", transaction.untraced.message);
	jobs_note(request);
	return reply_with(json_pack("{s:o}", "results",
				    results(request, transaction.stop_nanoseconds)));
}

static void warn_not_writable(struct request *request)
{
	const struct live *live = &request->daemon->live;

	for (size_t i = 0; i < request->count; i++) {
		if (job_outcome(&request->jobs[i]) == OUTCOME_APPLICABLE &&
		    !live->target->info.writable)
			job_warn(&request->jobs[i], "nothing here can write to the kernel now",
				 live->not_writable.message);
	}
}

/* The kind of target this request asks for; "auto" is the best there is. */
static bool target_select(struct daemon *daemon, const char *kind)
{
	if (kind != NULL && !live_kind_known(kind) && strcmp(kind, "auto") != 0)
		return false;
	if (kind == NULL)
		daemon->live.target_kind = daemon->target_kind;
	else
		daemon->live.target_kind = live_kind_known(kind) ? kind : NULL;
	return true;
}

static json_t *request_run(struct request *request, bool write)
{
	jobs_prove(request);
	jobs_check(request);
	if (write)
		return jobs_apply(request);
	warn_not_writable(request);
	return reply_with(json_pack("{s:o}", "results", results(request, 0)));
}

static json_t *run(struct daemon *daemon, const struct journal_caller *caller,
		   json_t *const values[METHOD_PARAMETERS], bool write)
{
	struct request *request = calloc(1, sizeof(*request));
	json_t *reply;

	if (request == NULL)
		return NULL;
	request->daemon = daemon;
	request->caller = caller;
	request->offline_cpus = json_is_true(values[2]);
	request->when_loaded = json_is_true(values[3]);
	request->confirm_within = json_integer_value(values[4]);
	request->ignore_warnings = json_is_true(values[5]);
	if (!jobs_unpack(values[0], request))
		reply = reply_invalid("patches");
	else if (request->when_loaded && (values[1] != NULL || request->offline_cpus))
		reply = reply_invalid("when_loaded");	/* they are not kept until its module comes */
	else if (values[4] != NULL && (request->confirm_within < CONFIRM_SECONDS_LEAST ||
				       request->confirm_within > CONFIRM_SECONDS_MOST ||
				       request->when_loaded))
		reply = reply_invalid("confirm_within");	/* nor is it kept until then */
	else if (!target_select(daemon, json_string_value(values[1])))
		reply = reply_invalid("target");
	else
		reply = request_run(request, write);
	daemon->live.target_kind = NULL;	/* the request's memory */
	request_free(request);
	return reply;
}

json_t *method_dry_run(struct daemon *daemon, const struct journal_caller *caller,
		       json_t *const values[METHOD_PARAMETERS])
{
	return run(daemon, caller, values, false);
}

json_t *method_apply(struct daemon *daemon, const struct journal_caller *caller,
		     json_t *const values[METHOD_PARAMETERS])
{
	if (daemon->journal == NULL)
		return reply_error_text("io.patcherd.JournalDamaged", "message",
					daemon->journal_fail.message);
	daemon_recover(daemon);
	return run(daemon, caller, values, true);
}
