/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way there; the way back is in transaction_revert.c. */
#include "transaction.h"

#include <stdlib.h>
#include <string.h>

#include "claim.h"
#include "fault.h"
#include "log.h"
#include "offline.h"
#include "replace.h"
#include "where.h"

/* What is being applied: entry n and id n belong to jobs[n], and the sites to the entries by
 * their owner. The entries borrow their texts from the jobs. */
struct apply {
	struct job **jobs;
	struct journal_entry *entries;
	size_t count;
	struct store_site *sites;
	size_t site_count;
};

static void apply_deinit(struct apply *apply)
{
	free(apply->jobs);
	for (size_t i = 0; i < apply->count; i++) {
		free(apply->entries[i].sites);
		free((int64_t *)apply->entries[i].replaces);
	}
	free(apply->entries);
	free(apply->sites);
}

static bool is_applicable(const struct job *job)
{
	return job->planned && job->plan.outcome == OUTCOME_APPLICABLE;
}

/* Status asks it again of the owners that come later; a pattern could not be found then. */
static uint32_t allowed(const struct site *site)
{
	uint32_t kinds = 0;

	for (size_t i = 0; i < site->allow_count; i++)
		kinds |= UINT32_C(1) << site->allow[i].kind;
	return kinds;
}

/* The journal's words of a site, which replace_sites() knows to be proved. */
static struct journal_site journal_site(const struct site_plan *plan)
{
	return (struct journal_site){
		.symbol = plan->symbol, .variable = plan->site->where == SITE_VARIABLE,
		.module = plan->module,
		.module_identity = plan->module_identity, .offset = plan->offset,
		.address = plan->address, .old = plan->found.bytes,
		.replacement = plan->replacement.bytes,
		.multiple = plan->multiple, .allowed = allowed(plan->site),
	};
}

/* Whose place it takes, and may have to give back to them. */
static int replaces_add(struct journal_entry *entry, const struct job *job, struct fail *fail)
{
	int64_t *ids = calloc(job->replaced_count + 1, sizeof(*ids));

	if (ids == NULL)
		return fail_memory(fail, "applying");
	entry->replaces = ids;
	for (size_t i = 0; i < job->replaced_count; i++) {
		if (replace_holds(job, &job->replaced[i]))
			ids[entry->replaces_count++] = job->replaced[i].id;
	}
	return 0;
}

static int entry_add(struct apply *apply, const struct transaction *transaction, struct job *job,
		     struct fail *fail)
{
	struct journal_entry *entry = &apply->entries[apply->count];
	size_t added;

	*entry = (struct journal_entry){
		.patch = job->patch.name, .source = (char *)job->source, .yaml = (char *)job->yaml,
		.caller = transaction->caller, .confirm_by = transaction->confirm_by,
		.ignore_warnings = transaction->ignore_warnings, .mark = transaction->mark,
	};
	apply->jobs[apply->count++] = job;
	entry->sites = calloc(job->plan.site_count, sizeof(*entry->sites));
	if (entry->sites == NULL)
		return fail_memory(fail, "applying");
	if (replaces_add(entry, job, fail) < 0 ||
	    replace_sites(job, apply->count - 1, apply->sites + apply->site_count, &added, fail) < 0)
		return -1;
	apply->site_count += added;
	(void)snprintf(entry->release, sizeof(entry->release), "%s",
		       transaction->target->info.release);
	for (size_t i = 0; i < job->plan.site_count; i++)
		entry->sites[entry->site_count++] = journal_site(&job->plan.sites[i]);
	return 0;
}

static int apply_make(struct apply *apply, const struct transaction *transaction, struct job *jobs,
		      size_t count, struct fail *fail)
{
	size_t sites = 0;

	for (size_t i = 0; i < count; i++)
		sites += is_applicable(&jobs[i]) ?
			 jobs[i].plan.site_count + jobs[i].undone_count : 0;
	if (sites > STORE_SITES_MAX)
		return fail_set(fail, OUTCOME_ERROR, "these patches have %zu sites together, and "
				"one step changes up to %d: apply fewer at once", sites,
				STORE_SITES_MAX);
	apply->jobs = calloc(count, sizeof(struct job *));
	apply->entries = calloc(count, sizeof(*apply->entries));
	apply->sites = calloc(sites + 1, sizeof(*apply->sites));
	if (apply->jobs == NULL || apply->entries == NULL || apply->sites == NULL)
		return fail_memory(fail, "applying");
	for (size_t i = 0; i < count; i++) {
		if (is_applicable(&jobs[i]) && entry_add(apply, transaction, &jobs[i], fail) < 0)
			return -1;
	}
	return 0;
}

