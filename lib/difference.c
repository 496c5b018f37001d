/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "difference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/difference_internal.h"

const char *difference_kind_name(enum difference_kind kind)
{
	static const char *const names[] = {
		[DIFFERENCE_IN_PLACE] = "in-place",
		[DIFFERENCE_RELOCATION] = "relocation",
		[DIFFERENCE_GREW] = "grew",
		[DIFFERENCE_SHRANK] = "shrank",
		[DIFFERENCE_IMMEDIATE] = "immediate-only",
	};

	return names[kind];
}

static void difference_deinit(struct difference *difference)
{
	free(difference->function);
	changes_free(difference);
	free(difference->message);
}

void differences_deinit(struct differences *differences)
{
	for (size_t i = 0; i < differences->count; i++)
		difference_deinit(&differences->items[i]);
	free(differences->items);
	for (size_t i = 0; i < differences->data_count; i++)
		free(differences->data[i].symbol);
	free(differences->data);
	memset(differences, 0, sizeof(*differences));
}

/* A new one, of the function of that name. NULL: memory ran out. */
static struct difference *difference_add(struct differences *out, const struct side *side,
					 size_t index, struct fail *fail)
{
	const struct symbol *symbol = side->functions[index];
	struct difference *items = out->items;

	/* room is doubled where the count is a power of two */
	if ((out->count & (out->count - 1)) == 0) {
		items = reallocarray(items, out->count == 0 ? 1 : out->count * 2, sizeof(*items));
		if (items == NULL) {
			(void)fail_memory(fail, "differences");
			return NULL;
		}
		out->items = items;
	}
	items = &items[out->count];
	memset(items, 0, sizeof(*items));
	items->occurrence = function_occurrence(side->object->symtab, symbol);
	items->function = strdup(symbol->name);
	if (items->function == NULL) {
		(void)fail_memory(fail, "differences");
		return NULL;
	}
	out->count++;
	return items;
}

/* A function that only one of the files has. */
static int lone_add(const struct side *side, size_t index, bool is_new, struct differences *out,
		    struct fail *fail)
{
	struct difference *difference = difference_add(out, side, index, fail);

	if (difference == NULL)
		return -1;
	difference->kind = is_new ? DIFFERENCE_GREW : DIFFERENCE_SHRANK;
	*(is_new ? &difference->new_size : &difference->old_size) = side->functions[index]->size;
	if (asprintf(&difference->message, is_new ?
		     "%s is not there in the old object: there is no room for a new function" :
		     "%s is not there any more in the new object: nothing has to be written for that",
		     difference->function) >= 0)
		return 0;
	difference->message = NULL;
	return fail_memory(fail, "differences");
}

/* ---- one function ----------------------------------------------------------------------- */

/* What two instructions that have the same bytes lead to. */
enum reach { REACH_SAME, REACH_JUMP, REACH_RELOCATION };

static enum reach reach(struct comparison *comparison, const struct view *old,
			const struct view *new)
{
	enum reach worst = REACH_SAME;

	for (unsigned i = 0; i < old->reference_count; i++) {
		const struct field_reference *from = &old->references[i];
		const struct field_reference *to = &new->references[i];

		if (spot_same(comparison, &from->to, &to->to))
			continue;
		/* what an assembler has filled in can be filled in anew */
		if ((!from->resolved || !to->resolved) && view_target(comparison, old, new) == NULL)
			return REACH_RELOCATION;
		worst = REACH_JUMP;
	}
	return worst;
}

static enum reach step_reach(struct comparison *comparison, const struct alignment *alignment,
			     size_t i, size_t k)
{
	struct view old, new;

	if (!step_view(&alignment->old, i, &old) || !step_view(&alignment->new, k, &new) ||
	    !view_same_bytes(&old, &new))
		return REACH_SAME;
	return reach(comparison, &old, &new);
}

/* Whether instructions that both have, or that take each other's place, lead elsewhere. */
static enum reach alignment_reach(struct comparison *comparison, const struct alignment *alignment)
{
	enum reach worst = REACH_SAME, found;
	size_t i = 0, k = 0;

