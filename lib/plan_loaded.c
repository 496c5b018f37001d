/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan_loaded.h"

#include <stdlib.h>
#include <string.h>

#include "hazard.h"

void loaded_deinit(struct loaded_functions *functions)
{
	for (size_t i = 0; i < functions->count; i++) {
		function_deinit(&functions->items[i].function);
		owners_deinit(&functions->items[i].owners);
		free(functions->items[i].transparent);
	}
	memset(functions, 0, sizeof(*functions));
}

int loaded_part(struct loaded_functions *functions, const struct kernel *kernel,
		const struct symbol *symbol, struct loaded **out, struct fail *fail)
{
	*out = NULL;
	for (size_t i = 0; i < functions->count && *out == NULL; i++) {
		if (functions->items[i].function.symbol == symbol)
			*out = &functions->items[i];
	}
	if (*out != NULL || functions->count == LOADED_MAX)
		return 0;
	if (function_load(kernel->target, kernel->decoder, symbol,
			  &functions->items[functions->count].function, fail) != 0)
		return -1;
	*out = &functions->items[functions->count++];
	return 0;
}

int loaded_first(struct loaded_functions *functions, const struct kernel *kernel,
		 const struct symbol *symbol, struct loaded **out, struct fail *fail)
{
	if (functions->count > 0 && functions->items[0].function.symbol != symbol)
		loaded_deinit(functions);
	return loaded_part(functions, kernel, symbol, out, fail);
}

int loaded_owners(struct loaded *loaded, const struct kernel *kernel, struct fail *fail)
{
	if (loaded->has_owners)
		return 0;
	if (hazard_owners(kernel, &loaded->function, &loaded->owners, fail) != 0) {
		owners_deinit(&loaded->owners);
		return -1;
	}
	loaded->has_owners = true;
	return 0;
}

/* What pattern.h calls transparent. */
static bool is_rewritten(enum owner_kind kind)
{
	return kind == OWNER_FTRACE || kind == OWNER_JUMP_LABEL || kind == OWNER_ALTERNATIVE ||
	       kind == OWNER_RETPOLINE;
}

int loaded_rewritten(struct loaded *loaded, const struct kernel *kernel, struct fail *fail)
{
	const struct function *function = &loaded->function;
	size_t first = 0;

	if (loaded->transparent != NULL)
		return 0;
	if (loaded_owners(loaded, kernel, fail) != 0)
		return -1;
	loaded->transparent = calloc(function->count + 1, sizeof(*loaded->transparent));
	if (loaded->transparent == NULL)
		return fail_memory(fail, "what the kernel rewrites");
	for (size_t i = 0; i < loaded->owners.count; i++) {
		const struct owner *owner = &loaded->owners.items[i];

		if (!is_rewritten(owner->kind))
			continue;
		/* owners are sorted by where they start */
		while (first < function->count && function->insns[first].address +
						  function->insns[first].length <= owner->address)
			first++;
		for (size_t j = first; j < function->count &&
				       function->insns[j].address < owner->end; j++)
			loaded->transparent[j] = true;
	}
	return 0;
}
