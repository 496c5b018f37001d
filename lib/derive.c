/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "derive.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "lib/derive_site.h"
#include "prove.h"

void derived_free(struct derived *derived, size_t count)
{
	for (size_t i = 0; i < count && derived != NULL; i++)
		free(derived[i].message);
	free(derived);
}

int derive_prove(const struct derive *derive, const struct patch *patch, bool filled,
		 struct fail *fail)
{
	if (patch_prove(derive->old, patch, OUTCOME_APPLICABLE, "on the old object", fail) < 0)
		return -1;
	return filled ? 0 : patch_prove(derive->new, patch, OUTCOME_ALREADY_APPLIED,
					"on the new object", fail);
}

/* Of one function alone, with the head of the whole patch. */
static int prove_sites(const struct derive *derive, const struct patch *patch,
		       const struct variant *sites, bool filled, struct fail *fail)
{
	struct patch one = *patch;
	struct variant variant = *sites;

	one.variants = &variant;
	one.variant_count = 1;
	return derive_prove(derive, &one, filled, fail);
}

static int sites_move(struct variant *from, struct variant *to, struct fail *fail)
{
	struct site *sites = reallocarray(to->sites, to->site_count + from->site_count + 1,
					  sizeof(*sites));

	if (sites == NULL)
		return fail_memory(fail, "a patch");
	if (from->site_count > 0)
		memcpy(sites + to->site_count, from->sites,
		       from->site_count * sizeof(*sites));
	to->sites = sites;
	to->site_count += from->site_count;
	free(from->sites);
	*from = (struct variant){ .sites = NULL };
	return 0;
}

static bool is_wanted(const struct derive *derive, const struct change *change)
{
	return !change->line_number || derive->line_numbers;
}

static size_t wanted_count(const struct derive *derive, const struct difference *difference)
{
	size_t count = 0;

	for (size_t i = 0; i < difference->change_count; i++)
		count += is_wanted(derive, &difference->changes[i]);
	return count;
}

/* A function of the old object, and what the sites are made by. */
struct work {
	struct function function, after;
	bool *relocated;
};

static void work_deinit(struct work *work)
{
	function_deinit(&work->function);
	function_deinit(&work->after);
	free(work->relocated);
}

static int work_make(const struct derive *derive, const struct difference *difference,
		     struct work *out, struct fail *fail)
{
	CLEANUP_FREE struct context_edit *edits = calloc(difference->change_count, sizeof(*edits));
	const struct kernel *old = derive->old;
	const struct symbol *symbol;
	size_t count = 0;

	if (edits == NULL)
		return fail_memory(fail, difference->function);
	for (size_t i = 0; i < difference->change_count; i++) {
		const struct change *change = &difference->changes[i];

		if (is_wanted(derive, change))
			edits[count++] = (struct context_edit){ change->offset, change->replacement,
							       change->target };
	}
	if (function_find(old->symtab, difference->function, NULL, true, difference->occurrence,
			  &symbol, fail) < 0 ||
	    function_load(old->target, old->decoder, symbol, &out->function, fail) < 0 ||
	    function_relocated(&out->function, old->image, &out->relocated, fail) < 0)
		return -1;
	return context_after(old, &out->function, edits, count, &out->after, fail);
}

/* One change: a site, or, where instructions go away, one for each, the last first: a writer that
 * changes one after the other takes the call away before what it is called with. */
static int change_sites(struct derive_place *place, struct variant *out, struct fail *fail)
{
	const bool removes = derive_removes(place);
	const size_t count = removes ? place->change.count : 1;
	struct site *sites = reallocarray(out->sites, out->site_count + count, sizeof(*sites));

	if (sites == NULL)
		return fail_memory(fail, place->difference->function);
	out->sites = sites;
	for (size_t i = count; i-- > 0;) {
		struct derive_place part = *place;

		if (removes)
			part.change = derive_part(place, i);
		if (derive_site(&part, &out->sites[out->site_count++], fail) < 0)
			return -1;
	}
	return 0;
}

/* The sites of one function, by what is around them, else (`exact`) by their offsets. */
static int sites_make(const struct derive *derive, const struct difference *difference, bool exact,
		      struct variant *out, struct fail *fail)
{
	CLEANUP(work_deinit) struct work work = { .relocated = NULL };

	if (work_make(derive, difference, &work, fail) < 0)
		return -1;
	for (size_t i = 0; i < difference->change_count; i++) {
		struct derive_place place = {
			.kernel = derive->old, .function = &work.function, .after = &work.after,
			.relocated = work.relocated, .module = derive->module,
			.difference = difference, .change = difference->changes[i], .exact = exact,
		};

		if (is_wanted(derive, &place.change) && change_sites(&place, out, fail) < 0)
			return -1;
	}
	return 0;
}

static int say(struct derived *derived, const char *message, struct fail *fail)
{
	derived->message = strdup(message);
	return derived->message == NULL ? fail_memory(fail, "a patch") : 0;
}

/* Whether a change has nops in it that the new object need not have, or not the same. */
static bool is_filled(const struct derive *derive, const struct difference *difference)
{
	for (size_t i = 0; i < difference->change_count; i++) {
		const struct bytes *bytes = &difference->changes[i].replacement;
		struct insn insn = { .length = 0 };
		struct fail ignored;	/* differences are of whole instructions */

		for (size_t at = 0; at < bytes->length; at += insn.length) {
			if (insn_decode(derive->old->decoder, bytes->data + at, bytes->length - at, 0,
					&insn, &ignored) < 0)
				break;
			if (insn.nop)
				return true;
		}
	}
	return false;
}

static int function_prove(const struct derive *derive, const struct difference *difference,
			  const struct patch *patch, const struct variant *sites,
			  struct derived *derived, struct fail *fail)
{
	struct fail why;

	if (prove_sites(derive, patch, sites, false, fail) == 0)
		return 0;
	if (!is_filled(derive, difference) ||
	    prove_sites(derive, patch, sites, true, &why) < 0)
		return -1;
	derived->message = strdup("a dry run on the new object does not find it there already: what "
				  "the old function has left over becomes nops, which the new one has "
				  "not, or others");
	return derived->message == NULL ? fail_memory(fail, "a patch") : 0;
}

static int function_derive(const struct derive *derive, const struct difference *difference,
			   struct patch *out, struct derived *derived, struct fail *fail)
{
	if (difference->change_count == 0)
		return 0;
	if (wanted_count(derive, difference) == 0) {
		derived->ignored = true;
		return say(derived, "only line numbers differ; --line-numbers takes them in", fail);
	}
	for (unsigned exact = 0; exact < 2; exact++) {
		CLEANUP(variant_deinit) struct variant sites = { .sites = NULL };

		if (sites_make(derive, difference, exact, &sites, fail) == 0 &&
		    function_prove(derive, difference, out, &sites, derived, fail) == 0) {
			derived->written = true;
			return sites_move(&sites, out->variants, fail);
		}
		if (fail->code == OUTCOME_ERROR)
			return -1;
	}
	return say(derived, fail->message, fail);
}

int derive_sites(const struct derive *derive, const struct differences *differences,
		 struct patch *out, struct derived **derived, struct fail *fail)
{
	struct derived *items = calloc(differences->count + 1, sizeof(*items));

	if (items == NULL)
		return fail_memory(fail, "a patch");
	for (size_t i = 0; i < differences->count; i++) {
		if (function_derive(derive, &differences->items[i], out, &items[i], fail) == 0)
			continue;
		derived_free(items, differences->count);
		return -1;
	}
	*derived = items;
	return 0;
}
