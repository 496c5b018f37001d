/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_outcome(struct job *job, enum outcome outcome, const char *message,
		       struct fail *fail)
{
	char *copy = strdup(message);

	if (copy == NULL)
		return fail_memory(fail, "arming");
	free(job->plan.message);
	job->plan.message = copy;
	job->plan.outcome = outcome;
	return 0;
}

/* The module that the index-th site is to be in, as a message has it. */
static const char *place_name(const struct variant *variant, size_t index)
{
	return variant->sites[index].module == NULL ? "the kernel image" :
	       variant->sites[index].module;
}

/* The first site that is not in the module that the first one is in; 0: there is none, or it is in no
 * module. */
static size_t elsewhere(const struct variant *variant)
{
	const char *module = variant->sites[0].module;
	size_t i = 1;

	if (module == NULL)
		return 0;
	while (i < variant->site_count && variant->sites[i].module != NULL &&
	       module_name_equal(variant->sites[i].module, module))
		i++;
	return i == variant->site_count ? 0 : i;
}

/* Bytes that stay in one place while their module goes would make the patch neither whole nor gone. */
static int refuse(struct job *job, size_t other, struct fail *fail)
{
	const struct variant *variant = job->plan.variant;
	const struct place *place = &variant->sites[other].place;
	char text[1024];

	(void)snprintf(text, sizeof(text), "%.200s:%u:%u: error: only a patch whose sites are all "
		       "in one module can wait for it, and this one's are in %.64s%s%.64s: make a patch "
		       "of each, or apply it without --when-loaded", job->patch.source, place->line,
		       place->column, place_name(variant, 0), other == 0 ? "" : " and in ",
		       other == 0 ? "" : place_name(variant, other));
	return set_outcome(job, OUTCOME_INVALID_SPEC, text, fail);
}

static int wait_for(struct job *job, const char *module, struct fail *fail)
{
	char text[512];

	for (size_t i = 0; i < job->plan.site_count; i++) {
		struct site_plan *site = &job->plan.sites[i];

		site->outcome = OUTCOME_ARMED;
		free(site->message);
		site->message = NULL;
	}
	(void)snprintf(text, sizeof(text), "module %.64s is not loaded: when it comes, the patch is "
		       "proved and applied, after the module's own start has run; `patchctl status` "
		       "tells how that went", module);
	return set_outcome(job, OUTCOME_ARMED, text, fail);
}

static int prove(const struct modules *modules, struct job *job, struct fail *fail)
{
	const struct variant *variant = job->plan.variant;
	const struct module *module;

	/* Guards that do not hold now will not when the module comes. */
	if (variant == NULL)
		return 0;
	if (variant->sites[0].module == NULL || elsewhere(variant) != 0)
		return refuse(job, elsewhere(variant), fail);
	module = modules_find(modules, variant->sites[0].module);
	if (module != NULL && module->live)
		return 0;
	/* What `requires` asks of the module is a guard that cannot be answered yet. Another refusal is
	 * of the patch itself, or of code of that name that is built into the kernel. */
	if (module == NULL && job->plan.outcome != OUTCOME_NOT_FOUND &&
	    job->plan.outcome != OUTCOME_GUARD)
		return 0;
	return wait_for(job, variant->sites[0].module, fail);
}

int arming_prove(const struct modules *modules, struct job *jobs, size_t count, struct fail *fail)
{
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].planned && prove(modules, &jobs[i], fail) < 0)
			return -1;
	}
	return 0;
}

/* Whether the job's patch is armed, and with the same text. */
static int look_up(struct journal *journal, const struct job *job, bool *armed, bool *same,
		   struct fail *fail)
{
	struct journal_armed *found = NULL;
	size_t count = 0;

	if (journal_armed(journal, job->patch.name, &found, &count, fail) < 0)
		return -1;
	*armed = count > 0;
	*same = count > 0 && strcmp(found[0].yaml, job->yaml) == 0;
	for (size_t i = 0; i < count; i++)
		journal_armed_deinit(&found[i]);
	free(found);
	return 0;
}

static bool waits(const struct job *job)
{
	return job->plan.outcome == OUTCOME_ARMED;
}

