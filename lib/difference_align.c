/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * difference_align: which instructions of a function's old and new code are the same: the shortest
 * way from one to the other (Eugene W. Myers, "An O(ND) Difference Algorithm and Its Variations",
 * 1986), with a limit to how far they may be apart.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/difference_internal.h"

/* Instructions that are only in one of them. */
enum { DISTANCE_MAX = 400 };

uint64_t step_offset(const struct body *body, size_t step)
{
	if (step >= body->count)
		return body->function.size;
	return body->function.insns[body->steps[step].insn].address - body->function.symbol->address;
}

uint64_t step_end(const struct body *body, size_t step)
{
	return step_offset(body, step) + body->function.insns[body->steps[step].insn].length;
}

bool step_view(const struct body *body, size_t step, struct view *out)
{
	const struct insn *insn = &body->function.insns[body->steps[step].insn];
	size_t cursor = elf_field_from(&body->side->fields, insn->address);

	return view_make(body->side, insn->bytes, insn->length, insn->address, &cursor, out);
}

bool function_scan(struct comparison *comparison)
{
	const struct side *sides[2] = { &comparison->old, &comparison->new };
	const struct symbol *old = sides[0]->functions[comparison->self];
	const struct symbol *new = sides[1]->functions[sides[0]->function_pairs[comparison->self]];
	const uint8_t *a = elf_file_bytes(sides[0]->object->elf, old->address, old->size);
	const uint8_t *b = elf_file_bytes(sides[1]->object->elf, new->address, new->size);
	size_t i = elf_field_from(&sides[0]->fields, old->address);
	size_t k = elf_field_from(&sides[1]->fields, new->address);
	struct view old_view, new_view;

	if (a == NULL || b == NULL || old->size != new->size)
		return false;
	comparison->same_offsets = true;
	for (uint64_t at = 0; at < old->size; at += old_view.layout.length) {
		if (!view_make(sides[0], a + at, old->size - at, old->address + at, &i, &old_view) ||
		    !view_make(sides[1], b + at, new->size - at, new->address + at, &k, &new_view) ||
		    old_view.layout.length != new_view.layout.length ||
		    !view_same(comparison, &old_view, &new_view))
			return false;
	}
	return true;
}

static int body_load(const struct side *side, size_t index, bool is_new, struct body *out,
		     bool *lost, struct fail *fail)
{
	const struct object *object = side->object;
	struct view view;
	size_t cursor;

	out->side = side;
	if (side->functions[index]->size > FUNCTION_SIZE_MAX)
		return fail_set(fail, OUTCOME_ERROR, "%s: %s is larger than 1 MiB (%llu bytes): no "
				"function of a kernel is", object->path, side->functions[index]->name,
				(unsigned long long)side->functions[index]->size);
	if (function_load(object->target, object->decoder, side->functions[index], &out->function,
			  fail) != 0)
		return -1;
	out->steps = calloc(out->function.count + 1, sizeof(*out->steps));
	if (out->steps == NULL)
		return fail_memory(fail, "comparing a function");
	if (out->function.decoded < out->function.size)
		*lost = true;
	cursor = elf_field_from(&side->fields, out->function.symbol->address);
	for (size_t i = 0; i < out->function.count && !*lost; i++) {
		const struct insn *insn = &out->function.insns[i];

		if (!view_make(side, insn->bytes, insn->length, insn->address, &cursor, &view) ||
		    view.layout.length != insn->length)
			*lost = true;
		if (insn->nop && view.reference_count == 0)
			continue;
		out->steps[out->count].insn = i;
		out->steps[out->count++].hash = view_hash(side, is_new, &view);
	}
	return 0;
}

static void body_deinit(struct body *body)
{
	function_deinit(&body->function);
	free(body->steps);
}

void alignment_deinit(struct alignment *alignment)
{
	body_deinit(&alignment->old);
	body_deinit(&alignment->new);
	free(alignment->hunks);
	memset(alignment, 0, sizeof(*alignment));
}

/* ---- the shortest way ------------------------------------------------------------------- */

struct way {
	const struct step *old, *new;
	int old_count, new_count;
	int *rows;			/* of each distance d, from d * d: the furthest old step of
					 * each diagonal from -d to d */
	int distance;
};

/* Row `d`, by its diagonal 0: those before it have 1, 2, 3 … of which its first is used. */
static int *row_of(const struct way *way, int d)
{
	return way->rows + (ptrdiff_t)d * d + d;
}

