/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan_find: the place that a site's patterns describe. */
#include <string.h>

#include "hazard.h"
#include "lib/plan_site.h"
#include "pattern.h"

static int code_make(struct loaded *loaded, const struct kernel *kernel, struct pattern_code *out,
		     struct fail *fail)
{
	const struct function *function = &loaded->function;

	/* The int3 of a kprobe may hide a second place, or the only one. */
	if (hazard_hidden(kernel, function, 0, function->size, fail) != 0 ||
	    loaded_rewritten(loaded, kernel, fail) != 0)
		return -1;
	*out = (struct pattern_code){ .function = function, .transparent = loaded->transparent };
	return 0;
}

static bool is_unique(const struct symtab *symtab, const struct symbol *symbol)
{
	const struct symbol *other = NULL;

	while ((other = symtab_next(symtab, symbol->name, other)) != NULL) {
		if (other != symbol && symbol_is_text(other) && symbol_same_module(other, symbol))
			return false;
	}
	return true;
}

static bool jumps_to(const struct function *function, const struct symbol *part)
{
	for (size_t i = 0; i < function->count; i++) {
		const struct insn *insn = &function->insns[i];

		if (insn->has_target && insn->target >= part->address &&
		    insn->target - part->address < part->size)
			return true;
	}
	return false;
}

/* Whether it is what the compiler has moved out of the function. Of several functions of one name,
 * each has its own. */
static bool is_cold_part(const struct kernel *kernel, const struct function *function,
			 const struct symbol *part)
{
	const char *suffix = part->name + strlen(function->symbol->name);
	struct fail ignored;	/* what was given back after the start is no part any more */

	return strncmp(suffix, ".cold", 5) == 0 && (suffix[5] == '\0' || suffix[5] == '.') &&
	       symbol_is_text(part) && symbol_same_module(part, function->symbol) &&
	       hazard_symbol(kernel, part, &ignored) == 0 &&
	       (is_unique(kernel->symtab, function->symbol) || jumps_to(function, part));
}

/* The function and its .cold parts. */
static int codes_make(struct proof *proof, struct loaded *loaded[LOADED_MAX],
		      struct pattern_code codes[LOADED_MAX], size_t *count, struct fail *fail)
{
	const struct kernel *kernel = proof->kernel;
	const struct function *function = &loaded[0]->function;
	const struct symbol *part = NULL;

	*count = 0;
	if (code_make(loaded[0], kernel, &codes[(*count)++], fail) != 0)
		return -1;
	while ((part = symtab_next_sibling(kernel->symtab, function->symbol->name, part)) != NULL) {
		if (!is_cold_part(kernel, function, part))
			continue;
		if (*count == LOADED_MAX)
			return fail_at(fail, OUTCOME_HAZARD, part->address, "%s has more than %d "
				       ".cold parts, and not all were searched", proof->site->symbol,
				       LOADED_MAX - 1);
		if (loaded_part(proof->functions, kernel, part, &loaded[*count], fail) != 0 ||
		    code_make(loaded[*count], kernel, &codes[*count], fail) != 0)
			return -1;
		++*count;
	}
	return 0;
}

int plan_find(struct proof *proof, const struct symbol *symbol, struct fail *fail)
{
	struct loaded *loaded[LOADED_MAX];
	struct pattern_code codes[LOADED_MAX];
	const struct function *function;
	struct pattern_hit hit;
	size_t count;

	if (loaded_first(proof->functions, proof->kernel, symbol, &loaded[0], fail) != 0 ||
	    codes_make(proof, loaded, codes, &count, fail) != 0 ||
	    pattern_find(proof->kernel, proof->site, codes, count, symbol->module, proof->steps, &hit,
			 fail) != 0)
		return -1;
	proof->loaded = loaded[hit.code];
	proof->insn = hit.insn;
	proof->already = hit.already;
	function = &proof->loaded->function;
	proof->length = proof->site->operation.kind == OPERATION_BYTES ?
			proof->site->operation.bytes.length : function->insns[hit.insn].length;
	return plan_place(proof, function->symbol,
			  function->insns[hit.insn].address - function->symbol->address, fail);
}
