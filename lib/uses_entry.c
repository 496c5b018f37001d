/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uses_entry: what parameters, results and variables are, by their declarations. */
#include "lib/uses_internal.h"

#include <string.h>

/* Whether exactly one symbol of the object has that name: of several, nobody knows whose a
 * declaration is. */
static bool is_unique(const struct flow *flow, const char *name)
{
	const struct symbol *symbol = symtab_next(flow->object->symtab, name, NULL);

	return symbol != NULL && symtab_next(flow->object->symtab, name, symbol) == NULL;
}

/* Whether the object has it: what the types that its own go on from say of that name is another's. */
static bool is_own(const struct flow *flow, const char *name)
{
	const struct symbol *symbol = symtab_next(flow->object->symtab, name, NULL);

	return elf_file_section_at(flow->object->elf, symbol->address) != NULL;
}

const struct prototype *prototype_find(const struct flow *flow, const char *name)
{
	return is_unique(flow, name) ? layouts_function(flow->layouts, name, is_own(flow, name)) :
				       NULL;
}

struct known variable_known(const struct flow *flow, const struct elf_field *field,
			    int64_t behind)
{
	const struct value *value;
	const struct symbol *symbol;
	const char *name = field->symbol;
	uint64_t address = elf_field_leads(field) + (uint64_t)behind;
	int64_t offset = field->addend + behind;

	if (!field->known)
		return (struct known){ .kind = KNOWN_NOTHING };
	if (name == NULL || *name == '\0') {
		symbol = symtab_at(flow->object->symtab, address);
		if (symbol == NULL || symbol_is_text(symbol))
			return (struct known){ .kind = KNOWN_NOTHING };
		name = symbol->name;
		offset = (int64_t)(address - symbol->address);
	}
	value = is_unique(flow, name) ? layouts_variable(flow->layouts, name, is_own(flow, name)) :
				       NULL;
	if (value == NULL || value->aggregate == NULL || value->kind == VALUE_OTHER ||
	    offset < 0 || (uint64_t)offset >= value->size)
		return (struct known){ .kind = KNOWN_NOTHING };
	if (value->element_size != 0)
		offset %= (int64_t)value->element_size;
	return (struct known){ value->kind == VALUE_POINTER ? KNOWN_PLACE : KNOWN_POINTER,
			       value->aggregate, offset };
}

/* Whether x86-64 has it in registers for numbers, if it is small enough: nothing of it is in floating
 * point or at an odd place (psABI 3.2.3). As deep as `depth`, NOLINTNEXTLINE(misc-no-recursion) */
static bool is_plain(const struct value *value, uint64_t bit_offset, unsigned depth)
{
	uint64_t size = value->element_size != 0 ? value->element_size : value->size;

	if (value->kind != VALUE_AGGREGATE)
		return value->kind != VALUE_FLOAT && size != 0 && bit_offset % (size * 8) == 0;
	if (value->aggregate == NULL || depth == 0)
		return false;
	for (size_t i = 0; i < value->aggregate->member_count; i++) {
		const struct aggregate_member *member = &value->aggregate->members[i];

		if (member->bit_size == 0 &&
		    !is_plain(&member->value, bit_offset + member->bit_offset, depth - 1))
			return false;
	}
	return true;
}

/* How many registers one takes; 0: it is on the stack; -1: not known, nor where those behind it
 * are. */
static int registers_of(const struct flow *flow, const struct value *value)
{
	uint64_t words = (value->size + flow->pointer - 1) / flow->pointer;

	/* in vectors; of i386, compilers differ for aggregates */
	if (value->size == 0 || value->kind == VALUE_FLOAT || value->element_size != 0 ||
	    (value->kind == VALUE_AGGREGATE && flow->arch == ARCH_I386))
		return -1;
	if (value->kind == VALUE_AGGREGATE && (words > 2 || is_plain(value, 0, USE_STEPS_MAX)))
		return words <= 2 ? (int)words : 0;
	return value->kind != VALUE_AGGREGATE && words <= 2 ? (int)words : -1;
}

