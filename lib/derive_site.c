/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/derive_site.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "lib/insn_layout.h"
#include "operation.h"

/* What is before it would go on with code that was never behind that. */
static bool leaves(const struct insn *insn)
{
	return insn->flow == FLOW_JUMP || insn->flow == FLOW_RETURN || insn->flow == FLOW_STOP;
}

bool derive_removes(const struct derive_place *place)
{
	const enum architecture arch = place->kernel->target->info.architecture;
	const struct change *change = &place->change;
	size_t at = 0;

	while (at < change->replacement.length) {
		struct insn insn;
		struct fail ignored;	/* then it is no nop */

		if (insn_decode(place->kernel->decoder, change->replacement.data + at,
				change->replacement.length - at, 0, &insn, &ignored) < 0 || !insn.nop)
			return false;
		at += insn.length;
	}
	for (size_t i = 0; i < change->count; i++) {
		const struct insn *insn = &place->function->insns[change->first + i];

		if (insn_moves_stack(arch, insn) || (i > 0 && leaves(insn)))
			return false;
	}
	return true;
}

struct change derive_part(const struct derive_place *place, size_t index)
{
	const struct insn *insn = &place->function->insns[place->change.first + index];
	struct change part = { .offset = insn->address - place->function->symbol->address,
			       .first = place->change.first + index, .count = 1, .new_count = 1 };
	struct fail ignored;	/* there is a nop of any instruction's length */

	part.old.length = insn->length;
	memcpy(part.old.data, insn->bytes, insn->length);
	(void)!operation_apply(&(struct operation){ .kind = OPERATION_NOP }, place->kernel, insn,
			       &part.replacement, &ignored);
	return part;
}

static bool makes(const struct derive_place *place, const struct operation *operation)
{
	struct bytes bytes;
	struct fail ignored;	/* then it is another one */

	return operation_apply(operation, place->kernel,
			       &place->function->insns[place->change.first], &bytes,
			       &ignored) == 0 &&
	       bytes_equal(&bytes, &place->change.replacement);
}

/* The number that the replacement has where the old instruction has its own. */
static struct number number_at(const struct change *change, unsigned at, unsigned size)
{
	int64_t value = insn_number(change->replacement.data + at, size);

	return (struct number){ .bits = (uint64_t)value, .negative = value < 0 };
}

/* One instruction that becomes one, and how; else bytes. */
static void operation_choose(const struct derive_place *place, struct operation *out)
{
	static const enum operation_kind words[] = {
		OPERATION_INVERT, OPERATION_ALWAYS, OPERATION_NEVER, OPERATION_NOP,
	};
	const struct change *change = &place->change;
	const struct insn *insn = &place->function->insns[change->first];
	struct insn_layout layout;

	*out = (struct operation){ .kind = OPERATION_BYTES, .bytes = change->replacement,
				   .multiple = change->count > 1 || change->new_count > 1 };
	if (out->multiple ||
	    !insn_layout(place->kernel->target->info.architecture, insn->bytes, insn->length, &layout))
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct operation operation = { .kind = words[i] };

		if (makes(place, &operation)) {
			*out = operation;
			return;
		}
	}

	const struct operation numbers[] = {
		{ .kind = OPERATION_IMMEDIATE,
		  .number = number_at(change, layout.immediate_at, layout.immediate_size) },
		{ .kind = OPERATION_DISPLACEMENT,
		  .number = number_at(change, layout.displacement_at, layout.displacement_size) },
	};
	const bool has[] = { layout.immediate_size > 0, layout.displacement_size > 0 };

	for (size_t i = 0; i < 2; i++) {
		if (has[i] && makes(place, &numbers[i])) {
			*out = numbers[i];
			return;
		}
	}
}

static bool is_relocated(const struct derive_place *place)
{
	for (size_t i = 0; i < place->change.old.length; i++) {
		if (place->relocated[place->change.offset + i])
			return true;
	}
	return false;
}

static int find_fill(const struct derive_place *place, struct site *out, struct fail *fail)
{
	const struct pattern_code code = { .function = place->function };

	out->patterns = calloc(1, sizeof(*out->patterns));
	if (out->patterns == NULL)
		return fail_memory(fail, "a patch");
	if (context_make(place->kernel, &code, 1, place->change.first, &out->operation,
			 place->after, out->patterns, fail) < 0)
		return -1;
	out->where = SITE_FIND;
	out->pattern_count = 1;
	return 0;
}

static int where_fill(const struct derive_place *place, struct site *out, struct fail *fail)
{
	if (!place->exact) {
		if (find_fill(place, out, fail) == 0 || fail->code == OUTCOME_ERROR)
			return out->where == SITE_FIND ? 0 : -1;
		free(out->patterns);
		out->patterns = NULL;
	}
	out->where = SITE_OFFSET;
	out->offset = place->change.offset;
	return context_expect(place->kernel, place->function, place->relocated, place->change.offset,
			      place->change.old.length, &out->operation, &out->expect, fail);
}

int derive_site(const struct derive_place *place, struct site *out, struct fail *fail)
{
	*out = (struct site){ .occurrence = place->difference->occurrence };
	out->symbol = strdup(place->difference->function);
	out->module = place->module == NULL ? NULL : strdup(place->module);
	if (out->symbol == NULL || (place->module != NULL && out->module == NULL))
		return fail_memory(fail, "a patch");
	if (place->change.target == NULL) {
		operation_choose(place, &out->operation);
	} else {
		out->operation = (struct operation){ .kind = OPERATION_TARGET,
						     .target = strdup(place->change.target) };
		if (out->operation.target == NULL)
			return fail_memory(fail, "a patch");
	}
	if (out->operation.kind == OPERATION_BYTES && is_relocated(place))
		return fail_at(fail, OUTCOME_HAZARD,
			       place->function->symbol->address + place->change.offset,
			       "%s+0x%" PRIx64 ": bytes there are filled in by the kernel that loads "
			       "the object, so a patch cannot say them", place->difference->function,
			       place->change.offset);
	return where_fill(place, out, fail);
}
