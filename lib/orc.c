/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "orc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { IP_SIZE = 4, CHUNK = 512 };

void orc_states_deinit(struct orc_states *states)
{
	free(states->items);
	memset(states, 0, sizeof(*states));
}

void orc_deinit(struct orc *orc)
{
	orc_states_deinit(&orc->file);
	memset(orc, 0, sizeof(*orc));
}

bool orc_known(const struct orc_state *state)
{
	static const uint8_t none[ORC_ENTRY_SIZE];

	return memcmp(state->entry, none, sizeof(none)) != 0;
}

bool orc_equal(const struct orc_state *a, const struct orc_state *b)
{
	return memcmp(a->entry, b->entry, sizeof(a->entry)) == 0;
}

static int unreadable(uint64_t address, struct fail *fail)
{
	char why[sizeof(fail->message)];

	memcpy(why, fail->message, sizeof(why));
	return fail_at(fail, OUTCOME_HAZARD, address, "where the stack's depth changes (.orc_unwind) "
		       "cannot be read (%.1024s)", why);
}

/* `count` states from the index `first` on, count <= CHUNK. */
static int read_states(struct target *target, const struct orc *orc, size_t first, size_t count,
		       struct orc_state *out, struct fail *fail)
{
	uint64_t ips = orc->ips + first * IP_SIZE, entries = orc->entries + first * ORC_ENTRY_SIZE;
	uint8_t ip_bytes[CHUNK * IP_SIZE], entry_bytes[CHUNK * ORC_ENTRY_SIZE];

	if (orc->file.count > 0) {
		memcpy(out, orc->file.items + first, count * sizeof(*out));
		return 0;
	}
	if (target_read(target, ips, ip_bytes, count * IP_SIZE, ".orc_unwind_ip", fail) != 0)
		return unreadable(ips, fail);
	if (target_read(target, entries, entry_bytes, count * ORC_ENTRY_SIZE, ".orc_unwind",
			fail) != 0)
		return unreadable(entries, fail);
	for (size_t i = 0; i < count; i++) {
		int32_t displacement;

		memcpy(&displacement, ip_bytes + i * IP_SIZE, sizeof(displacement));
		out[i].address = ips + i * IP_SIZE + (uint64_t)(int64_t)displacement;
		memcpy(out[i].entry, entry_bytes + i * ORC_ENTRY_SIZE, ORC_ENTRY_SIZE);
	}
	return 0;
}

/* An index whose state holds at or before `start`, with the last such one less than CHUNK behind
 * it; 0 where none does. */
static int search(struct target *target, const struct orc *orc, uint64_t start, size_t *out,
		  struct fail *fail)
{
	size_t low = 0, high = orc->count;

	while (high - low > CHUNK) {
		size_t middle = low + (high - low) / 2;
		struct orc_state state;

		if (read_states(target, orc, middle, 1, &state, fail) != 0)
			return -1;
		if (state.address <= start)
			low = middle;
		else
			high = middle;
	}
	*out = low;
	return 0;
}

/* Takes what of a chunk is between `start` and `end`. 1: the last one there is taken. */
static int take(const struct orc_state *chunk, size_t count, uint64_t start, uint64_t end,
		struct orc_states *out, struct fail *fail)
{
	struct orc_state *items = reallocarray(out->items, out->count + count, sizeof(*items));

	if (items == NULL)
		return fail_memory(fail, "the states of the stack");
	out->items = items;
	for (size_t i = 0; i < count; i++) {
		if (out->count > 0 && chunk[i].address < items[out->count - 1].address)
			return fail_at(fail, OUTCOME_HAZARD, chunk[i].address, "where the stack's depth "
				       "changes (.orc_unwind) is not sorted by address: 0x%" PRIx64
				       " follows 0x%" PRIx64, chunk[i].address,
				       items[out->count - 1].address);
		if (chunk[i].address > end)
			return 1;
		/* only the last one at or before `start` holds there */
		if (chunk[i].address <= start)
			out->count = 0;
		items[out->count++] = chunk[i];
	}
	return 0;
}

int orc_read(struct target *target, const struct orc *orc, uint64_t start, uint64_t end,
	     struct orc_states *out, struct fail *fail)
{
	struct orc_state chunk[CHUNK];
	int taken = 0;
	size_t at;

	memset(out, 0, sizeof(*out));
	if (search(target, orc, start, &at, fail) != 0)
		return -1;
	while (taken == 0 && at < orc->count) {
		size_t count = orc->count - at < CHUNK ? orc->count - at : CHUNK;

		taken = read_states(target, orc, at, count, chunk, fail);
		if (taken == 0)
			taken = take(chunk, count, start, end, out, fail);
		at += count;
	}
	if (taken >= 0)
		return 0;
	orc_states_deinit(out);
	return -1;
}
