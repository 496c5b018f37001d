/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/plan_site.h"
#include "lib/plan_warn.h"
#include "lib/requirements.h"
#include "pattern.h"

static int plan_outcome(struct plan *plan, enum outcome outcome, const char *message,
			struct fail *fail)
{
	char *copy = message == NULL ? NULL : strdup(message);

	if (message != NULL && copy == NULL)
		return fail_memory(fail, "a patch's outcome");
	free(plan->message);
	plan->outcome = outcome;
	plan->message = copy;
	return 0;
}

/* The first variant whose conditions hold; -1: none, *fail says why of each. */
static int choose_variant(const struct kernel *kernel, const struct patch *patch,
			  const struct variant **out, struct fail *fail)
{
	struct fail why;

	if (guard_check(&patch->kernel, patch->source, &kernel->target->info, fail) != 0)
		return -1;
	(void)fail_set(fail, OUTCOME_GUARD, "%s", "");
	for (size_t i = 0; i < patch->variant_count; i++) {
		if (guard_check(&patch->variants[i].when, patch->source, &kernel->target->info,
				&why) == 0) {
			*out = &patch->variants[i];
			return 0;
		}
		fail_append(fail, "%s%s", i == 0 ? "" : "\n", why.message);
	}
	if (patch->variant_count > 1)
		fail_append(fail, "\nnone of the patch's %zu variants is for this kernel",
			    patch->variant_count);
	return -1;
}

/* Two sites under different names can be the same bytes. */
static int check_overlap(const struct patch *patch, struct plan *plan, struct fail *fail)
{
	for (size_t i = 0; i < plan->site_count; i++) {
		struct site_plan *a = &plan->sites[i];

		for (size_t j = 0; j < i; j++) {
			const struct site_plan *b = &plan->sites[j];
			char text[512], path[SITE_PATH_MAX], other[SITE_PATH_MAX];

			if (!a->located || !b->located || a->replacement.bytes.length == 0 ||
			    b->replacement.bytes.length == 0 ||
			    a->address >= b->address + b->replacement.bytes.length ||
			    b->address >= a->address + a->replacement.bytes.length)
				continue;
			(void)snprintf(text, sizeof(text),
				       "%.200s:%u:%u: error: %s overlaps %s: both are at 0x%" PRIx64
				       " on this kernel", patch->source, a->site->place.line,
				       a->site->place.column,
				       plan_site_path(patch, plan->variant, i, path),
				       plan_site_path(patch, plan->variant, j, other), a->address);
			if (plan_site_outcome(a, OUTCOME_INVALID_SPEC, text) != 0)
				return fail_memory(fail, "a site's outcome");
			break;
		}
	}
	return 0;
}

/* What an applicable site would jump into. */
static int check_jumps_of(const struct kernel *kernel, struct plan *plan, size_t index,
			  struct fail *fail)
{
	struct site_plan *from = &plan->sites[index];
	struct insn insns[INSNS_MAX];
	struct fail ignored;	/* what does not decode was refused before */
	size_t count = code_decode(kernel, &from->replacement.bytes, from->address, insns, &ignored);

	for (size_t i = 0; i < plan->site_count; i++) {
		const struct site_plan *into = &plan->sites[i];
		char text[512], path[SITE_PATH_MAX], other[SITE_PATH_MAX];

		if (!into->multiple || i == index || !into->located ||
		    !plan_code_jumps_into(insns, count, into))
			continue;
		(void)snprintf(text, sizeof(text), "%.200s:%u:%u: error: %s.%s: it jumps "
			       "into the middle of %s, at 0x%" PRIx64 " on this kernel",
			       plan->patch->source, from->site->operation.place.line,
			       from->site->operation.place.column,
			       plan_site_path(plan->patch, plan->variant, index, path),
			       plan_site_replace(from->site),
			       plan_site_path(plan->patch, plan->variant, i, other), into->address);
		if (plan_site_outcome(from, OUTCOME_INVALID_SPEC, text) != 0)
			return fail_memory(fail, "a site's outcome");
		break;
	}
	return 0;
}

/* The sites were proved one by one, each against the function as it is without the others. */
static int check_jumps(const struct kernel *kernel, struct plan *plan, struct fail *fail)
{
	for (size_t i = 0; i < plan->site_count; i++) {
		if (plan->sites[i].outcome == OUTCOME_APPLICABLE &&
		    plan->sites[i].site->where != SITE_VARIABLE &&
		    check_jumps_of(kernel, plan, i, fail) != 0)
			return -1;
	}
	return 0;
}

static size_t count_outcome(const struct plan *plan, enum outcome outcome)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->site_count; i++)
		count += plan->sites[i].outcome == outcome;
	return count;
}

