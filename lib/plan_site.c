/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int plan_site_outcome(struct site_plan *plan, enum outcome outcome, const char *message)
{
	char *copy = message == NULL ? NULL : strdup(message);

	if (message != NULL && copy == NULL)
		return -1;
	free(plan->message);
	plan->outcome = outcome;
	plan->message = copy;
	return 0;
}

const char *plan_site_path(const struct patch *patch, const struct variant *variant, size_t index,
			   char out[SITE_PATH_MAX])
{
	/* `sites` at the top of the file are a variant without `when`. */
	if (variant->when.place.line == 0)
		(void)snprintf(out, SITE_PATH_MAX, "sites[%zu]", index);
	else
		(void)snprintf(out, SITE_PATH_MAX, "variants[%zu].sites[%zu]",
			       (size_t)(variant - patch->variants), index);
	return out;
}

const char *plan_site_replace(const struct site *site)
{
	return site->operation.kind == OPERATION_BYTES ? "replace.bytes" : "replace";
}

int plan_site_begin(const struct proof *proof, enum outcome code, struct place place,
		    const char *key, struct fail *fail)
{
	char path[SITE_PATH_MAX];

	return fail_set(fail, code, "%s:%u:%u: error: %s.%s: ", proof->patch->source, place.line,
			place.column,
			plan_site_path(proof->patch, proof->variant, proof->index, path), key);
}

static int check_code(const struct proof *proof, const struct bytes *bytes, struct place place,
		      const char *key, struct fail *fail)
{
	const struct site *site = proof->site;
	struct insn insns[INSNS_MAX];
	char text[BYTES_TEXT_MAX];
	struct fail why;
	size_t count = code_decode(proof->kernel, bytes, 0, insns, &why);

	if (count == 0) {
		plan_site_begin(proof, OUTCOME_INVALID_SPEC, place, key, fail);
		fail_append(fail, "%s is not whole %s instructions", bytes_print(bytes, text),
			    arch_name(proof->kernel->target->info.architecture));
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		if (!insns[i].opaque)
			continue;
		plan_site_begin(proof, OUTCOME_INVALID_SPEC, place, key, fail);
		fail_append(fail, "%s has an instruction that patcherd does not know, so it cannot "
			    "prove what it does", bytes_print(bytes, text));
		return -1;
	}
	/* `return` takes as many as it needs */
	if (count > 1 && !site->operation.multiple && site->where != SITE_ENTRY) {
		plan_site_begin(proof, OUTCOME_INVALID_SPEC, place, key, fail);
		fail_append(fail, "%s is %zu instructions; a site changes one into one%s",
			    bytes_print(bytes, text), count,
			    site->operation.kind == OPERATION_BYTES ?
			    ", unless `replace` says `multiple: true`" : "");
		return -1;
	}
	return 0;
}

int plan_site_check(const struct proof *proof, struct fail *fail)
{
	const struct site *site = proof->site;

	if (site->where == SITE_VARIABLE)
		return 0;
	if (site->expect.bytes.length > 0 &&
	    check_code(proof, &site->expect.bytes, site->expect.bytes_place, "expect.bytes",
		       fail) != 0)
		return -1;
	if (site->operation.kind != OPERATION_BYTES)
		return 0;
	return check_code(proof, &site->operation.bytes, site->operation.place,
			  plan_site_replace(site), fail);
}

int plan_site(struct proof *proof, struct fail *fail)
{
	struct fail why;
	int result = proof->site->where == SITE_VARIABLE ? plan_variable(proof, &why) :
							   plan_code(proof, &why);

	if (result == 0)
		result = plan_site_outcome(proof->plan, OUTCOME_APPLICABLE, NULL);
	else
		result = plan_site_outcome(proof->plan, why.code, why.message);
	return result == 0 ? 0 : fail_memory(fail, "a site's outcome");
}
