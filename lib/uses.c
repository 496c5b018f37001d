/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uses: follows a function until nothing changes any more: what is known at the start of each block
 * is what all ways to it agree on. Only then are uses named.
 */
#include "uses.h"

#include <stdlib.h>
#include <string.h>

#include "lib/uses_internal.h"

enum { INSNS_MAX = 32768, ROUNDS_MAX = 256 };

/* Instructions of all codes are counted through. A block goes from one that is a `leader` to the
 * next. */
struct graph {
	struct flow flow;
	size_t count;
	struct insn_layout *layouts;
	bool *leader;
	bool *anybody;			/* it is jumped to from places that are not known */
	struct state *states;		/* of leaders */
	bool *queued;
	size_t *queue;			/* a ring of count + 1 */
	size_t head, tail;
	uint64_t steps;			/* left */
	bool lost;			/* cannot be followed */
};

void uses_deinit(struct uses *uses)
{
	free(uses->items);
	*uses = (struct uses){ .items = NULL };
}

static const struct insn *insn_of(const struct graph *graph, size_t index)
{
	size_t first = graph->flow.codes[0].count;

	return index < first ? &graph->flow.codes[0].insns[index] :
			       &graph->flow.codes[1].insns[index - first];
}

/* The index of the instruction at `address`; SIZE_MAX: none starts there. *inside: it is in a
 * code. */
static size_t index_at(const struct graph *graph, uint64_t address, bool *inside)
{
	size_t before = 0;

	for (size_t i = 0; i < graph->flow.count; i++) {
		const struct function *code = &graph->flow.codes[i];
		uint64_t offset = address - code->symbol->address;

		*inside = offset < code->size;
		if (*inside) {
			size_t at = function_insn_at(code, offset);

			return at == SIZE_MAX ? SIZE_MAX : before + at;
		}
		before += code->count;
	}
	return SIZE_MAX;
}

/* Sections that tell of instructions, and lead nobody to them. */
static bool only_tells(const char *section)
{
	static const char *const names[] = {
		".altinstructions", "__bug_table", ".smp_locks", ".orc_unwind_ip", ".orc_unwind",
		".parainstructions", ".retpoline_sites", ".return_sites", ".call_sites",
		".ibt_endbr_seal", "__mcount_loc", ".static_call_sites", ".eh_frame",
		"__patchable_function_entries", ".discard.retpoline_safe",
		".init.eh_frame",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(section, names[i]) == 0)
			return true;
	}
	return false;
}

/* A branch of the codes themselves, whose way is followed. */
static bool is_followed(const struct graph *graph, const struct elf_field *field)
{
	for (size_t i = 0; i < graph->flow.count; i++) {
		const struct function *code = &graph->flow.codes[i];

		for (uint64_t back = 1; back <= 2; back++) {	/* e9, 0f 8x */
			size_t at = function_insn_at(code, field->address - back -
						     code->symbol->address);

			if (at != SIZE_MAX && code->insns[at].has_target &&
			    code->insns[at].length == back + 4)
				return true;
		}
	}
	return false;
}

static void leads_take(struct graph *graph, const struct function *code)
{
	const struct elf_fields *fields = graph->flow.fields;
	uint64_t start = code->symbol->address;
	uint64_t early = start < 4 ? 0 : start - 4;	/* branches count from their end */

	for (size_t i = elf_field_to(fields, early);
	     i < fields->to_count && elf_field_leads(fields->to[i]) < start + code->size; i++) {
		const struct elf_field *field = fields->to[i];
		bool code_field = (field->section->flags & 4) != 0;	/* SHF_EXECINSTR */
		uint64_t to = elf_field_leads(field) +
			      (code_field && field->class == FIELD_RELATIVE ? field->size : 0);
		bool inside;
		size_t at;

		if (to < start || (to == start && code == graph->flow.codes) ||
		    only_tells(field->section->name) ||
		    (code_field && is_followed(graph, field)))
			continue;
		at = index_at(graph, to, &inside);
		if (at != SIZE_MAX)
			graph->leader[at] = graph->anybody[at] = true;
	}
}

/*
 * Whether a jump may go through a table whose entries count from the table's start, which nobody
 * tells. Those of addresses are seen by leads_take().
 */
static bool has_relative_table(const struct graph *graph, const struct function *code)
{
	const struct elf_fields *fields = graph->flow.fields;
	const struct elf_section *section = elf_file_section_at(graph->flow.object->elf,
								code->symbol->address);
	uint64_t end = section == NULL ? 0 : section->address + section->size;

	for (size_t i = elf_field_to(fields, code->symbol->address);
	     i < fields->to_count && elf_field_leads(fields->to[i]) < end; i++) {
		if (fields->to[i]->class == FIELD_RELATIVE &&
		    strncmp(fields->to[i]->section->name, ".rodata", 7) == 0)
			return true;
	}
	return false;
}