	for (size_t h = 0; h <= alignment->hunk_count; h++) {
		const struct hunk none = { alignment->old.count, alignment->old.count,
					   alignment->new.count, alignment->new.count };
		const struct hunk *hunk = h < alignment->hunk_count ? &alignment->hunks[h] : &none;

		while (i < hunk->old_first) {
			found = step_reach(comparison, alignment, i++, k++);
			worst = found > worst ? found : worst;
		}
		if (hunk->old_end - i == 1 && hunk->new_end - k == 1) {
			found = step_reach(comparison, alignment, i, k);
			worst = found > worst ? found : worst;
		}
		i = hunk->old_end;
		k = hunk->new_end;
	}
	return worst;
}

static int message_add(struct difference *difference, const char *text, struct fail *fail)
{
	char *joined;

	if (text[0] == '\0')
		return 0;
	if (asprintf(&joined, "%s%s%s", difference->message == NULL ? "" : difference->message,
		     difference->message == NULL ? "" : "\n", text) < 0)
		return fail_memory(fail, "differences");
	free(difference->message);
	difference->message = joined;
	return 0;
}

/* Two functions of which no more can be said than that they differ. */
static int lost_add(struct comparison *comparison, const struct alignment *alignment,
		    struct differences *out, struct fail *fail)
{
	const struct symbol *old = alignment->old.function.symbol;
	const struct symbol *new = alignment->new.function.symbol;
	struct difference *difference = difference_add(out, &comparison->old, comparison->self, fail);
	bool decoded = alignment->old.function.decoded == alignment->old.function.size &&
		       alignment->new.function.decoded == alignment->new.function.size;

	if (difference == NULL)
		return -1;
	difference->old_size = old->size;
	difference->new_size = new->size;
	difference->kind = new->size > old->size ? DIFFERENCE_GREW :
			   new->size < old->size ? DIFFERENCE_SHRANK : DIFFERENCE_IN_PLACE;
	return message_add(difference, decoded ?
			   "old and new code are too different to say which instruction became which; "
			   "nothing can be written" :
			   "not all of it can be decoded, so nothing can be written", fail);
}

static enum difference_kind kind_of(const struct difference *difference, enum reach worst,
				    bool no_room)
{
	bool lines = difference->change_count > 0;	/* those of tables are no changes */
	bool targets = lines;

	for (size_t i = 0; i < difference->change_count; i++) {
		lines = lines && difference->changes[i].line_number;
		targets = targets && difference->changes[i].target != NULL;
	}
	if (lines)
		return DIFFERENCE_IMMEDIATE;
	if (targets)
		return DIFFERENCE_RELOCATION;
	if (difference->change_count == 0) {
		if (difference->new_size > difference->old_size ||
		    (no_room && difference->new_size == difference->old_size))
			return DIFFERENCE_GREW;
		if (worst == REACH_RELOCATION)
			return DIFFERENCE_RELOCATION;
	}
	return difference->new_size < difference->old_size ? DIFFERENCE_SHRANK :
							     DIFFERENCE_IN_PLACE;
}

/* Which changes are of a number like __LINE__. */
static void lines_mark(const struct alignment *alignment, struct difference *difference)
{
	for (size_t h = 0, i = 0; h < alignment->hunk_count; h++) {
		const struct hunk *hunk = &alignment->hunks[h];
		size_t insn = hunk->old_first == hunk->old_end ? NONE :
			      alignment->old.steps[hunk->old_first].insn;

		while (insn != NONE && i < difference->change_count &&
		       difference->changes[i].first < insn)
			i++;
		if (insn != NONE && i < difference->change_count &&
		    difference->changes[i].first == insn && difference->changes[i].count == 1)
			difference->changes[i].line_number = step_is_line(alignment, hunk);
	}
}

/* What tables say of the function. */
static int table_add(enum table_change change, const char *section, struct difference *difference,
		     struct fail *fail)
{
	char text[256];

