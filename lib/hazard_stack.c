/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/hazard_stack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct known_orc {
	char module[sizeof(((struct module *)0)->name)];
	struct orc orc;
};

void hazard_stacks_deinit(struct hazard_stacks *stacks)
{
	for (size_t i = 0; i < stacks->count; i++)
		orc_deinit(&stacks->items[i].orc);
	free(stacks->items);
	memset(stacks, 0, sizeof(*stacks));
}

static const struct orc *known(const struct hazard_stacks *stacks, const char *module)
{
	for (size_t i = 0; i < stacks->count; i++) {
		if (strcmp(stacks->items[i].module, module) == 0)
			return &stacks->items[i].orc;
	}
	return NULL;
}

static int find(struct hazard_stacks *stacks, const struct kernel *kernel, const char *name,
		const struct orc **out, struct fail *fail)
{
	const struct module *module = NULL;
	struct known_orc *items;

	if (name != NULL && kernel->modules != NULL) {
		module = modules_find(kernel->modules, name);
		if (module == NULL)
			return fail_set(fail, OUTCOME_HAZARD, "module %s was unloaded just now",
					name);
	}
	*out = known(stacks, module == NULL ? "" : module->name);
	if (*out != NULL)
		return 0;
	items = reallocarray(stacks->items, stacks->count + 1, sizeof(*items));
	if (items == NULL)
		return fail_memory(fail, "the states of the stack");
	stacks->items = items;
	items += stacks->count;
	memset(items, 0, sizeof(*items));
	if (module != NULL)
		memcpy(items->module, module->name, sizeof(items->module));
	if (orc_find(kernel->target, kernel->symtab, kernel->image, module, &items->orc, fail) != 0)
		return -1;
	stacks->count++;
	*out = &items->orc;
	return 0;
}

/* Whether control goes on to the instruction behind it, in this function. A call may not return:
 * where the stack is another behind it, what else is put in its place must not go on either. */
static bool falls_through(const struct insn *insn, uint64_t end)
{
	return (insn->flow == FLOW_NEXT || insn->flow == FLOW_BRANCH || insn->flow == FLOW_CALL) &&
	       insn->address + insn->length < end;
}

/* Whether a state that holds inside of the instruction, or behind it where control goes on there,
 * is another than *before. One that is not known says nothing. */
static bool changes(const struct orc_state *before, const struct orc_states *states, size_t first,
		    const struct insn *insn, uint64_t end)
{
	uint64_t last = insn->address + insn->length - (falls_through(insn, end) ? 0 : 1);

	for (size_t i = first; i < states->count && states->items[i].address <= last; i++) {
		const struct orc_state *state = &states->items[i];

		if (orc_known(state) && !orc_equal(state, before))
			return true;
	}
	return false;
}

int hazard_stack_owners(const struct orc_states *states, const struct function *function,
			struct owners *out, struct fail *fail)
{
	uint64_t end = function->symbol->address + function->size;
	size_t next = 0;

	for (size_t i = 0; i < function->count; i++) {
		const struct insn *insn = &function->insns[i];

		while (next < states->count && states->items[next].address <= insn->address)
			next++;
		if (next == 0 || !orc_known(&states->items[next - 1]) ||
		    !changes(&states->items[next - 1], states, next, insn, end))
			continue;
		if (owners_add(out, OWNER_ORC_UNWIND, insn->address, insn->address + insn->length,
			       NULL, NULL, fail) != 0)
			return -1;
	}
	return 0;
}

int hazard_stack(struct hazard_stacks *stacks, const struct kernel *kernel,
		 const struct function *function, struct owners *out, struct fail *fail)
{
	uint64_t start = function->symbol->address, end = start + function->size;
	CLEANUP(orc_states_deinit) struct orc_states states = { .items = NULL };
	const struct orc *orc;
	struct fail why;

	if (find(stacks, kernel, function->symbol->module, &orc, &why) == 0 &&
	    orc_read(kernel->target, orc, start, end, &states, &why) == 0)
		return hazard_stack_owners(&states, function, out, fail);
	if (why.code != OUTCOME_HAZARD) {
		*fail = why;
		return -1;
	}
	return owners_add(out, OWNER_UNKNOWN, start, end, why.message, NULL, fail);
}

/* The first of the instructions that moves the stack pointer; NULL: none does. */
static const struct insn *first_moving(enum architecture arch, const struct insn *insns,
				       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (insn_moves_stack(arch, &insns[i]))
			return &insns[i];
	}
	return NULL;
}

/* Whether the instruction leaves the function: a return, also by a return thunk, or a tail call. */
static bool leaves(const struct function *function, const struct insn *insn)
{
	uint64_t start = function->symbol->address;

	return insn->flow == FLOW_RETURN ||
	       (insn->flow == FLOW_JUMP && insn->has_target &&
		(insn->target < start || insn->target >= start + function->size));
}

static int moved(const struct function *function, const struct insn *insn, bool is_new,
		 struct fail *fail)
{
	return fail_at(fail, OUTCOME_HAZARD, insn->address,
		       "%s+0x%" PRIx64 " (0x%" PRIx64 "): the %s instruction %s %s moves the stack "
		       "pointer, and nothing of what %s does, so the stack would not be as deep as the "
		       "code behind it takes it for; choose an instruction that leaves the stack as it "
		       "is; if it is meant, say so in the patch: allow: {%s: \"the reason\"}",
		       function->symbol->name, insn->address - function->symbol->address,
		       insn->address, is_new ? "new" : "old", insn->mnemonic, insn->operands,
		       is_new ? "it replaces" : "replaces it", owner_name(OWNER_ORC_UNWIND));
}

int hazard_stack_change(enum architecture arch, const struct function *function,
			const struct hazard_change *change, struct fail *fail)
{
	uint64_t end = function->symbol->address + change->offset + change->length;
	size_t first = function_insn_at(function, change->offset), behind = first;
	const struct insn *old, *new;

	if (change->count == 0 || first == SIZE_MAX || change->returns ||
	    (change->allow >> OWNER_ORC_UNWIND & 1) != 0)
		return 0;
	while (behind < function->count && function->insns[behind].address < end)
		behind++;
	old = first_moving(arch, function->insns + first, behind - first);
	new = first_moving(arch, change->insns, change->count);
	/* A function that is left before it has moved the stack need not do what it did then. */
	if (leaves(function, &change->insns[change->count - 1]) &&
	    first_moving(arch, function->insns, first) == NULL)
		old = NULL;
	if (old == NULL && new != NULL)
		return moved(function, new, true, fail);
	if (old != NULL && new == NULL)
		return moved(function, old, false, fail);
	return 0;
}
