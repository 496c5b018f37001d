/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drift_place: where the kernel has what an instruction uses. */
#include "drift.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "operation.h"

/* What the kernel has in place of an aggregate of the object; NULL: the same. */
static const struct aggregate *counterpart(const struct drift *drift,
					   const struct aggregate *aggregate)
{
	for (size_t i = 0; i < drift->layouts.count; i++) {
		if (drift->layouts.items[i].object == aggregate)
			return drift->layouts.items[i].kernel;
	}
	return NULL;
}

static const struct aggregate_member *member_named(const struct aggregate *aggregate,
						   const char *name)
{
	for (size_t i = 0; i < aggregate->member_count; i++) {
		if (strcmp(aggregate->members[i].name, name) == 0)
			return &aggregate->members[i];
	}
	return NULL;
}

/* The same member in the kernel; NULL: it has none. `kernel` NULL: it is laid out the same. */
static const struct aggregate_member *member_there(const struct aggregate *kernel,
						   const struct aggregate_member *member)
{
	return kernel == NULL ? member : member_named(kernel, member->name);
}

static const struct aggregate *aggregate_of(const struct aggregate_member *member)
{
	return member->value.kind == VALUE_AGGREGATE ? member->value.aggregate : NULL;
}

/* The kernel's aggregate that is in a member; NULL: it is laid out as the object's. */
static const struct aggregate *inner_there(const struct drift *drift,
					   const struct aggregate_member *member,
					   const struct aggregate_member *there)
{
	const struct aggregate *in = counterpart(drift, aggregate_of(member));

	if (in == NULL && there != member && aggregate_of(there) != NULL &&
	    *aggregate_of(member)->name == '\0')	/* without a name: not compared */
		return aggregate_of(there);
	return in;
}

/* A way inwards, in both. */
struct way {
	uint64_t object, kernel;	/* where the last step's member starts, in bits */
	const struct aggregate *in;	/* the kernel's, that the last member is in; NULL: the
					 * same */
	const struct aggregate_member *last;	/* the kernel's */
};

/* False: the kernel does not have it. */
static bool way_go(const struct drift *drift, const struct use_step *steps, size_t count,
		   struct way *out)
{
	const struct aggregate *in = counterpart(drift, steps[0].aggregate);

	*out = (struct way){ .object = 0 };
	for (size_t i = 0; i < count; i++) {
		const struct aggregate_member *member = steps[i].member;
		const struct aggregate_member *there = member_there(in, member);
		uint64_t element;

		if (there == NULL)
			return false;
		element = there->value.element_size;
		if (steps[i].index != 0 && (element == 0 ||
					    (there->value.size != 0 &&
					     steps[i].index >= there->value.size / element)))
			return false;
		out->object += member->bit_offset + steps[i].index * member->value.element_size * 8;
		out->kernel += there->bit_offset + steps[i].index * element * 8;
		out->in = in;
		out->last = there;
		if (aggregate_of(member) == NULL)
			continue;
		in = inner_there(drift, member, there);
	}
	return true;
}

__attribute__((format(printf, 2, 4)))
static int refuse(struct drift_use *use, const char *format, struct fail *fail, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, fail);
	length = vasprintf(&use->reason, format, arguments);
	va_end(arguments);
	if (length < 0) {
		use->reason = NULL;
		return fail_memory(fail, "a use");
	}
	return 0;
}

/* By how many bits a member of the innermost aggregate is elsewhere; false: it is not there. */
static bool member_moved(const struct way *way, const struct aggregate_member *member,
			 int64_t *out)
{
	const struct aggregate_member *there = member_there(way->in, member);

	if (there == NULL)
		return false;
	*out = (int64_t)there->bit_offset - (int64_t)member->bit_offset;
	return true;
}

/* Another member that the operand covers besides, and that has not moved alike; NULL: none. */
static const struct aggregate_member *differently(const struct drift_use *use,
						  const struct way *way)
{
	const struct use_step *last = &use->use.steps[use->use.step_count - 1];
	uint64_t start = last->member->bit_offset / 8;
	int64_t moved = 0, other;

	if (!member_moved(way, last->member, &moved))
		return NULL;
	for (size_t i = 0; i < last->aggregate->member_count; i++) {
		const struct aggregate_member *member = &last->aggregate->members[i];
		uint64_t from = member->bit_offset / 8;

		if (from > start && from < start + use->use.size &&
		    (!member_moved(way, member, &other) || other != moved))
			return member;
	}
	return NULL;
}

/*
 * Whether all that may be meant by the bytes from `from` to before `to` of an aggregate has moved by
 * `by` bits: each of a union, the struct and the first member in it, bitfields of one byte. `in`: the
 * kernel's; NULL: the same. As deep as `depth`,
 * NOLINTNEXTLINE(misc-no-recursion) */
static bool all_moved(const struct drift *drift, const struct aggregate *aggregate,
		      const struct aggregate *in, uint64_t from, uint64_t to, int64_t by,
		      unsigned depth)
{
	for (size_t i = 0; i < aggregate->member_count; i++) {
		const struct aggregate_member *member = &aggregate->members[i], *there;
		uint64_t start = member->bit_offset / 8, element = member->value.element_size;
		uint64_t end = member->bit_size == 0 ? start + member->value.size :
			       (member->bit_offset + member->bit_size + 7) / 8;
		uint64_t within = from > start ? from - start : 0, index = 0;
		int64_t left;

		if (start >= to || (end <= from && start != from))
			continue;
		there = member_there(in, member);
		if (there == NULL)
			return false;
		if (element != 0) {
			index = within / element;
			within %= element;
		}
		left = by - (int64_t)(there->bit_offset - member->bit_offset) -
		       (int64_t)(index * 8 * (there->value.element_size - element));
		if (member->bit_size != 0 || aggregate_of(member) == NULL) {
			if (left != 0)
				return false;
			continue;
		}
		if (depth == 0 ||
		    !all_moved(drift, aggregate_of(member), inner_there(drift, member, there), within,
			       within + to - (from > start ? from : start), left, depth - 1))
			return false;
	}
	return true;
}