/* Goes to the furthest points of `d`; true: the end is reached. */
static bool way_row(const struct way *way, int d)
{
	int *row = row_of(way, d);
	const int *before = d == 0 ? NULL : row_of(way, d - 1);

	for (int k = -d; k <= d; k += 2) {
		int x = 0;

		if (before != NULL && (k == -d || (k != d && before[k - 1] < before[k + 1])))
			x = before[k + 1];
		else if (before != NULL)
			x = before[k - 1] + 1;
		/* points outside lead nowhere */
		while (x >= 0 && x < way->old_count && x - k >= 0 && x - k < way->new_count &&
		       way->old[x].hash == way->new[x - k].hash)
			x++;
		row[k] = x;
		if (x == way->old_count && x - k == way->new_count)
			return true;
	}
	return false;
}

/* From the end back: the pairs that are the same. */
static void way_back(const struct way *way, size_t *to)
{
	int x = way->old_count, k = way->old_count - way->new_count;

	for (int d = way->distance; d >= 0; d--) {
		const int *before = d == 0 ? NULL : row_of(way, d - 1);
		bool down = d > 0 && (k == -d || (k != d && before[k - 1] < before[k + 1]));
		int start = d == 0 ? 0 : down ? before[k + 1] : before[k - 1] + 1;

		for (; x > start; x--)
			to[x - 1] = (size_t)(x - 1 - k);
		if (d == 0)
			return;
		k += down ? 1 : -1;
		x = before[k];
	}
}

/* Fills in to[]; false: they are too far apart. -1 in *result: memory ran out. */
static bool way_find(struct way *way, size_t *to, int *result, struct fail *fail)
{
	int most = way->old_count + way->new_count;
	bool found = false;

	if (most > DISTANCE_MAX)
		most = DISTANCE_MAX;
	way->rows = malloc((size_t)(most + 1) * (size_t)(most + 1) * sizeof(*way->rows));
	if (way->rows == NULL) {
		*result = fail_memory(fail, "comparing a function");
		return false;
	}
	for (int d = 0; d <= most && !found; d++) {
		way->distance = d;
		found = way_row(way, d);
	}
	if (found)
		way_back(way, to);
	free(way->rows);
	return found;
}

/* What is the same at both ends is nearly all; between them the way is looked for. */
static int steps_align(const struct body *old, const struct body *new, size_t *to, bool *lost,
		       struct fail *fail)
{
	size_t first = 0, old_end = old->count, new_end = new->count;
	struct way way;
	int result = 0;

	while (first < old_end && first < new_end &&
	       old->steps[first].hash == new->steps[first].hash) {
		to[first] = first;
		first++;
	}
	while (old_end > first && new_end > first &&
	       old->steps[old_end - 1].hash == new->steps[new_end - 1].hash)
		to[--old_end] = --new_end;
	way = (struct way) {
		.old = old->steps + first, .new = new->steps + first,
		.old_count = (int)(old_end - first), .new_count = (int)(new_end - first),
	};
	for (size_t i = first; i < old_end; i++)
		to[i] = NONE;
	if (!way_find(&way, to + first, &result, fail)) {
		*lost = true;
		return result;
	}
	for (size_t i = first; i < old_end; i++)
		to[i] = to[i] == NONE ? NONE : to[i] + first;
	return 0;
}

/* Two hashes can be equal by accident. */
static void steps_check(const struct body *old, const struct body *new, size_t *to)
{
	struct view a, b;

	for (size_t i = 0; i < old->count; i++) {
		if (to[i] != NONE && (!step_view(old, i, &a) || !step_view(new, to[i], &b) ||
				      !view_same_bytes(&a, &b)))
			to[i] = NONE;
	}
}

/* ---- hunks ------------------------------------------------------------------------------ */

static int hunk_add(struct alignment *alignment, const struct hunk *hunk, struct fail *fail)
{
	struct hunk *hunks;

	if ((alignment->hunk_count & (alignment->hunk_count - 1)) == 0) {
		hunks = reallocarray(alignment->hunks,
				     alignment->hunk_count == 0 ? 1 : alignment->hunk_count * 2,
				     sizeof(*hunks));
		if (hunks == NULL)
			return fail_memory(fail, "comparing a function");
		alignment->hunks = hunks;
	}
	alignment->hunks[alignment->hunk_count++] = *hunk;
	return 0;
}

