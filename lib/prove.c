/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "prove.h"

#include <string.h>

#include "plan.h"
#include "spec.h"
#include "spec_write.h"

static int outcome_fail(const struct plan *plan, enum outcome wanted, const char *where,
			struct fail *fail)
{
	(void)fail_set(fail, plan->outcome, "%s it is not %s but %s", where, outcome_name(wanted),
		       outcome_name(plan->outcome));
	if (plan->message != NULL)
		fail_append(fail, ": %s", plan->message);
	for (size_t i = 0; i < plan->site_count; i++) {
		if (plan->sites[i].outcome != wanted && plan->sites[i].message != NULL) {
			fail_append(fail, ": %s", plan->sites[i].message);
			break;
		}
	}
	return -1;
}

int patch_prove(const struct kernel *kernel, const struct patch *patch, enum outcome wanted,
		const char *where, struct fail *fail)
{
	CLEANUP(patch_deinit) struct patch read = { .name = NULL };
	CLEANUP_FREE char *text = NULL;
	struct plan plan;
	int result = 0;

	if (spec_write(patch, NULL, &text, fail) < 0 ||
	    spec_parse(patch->name, text, strlen(text), &read, fail) < 0 ||
	    plan_make(kernel, &read, &plan, fail) < 0)
		return -1;
	if (plan.outcome != wanted)
		result = outcome_fail(&plan, wanted, where, fail);
	plan_deinit(&plan);
	return result;
}