/* Why what is there cannot be used by the same instruction with another number. */
static int obstacle_find(const struct drift *drift, struct drift_use *use, const struct way *way, struct fail *fail)
{
	const struct use_step *last = &use->use.steps[use->use.step_count - 1];
	const struct aggregate_member *other = differently(use, way);

	if (other != NULL)
		return refuse(use, "it uses %s as well, which lies differently in the kernel", fail,
			      other->name);
	if (use->use.size != 0 &&
	    !all_moved(drift, use->use.steps[0].aggregate, counterpart(drift, use->use.steps[0].aggregate),
		       use->use.offset, use->use.offset + use->use.size,
		       (int64_t)(way->kernel - way->object), USE_STEPS_MAX))
		return refuse(use, "it uses what is behind as well, which lies differently in the "
			      "kernel", fail);
	if ((int64_t)(way->kernel - way->object) % 8 != 0)
		return refuse(use, "the bits are at another place of their byte in the kernel", fail);
	if (use->use.size != 0 && last->member->bit_size == 0 && aggregate_of(last->member) == NULL &&
	    last->member->value.element_size == 0 && way->last != NULL &&
	    way->last->value.size < use->use.size &&
	    last->member->value.size >= use->use.size)
		return refuse(use, "the member has %" PRIu64 " bytes in the kernel, and the "
			      "instruction uses %u", fail, way->last->value.size, use->use.size);
	if (use->use.relocated)
		return refuse(use, "a relocation fills the place in when the object is loaded", fail);
	return 0;
}

/* Whether the instruction can have the number. */
static int operation_try(const struct drift *drift, struct drift_use *use, struct fail *fail)
{
	const struct operation operation = {
		.kind = use->use.immediate ? OPERATION_IMMEDIATE : OPERATION_DISPLACEMENT,
		.number = { (uint64_t)use->displacement, use->displacement < 0 },
	};
	struct bytes bytes;
	struct fail why;

	if (operation_apply(&operation, &drift->image.kernel, &use->insn, &bytes, &why) == 0)
		return 0;
	return refuse(use, "%s", fail, why.message);
}

/* a[i - 8] looks like an element of what is 8 elements before: all such arrays must have moved
 * alike. */
static bool arrays_moved(const struct use *use, const struct way *way)
{
	const struct use_step *last = &use->steps[use->step_count - 1];
	int64_t moved = 0, other;

	if (!use->indexed)
		return true;
	for (size_t i = 0; i < last->aggregate->member_count; i++) {
		const struct aggregate_member *member = &last->aggregate->members[i];

		if (member->value.element_size == last->member->value.element_size &&
		    (!member_moved(way, last->member, &moved) ||
		     !member_moved(way, member, &other) || other != moved))
			return false;
	}
	return true;
}

/* Whether all that may be meant by a place has moved alike: else nobody knows what is. */
static bool is_clear(const struct drift *drift, const struct use *use, uint64_t offset,
		     const struct way *way)
{
	const struct aggregate *outer = use->steps[0].aggregate;

	return arrays_moved(use, way) && all_moved(drift, outer, counterpart(drift, outer), offset,
						      offset + 1,
						      (int64_t)(way->kernel - way->object),
						      USE_STEPS_MAX);
}

/* Where the pointer that the instruction has points to, in the kernel; false: to no member that it
 * has. */
static bool base_place(const struct drift *drift, const struct use *use, uint64_t *out)
{
	struct use_step steps[USE_STEPS_MAX];
	struct way way;
	size_t count;

	*out = use->base;
	if (use->base == 0)
		return true;
	count = use_locate(use->steps[0].aggregate, use->base, 0, steps);
	if (count == 0 || !way_go(drift, steps, count, &way) || way.object != use->base * 8 ||
	    way.kernel % 8 != 0 || !is_clear(drift, use, use->base, &way))
		return false;
	*out = way.kernel / 8;
	return true;
}

int drift_place(const struct drift *drift, struct drift_use *use, bool *drifted,
		struct fail *fail)
{
	uint64_t base;
	struct way way;

	*drifted = false;
	if (!base_place(drift, &use->use, &base))
		return 0;
	use->found = way_go(drift, use->use.steps, use->use.step_count, &way);
	if (use->found && !is_clear(drift, &use->use, use->use.offset, &way))
		return 0;
	*drifted = true;
	if (!use->found)
		return refuse(use, "the kernel has no such member", fail);
	use->kernel_offset = use->use.offset + (way.kernel - way.object) / 8;
	if ((int64_t)(way.kernel - way.object) < 0)
		use->kernel_offset = use->use.offset - (way.object - way.kernel) / 8;
	use->displacement = (int64_t)(use->kernel_offset - base);
	if (obstacle_find(drift, use, &way, fail) != 0)
		return -1;
	*drifted = use->displacement != use->use.displacement ||
		   (use->reason != NULL && !use->use.relocated);
	if (!*drifted || use->reason != NULL)
		return 0;
	return operation_try(drift, use, fail);
}
