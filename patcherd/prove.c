/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "prove.h"

#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "force.h"
#include "replace.h"
#include "spec.h"

/* Against the kernel as it is without what the patch replaces. */
static int plan_without(struct live *live, struct job *job, struct fail *fail)
{
	struct kernel kernel;
	int result;

	/* the check refreshes it too, and does not say how that went */
	if (kprobes_check(live, job->replaced, job->replaced_count, fail) < 0 ||
	    live_refresh(live, fail) < 0)
		return -1;
	kernel = live->kernel;
	if (replace_view(live->target, job, &kernel.target, fail) < 0)
		return -1;
	digests_forget(live->digests);
	result = plan_make(&kernel, &job->patch, &job->plan, fail);
	digests_forget(live->digests);
	target_close(kernel.target);
	return result;
}

static void tell_replaced(struct job *job)
{
	struct fail said;

	if (job->replaced_count == 0 || job->plan.outcome != OUTCOME_APPLICABLE)
		return;
	(void)fail_set(&said, OUTCOME_APPLICABLE, "it takes the place of");
	for (size_t i = 0; i < job->replaced_count; i++)
		fail_append(&said, "%s %s", i == 0 ? "" : ",", job->replaced[i].patch);
	fail_append(&said, ", reverted in the same step");
	free(job->plan.message);
	job->plan.message = strdup(said.message);	/* NULL: the outcome has to do */
}

void prove(struct daemon *daemon, struct job *job, struct times *times, const struct fail *unusable)
{
	struct live *live = &daemon->live;
	struct fail *fail = &job->fail;

	job->parsed = spec_parse(job->source, job->yaml, strlen(job->yaml), &job->patch, fail) == 0;
	times_spent(times, TIME_PARSE);
	if (!job->parsed)
		return;
	if (unusable != NULL) {
		*fail = *unusable;
		return;
	}
	if (daemon->journal != NULL &&
	    replace_load(daemon->journal, live->target, job, fail) < 0)
		return;
	job->planned = (job->replaced_count == 0 ?
			plan_make(&live->kernel, &job->patch, &job->plan, fail) :
			plan_without(live, job, fail)) == 0;
	if (job->planned)
		tell_replaced(job);
	times_spent(times, TIME_PROVE);
}
