/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replace.h"
#include "result.h"

void jobs_deinit(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) {
		struct job *job = &jobs->items[i];

		replace_deinit(job);
		if (job->planned)
			plan_deinit(&job->plan);
		if (job->parsed)
			patch_deinit(&job->patch);
	}
	jobs->count = 0;
}

enum outcome job_outcome(const struct job *job)
{
	return job->planned ? job->plan.outcome : job->fail.code;
}

const char *job_message(const struct job *job)
{
	return job->planned ? job->plan.message : job->fail.message;
}

const char *job_name(const struct job *job)
{
	return job->parsed ? job->patch.name : job->source;
}

void job_set(struct job *job, enum outcome outcome, const char *message)
{
	free(job->plan.message);
	job->plan.message = strdup(message);
	job->plan.outcome = outcome;
}

void job_warn(struct job *job, const char *text, const char *why)
{
	char warning[sizeof(job->fail.message) + 128];

	(void)snprintf(warning, sizeof(warning), "%s: %s", text, why);
	/* without memory for a warning the outcome still stands */
	(void)!strings_add(&job->plan.warnings, warning);
}

size_t jobs_with(const struct jobs *jobs, enum outcome outcome)
{
	size_t found = 0;

	for (size_t i = 0; i < jobs->count; i++)
		found += job_outcome(&jobs->items[i]) == outcome;
	return found;
}

void jobs_set(struct jobs *jobs, enum outcome from, enum outcome outcome, const char *message)
{
	for (size_t i = 0; i < jobs->count; i++) {
		if (job_outcome(&jobs->items[i]) == from)
			job_set(&jobs->items[i], outcome, message);
	}
}

void jobs_warn(struct jobs *jobs, const char *text, const char *why)
{
	for (size_t i = 0; i < jobs->count && why[0] != '\0'; i++)
		job_warn(&jobs->items[i], text, why);
}

json_t *jobs_results(const struct jobs *jobs, const struct target *target,
		     uint64_t stop_nanoseconds, const struct times *times)
{
	json_t *list = json_array();

	for (size_t i = 0; i < jobs->count; i++) {
		const struct job *job = &jobs->items[i];
		json_t *result = job->planned ? result_plan(&job->plan, &target->info) :
				 result_fail(job_name(job), &job->fail);

		if (job_outcome(job) == OUTCOME_APPLIED && target->info.stops)
			(void)json_object_set_new(result, "stop_nanoseconds",
						  json_integer((json_int_t)stop_nanoseconds));
		(void)json_object_set_new(result, "times", times_json(times));
		if (json_array_append_new(list, result) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