/* Ends the entries whose bytes somebody else has undone already and that are applied anew or
 * written over now, so that no byte has two entries that could undo it. */
static int supersede(struct transaction *transaction, const struct job *jobs, size_t count,
		     struct fail *fail)
{
	CLEANUP_FREE int64_t *ids = NULL;
	size_t id_count = 0;

	if (claim_superseded(transaction->journal, transaction->target, jobs, count, &ids,
			     &id_count, fail) < 0)
		return -1;
	if (id_count != 0 &&
	    journal_set(transaction->journal, ids, id_count, JOURNAL_REVERTED, fail) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct job *job = &jobs[i];

		for (size_t j = 0; is_applicable(job) && j < job->replaced_count; j++) {
			if (!replace_holds(job, &job->replaced[j]) &&
			    journal_set(transaction->journal, &job->replaced[j].id, 1,
					JOURNAL_REVERTED, fail) < 0)
				return -1;
		}
	}
	return 0;
}

static int set_states(struct transaction *transaction, const struct apply *apply,
		      enum journal_state state, struct fail *fail)
{
	CLEANUP_FREE int64_t *ids = calloc(apply->count, sizeof(*ids));

	if (ids == NULL)
		return fail_memory(fail, "writing an outcome");
	for (size_t i = 0; i < apply->count; i++)
		ids[i] = apply->entries[i].id;
	return journal_set(transaction->journal, ids, apply->count, state, fail);
}

/* The write failed and nothing of it is in the kernel: *fail says so, and the journal shall. */
static void note_failed(struct transaction *transaction, const struct apply *apply,
			struct fail *fail)
{
	struct fail journal;

	if (set_states(transaction, apply, JOURNAL_FAILED, &journal) == 0)
		return;
	transaction->unnoted = true;
	fail_append(fail, "; and that could not be noted (%.1000s): patcherd finds it out at its next "
		    "request or start", journal.message);
}

/* Intent, write, outcome. -1: not applied; *at_fault is the site that is to blame, if one is. */
static int write_and_note(struct transaction *transaction, const struct apply *apply,
			  const struct store_site **at_fault, struct fail *fail)
{
	struct store_report report;
	int result;

	times_spent(transaction->times, TIME_REST);
	if (journal_intend(transaction->journal, apply->entries, apply->count, fail) < 0)
		return -1;
	times_spent(transaction->times, TIME_JOURNAL);
	fault_point("after-intent");
	trace_taint(transaction->trace, &transaction->untraced);
	if (store_write(transaction->target, apply->sites, apply->site_count, transaction->times,
			&report, fail) < 0) {
		*at_fault = report.failed;
		if (fail->code != OUTCOME_INCOMPLETE)
			note_failed(transaction, apply, fail);
		return -1;
	}
	fault_point("after-write");
	transaction->stop_nanoseconds = report.stop_nanoseconds;
	result = set_states(transaction, apply, JOURNAL_APPLIED, fail);
	times_spent(transaction->times, TIME_JOURNAL);
	if (result == 0)
		return 0;
	/* A change that the journal does not know to be there is one nobody can rely on. */
	(void)store_undo(transaction->target, apply->sites, apply->site_count, fail);
	if (fail->code != OUTCOME_INCOMPLETE)
		note_failed(transaction, apply, fail);
	return -1;
}

/* The same, with the other CPUs offline meanwhile where that is asked for. */
static int carry_out(struct transaction *transaction, const struct apply *apply,
		     const struct store_site **at_fault, struct fail *fail)
{
	struct cpus taken;
	int result;

	if (offline_take(transaction, &taken, fail) < 0)
		return -1;
	result = write_and_note(transaction, apply, at_fault, fail);
	offline_give_back(transaction, &taken);
	if (result < 0 && transaction->left_offline.message[0] != '\0')
		fail_append(fail, "; %s", transaction->left_offline.message);
	return result;
}

static void set_message(char **message, const char *text)
{
	free(*message);
	*message = strdup(text);	/* NULL: the outcome alone has to do */
}

