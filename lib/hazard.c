/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hazard.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/hazard_branch.h"
#include "lib/hazard_data.h"
#include "lib/hazard_live.h"
#include "lib/hazard_stack.h"
#include "lib/hazard_stop.h"
#include "lib/hazard_tables.h"
#include "lib/hazard_text.h"

struct hazards {
	uint64_t fingerprint;		/* of the modules that what comes with text is of */
	struct hazard_lists lists;	/* of the running kernel only */
	struct hazard_tables tables;
	struct hazard_stacks stacks;
	struct hazard_stop stop;
};

int hazards_create(struct hazards **out, struct fail *fail)
{
	*out = calloc(1, sizeof(**out));
	return *out == NULL ? fail_memory(fail, "the owners of the kernel's text") : 0;
}

void hazards_renew(struct hazards *hazards, const struct modules *modules)
{
	bool text_changed = hazards->fingerprint != modules->fingerprint;

	hazard_lists_renew(&hazards->lists, text_changed);
	if (text_changed) {
		hazard_tables_deinit(&hazards->tables);
		hazard_stacks_deinit(&hazards->stacks);
		hazards->stop.known = false;
	}
	hazards->fingerprint = modules->fingerprint;
}

void hazards_destroy(struct hazards *hazards)
{
	if (hazards == NULL)
		return;
	hazard_lists_deinit(&hazards->lists);
	hazard_tables_deinit(&hazards->tables);
	hazard_stacks_deinit(&hazards->stacks);
	free(hazards);
}

int hazard_hidden(const struct kernel *kernel, const struct function *function, uint64_t offset,
		  size_t length, struct fail *fail)
{
	if (kernel->modules == NULL)
		return 0;
	return hazard_live_hidden(&kernel->hazards->lists, kernel, function, offset, length, fail);
}

int hazard_owners(const struct kernel *kernel, const struct function *function,
		  struct owners *out, struct fail *fail)
{
	struct hazards *hazards = kernel->hazards;

	if (hazard_tables(&hazards->tables, kernel, function, out, fail) != 0 ||
	    hazard_stack(&hazards->stacks, kernel, function, out, fail) != 0 ||
	    hazard_ftrace(&hazards->lists, kernel, function, out, fail) != 0 ||
	    hazard_text(kernel, function, out, fail) != 0 ||
	    hazard_stop(&hazards->stop, kernel, function, out, fail) != 0)
		return -1;
	if (kernel->modules != NULL &&
	    hazard_live(&hazards->lists, kernel, function, out, fail) != 0)
		return -1;
	owners_sort(out);
	return 0;
}

int hazard_data(const struct kernel *kernel, const struct symbol *symbol, uint64_t address,
		size_t size, struct owners *out, struct fail *fail)
{
	const struct data data = { address, address + size };

	return hazard_data_owners(&kernel->hazards->tables, kernel, symbol, &data, out, fail);
}

static int refuse(const struct symbol *symbol, const struct owner *owner, struct fail *fail)
{
	(void)fail_at(fail, OUTCOME_HAZARD, owner->address, "%s+0x%" PRIx64 " (0x%" PRIx64 ") is %s%s%s%s; %s",
		      symbol->name, owner->address - symbol->address, owner->address,
		      owner_what(owner->kind), owner->detail == NULL ? "" : " (",
		      owner->detail == NULL ? "" : owner->detail, owner->detail == NULL ? "" : ")",
		      owner_advice(owner));
	if (owner->policy == OWNER_ALLOWABLE)
		fail_append(fail, "; if it is meant, say so in the patch: allow: {%s: \"the reason\"}",
			    owner_name(owner->kind));
	return -1;
}

/* That none of the owners of the bytes from `start` to before `end` stands against the change. */
static int check_owners(const struct symbol *symbol, const struct owners *owners, uint64_t start,
			uint64_t end, unsigned long allow, struct fail *fail)
{
	for (size_t i = 0; i < owners->count; i++) {
		const struct owner *owner = &owners->items[i];

		if (owner->policy == OWNER_SETTLED || !owner_touches(owner, start, end) ||
		    (owner->policy == OWNER_ALLOWABLE && (allow >> owner->kind & 1) != 0))
			continue;
		return refuse(symbol, owner, fail);
	}
	return 0;
}

int hazard_variable(const struct kernel *kernel, const struct symbol *symbol, uint64_t address,
		    size_t size, unsigned long allow, struct fail *fail)
{
	CLEANUP(owners_deinit) struct owners owners = { .items = NULL };

	if (hazard_data(kernel, symbol, address, size, &owners, fail) != 0)
		return -1;
	return check_owners(symbol, &owners, address, address + size, allow, fail);
}

static int check_function(const struct kernel *kernel, const struct function *function,
			  const struct hazard_change *change, struct fail *fail)
{
	CLEANUP(owners_deinit) struct owners owners = { .items = NULL };
	uint64_t start = function->symbol->address + change->offset;
	unsigned long allow = change->allow | (change->returns ? 1UL << OWNER_ORC_UNWIND : 0);

	if (change->owners == NULL && hazard_owners(kernel, function, &owners, fail) != 0)
		return -1;
	return check_owners(function->symbol, change->owners == NULL ? &owners : change->owners,
			    start, start + change->length, allow, fail);
}

int hazard_bytes(const struct kernel *kernel, const struct function *function,
		 const struct hazard_change *change, struct fail *fail)
{
	size_t first = function_insn_at(function, change->offset);
	bool several = first != SIZE_MAX && function->insns[first].length < change->length;

	if (check_function(kernel, function, change, fail) != 0 ||
	    hazard_stack_change(kernel->target->info.architecture, function, change, fail) != 0)
		return -1;
	/* The function was decoded with the int3 of a kprobe behind the bytes in it, too. */
	if (several && hazard_hidden(kernel, function, 0, function->size, fail) != 0)
		return -1;
	return hazard_branch(kernel, function, change->offset, change->length, several, fail);
}
