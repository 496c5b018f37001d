/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_locate: the symbol that a site names, and whether it is the one meant. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hazard.h"
#include "lib/plan_site.h"

static const char *noun(const struct site *site)
{
	return site->where == SITE_VARIABLE ? "variable" : "function";
}

static int find(const struct proof *proof, const struct symbol **out, struct fail *fail)
{
	const struct kernel *kernel = proof->kernel;
	const struct site *site = proof->site;

	if ((site->where == SITE_VARIABLE ?
	     variable_find(kernel->symtab, site->symbol, site->module, site->occurrence, out,
			   fail) :
	     function_find(kernel->symtab, site->symbol, site->module, false, site->occurrence, out,
			   fail)) == 0)
		return 0;
	kernel_explain(kernel, fail);
	if (fail->code == OUTCOME_NOT_FOUND && site->module != NULL && kernel->modules != NULL &&
	    modules_find(kernel->modules, site->module) == NULL)
		(void)fail_set(fail, OUTCOME_NOT_FOUND,
			       "module %s is not loaded, and %s is not built into this kernel; "
			       "load the module first: modprobe %s", site->module, site->symbol,
			       site->module);
	return -1;
}

/* A module that is loaded is not built in: a symbol of the image is another one of that name. */
static int check_module(const struct proof *proof, const struct symbol *symbol, struct fail *fail)
{
	const char *module = proof->site->module;
	const struct modules *modules = proof->kernel->modules;

	if (module == NULL || symbol->module != NULL || modules == NULL ||
	    modules_find(modules, module) == NULL)
		return 0;
	return fail_at(fail, OUTCOME_NOT_FOUND, symbol->address, "module %s is loaded and has no "
		       "%s %s; the one of the kernel image at 0x%" PRIx64 " is another: leave "
		       "`module` out if it is meant", module, noun(proof->site), symbol->name,
		       symbol->address);
}

int plan_place(struct proof *proof, const struct symbol *symbol, uint64_t offset,
	       struct fail *fail)
{
	struct site_plan *plan = proof->plan;

	if (symbol->address + offset < symbol->address)
		return fail_at(fail, OUTCOME_MISMATCH, symbol->address,
			       "%s+0x%" PRIx64 ": that offset is past the end of the address space",
			       symbol->name, offset);
	free(plan->symbol);
	free(plan->module);
	plan->symbol = strdup(symbol->name);
	plan->module = symbol->module == NULL ? NULL : strdup(symbol->module);
	if (plan->symbol == NULL || (symbol->module != NULL && plan->module == NULL))
		return fail_memory(fail, "a symbol's name");
	plan->located = true;
	plan->symbol_address = symbol->address;
	plan->offset = offset;
	plan->address = symbol->address + offset;
	return 0;
}

int plan_symbol(struct proof *proof, const struct symbol **out, struct fail *fail)
{
	const struct kernel *kernel = proof->kernel;
	const struct symbol *symbol;

	if (find(proof, &symbol, fail) != 0 || check_module(proof, symbol, fail) != 0)
		return -1;
	/* Where it is, is known before it is found out whether it may be changed. */
	if (proof->site->where != SITE_FIND &&
	    plan_place(proof, symbol, proof->site->offset, fail) != 0)
		return -1;
	if (hazard_symbol(kernel, symbol, fail) != 0)
		return -1;
	*out = symbol;
	if (symbol->module == NULL || kernel->modules == NULL)
		return 0;
	if (module_identity(symbol->module, &proof->plan->module_identity, fail) != 0)
		return -1;
	if (proof->plan->module_identity == 0)
		return fail_set(fail, OUTCOME_NOT_FOUND, "module %s was unloaded just now; load it "
				"again: modprobe %s", symbol->module, symbol->module);
	return 0;
}