/* `guilty` NULL: no job in particular, so each. Bytes neither old nor new are each's, too. */
static void tell_failure(struct transaction *transaction, struct job *jobs, size_t count,
			 const struct job *guilty, const struct fail *fail)
{
	for (size_t i = 0; i < count; i++) {
		struct plan *plan = &jobs[i].plan;

		if (!is_applicable(&jobs[i]) ||
		    (guilty != NULL && guilty != &jobs[i] && fail->code != OUTCOME_INCOMPLETE))
			continue;
		plan->outcome = fail->code;
		set_message(&plan->message, fail->message);
		log_line(LOG_ERR, &(struct log_about){ .patch = jobs[i].patch.name,
			 .outcome = outcome_name(fail->code), .caller = &transaction->caller },
			 "not applied: %s", fail->message);
	}
}

static void tell_site(const struct apply *apply, const struct store_site *at_fault,
		      const struct fail *fail)
{
	struct plan *plan = &apply->jobs[at_fault->owner]->plan;
	struct site_plan *site = plan->sites + at_fault->number;

	if (at_fault->number >= plan->site_count)
		return;			/* what a replaced patch alone had changed */
	site->outcome = fail->code;
	set_message(&site->message, fail->message);
}

static void tell_changed(struct transaction *transaction, const struct apply *apply,
			 const struct store_site *site)
{
	const struct job *job = apply->jobs[site->owner];
	char where[WHERE_MAX];

	log_line(LOG_NOTICE, &(struct log_about){
		 .patch = site->undone ?
			  job->undone[site->number - job->plan.site_count].entry->patch :
			  job->patch.name,
		 .outcome = outcome_name(site->undone ? OUTCOME_REVERTED : OUTCOME_APPLIED),
		 .site = where_print(site->module, site->symbol, site->offset, site->address, where),
		 .old = &site->before, .replacement = &site->wanted,
		 .caller = &transaction->caller },
		 site->undone ? "put the original bytes back" : "changed the kernel");
}

static void tell_replaced(struct transaction *transaction, const struct job *job)
{
	for (size_t i = 0; i < job->replaced_count; i++) {
		log_line(LOG_NOTICE, &(struct log_about){ .patch = job->replaced[i].patch,
			 .outcome = outcome_name(OUTCOME_REVERTED),
			 .caller = &transaction->caller }, "reverted: replaced by %s",
			 job->patch.name);
		trace_change(transaction->trace, "reverted", &job->replaced[i],
			     &transaction->caller, &transaction->untraced);
	}
}

static void tell_success(struct transaction *transaction, const struct apply *apply)
{
	for (size_t i = 0; i < apply->count; i++) {
		apply->jobs[i]->plan.outcome = OUTCOME_APPLIED;
		for (size_t j = 0; j < apply->jobs[i]->plan.site_count; j++)
			apply->jobs[i]->plan.sites[j].outcome = OUTCOME_APPLIED;
	}
	for (size_t i = 0; i < apply->site_count; i++)
		tell_changed(transaction, apply, &apply->sites[i]);
	for (size_t i = 0; i < apply->count; i++)
		tell_replaced(transaction, apply->jobs[i]);
	for (size_t i = 0; i < apply->count; i++)
		trace_change(transaction->trace, "applied", &apply->entries[i],
			     &transaction->caller, &transaction->untraced);
}

int transaction_apply(struct transaction *transaction, struct job *jobs, size_t count,
		      struct fail *fail)
{
	CLEANUP(apply_deinit) struct apply apply = { .count = 0 };
	const struct store_site *at_fault = NULL;
	const struct job *guilty = NULL;

	if (apply_make(&apply, transaction, jobs, count, fail) < 0 ||
	    supersede(transaction, jobs, count, fail) < 0) {
		tell_failure(transaction, jobs, count, NULL, fail);
		return -1;
	}
	times_spent(transaction->times, TIME_JOURNAL);
	if (apply.count == 0)
		return 0;
	for (size_t i = 0; i < apply.count; i++)
		log_line(LOG_INFO, &(struct log_about){ .patch = apply.entries[i].patch,
			 .caller = &transaction->caller }, "about to change %zu sites (%s)",
			 apply.entries[i].site_count, apply.entries[i].source);
	if (carry_out(transaction, &apply, &at_fault, fail) < 0) {
		if (at_fault != NULL) {
			guilty = apply.jobs[at_fault->owner];
			tell_site(&apply, at_fault, fail);
		}
		tell_failure(transaction, jobs, count, guilty, fail);
		return -1;
	}
	tell_success(transaction, &apply);
	return 0;
}
