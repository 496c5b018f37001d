/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan_warn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "operation.h"

static int warn(struct plan *plan, const char *text, struct fail *fail)
{
	return strings_add(&plan->warnings, text) == 0 ? 0 : fail_memory(fail, "a warning");
}

/* Whether an earlier site names the same function. */
static bool told_before(const struct plan *plan, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(plan->sites[i].site->symbol, plan->sites[index].site->symbol) == 0)
			return true;
	}
	return false;
}

/* A .cold part is searched with its function, and not reached where that returns at once. */
static bool is_settled(const struct site_plan *site, const struct symbol *sibling)
{
	const char *suffix = sibling->name + strlen(site->site->symbol);

	return site->site->where != SITE_OFFSET && strncmp(suffix, ".cold", 5) == 0 &&
	       (suffix[5] == '\0' || suffix[5] == '.');
}

/* The compiler splits and copies functions; what is changed in one part is not in the others. */
static int warn_siblings(const struct kernel *kernel, struct plan *plan,
			 const struct site_plan *site, struct fail *fail)
{
	const char *name = site->site->symbol;
	const struct symbol *sibling = NULL;
	char text[1024];
	size_t length = (size_t)snprintf(text, sizeof(text), "%.200s also lives in", name);
	size_t count = 0;

	while (count < 16 && length < sizeof(text) - 160 &&
	       (sibling = symtab_next_sibling(kernel->symtab, name, sibling)) != NULL) {
		if (is_settled(site, sibling))
			continue;
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   "%s %.40s (0x%" PRIx64 ")", count++ == 0 ? "" : ",",
					   sibling->name, sibling->address);
	}
	if (count == 0)
		return 0;
	(void)snprintf(text + length, sizeof(text) - length,
		       ": the change may be needed there too");
	return warn(plan, text, fail);
}

/* ORC's tables still tell of the prologue that was written over. */
static int warn_return(struct plan *plan, const struct site_plan *site, struct fail *fail)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "a stack trace taken while a task is in the bytes that make "
		       "%.200s return (+0x%" PRIx64 ") may miss the function's caller: the kernel "
		       "unwinds there as it would without the patch", site->symbol, site->offset);
	return warn(plan, text, fail);
}

/* What a name alone proves of the function that is called from now on. */
static int warn_target(const struct kernel *kernel, struct plan *plan,
		       const struct site_plan *site, struct fail *fail)
{
	const struct operation *operation = &site->site->operation;
	struct operation_target to;
	struct fail ignored;	/* the site is proved: it was found */
	char text[800];

	if (operation_target(operation, kernel, site->address, &to, &ignored) != 0)
		return 0;
	if (to.symbol == NULL)
		(void)snprintf(text, sizeof(text), "%.200s does not name %.200s: whether there is such a "
			       "function only a running kernel tells", kernel->target->info.path,
			       operation->target);
	else if (to.symbol->module != NULL &&
		 (site->module == NULL || strcmp(site->module, to.symbol->module) != 0))
		(void)snprintf(text, sizeof(text), "%.200s is in module %.60s, which must not be "
			       "unloaded as long as %.200s+0x%" PRIx64 " leads there",
			       operation->target, to.symbol->module, site->symbol, site->offset);
	else
		return 0;
	return strings_have(&plan->warnings, text) ? 0 : warn(plan, text, fail);
}

int plan_warn(const struct kernel *kernel, struct plan *plan, struct fail *fail)
{
	for (size_t i = 0; i < plan->site_count; i++) {
		const struct site_plan *site = &plan->sites[i];

		if (!site->located || site->site->where == SITE_VARIABLE)
			continue;
		if (symtab_next_sibling(kernel->symtab, site->site->symbol, NULL) != NULL &&
		    !told_before(plan, i) &&
		    warn_siblings(kernel, plan, site, fail) != 0)
			return -1;
		if (site->site->where == SITE_ENTRY && site->outcome == OUTCOME_APPLICABLE &&
		    warn_return(plan, site, fail) != 0)
			return -1;
		if (site->site->operation.kind == OPERATION_TARGET &&
		    site->outcome == OUTCOME_APPLICABLE &&
		    warn_target(kernel, plan, site, fail) != 0)
			return -1;
	}
	return 0;
}
