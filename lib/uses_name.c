/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uses_name: which member an operand is in. */
#include "lib/uses_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How well the member fits an operand at `offset`; 0: not at all. */
static unsigned fit(const struct aggregate_member *member, uint64_t offset, unsigned size)
{
	uint64_t start = member->bit_offset / 8;
	uint64_t end = member->bit_size != 0 ?
		       (member->bit_offset + member->bit_size + 7) / 8 : start + member->value.size;

	if (offset < start || (offset >= end && offset != start))
		return 0;
	if (offset != start)
		return size <= end - offset ? 1 : 0;
	if (member->bit_size != 0 || end == start)
		return 2;
	return size != 0 && member->value.size == size ? 4 : 3;
}

static const struct aggregate_member *member_at(const struct aggregate *aggregate, uint64_t offset,
						unsigned size)
{
	const struct aggregate_member *best = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < aggregate->member_count; i++) {
		unsigned fits = fit(&aggregate->members[i], offset, size);

		if (fits > most) {
			most = fits;
			best = &aggregate->members[i];
		}
	}
	return best;
}

size_t use_locate(const struct aggregate *aggregate, uint64_t offset, unsigned size,
		  struct use_step steps[USE_STEPS_MAX])
{
	for (size_t count = 0; count < USE_STEPS_MAX;) {
		const struct aggregate_member *member = member_at(aggregate, offset, size);
		struct use_step *step = &steps[count++];

		if (member == NULL)
			return 0;
		*step = (struct use_step){ .aggregate = aggregate, .member = member };
		offset -= member->bit_offset / 8;
		if (member->bit_size == 0 && member->value.element_size != 0) {
			step->index = offset / member->value.element_size;
			offset %= member->value.element_size;
		}
		if (member->bit_size != 0 || member->value.kind != VALUE_AGGREGATE ||
		    member->value.aggregate == NULL)
			return count;
		aggregate = member->value.aggregate;
		/* of an address, and of what takes the whole of it, no more is known */
		if (offset == 0 && (size == 0 || (size >= aggregate->size &&
						  aggregate->member_count > 1)))
			return count;
	}
	return 0;
}

const char *use_path(const struct use *use, char out[USE_PATH_MAX])
{
	size_t length = 0;

	out[0] = '\0';
	for (size_t i = 0; i < use->step_count && length < USE_PATH_MAX; i++) {
		const struct use_step *step = &use->steps[i];

		length += (size_t)snprintf(out + length, USE_PATH_MAX - length, "%s%s",
					   i == 0 ? "" : ".", step->member->name);
		if (step->member->value.element_size != 0 && length < USE_PATH_MAX &&
		    (step->index != 0 || i + 1 < use->step_count))
			length += (size_t)snprintf(out + length, USE_PATH_MAX - length,
						   "[%" PRIu64 "]", step->index);
	}
	return out;
}

/* Of those that lie at one offset in a union, all must say the same. */
static bool pointee(const struct aggregate *aggregate, uint64_t offset, unsigned pointer,
		    unsigned depth, const struct aggregate **out)
{
	for (size_t i = 0; i < aggregate->member_count; i++) {
		const struct aggregate_member *member = &aggregate->members[i];
		uint64_t within = offset - member->bit_offset / 8;
		const struct aggregate *to = NULL;

		if (member->bit_size != 0 || member->bit_offset / 8 > offset ||
		    within >= member->value.size)
			continue;
		if (member->value.element_size != 0)
			within %= member->value.element_size;
		if (member->value.kind == VALUE_POINTER && within == 0) {
			to = member->value.aggregate;
			if (to == NULL)
				return false;
		} else if (member->value.kind == VALUE_AGGREGATE && depth > 0 &&
			   member->value.aggregate != NULL) {
			if (!pointee(member->value.aggregate, within, pointer, depth - 1, &to))
				return false;
		} else {
			return false;
		}
		if (*out != NULL && to != *out)
			return false;
		*out = to;
	}
	return *out != NULL;
}

struct known member_load(const struct aggregate *aggregate, uint64_t offset, unsigned pointer)
{
	const struct aggregate *to = NULL;

	if (!pointee(aggregate, offset, pointer, USE_STEPS_MAX, &to))
		return (struct known){ .kind = KNOWN_NOTHING };
	return (struct known){ KNOWN_POINTER, to, 0 };
}

/* Whether a size of 0 says that the operand is but an address, or goes as far as a register
 * says. */
static bool is_size_known(const struct insn_layout *layout)
{
	return layout_is(layout, 0, 0x8d) || layout_is(layout, 1, 0x0d) || layout_is(layout, 1, 0x18) ||
	       layout_is(layout, 1, 0xa3) || layout_is(layout, 1, 0xab) ||
	       layout_is(layout, 1, 0xb3) || layout_is(layout, 1, 0xbb);
}

/* With an index, it is an array from whose start the elements are counted. */
static bool is_indexed(const struct use *use, const struct operand *operand)
{
	const struct use_step *last = &use->steps[use->step_count - 1];
	uint64_t start = 0;

	for (size_t i = 0; i < use->step_count; i++)
		start += use->steps[i].member->bit_offset / 8 +
			 (i + 1 < use->step_count ? use->steps[i].index *
			  use->steps[i].member->value.element_size : 0);
	return last->member->value.element_size == operand->scale && use->offset == start;
}

/* `add $imm` that makes a pointer to a struct one to a member. */
static bool use_of_add(const struct flow *flow, const struct state *state, const struct insn *insn,
		       const struct insn_layout *layout, struct use *out)
{
	unsigned wide = insn_operand_bits(layout) / 8;
	struct known known;
	int64_t offset;

	if ((!layout_is(layout, 0, 0x81) && !layout_is(layout, 0, 0x83)) ||
	    layout_mod(layout) != 3 || layout_reg(layout) != 0 || wide != flow->pointer)
		return false;
	known = state->registers[layout_rm(layout) | (layout->rex & REX_B ? 8 : 0)];
	out->displacement = insn_number(insn->bytes + layout->immediate_at,
					layout->immediate_size);
	offset = known.offset + out->displacement;
	if (known.kind != KNOWN_POINTER || known.offset < 0 || offset <= 0 ||
	    elf_field_in(flow->fields, insn->address, insn->length) != NULL)
		return false;
	out->immediate = true;
	out->base = (uint64_t)known.offset;
	out->offset = (uint64_t)offset;
	out->step_count = use_locate(known.aggregate, out->offset, 0, out->steps);
	return out->step_count > 0;
}

bool use_of(const struct flow *flow, const struct state *state, const struct insn *insn,
	    const struct insn_layout *layout, struct use *out)
{
	struct operand operand = operand_take(flow, state, insn, layout);
	int64_t offset = operand.address.offset + operand.displacement;

	*out = (struct use){ .size = operand_size(layout, flow->pointer) };
	if (insn->nop || insn->opaque)
		return false;
	if (!operand.memory)
		return use_of_add(flow, state, insn, layout, out);
	if (!operand.known || operand.address.kind != KNOWN_POINTER ||
	    operand.address.offset < 0 || offset < 0)
		return false;
	out->relocated = operand.base < 0;
	out->base = out->relocated ? 0 : (uint64_t)operand.address.offset;
	out->displacement = offset - (int64_t)out->base;
	out->offset = (uint64_t)offset;
	out->step_count = use_locate(operand.address.aggregate, out->offset, out->size, out->steps);
	out->indexed = operand.index != NO_REGISTER;
	return out->step_count > 0 && (!out->indexed || is_indexed(out, &operand)) &&
	       (out->size != 0 || is_size_known(layout));
}