/* 1: a pointer to room for the result comes before the parameters; 0: none does; -1: not known. */
static int result_registers(const struct flow *flow, const struct value *result)
{
	if (result->kind != VALUE_AGGREGATE)
		return 0;
	if (flow->arch == ARCH_I386)	/* the kernel has -freg-struct-return, others do not */
		return -1;
	return result->size > 16 ? 1 : is_plain(result, 0, USE_STEPS_MAX) ? 0 : -1;
}

/*
 * clang leaves parameters out that a static function does not use, without another name for it
 * (DeadArgumentElimination), and its debug information does not tell. gcc does not, and .comment
 * tells whose the code is.
 */
static bool is_rewritten(const struct flow *flow)
{
	const struct elf_section *comment = elf_file_section(flow->object->elf, ".comment");

	return flow->codes[0].symbol->type == 't' &&
	       (comment == NULL || comment->data == NULL ||
		memmem(comment->data, comment->size, "clang", 5) != NULL ||
		memmem(comment->data, comment->size, "GCC", 3) == NULL);
}

/* On the stack. Not of i386, but for `...`: whether the others are in registers before, as
 * -mregparm=3 has it and asmlinkage does not, nothing tells. */
static int stack_place(const struct flow *flow, const struct prototype *prototype, size_t size,
		       struct known known, int64_t *at, struct state *state, struct fail *fail)
{
	if (*at == 0)
		return 0;
	if (flow->arch == ARCH_I386 && !prototype->variadic)
		*at = 0;
	else if (slot_set(state, *at, known, fail) != 0)
		return -1;
	/* what is larger may be aligned; behind it, the place is not known */
	*at = size > flow->pointer || *at == 0 ? 0 : *at + flow->pointer;
	return 0;
}

static int parameters_place(const struct flow *flow, const struct prototype *prototype, int used,
			    struct state *state, struct fail *fail)
{
	static const int orders[ARCH_COUNT][6] = {
		[ARCH_X86_64] = { RDI, RSI, RDX, RCX, 8, 9 }, [ARCH_I386] = { RAX, RDX, RCX },
	};
	int total = flow->arch == ARCH_I386 ? prototype->variadic ? 0 : 3 : 6;
	int64_t stack = flow->pointer;	/* behind the return address */

	if (used > 0)
		state->registers[RDI] = (struct known){ KNOWN_POINTER, prototype->result.aggregate, 0 };
	for (size_t i = 0; i < prototype->parameter_count; i++) {
		const struct value *value = &prototype->parameters[i];
		int registers = registers_of(flow, value);
		struct known known = { .kind = KNOWN_NOTHING };

		if (registers < 0)
			return 0;
		if (value->kind == VALUE_POINTER && value->aggregate != NULL)
			known = (struct known){ KNOWN_POINTER, value->aggregate, 0 };
		if (registers > 0 && used + registers <= total) {
			state->registers[orders[flow->arch][used]] = known;
			used += registers;
			continue;
		}
		/* of i386, what does not fit takes all that were left with it */
		if (flow->arch == ARCH_I386)
			used = total;
		if (stack_place(flow, prototype, value->size, known, &stack, state, fail) != 0)
			return -1;
	}
	return 0;
}

int state_enter(const struct flow *flow, struct state *state, struct fail *fail)
{
	const struct symbol *symbol = flow->codes[0].symbol;
	const struct prototype *prototype = prototype_find(flow, symbol->name);
	int used = prototype == NULL ? -1 : result_registers(flow, &prototype->result);

	state->reached = true;
	state->registers[RSP] = (struct known){ KNOWN_STACK, NULL, 0 };
	/* what the compiler named with a dot it has given other parameters */
	if (used < 0 || strchr(symbol->name, '.') != NULL || is_rewritten(flow))
		return 0;
	return parameters_place(flow, prototype, used, state, fail);
}
