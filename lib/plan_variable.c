/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_variable: a site that is a variable, or part of one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hazard.h"
#include "lib/plan_site.h"

/* Little-endian, as x86 has it. */
static struct bytes bytes_of(const struct number *number, unsigned size)
{
	struct bytes bytes = { .length = size };

	for (unsigned i = 0; i < size; i++)
		bytes.data[i] = (uint8_t)(number->bits >> 8 * i);
	return bytes;
}

static int value_fill(struct code *code, const struct bytes *bytes, struct fail *fail)
{
	uint64_t value = 0;
	char text[32];

	for (size_t i = bytes->length; i-- > 0;)
		value = value << 8 | bytes->data[i];
	(void)snprintf(text, sizeof(text), "0x%" PRIx64, value);
	code->bytes = *bytes;
	code->assembler = strdup(text);
	return code->assembler == NULL ? fail_memory(fail, "a variable's value") : 0;
}

static int check_place(const struct proof *proof, const struct symbol *symbol, struct fail *fail)
{
	const struct target_info *info = &proof->kernel->target->info;
	const struct site_plan *plan = proof->plan;
	unsigned size = proof->site->size;
	char at[WHERE_TEXT_MAX];

	if (plan->address + size < plan->address ||
	    (symbol->size != 0 && (plan->offset > symbol->size ||
				   size > symbol->size - plan->offset)))
		return fail_at(fail, OUTCOME_MISMATCH, plan->address,
			       "%s: %u bytes there are past the end of the variable, which is 0x%"
			       PRIx64 " bytes long on this kernel", plan_where(plan, at), size,
			       symbol->size);
	/* One aligned store is seen as a whole or not at all, by whoever reads it meanwhile. */
	if (info->writable && !info->stops && plan->address % size != 0)
		return fail_at(fail, OUTCOME_HAZARD, plan->address,
			       "%s: %u bytes there are not aligned to their size, so that code which "
			       "reads them while they are written could see half of the change; "
			       "`%s` does not stop the CPUs meanwhile: load patcher_kmem, which "
			       "does, or choose another offset and size", plan_where(plan, at), size,
			       info->kind);
	return 0;
}

static unsigned long allowed(const struct site *site)
{
	unsigned long kinds = 0;

	for (size_t i = 0; i < site->allow_count; i++)
		kinds |= 1UL << site->allow[i].kind;
	return kinds;
}

static int compare(const struct proof *proof, struct fail *fail)
{
	const struct site_plan *plan = proof->plan;
	char at[WHERE_TEXT_MAX];

	if (bytes_equal(&plan->found.bytes, &plan->replacement.bytes))
		return fail_at(fail, OUTCOME_ALREADY_APPLIED, plan->address,
			       "the new value is there already");
	if (bytes_equal(&plan->found.bytes, &plan->expected.bytes))
		return 0;
	return fail_at(fail, OUTCOME_MISMATCH, plan->address, "%s: expected %s, found %s; the kernel, "
		       "or somebody else, has set it since it started, or this kernel starts with "
		       "another value: if that one is right, expect it in the patch",
		       plan_where(plan, at), plan->expected.assembler, plan->found.assembler);
}

int plan_variable(struct proof *proof, struct fail *fail)
{
	const struct kernel *kernel = proof->kernel;
	const struct site *site = proof->site;
	struct site_plan *plan = proof->plan;
	const struct bytes expected = bytes_of(&site->expect.value, site->size);
	const struct bytes new = bytes_of(&site->operation.number, site->size);
	struct bytes found = { .length = site->size };
	const struct symbol *symbol;

	if (value_fill(&plan->expected, &expected, fail) != 0 ||
	    value_fill(&plan->replacement, &new, fail) != 0 ||
	    plan_symbol(proof, &symbol, fail) != 0 || check_place(proof, symbol, fail) != 0 ||
	    target_read(kernel->target, plan->address, found.data, found.length, symbol->name,
			fail) != 0 ||
	    value_fill(&plan->found, &found, fail) != 0 || compare(proof, fail) != 0)
		return -1;
	return hazard_variable(kernel, symbol, plan->address, site->size, allowed(site), fail);
}
