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

const struct prototype *prototype_find(const struct flow *flow, const char *name)
{
	return is_unique(flow, name) ? layouts_function(flow->layouts, name) : NULL;
}

struct known variable_known(const struct flow *flow, const struct elf_field *field,
			    int64_t behind)
{
	const struct value *value;
	const struct symbol *symbol;
	const char *name = field->symbol;
	int64_t offset = field->addend + behind;

	if (!field->known)
		return (struct known){ .kind = KNOWN_NOTHING };
	if (name == NULL) {
		symbol = symtab_at(flow->object->symtab, field->to + (uint64_t)behind);
		if (symbol == NULL || symbol_is_text(symbol))
			return (struct known){ .kind = KNOWN_NOTHING };
		name = symbol->name;
		offset = (int64_t)(field->to + (uint64_t)behind - symbol->address);
	}
	value = is_unique(flow, name) ? layouts_variable(flow->layouts, name) : NULL;
	if (value == NULL || value->aggregate == NULL || value->kind == VALUE_OTHER ||
	    offset < 0 || (uint64_t)offset >= value->size)
		return (struct known){ .kind = KNOWN_NOTHING };
	if (value->element_size != 0)
		offset %= (int64_t)value->element_size;
	return (struct known){ value->kind == VALUE_POINTER ? KNOWN_PLACE : KNOWN_POINTER,
			       value->aggregate, offset };
}

/* How many registers one takes; 0: it is on the stack; -1: not known, nor where those behind it are. */
static int registers_of(const struct flow *flow, const struct value *value)
{
	uint64_t words = (value->size + flow->pointer - 1) / flow->pointer;

	if (value->size == 0)
		return -1;
	if (value->kind == VALUE_AGGREGATE)	/* compilers differ for i386 */
		return flow->arch == ARCH_I386 ? -1 : words <= 2 ? (int)words : 0;
	return words <= 2 ? (int)words : -1;
}

/* Whether a pointer to room for the result comes before the parameters. */
static bool has_result_pointer(const struct flow *flow, const struct value *result)
{
	return result->kind == VALUE_AGGREGATE &&
	       (flow->arch == ARCH_I386 || result->size > 16);
}

/* Numbers in floating point would be in none of the registers that are counted here. */
static bool has_vectors(const struct flow *flow)
{
	for (size_t i = 0; i < flow->count; i++) {
		for (size_t j = 0; j < flow->codes[i].count; j++) {
			if (strstr(flow->codes[i].insns[j].operands, "%xmm") != NULL)
				return true;
		}
	}
	return false;
}

/*
 * clang leaves parameters out that a static function does not use, without another name for it
 * (DeadArgumentElimination), and its debug information does not tell.
 */
static bool is_rewritten(const struct flow *flow)
{
	const struct elf_section *comment = elf_file_section(flow->object->elf, ".comment");

	return flow->codes[0].symbol->type == 't' && comment != NULL && comment->data != NULL &&
	       memmem(comment->data, comment->size, "clang", 5) != NULL;
}

static int parameters_place(const struct flow *flow, const struct prototype *prototype,
			    struct state *state, struct fail *fail)
{
	static const int orders[ARCH_COUNT][6] = {
		[ARCH_X86_64] = { RDI, RSI, RDX, RCX, 8, 9 }, [ARCH_I386] = { RAX, RDX, RCX },
	};
	int total = flow->arch == ARCH_I386 ? prototype->variadic ? 0 : 3 : 6, used = 0;
	int64_t stack = flow->pointer;	/* behind the return address */

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
		if (slot_set(state, stack, known, fail) != 0)
			return -1;
		stack += (int64_t)((value->size + flow->pointer - 1) / flow->pointer *
				   flow->pointer);
		if (stack > 1024)
			return 0;
	}
	return 0;
}

int state_enter(const struct flow *flow, struct state *state, struct fail *fail)
{
	const struct symbol *symbol = flow->codes[0].symbol;
	const struct prototype *prototype = prototype_find(flow, symbol->name);

	state->reached = true;
	state->registers[RSP] = (struct known){ KNOWN_STACK, NULL, 0 };
	/* what the compiler named with a dot it has given other parameters */
	if (prototype == NULL || strchr(symbol->name, '.') != NULL ||
	    has_result_pointer(flow, &prototype->result) || has_vectors(flow) ||
	    is_rewritten(flow))
		return 0;
	return parameters_place(flow, prototype, state, fail);
}
