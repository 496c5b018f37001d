/* SPDX-License-Identifier: GPL-2.0-or-later */
/* jobs: what is said of the jobs of one request: outcomes, messages and warnings, and their
 * Results. */
#ifndef PATCHERD_JOBS_H
#define PATCHERD_JOBS_H

#include <jansson.h>

#include "job.h"
#include "target.h"
#include "times.h"

enum { JOBS_MAX = 64 };

struct jobs {
	struct job items[JOBS_MAX];
	size_t count;
};

void jobs_deinit(struct jobs *jobs);

enum outcome job_outcome(const struct job *job);
const char *job_message(const struct job *job);
/* The patch's name; of what is no patch, the file's. */
const char *job_name(const struct job *job);

/* A plan's outcome anew; without its message where memory ran out. */
void job_set(struct job *job, enum outcome outcome, const char *message);
/* "text: why"; of a job that has a plan. */
void job_warn(struct job *job, const char *text, const char *why);

/* How many have that outcome. */
size_t jobs_with(const struct jobs *jobs, enum outcome outcome);
/* All that had the outcome `from` get another one. */
void jobs_set(struct jobs *jobs, enum outcome from, enum outcome outcome, const char *message);
/* All of them; `why` "": nothing. */
void jobs_warn(struct jobs *jobs, const char *text, const char *why);

/* Their Results, a new reference; NULL when memory ran out. stop_nanoseconds is told of those that
 * are applied, where the target stops the CPUs; `times` are of the whole request. */
json_t *jobs_results(const struct jobs *jobs, const struct target *target,
		     uint64_t stop_nanoseconds, const struct times *times);

#endif