static bool wanted(const struct job *job)
{
	return job->planned && (waits(job) ||
				job->plan.outcome == OUTCOME_APPLICABLE ||
				job->plan.outcome == OUTCOME_ALREADY_APPLIED);
}

/* An earlier one of the request under that name, of which one waits: claim.h compares the others. */
static const struct job *namesake(const struct job *jobs, size_t index)
{
	const struct job *job = &jobs[index];

	for (size_t i = 0; i < index && wanted(job); i++) {
		if (wanted(&jobs[i]) && (waits(&jobs[i]) || waits(job)) &&
		    strcmp(jobs[i].patch.name, job->patch.name) == 0)
			return &jobs[i];
	}
	return NULL;
}

static int check_name(struct job *jobs, size_t index, struct fail *fail)
{
	struct job *job = &jobs[index];
	const struct job *other = namesake(jobs, index);
	char text[1024];

	if (other == NULL)
		return 0;
	(void)snprintf(text, sizeof(text), "the request has the patch %s twice (in %.400s and in "
		       "%.400s): apply one of them", job->patch.name, other->source, job->source);
	return set_outcome(job, OUTCOME_CONFLICT, text, fail);
}

int arming_check(struct journal *journal, struct job *jobs, size_t count, struct fail *fail)
{
	for (size_t i = 0; i < count; i++) {
		struct job *job = &jobs[i];
		bool armed, same;
		char text[256];

		if (!job->planned)
			continue;
		if (check_name(jobs, i, fail) < 0)
			return -1;
		if (look_up(journal, job, &armed, &same, fail) < 0)
			return -1;
		if (!armed || same)
			continue;
		(void)snprintf(text, sizeof(text), "a patch %s with another text is armed: `patchctl "
			       "revert %s` first", job->patch.name, job->patch.name);
		if (set_outcome(job, OUTCOME_CONFLICT, text, fail) < 0)
			return -1;
	}
	return 0;
}

/* Its row, where it is not armed yet; 1: *out is it, 0: it needs none. */
static int row_make(struct journal *journal, const struct journal_caller *caller, struct job *job,
		    struct journal_armed *out, struct fail *fail)
{
	bool armed, same;

	if (!wanted(job))
		return 0;
	if (!waits(job) && job->plan.sites[0].module == NULL) {
		/* without memory for a warning the outcome still stands */
		(void)!strings_add(&job->plan.warnings, "when-loaded: without effect: the code is "
				   "built into this kernel, and never goes");
		return 0;
	}
	if (look_up(journal, job, &armed, &same, fail) < 0)
		return -1;
	*out = (struct journal_armed){
		.patch = job->patch.name, .source = (char *)job->source, .yaml = (char *)job->yaml,
		.module = job->plan.variant->sites[0].module, .caller = *caller,
	};
	return !armed;
}

int arming_undo(struct journal *journal, struct job *jobs, size_t count, struct fail *fail)
{
	CLEANUP_FREE const char **names = calloc(count + 1, sizeof(*names));
	size_t armed = 0;

	if (names == NULL)
		return fail_memory(fail, "disarming");
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].newly_armed)
			names[armed++] = jobs[i].patch.name;
	}
	if (armed > 0 && journal_disarm(journal, names, armed, fail) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		jobs[i].newly_armed = false;
	return 0;
}

int arming_note(struct journal *journal, const struct journal_caller *caller, struct job *jobs,
		size_t count, struct fail *fail)
{
	CLEANUP_FREE struct journal_armed *rows = calloc(count + 1, sizeof(*rows));
	CLEANUP_FREE bool *made = calloc(count + 1, sizeof(*made));
	size_t row_count = 0;

	if (rows == NULL || made == NULL)
		return fail_memory(fail, "arming");
	for (size_t i = 0; i < count; i++) {
		int result = row_make(journal, caller, &jobs[i], &rows[row_count], fail);

		if (result < 0)
			return -1;
		made[i] = result > 0;
		row_count += made[i];
	}
	if (row_count > 0 && journal_arm(journal, rows, row_count, fail) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		jobs[i].newly_armed = made[i];
	return 0;
}