/* Branches, what comes behind them, and what others may jump to. */
static void leaders_find(struct graph *graph)
{
	bool indirect = false;

	graph->leader[0] = true;
	for (size_t i = 0; i < graph->count; i++) {
		const struct insn *insn = insn_of(graph, i);
		bool inside;
		size_t to;

		if (!insn_layout(graph->flow.arch, insn->bytes, insn->length, &graph->layouts[i]))
			graph->lost = true;
		if (insn->flow == FLOW_NEXT || (insn->flow == FLOW_CALL && !insn->has_target))
			continue;
		indirect = indirect || (insn->flow == FLOW_JUMP && !insn->has_target);
		if (insn->flow != FLOW_CALL && i + 1 < graph->count)
			graph->leader[i + 1] = true;
		to = insn->has_target ? index_at(graph, insn->target, &inside) : SIZE_MAX;
		if (to != SIZE_MAX)
			graph->leader[to] = true;
		else if (insn->has_target && inside)
			graph->lost = true;	/* into an instruction */
	}
	if (graph->flow.count > 1)
		graph->leader[graph->flow.codes[0].count] = true;
	for (size_t i = 0; i < graph->flow.count; i++) {
		leads_take(graph, &graph->flow.codes[i]);
		graph->lost = graph->lost ||
			      (indirect && has_relative_table(graph, &graph->flow.codes[i]));
	}
}

/* `leader` must be gone through again. */
static void enqueue(struct graph *graph, size_t leader)
{
	if (graph->queued[leader])
		return;
	graph->queued[leader] = true;
	graph->queue[graph->tail] = leader;
	graph->tail = (graph->tail + 1) % (graph->count + 1);
}

static int lead(struct graph *graph, size_t to, const struct state *state, struct fail *fail)
{
	struct known *frame = &graph->states[to].registers[RBP], before = *frame;
	int changed = state_join(&graph->states[to], state, fail);

	/* that it points to the stack is no longer known, and it may be written through */
	if (frame->kind != KNOWN_STACK && before.kind == KNOWN_STACK)
		stack_escape(&graph->flow, before.offset);
	if (frame->kind != KNOWN_STACK && state->registers[RBP].kind == KNOWN_STACK)
		stack_escape(&graph->flow, state->registers[RBP].offset);

	if (changed > 0)
		enqueue(graph, to);
	return changed < 0 ? -1 : 0;
}

/* What a called function leaves: the result, and what it must keep. */
static void call(const struct graph *graph, struct state *state, const struct insn *insn)
{
	static const int lost[] = { RAX, RCX, RDX, RSI, RDI, 8, 9, 10, 11 };
	static const int lost_i386[] = { RAX, RCX, RDX };
	bool wide = graph->flow.arch == ARCH_X86_64;
	const struct symbol *to = insn->has_target ?
				  symtab_at(graph->flow.object->symtab, insn->target) : NULL;
	const struct prototype *prototype;

	if (to != NULL && to->address == insn->target && strcmp(to->name, "__fentry__") == 0)
		return;		/* it comes before the parameters are looked at, and keeps all */
	if (insn->has_target && (to == NULL || to->address != insn->target ||
				 strncmp(to->name, "__x86.get_pc", 12) == 0)) {
		state_forget(state);
		return;
	}
	for (size_t i = 0; i < (wide ? sizeof(lost) : sizeof(lost_i386)) / sizeof(*lost); i++)
		state->registers[wide ? lost[i] : lost_i386[i]] = (struct known){ .kind = KNOWN_NOTHING };
	prototype = to == NULL ? NULL : prototype_find(&graph->flow, to->name);
	/* it may have popped the pointer to its result */
	if (!wide && prototype != NULL && prototype->result.kind == VALUE_AGGREGATE)
		state->registers[RSP] = (struct known){ .kind = KNOWN_NOTHING };
	if (prototype != NULL && prototype->result.kind == VALUE_POINTER &&
	    prototype->result.aggregate != NULL && strchr(to->name, '.') == NULL)
		state->registers[RAX] = (struct known){ KNOWN_POINTER,
							prototype->result.aggregate, 0 };
}

static int use_add(struct graph *graph, size_t index, const struct state *state,
		   struct uses *out, struct fail *fail)
{
	const struct insn *insn = insn_of(graph, index);
	size_t first = graph->flow.codes[0].count;
	struct use use, *items;

	if (!use_of(&graph->flow, state, insn, &graph->layouts[index], &use))
		return 0;
	use.code = index < first ? 0 : 1;
	use.insn = index < first ? index : index - first;
	if (out->count == out->room) {
		out->room = out->room == 0 ? 16 : out->room * 2;
		items = reallocarray(out->items, out->room, sizeof(*items));
		if (items == NULL)
			return fail_memory(fail, "the uses of a function");
		out->items = items;
	}
	out->items[out->count++] = use;
	return 0;
}

/* Goes through one block with what is known at its start; `out` NULL: on to those behind it, else
 * its uses are taken. */
