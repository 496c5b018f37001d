/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uses_state: what is known at one place of a function. */
#include "lib/uses_internal.h"

#include <stdlib.h>
#include <string.h>

static bool known_equal(struct known a, struct known b)
{
	return a.kind == b.kind && a.aggregate == b.aggregate && a.offset == b.offset;
}

/* A pointer that is NULL or an error on one way, and leads to a struct on the other, is used as
 * that on the other only. */
struct known known_join(struct known a, struct known b)
{
	bool a_points = a.kind == KNOWN_POINTER || a.kind == KNOWN_PLACE;
	bool b_points = b.kind == KNOWN_POINTER || b.kind == KNOWN_PLACE;

	if (known_equal(a, b) || (a_points && b.kind == KNOWN_NUMBER))
		return a;
	if (b_points && a.kind == KNOWN_NUMBER)
		return b;
	return (struct known){ .kind = KNOWN_NOTHING };
}

static int slots_reserve(struct state *state, size_t count, struct fail *fail)
{
	struct slot *slots;
	size_t room = state->slot_room == 0 ? 4 : state->slot_room;

	while (room < count)
		room *= 2;
	if (room == state->slot_room)
		return 0;
	slots = reallocarray(state->slots, room, sizeof(*slots));
	if (slots == NULL)
		return fail_memory(fail, "following a function");
	state->slots = slots;
	state->slot_room = room;
	return 0;
}

int state_copy(struct state *into, const struct state *from, struct fail *fail)
{
	if (from->slot_count > 0) {
		if (slots_reserve(into, from->slot_count, fail) != 0)
			return -1;
		memcpy(into->slots, from->slots, from->slot_count * sizeof(*from->slots));
	}
	into->slot_count = from->slot_count;
	memcpy(into->registers, from->registers, sizeof(into->registers));
	into->reached = true;
	return 0;
}

static const struct slot *slot_find(const struct state *state, int64_t offset)
{
	for (size_t i = 0; i < state->slot_count; i++) {
		if (state->slots[i].offset == offset)
			return &state->slots[i];
	}
	return NULL;
}

int state_join(struct state *into, const struct state *from, struct fail *fail)
{
	bool changed = false;
	size_t kept = 0;

	if (!into->reached)
		return state_copy(into, from, fail) != 0 ? -1 : 1;
	for (int i = 0; i < REGISTERS; i++) {
		struct known joined = known_join(into->registers[i], from->registers[i]);

		changed = changed || !known_equal(joined, into->registers[i]);
		into->registers[i] = joined;
	}
	for (size_t i = 0; i < into->slot_count; i++) {
		const struct slot *slot = &into->slots[i], *other = slot_find(from, slot->offset);
		struct known joined = { .kind = KNOWN_NOTHING };

		if (other != NULL)
			joined = known_join(slot->known, other->known);
		changed = changed || !known_equal(joined, slot->known);
		if (joined.kind != KNOWN_NOTHING)
			into->slots[kept++] = (struct slot){ slot->offset, joined };
	}
	into->slot_count = kept;
	return changed;
}

void state_deinit(struct state *state)
{
	free(state->slots);
	*state = (struct state){ .reached = false };
}

void state_forget(struct state *state)
{
	memset(state->registers, 0, sizeof(state->registers));
	state->slot_count = 0;
}

/* Places in the stack are bounded, see known_move(), and so are their sums. */
void slots_forget(const struct flow *flow, struct state *state, int64_t offset, uint64_t size)
{
	size_t kept = 0;

	for (size_t i = 0; i < state->slot_count; i++) {
		int64_t from = state->slots[i].offset;

		if (from + (int64_t)flow->pointer <= offset || from >= offset + (int64_t)size)
			state->slots[kept++] = state->slots[i];
	}
	state->slot_count = kept;
}

int slot_set(struct state *state, int64_t offset, struct known known, struct fail *fail)
{
	if (known.kind == KNOWN_NOTHING || state->slot_count >= SLOTS_MAX)
		return 0;
	if (slots_reserve(state, state->slot_count + 1, fail) != 0)
		return -1;
	state->slots[state->slot_count++] = (struct slot){ offset, known };
	return 0;
}

struct known slot_get(const struct flow *flow, const struct state *state, int64_t offset)
{
	const struct slot *slot = slot_find(state, offset);
	bool escaped = offset < 0 ? flow->escaped_frame : flow->escaped_caller;

	if (slot != NULL && !escaped)
		return slot->known;
	return (struct known){ .kind = KNOWN_NOTHING };
}

void stack_escape(struct flow *flow, int64_t offset)
{
	bool *escaped = offset < 0 ? &flow->escaped_frame : &flow->escaped_caller;

	flow->escaped = flow->escaped || !*escaped;
	*escaped = true;
}