	(void)snprintf(text, sizeof(text), change == TABLE_LINES ?
		       "a line number that %s has for %.64s differs, which is no code" :
		       "%s says something else of %.64s, which is no code, and written when the object "
		       "is loaded", section, difference->function);
	return message_add(difference, text, fail);
}

/* A function whose instructions are the same. */
static int table_difference(struct comparison *comparison, struct differences *out,
			    struct fail *fail)
{
	const struct symbol *old = comparison->old.functions[comparison->self];
	size_t pair = comparison->old.function_pairs[comparison->self];
	const char *section = NULL;
	enum table_change change = tables_compare(comparison, &section);
	struct difference *difference;

	if (change == TABLE_SAME)
		return 0;
	difference = difference_add(out, &comparison->old, comparison->self, fail);
	if (difference == NULL)
		return -1;
	difference->old_size = old->size;
	difference->new_size = comparison->new.functions[pair]->size;
	difference->kind = change == TABLE_LINES ? DIFFERENCE_IMMEDIATE : DIFFERENCE_RELOCATION;
	return table_add(change, section, difference, fail);
}

/* The labels of the match are this alignment's. */
static int difference_make(struct comparison *comparison, struct alignment *alignment,
			   struct differences *out, struct fail *fail)
{
	enum reach worst = alignment_reach(comparison, alignment);
	char why[WHY_MAX] = "", text[WHY_MAX + 64] = "";
	struct difference *difference;
	const char *section = NULL;
	enum table_change change;
	bool no_room = false;

	if (worst == REACH_SAME && alignment->hunk_count == 0)
		return table_difference(comparison, out, fail);
	difference = difference_add(out, &comparison->old, comparison->self, fail);
	if (difference == NULL)
		return -1;
	difference->old_size = alignment->old.function.symbol->size;
	difference->new_size = alignment->new.function.symbol->size;
	if (alignment_print(comparison, alignment, &difference->message, fail) != 0)
		return -1;
	change = tables_compare(comparison, &section);
	if (change != TABLE_SAME && table_add(change, section, difference, fail) != 0)
		return -1;
	if (change == TABLE_DIFFERENT)
		worst = REACH_RELOCATION;
	if (worst == REACH_RELOCATION)
		(void)snprintf(why, sizeof(why), "%s", change == TABLE_DIFFERENT ?
			       "code alone would not do it" : "what such a field leads to, only the "
			       "kernel that loads the object fills in");
	else if (changes_make(comparison, alignment, difference, why, &no_room, fail) != 0)
		return -1;
	lines_mark(alignment, difference);
	difference->kind = kind_of(difference, worst, no_room);
	if (difference->change_count == 0)
		(void)snprintf(text, sizeof(text), "nothing can be written for it: %s", why);
	return message_add(difference, text, fail);
}

/* ---- all of them ------------------------------------------------------------------------ */

/* By its instructions, as scanning has found it to differ, or not to be the same at once. */
static int function_align(struct comparison *comparison, struct differences *out, struct fail *fail)
{
	struct match *match = &comparison->matches[comparison->self];
	struct alignment alignment;
	int result = 0;

	comparison->same_offsets = false;
	if (alignment_make(comparison, &alignment, fail) != 0)
		return -1;
	if (!alignment.lost)
		result = alignment_split(comparison, &alignment, fail);
	if (result == 0 && !alignment.lost)
		result = alignment_labels(&alignment, match, fail);
	if (result == 0 && out != NULL)
		result = alignment.lost ? lost_add(comparison, &alignment, out, fail) :
					  difference_make(comparison, &alignment, out, fail);
	alignment_deinit(&alignment);
	return result;
}

/* Which function each one became, and how its places did: without labels yet, as those of one tell
 * what another leads to. differs[] of those that were not the same at once. */
static int functions_match(struct comparison *comparison, bool *differs, struct fail *fail)
{
	for (size_t i = 0; i < comparison->old.function_count; i++) {
		if (comparison->old.function_pairs[i] == NONE)
			continue;
		comparison->self = i;
		differs[i] = !function_scan(comparison);
		twins_keep(comparison, !differs[i]);
		if (differs[i] && function_align(comparison, NULL, fail) != 0)
			return -1;
	}
	comparison->labels = true;
	return 0;
}