static int block_follow(struct graph *graph, size_t leader, struct state *state,
			struct uses *out, struct fail *fail)
{
	for (size_t i = leader;; i++) {
		const struct insn *insn = insn_of(graph, i);
		bool inside;
		size_t to;

		if (out != NULL && use_add(graph, i, state, out, fail) != 0)
			return -1;
		if (insn_step(&graph->flow, state, insn, &graph->layouts[i], fail) != 0)
			return -1;
		graph->steps -= graph->steps > 0;
		if (insn->flow == FLOW_CALL)
			call(graph, state, insn);
		to = insn->has_target && insn->flow != FLOW_CALL ?
		     index_at(graph, insn->target, &inside) : SIZE_MAX;
		if (out == NULL && to != SIZE_MAX && lead(graph, to, state, fail) != 0)
			return -1;
		/* a warning goes on behind its ud2 */
		if (insn->flow == FLOW_JUMP || insn->flow == FLOW_RETURN ||
		    (insn->flow == FLOW_STOP && !layout_is(&graph->layouts[i], 1, 0x0b)) ||
		    i + 1 == graph->count || i + 1 == graph->flow.codes[0].count)
			return 0;
		if (graph->leader[i + 1])
			return out == NULL ? lead(graph, i + 1, state, fail) : 0;
	}
}

/* The stack's address has gone elsewhere: what was read there must be read again. */
static void escaped_again(struct graph *graph)
{
	graph->flow.escaped = false;
	for (size_t i = 0; i < graph->count; i++) {
		if (graph->leader[i] && graph->states[i].reached)
			enqueue(graph, i);
	}
}

static int graph_follow(struct graph *graph, struct fail *fail)
{
	CLEANUP(state_deinit) struct state state = { .reached = false };

	for (size_t i = 0; i < graph->count; i++) {
		graph->states[i].reached = graph->anybody[i];
		if (graph->anybody[i])
			enqueue(graph, i);
	}
	if (!graph->states[0].reached &&
	    state_enter(&graph->flow, &graph->states[0], fail) != 0)
		return -1;
	enqueue(graph, 0);
	while (graph->head != graph->tail && graph->steps > 0) {
		size_t leader = graph->queue[graph->head];

		graph->head = (graph->head + 1) % (graph->count + 1);
		graph->queued[leader] = false;
		if (state_copy(&state, &graph->states[leader], fail) != 0 ||
		    block_follow(graph, leader, &state, NULL, fail) != 0)
			return -1;
		if (graph->flow.escaped)
			escaped_again(graph);
	}
	graph->lost = graph->head != graph->tail;
	return 0;
}

static int graph_uses(struct graph *graph, struct uses *out, struct fail *fail)
{
	CLEANUP(state_deinit) struct state state = { .reached = false };

	for (size_t i = 0; i < graph->count; i++) {
		if (graph->leader[i] && graph->states[i].reached &&
		    (state_copy(&state, &graph->states[i], fail) != 0 ||
		     block_follow(graph, i, &state, out, fail) != 0))
			return -1;
	}
	return 0;
}

static void graph_deinit(struct graph *graph)
{
	for (size_t i = 0; graph->states != NULL && i < graph->count; i++)
		state_deinit(&graph->states[i]);
	free(graph->layouts);
	free(graph->leader);
	free(graph->anybody);
	free(graph->states);
	free(graph->queued);
	free(graph->queue);
}

static int graph_init(struct graph *graph, struct fail *fail)
{
	graph->layouts = calloc(graph->count, sizeof(*graph->layouts));
	graph->leader = calloc(graph->count, sizeof(*graph->leader));
	graph->anybody = calloc(graph->count, sizeof(*graph->anybody));
	graph->states = calloc(graph->count, sizeof(*graph->states));
	graph->queued = calloc(graph->count, sizeof(*graph->queued));
	graph->queue = calloc(graph->count + 1, sizeof(*graph->queue));
	if (graph->layouts == NULL || graph->leader == NULL || graph->anybody == NULL ||
	    graph->states == NULL || graph->queued == NULL || graph->queue == NULL)
		return fail_memory(fail, "following a function");
	return 0;
}

int uses_find(const struct object *object, const struct elf_fields *fields,
	      struct layouts *layouts, const struct function *codes, size_t count,
	      struct uses *out, struct fail *fail)
{
	enum architecture arch = elf_file_architecture(object->elf);
	CLEANUP(graph_deinit) struct graph graph = {
		.flow = { .object = object, .fields = fields, .layouts = layouts, .codes = codes,
			  .count = count, .arch = arch, .pointer = arch_pointer_size(arch) },
	};

	*out = (struct uses){ .items = NULL };
	for (size_t i = 0; i < count; i++) {
		graph.count += codes[i].count;
		if (codes[i].decoded < codes[i].size)
			return 0;
	}
	if (codes[0].count == 0 || graph.count > INSNS_MAX)
		return 0;
	graph.steps = (uint64_t)graph.count * ROUNDS_MAX;
	if (graph_init(&graph, fail) != 0)
		return -1;
	leaders_find(&graph);
	if (graph.lost)
		return 0;
	if (graph_follow(&graph, fail) != 0 ||
	    (!graph.lost && graph_uses(&graph, out, fail) != 0)) {
		uses_deinit(out);
		return -1;
	}
	return 0;
}