/* Where old and new instructions of a hunk begin at the same distance from its start, it is two. */
static int hunk_split(struct alignment *alignment, struct hunk hunk, struct fail *fail)
{
	const struct body *old = &alignment->old, *new = &alignment->new;
	uint64_t start = step_offset(old, hunk.old_first), length = 0;
	size_t i = hunk.old_first;

	for (size_t k = hunk.new_first; k < hunk.new_end; k++) {
		length += step_end(new, k) - step_offset(new, k);
		while (i < hunk.old_end && step_offset(old, i) - start < length)
			i++;
		if (i < hunk.old_end && step_offset(old, i) - start == length) {
			struct hunk part = { hunk.old_first, i, hunk.new_first, k + 1 };

			if (hunk_add(alignment, &part, fail) != 0)
				return -1;
			hunk.old_first = i;
			hunk.new_first = k + 1;
			start = step_offset(old, i);
			length = 0;
		}
	}
	return hunk_add(alignment, &hunk, fail);
}

static int hunks_make(struct alignment *alignment, const size_t *to, struct fail *fail)
{
	size_t i = 0, k = 0;

	while (i < alignment->old.count || k < alignment->new.count) {
		struct hunk hunk = { i, i, k, alignment->new.count };

		if (i < alignment->old.count && to[i] == k) {
			i++;
			k++;
			continue;
		}
		while (i < alignment->old.count && to[i] == NONE)
			i++;
		hunk.old_end = i;
		if (i < alignment->old.count)
			hunk.new_end = to[i];
		k = hunk.new_end;
		if (hunk_split(alignment, hunk, fail) != 0)
			return -1;
	}
	return 0;
}

int alignment_make(struct comparison *comparison, struct alignment *out, struct fail *fail)
{
	CLEANUP_FREE size_t *to = NULL;
	size_t pair = comparison->old.function_pairs[comparison->self];

	memset(out, 0, sizeof(*out));
	if (body_load(&comparison->old, comparison->self, false, &out->old, &out->lost, fail) != 0 ||
	    body_load(&comparison->new, pair, true, &out->new, &out->lost, fail) != 0)
		goto failed;
	if (out->lost)
		return 0;
	to = calloc(out->old.count + 1, sizeof(*to));
	if (to == NULL) {
		(void)fail_memory(fail, "comparing a function");
		goto failed;
	}
	if (steps_align(&out->old, &out->new, to, &out->lost, fail) != 0)
		goto failed;
	if (out->lost)
		return 0;
	steps_check(&out->old, &out->new, to);
	if (hunks_make(out, to, fail) == 0)
		return 0;
failed:
	alignment_deinit(out);
	return -1;
}

/* ---- labels ----------------------------------------------------------------------------- */

struct label *labels_make(const struct function *function, const struct body *body,
			  const uint32_t *steps, uint32_t end, size_t *count)
{
	struct label *labels = calloc(function->count + 1, sizeof(*labels));
	size_t step = 0;

	if (labels == NULL)
		return NULL;
	for (size_t i = 0; i < function->count; i++) {
		while (step < body->count && body->steps[step].insn < i)
			step++;
		labels[i].offset = (uint32_t)(function->insns[i].address -
					      function->symbol->address);
		labels[i].label = step == body->count ? end : steps == NULL ? (uint32_t)step :
							       steps[step];
	}
	labels[function->count] = (struct label){ (uint32_t)function->size, end };
	*count = function->count + 1;
	return labels;
}

int alignment_labels(const struct alignment *alignment, struct match *match, struct fail *fail)
{
	CLEANUP_FREE uint32_t *steps = calloc(alignment->old.count + 1, sizeof(*steps));
	uint32_t end = (uint32_t)alignment->new.count;
	size_t i = 0, k = 0;

	if (steps == NULL)
		return fail_memory(fail, "comparing a function");
	for (size_t h = 0; h <= alignment->hunk_count; h++) {
		const struct hunk none = { alignment->old.count, alignment->old.count, end, end };
		const struct hunk *hunk = h < alignment->hunk_count ? &alignment->hunks[h] : &none;

		while (i < hunk->old_first)
			steps[i++] = (uint32_t)k++;
		for (; i < hunk->old_end; i++)
			steps[i] = i == hunk->old_first ? (uint32_t)hunk->new_first : UINT32_MAX;
		k = hunk->new_end;
	}
	match_deinit(match);
	match->old = labels_make(&alignment->old.function, &alignment->old, steps, end,
				 &match->old_count);
	match->new = labels_make(&alignment->new.function, &alignment->new, NULL, end,
				 &match->new_count);
	match->mapped = true;
	if (match->old == NULL || match->new == NULL)
		return fail_memory(fail, "comparing a function");
	return 0;
}

void match_deinit(struct match *match)
{
	free(match->old);
	free(match->new);
	match->old = match->new = NULL;
	match->mapped = false;
}
