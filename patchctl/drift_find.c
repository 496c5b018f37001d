/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drift_find: the instructions of an object that use what drifted. */
#include "drift.h"

#include <stdlib.h>
#include <string.h>

/* A function and its .cold part. */
struct codes {
	struct function items[2];
	size_t count;
};

static void codes_deinit(struct codes *codes)
{
	for (size_t i = 0; i < codes->count; i++)
		function_deinit(&codes->items[i]);
}

static int use_take(struct drift *drift, const struct function *function, const struct use *use,
		    struct fail *fail)
{
	const struct insn *insn = &function->insns[use->insn];
	struct drift_use taken = { .symbol = function->symbol, .insn = *insn, .use = *use,
				   .offset = insn->address - function->symbol->address };
	struct drift_use *uses;
	bool drifted;

	if (drift_place(drift, &taken, &drifted, fail) != 0)
		return -1;
	if (!drifted) {
		free(taken.reason);
		return 0;
	}
	if (drift->use_count == drift->use_room) {
		size_t room = drift->use_room == 0 ? 16 : drift->use_room * 2;

		uses = reallocarray(drift->uses, room, sizeof(*uses));
		if (uses == NULL) {
			free(taken.reason);
			return fail_memory(fail, "the uses");
		}
		drift->uses = uses;
		drift->use_room = room;
	}
	taken.occurrence = function_occurrence(drift->image.symtab, function->symbol);
	drift->uses[drift->use_count++] = taken;
	return 0;
}

static bool is_cold(const struct symbol *symbol)
{
	const char *dot = strrchr(symbol->name, '.');

	return dot != NULL && strcmp(dot, ".cold") == 0;
}

/* The only "NAME.cold"; NULL: none, or several. */
static const struct symbol *cold_of(const struct symtab *symtab, const struct symbol *symbol)
{
	const struct symbol *sibling = NULL, *cold = NULL;

	if (symtab_next(symtab, symbol->name, symtab_next(symtab, symbol->name, NULL)) != NULL)
		return NULL;
	while ((sibling = symtab_next_sibling(symtab, symbol->name, sibling)) != NULL) {
		if (strcmp(sibling->name + strlen(symbol->name), ".cold") != 0)
			continue;
		if (cold != NULL)
			return NULL;
		cold = sibling;
	}
	return cold;
}

static int load(const struct drift *drift, const struct symbol *symbol, struct codes *codes,
		struct fail *fail)
{
	if (function_load(drift->image.target, drift->image.decoder, symbol,
			  &codes->items[codes->count], fail) != 0)
		return -1;
	codes->count++;
	return 0;
}

static int function_look(struct drift *drift, const struct elf_fields *fields,
			 const struct symbol *symbol, struct fail *fail)
{
	const struct object object = {
		.elf = drift->image.elf, .symtab = drift->image.symtab,
		.target = drift->image.target, .decoder = drift->image.decoder,
		.path = drift->image.target->info.path,
	};
	CLEANUP(codes_deinit) struct codes codes = { .count = 0 };
	CLEANUP(uses_deinit) struct uses uses = { .items = NULL };
	const struct symbol *cold = cold_of(drift->image.symtab, symbol);

	if (load(drift, symbol, &codes, fail) != 0 ||
	    (cold != NULL && cold->size != 0 && load(drift, cold, &codes, fail) != 0) ||
	    uses_find(&object, fields, drift->object, codes.items, codes.count, &uses, fail) != 0)
		return -1;
	for (size_t i = 0; i < uses.count; i++) {
		if (use_take(drift, &codes.items[uses.items[i].code], &uses.items[i], fail) != 0)
			return -1;
	}
	return 0;
}

int drift_find(struct drift *drift, struct fail *fail)
{
	CLEANUP(elf_fields_deinit) struct elf_fields fields = { .items = NULL };
	const struct symtab *symtab = drift->image.symtab;
	uint64_t last = UINT64_MAX;

	if (drift->layouts.count == 0)
		return 0;
	if (elf_fields_load(drift->image.elf, &fields, fail) != 0 ||
	    elf_fields_turn(&fields, fail) != 0)
		return -1;
	for (size_t i = 0; i < symtab_count(symtab); i++) {
		const struct symbol *symbol = symtab_item(symtab, i);

		/* of several names of one function the first */
		if (!symbol_is_text(symbol) || symbol->size == 0 ||
		    symbol->size > FUNCTION_SIZE_MAX || is_cold(symbol) || symbol->address == last)
			continue;
		last = symbol->address;
		if (function_look(drift, &fields, symbol, fail) != 0)
			return -1;
	}
	return 0;
}