/* The patch's outcome from those of its sites: the first refusal's. */
static int combine(struct plan *plan, struct fail *fail)
{
	size_t already = count_outcome(plan, OUTCOME_ALREADY_APPLIED);
	size_t applicable = count_outcome(plan, OUTCOME_APPLICABLE);

	for (size_t i = 0; i < plan->site_count; i++) {
		const struct site_plan *site = &plan->sites[i];

		if (site->outcome != OUTCOME_APPLICABLE && site->outcome != OUTCOME_ALREADY_APPLIED)
			return plan_outcome(plan, site->outcome, site->message, fail);
	}
	if (already == plan->site_count)
		return plan_outcome(plan, OUTCOME_ALREADY_APPLIED, plan->sites[0].message, fail);
	if (already > 0) {
		char text[160];

		(void)snprintf(text, sizeof(text),
			       "%zu of %zu sites hold the replacement already and %zu the old bytes: "
			       "somebody changed part of it; put the old bytes back first",
			       already, plan->site_count, applicable);
		return plan_outcome(plan, OUTCOME_MISMATCH, text, fail);
	}
	return plan_outcome(plan, OUTCOME_APPLICABLE, NULL, fail);
}

static struct proof proof_start(const struct kernel *kernel, struct plan *plan, size_t index,
				struct loaded_functions *functions, uint64_t *steps)
{
	return (struct proof){ .kernel = kernel, .patch = plan->patch, .variant = plan->variant,
			       .index = index, .site = plan->sites[index].site,
			       .plan = &plan->sites[index], .functions = functions,
			       .steps = steps };
}

/* All that is wrong in the patch itself, before any kernel text is looked at. */
static int check_sites(const struct kernel *kernel, struct plan *plan, struct fail *fail)
{
	struct fail all;

	(void)fail_set(&all, OUTCOME_INVALID_SPEC, "%s", "");
	for (size_t i = 0; i < plan->site_count; i++) {
		struct proof proof = proof_start(kernel, plan, i, NULL, NULL);
		struct fail why;

		if (plan_site_check(&proof, &why) == 0)
			continue;
		fail_append(&all, "%s%s", all.message[0] == '\0' ? "" : "\n", why.message);
		if (plan_site_outcome(&plan->sites[i], why.code, why.message) != 0)
			return fail_memory(fail, "a site's outcome");
	}
	if (all.message[0] == '\0')
		return 0;
	return plan_outcome(plan, OUTCOME_INVALID_SPEC, all.message, fail);
}

static int prove_sites(const struct kernel *kernel, struct plan *plan, struct fail *fail)
{
	CLEANUP(loaded_deinit) struct loaded_functions functions = { .count = 0 };
	uint64_t steps = PATTERN_STEPS;

	for (size_t i = 0; i < plan->site_count; i++) {
		struct proof proof = proof_start(kernel, plan, i, &functions, &steps);

		if (plan_site(&proof, fail) != 0)
			return -1;
	}
	if (check_overlap(plan->patch, plan, fail) != 0 || check_jumps(kernel, plan, fail) != 0 ||
	    combine(plan, fail) != 0)
		return -1;
	return plan_warn(kernel, plan, fail);
}

static int plan_fill(const struct kernel *kernel, struct plan *plan, struct fail *fail)
{
	struct fail why;

	plan->outcome = OUTCOME_APPLICABLE;
	if (choose_variant(kernel, plan->patch, &plan->variant, &why) != 0 ||
	    requirements_check(kernel, plan->patch, plan->variant, &why) != 0)
		return plan_outcome(plan, why.code, why.message, fail);
	plan->sites = calloc(plan->variant->site_count, sizeof(*plan->sites));
	if (plan->sites == NULL)
		return fail_memory(fail, "planning a patch");
	plan->site_count = plan->variant->site_count;
	for (size_t i = 0; i < plan->site_count; i++) {
		const struct site *site = &plan->variant->sites[i];

		plan->sites[i] = (struct site_plan){ .site = site,
						     .multiple = site->operation.multiple };
		if (site->where != SITE_VARIABLE && site->operation.kind == OPERATION_BYTES)
			plan->sites[i].replacement.bytes = site->operation.bytes;
	}
	if (check_sites(kernel, plan, fail) != 0)
		return -1;
	if (plan->outcome == OUTCOME_INVALID_SPEC)
		return 0;
	return prove_sites(kernel, plan, fail);
}

void kernel_explain(const struct kernel *kernel, struct fail *fail)
{
	if (fail->code != OUTCOME_NOT_FOUND)
		return;
	if (kernel->modules != NULL && !symtab_has_data(kernel->symtab))
		fail_append(fail, "\n/proc/kallsyms has functions only, as this kernel was built without "
			    "CONFIG_KALLSYMS_ALL: for variables of the kernel image start patcherd with "
			    "--system-map, see patcherd(8); those of modules cannot be found");
	if (kernel->system_map != NULL)
		fail_append(fail, "\nthe symbols are those of %s, as /proc/kallsyms gives no "
			    "addresses, and a System.map has no functions of modules: for one of "
			    "those, sysctl kernel.kptr_restrict=1", kernel->system_map);
}

int plan_make(const struct kernel *kernel, const struct patch *patch, struct plan *out,
	      struct fail *fail)
{
	memset(out, 0, sizeof(*out));
	out->patch = patch;
	if (plan_fill(kernel, out, fail) == 0)
		return 0;
	plan_deinit(out);
	return -1;
}