/* The function of that name, and its .cold part. */
static bool is_wanted(const struct side *side, size_t index, const char *function)
{
	const char *name = side->functions[index]->name;
	size_t length;

	if (function == NULL || strcmp(name, function) == 0)
		return true;
	length = strlen(function);
	return strncmp(name, function, length) == 0 && strncmp(name + length, ".cold", 5) == 0;
}

static int functions_compare(struct comparison *comparison, const bool *differs,
			     const char *function, struct differences *out, struct fail *fail)
{
	const struct side *old = &comparison->old, *new = &comparison->new;

	for (size_t i = 0; i < old->function_count; i++) {
		if (!is_wanted(old, i, function))
			continue;
		if (old->function_pairs[i] == NONE) {
			if (lone_add(old, i, false, out, fail) != 0)
				return -1;
			continue;
		}
		out->compared++;
		comparison->self = i;
		if (!differs[i] && (!comparison->matches[i].seeks || function_scan(comparison)) ?
		    table_difference(comparison, out, fail) != 0 :
		    function_align(comparison, out, fail) != 0)
			return -1;
		twins_keep(comparison, true);
	}
	for (size_t i = 0; i < new->function_count; i++) {
		if (new->function_pairs[i] == NONE && is_wanted(new, i, function) &&
		    lone_add(new, i, true, out, fail) != 0)
			return -1;
	}
	return 0;
}

static int sides_compare(struct comparison *comparison, const char *function,
			 struct differences *out, struct fail *fail)
{
	size_t count = comparison->old.function_count;
	CLEANUP_FREE bool *differs = calloc(count + 1, sizeof(*differs));
	int result = -1;

	comparison->matches = calloc(count + 1, sizeof(*comparison->matches));
	comparison->paired = calloc(symtab_count(comparison->old.object->symtab) + 1,
				    sizeof(*comparison->paired));
	if (differs == NULL || comparison->matches == NULL || comparison->paired == NULL)
		(void)fail_memory(fail, "functions");
	else if (functions_match(comparison, differs, fail) == 0)
		result = functions_compare(comparison, differs, function, out, fail);
	/* of one function alone nobody asked for more */
	if (result == 0 && function == NULL)
		result = data_compare(comparison, out, fail);
	for (size_t i = 0; comparison->matches != NULL && i < count; i++)
		match_deinit(&comparison->matches[i]);
	free(comparison->matches);
	free(comparison->paired);
	return result;
}

/* Whether either has the function. */
static int function_check(const struct object *old, const struct object *new, const char *function,
			  struct fail *fail)
{
	const struct symbol *symbol;
	struct fail ignored;	/* the old one's is shown */

	if (function == NULL ||
	    function_find(new->symtab, function, NULL, true, 1, &symbol, &ignored) == 0 ||
	    function_find(old->symtab, function, NULL, true, 1, &symbol, fail) == 0)
		return 0;
	return -1;
}

int objects_compare(const struct object *old, const struct object *new, const char *function,
		    struct differences *out, struct fail *fail)
{
	enum architecture a = elf_file_architecture(old->elf), b = elf_file_architecture(new->elf);
	struct comparison comparison = { .matches = NULL };
	int result = -1;

	memset(out, 0, sizeof(*out));
	if (a != b)
		return fail_set(fail, OUTCOME_ERROR, "%s is for %s and %s for %s: compare two objects "
				"of the same source and architecture", old->path, arch_name(a),
				new->path, arch_name(b));
	if (function_check(old, new, function, fail) != 0)
		return -1;
	if (side_load(old, &comparison.old, fail) == 0) {
		if (side_load(new, &comparison.new, fail) == 0) {
			if (sides_pair(&comparison.old, &comparison.new, fail) == 0)
				result = sides_compare(&comparison, function, out, fail);
			side_deinit(&comparison.new);
		}
		side_deinit(&comparison.old);
	}
	if (result != 0)
		differences_deinit(out);
	return result;
}
