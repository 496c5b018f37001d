/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DryRun and Apply: one way, of which the first leaves out the last step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply_request.h"
#include "arming.h"
#include "boot.h"
#include "claim.h"
#include "clock.h"
#include "confirm_live.h"
#include "log.h"
#include "offline.h"
#include "prove.h"
#include "replace.h"
#include "reply.h"

/* Where it is true of all that were to be written. */
static void applicable_set(struct apply_request *request, enum outcome outcome,
			   const char *message)
{
	jobs_set(&request->jobs, OUTCOME_APPLICABLE, outcome, message);
}

/* Against the journal; and whose module is not there, where that is to be waited for. */
static int jobs_compare(struct apply_request *request, struct fail *fail)
{
	struct daemon *daemon = request->daemon;
	struct live *live = &daemon->live;
	struct jobs *jobs = &request->jobs;

	if (request->when_loaded &&
	    arming_prove(&live->modules, jobs->items, jobs->count, fail) < 0)
		return -1;
	if (arming_check(daemon->journal, jobs->items, jobs->count, fail) < 0)
		return -1;
	return claim_check(daemon->journal, live->target, jobs->items, jobs->count, fail);
}

/* Every job gets its outcome, up to the write. */
static void jobs_prove(struct apply_request *request)
{
	struct daemon *daemon = request->daemon;
	struct live *live = &daemon->live;
	struct fail fail;
	bool usable = live_refresh(live, &fail) == 0;

	times_spent(&request->times, TIME_RESOLVE);
	for (size_t i = 0; i < request->jobs.count; i++)
		prove(daemon, &request->jobs.items[i], &request->times, usable ? NULL : &fail);
	if (!usable)
		return;
	if (daemon->journal != NULL && jobs_compare(request, &fail) == 0)
		return;
	if (daemon->journal != NULL) {
		applicable_set(request, fail.code, fail.message);
		return;
	}
	for (size_t i = 0; i < request->jobs.count; i++) {
		if (request->jobs.items[i].planned)
			job_warn(&request->jobs.items[i], "not compared with what is applied, and apply "
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

static void jobs_check(struct apply_request *request)
{
	struct target *target = request->daemon->live.target;
	struct cpus away = { .has = { false } };
	struct fail fail;

	if (jobs_with(&request->jobs, OUTCOME_APPLICABLE) == 0 || !target->info.writable)
		return;
	if (request->offline_cpus && !target->info.stops &&
	    offline_choose(CPUS_DIRECTORY, &away, &fail) < 0) {
		applicable_set(request, fail.code, fail.message);
		return;
	}
	for (size_t i = 0; i < request->jobs.count; i++) {
		struct job *job = &request->jobs.items[i];

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

/* By when it is to be confirmed, and how the kernel is before it is written to: what the write
 * itself brings about counts. */
static void confirm_set(struct apply_request *request, struct transaction *transaction)
{
	if (request->confirm_within == 0)
		return;
	transaction->confirm_by = clock_microseconds(CLOCK_BOOTTIME) +
				  request->confirm_within * 1000000;
	transaction->ignore_warnings = request->ignore_warnings;
	trouble_take(&request->daemon->trouble, &transaction->mark);
}

/* What whoever applied it for a time has to know. */
static void confirm_tell(struct apply_request *request, const struct transaction *transaction)
{
	struct fail unknown;
	char message[256];

	if (request->confirm_within == 0)
		return;
	confirm_wake(request->daemon);
	for (size_t i = 0; i < request->jobs.count; i++) {
		struct job *job = &request->jobs.items[i];

		if (job_outcome(job) != OUTCOME_APPLIED)
			continue;
		(void)snprintf(message, sizeof(message), "it is reverted in %" JSON_INTEGER_FORMAT
			       " seconds%s, unless `patchctl confirm %s` comes before",
			       request->confirm_within, job->undone_count == 0 ? "" :
			       ", and what it replaced is applied again", job->patch.name);
		job_set(job, OUTCOME_APPLIED, message);
		if (!request->ignore_warnings &&
		    trouble_unknown(&request->daemon->trouble, &transaction->mark, &unknown))
			job_warn(job, "not all that would revert it before can be known",
				 unknown.message);
	}
}

/* What it took the place of is not waited for any more, either. */
static void replaced_note(const struct apply_request *request, const struct job *job)
{
	const struct strings *replaces = &job->patch.replaces;
	char message[128];
	struct fail fail;

	if (replaces->count > 0 &&
	    journal_disarm(request->daemon->journal, (const char *const *)replaces->items,
			   replaces->count, &fail) < 0)
		log_line(LOG_ERR, &(struct log_about){
			 .patch = job->patch.name, .caller = request->caller },
			 "what it replaced is armed still, where it was: %s", fail.message);
	(void)snprintf(message, sizeof(message), "replaced by %s", job->patch.name);
	for (size_t i = 0; i < job->replaced_count; i++)
		daemon_note(request->daemon, request->caller, "revert", job->replaced[i].patch,
			    OUTCOME_REVERTED, message);
}

static void jobs_note(struct apply_request *request)
{
	times_spent(&request->times, TIME_REST);
	for (size_t i = 0; i < request->jobs.count; i++) {
		const struct job *job = &request->jobs.items[i];

		daemon_note(request->daemon, request->caller, "apply", job_name(job),
			    job_outcome(job), job_message(job));
		if (job_outcome(job) == OUTCOME_APPLIED)
			replaced_note(request, job);
	}
	times_spent(&request->times, TIME_JOURNAL);
}

static json_t *results(struct apply_request *request, uint64_t stop_nanoseconds)
{
	times_spent(&request->times, TIME_REST);
	return jobs_results(&request->jobs, request->daemon->live.target, stop_nanoseconds,
			    &request->times);
}

static json_t *refuse(struct apply_request *request, const struct fail *fail)
{
	if (fail->code == OUTCOME_INCOMPLETE)
		applicable_set(request, OUTCOME_INCOMPLETE, fail->message);
	else
		applicable_set(request, OUTCOME_APPLICABLE,
			       "not written: nothing is, unless every patch of the request can be");
	/* no refusal of its own, which would hide the one that it is for */
	jobs_set(&request->jobs, OUTCOME_ARMED, OUTCOME_APPLICABLE, "its module is not loaded, and "
		 "it was not armed: nothing is, unless every patch of the request can be");
	jobs_note(request);
	return reply_refused(fail, results(request, 0));
}

static bool is_in_module(const struct apply_request *request)
{
	for (size_t i = 0; i < request->jobs.count; i++) {
		const struct plan *plan = &request->jobs.items[i].plan;

		for (size_t j = 0; request->jobs.items[i].planned && j < plan->site_count; j++) {
			if (plan->sites[j].module != NULL)
				return true;
		}
	}
	return false;
}

/* To prove many sites takes seconds. A module that was loaded anew meanwhile, before its identity
 * was asked for, may lie elsewhere than the symbols say that were read at the start, and what is
 * there now may even hold what a variable is expected to. */
static int check_modules(struct apply_request *request, struct fail *fail)
{
	CLEANUP(modules_deinit) struct modules now = { .count = 0 };

	if (!is_in_module(request))
		return 0;
	if (modules_load(&now, fail) < 0)
		return -1;
	times_spent(&request->times, TIME_PROVE);
	if (now.fingerprint == request->daemon->live.modules.fingerprint)
		return 0;
	/* busy, for that passes: who armed it and who boots try again by themselves */
	return fail_set(fail, OUTCOME_BUSY, "modules came or went while the patch was proved; "
			"nothing was written: try again");
}

/* What is to be there whenever its module is, is armed before it is written: whoever is killed
 * between the two finds it to be done. */
static int jobs_write(struct apply_request *request, struct transaction *transaction,
		      struct fail *fail)
{
	struct journal *journal = request->daemon->journal;
	struct jobs *jobs = &request->jobs;
	struct fail undo;

	if (request->when_loaded &&
	    arming_note(journal, request->caller, jobs->items, jobs->count, fail) < 0) {
		jobs_set(jobs, OUTCOME_ARMED, fail->code, fail->message);
		return -1;
	}
	if (jobs_with(jobs, OUTCOME_APPLICABLE) == 0 ||
	    transaction_apply(transaction, jobs->items, jobs->count, fail) == 0)
		return 0;
	request->daemon->recovered &= !transaction->unnoted;
	if (arming_undo(journal, jobs->items, jobs->count, &undo) < 0)
		fail_append(fail, "; and what was armed could not be disarmed: %.1000s",
			    undo.message);
	return -1;
}

/* The proved jobs to the kernel, or none. */
static json_t *jobs_apply(struct apply_request *request)
{
	struct daemon *daemon = request->daemon;
	struct transaction transaction = {
		.journal = daemon->journal, .target = daemon->live.target,
		.boot_id = daemon->boot_id, .caller = *request->caller,
		.cpus = CPUS_DIRECTORY, .offline_cpus = request->offline_cpus,
		.trace = &trace_kernel, .times = &request->times,
	};
	struct fail fail = { .code = OUTCOME_ERROR };
	size_t applicable = jobs_with(&request->jobs, OUTCOME_APPLICABLE);

	if (applicable + jobs_with(&request->jobs, OUTCOME_ALREADY_APPLIED) +
	    jobs_with(&request->jobs, OUTCOME_ARMED) < request->jobs.count)
		return refuse(request, &fail);
	if (applicable > 0 && !daemon->live.target->info.writable) {
		applicable_set(request, OUTCOME_NOT_WRITABLE, daemon->live.not_writable.message);
		return refuse(request, &fail);
	}
	confirm_set(request, &transaction);
	if ((applicable > 0 && check_modules(request, &fail) < 0) ||
	    boot_mark(daemon, request->jobs.items, request->jobs.count,
		      transaction.confirm_by != 0, &fail) < 0 ||
	    jobs_write(request, &transaction, &fail) < 0) {
		if (jobs_with(&request->jobs, fail.code) == 0)
			applicable_set(request, fail.code, fail.message);
		if (fail.code != OUTCOME_INCOMPLETE)
			boot_unmark(daemon, request->jobs.items, request->jobs.count);
		return refuse(request, &fail);
	}
	boot_settle(daemon);		/* of what was replaced */
	confirm_tell(request, &transaction);
	jobs_warn(&request->jobs, "offline-cpus", transaction.left_offline.message);
	jobs_warn(&request->jobs, "trace", transaction.untraced.message);
	jobs_note(request);
	return reply_with(json_pack("{s:o}", "results",
				    results(request, transaction.stop_nanoseconds)));
}

static void warn_not_writable(struct apply_request *request)
{
	const struct live *live = &request->daemon->live;

	for (size_t i = 0; i < request->jobs.count; i++) {
		if (job_outcome(&request->jobs.items[i]) == OUTCOME_APPLICABLE &&
		    !live->target->info.writable)
			job_warn(&request->jobs.items[i], "nothing here can write to the kernel now",
				 live->not_writable.message);
	}
}

/* "auto" is the best there is. */
static const char *target_kind(const struct apply_request *request)
{
	if (request->target == NULL)
		return request->daemon->target_kind;
	return live_kind_known(request->target) ? request->target : NULL;
}

static json_t *request_run(struct apply_request *request, bool write)
{
	jobs_prove(request);
	jobs_check(request);
	times_spent(&request->times, TIME_PROVE);
	if (write)
		return jobs_apply(request);
	warn_not_writable(request);
	return reply_with(json_pack("{s:o}", "results", results(request, 0)));
}

static json_t *run(struct daemon *daemon, const struct journal_caller *caller,
		   json_t *const values[METHOD_PARAMETERS], bool write)
{
	struct apply_request *request = calloc(1, sizeof(*request));
	const char *wrong;
	json_t *reply;

	if (request == NULL)
		return NULL;
	times_start(&request->times);
	request->daemon = daemon;
	request->caller = caller;
	if (write)
		daemon_recover(daemon);
	times_spent(&request->times, TIME_JOURNAL);
	wrong = apply_request_unpack(request, values);
	if (wrong != NULL) {
		reply = reply_invalid(wrong);
	} else {
		daemon->live.target_kind = target_kind(request);
		reply = request_run(request, write);
		daemon->live.target_kind = NULL;	/* the request's memory */
	}
	jobs_deinit(&request->jobs);
	free(request);
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
	return run(daemon, caller, values, true);
}
