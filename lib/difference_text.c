/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference_text: what became of a function's instructions, in words. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/difference_internal.h"

/* Lines that are shown of one function, and instructions in a line. */
enum { LINES_MAX = 12, INSNS_MAX = 6 };

struct printer {
	FILE *stream;
	unsigned lines;
};

static bool line_start(struct printer *printer, const struct body *body, uint64_t offset)
{
	if (++printer->lines > LINES_MAX)
		return false;
	(void)fprintf(printer->stream, "%s%s+0x%" PRIx64 ": ", printer->lines == 1 ? "" : "\n",
		      body->function.symbol->name, offset);	/* to memory; checked at the end */
	return true;
}

static void steps_print(const struct printer *printer, const struct body *body, size_t first,
			size_t end)
{
	const struct function *function = &body->function;
	char text[ASM_MAX];

	for (size_t i = first; i < end && i - first < INSNS_MAX; i++)
		(void)fprintf(printer->stream, "%s`%s`", i == first ? "" : ", ",
			      function_print(body->side->object->symtab, function->symbol,
					     &function->insns[body->steps[i].insn], text));
	if (end - first > INSNS_MAX)
		(void)fprintf(printer->stream, " and %zu more", end - first - INSNS_MAX);
}

/* The first fields of two instructions that lead to different places; false: none do. */
static bool spots_print(struct comparison *comparison, const struct printer *printer,
			const struct view *old, const struct view *new)
{
	char a[SPOT_TEXT_MAX], b[SPOT_TEXT_MAX];

	for (unsigned i = 0; i < old->reference_count && i < new->reference_count; i++) {
		const struct spot *from = &old->references[i].to, *to = &new->references[i].to;

		if (spot_same(comparison, from, to))
			continue;
		if (from->kind == SPOT_CODE && to->kind == SPOT_CODE &&
		    comparison->old.function_pairs[from->index] == to->index)
			(void)fprintf(printer->stream, " leads to another instruction, in the new object %s",
				      spot_print(&comparison->new, to, b));
		else if (from->kind == SPOT_NAMELESS && to->kind == SPOT_NAMELESS)
			(void)fprintf(printer->stream, " leads to other bytes in %s",
				      from->section == NULL ? "no section" : from->section->name);
		else
			(void)fprintf(printer->stream, " leads to %s, in the new object to %s",
				      spot_print(&comparison->old, from, a),
				      spot_print(&comparison->new, to, b));
		return true;
	}
	return false;
}

/* An instruction of each. */
static void pair_print(struct comparison *comparison, struct printer *printer,
		       const struct alignment *alignment, size_t i, size_t k)
{
	struct view a, b;

	if (!line_start(printer, &alignment->old, step_offset(&alignment->old, i)))
		return;
	steps_print(printer, &alignment->old, i, i + 1);
	if (step_view(&alignment->old, i, &a) && step_view(&alignment->new, k, &b) &&
	    view_same_bytes(&a, &b) && spots_print(comparison, printer, &a, &b))
		return;
	(void)fputs(" becomes ", printer->stream);
	steps_print(printer, &alignment->new, k, k + 1);
}

static void hunk_print(struct comparison *comparison, struct printer *printer,
		       const struct alignment *alignment, const struct hunk *hunk)
{
	size_t old_count = hunk->old_end - hunk->old_first;
	size_t new_count = hunk->new_end - hunk->new_first;

	if (old_count == 1 && new_count == 1) {
		pair_print(comparison, printer, alignment, hunk->old_first, hunk->new_first);
		return;
	}
	if (!line_start(printer, &alignment->old, step_offset(&alignment->old, hunk->old_first)))
		return;
	steps_print(printer, &alignment->old, hunk->old_first, hunk->old_end);
	(void)fputs(old_count == 0 ? "added: " : new_count == 0 ? " removed" : " becomes ",
		    printer->stream);
	steps_print(printer, &alignment->new, hunk->new_first, hunk->new_end);
}

/* What is in no hunk, from `i` up to `end`, and leads elsewhere. */
static void kept_print(struct comparison *comparison, struct printer *printer,
		       const struct alignment *alignment, size_t i, size_t end, size_t k)
{
	struct view a, b;

	for (; i < end; i++, k++) {
		if (step_view(&alignment->old, i, &a) && step_view(&alignment->new, k, &b) &&
		    !view_same(comparison, &a, &b))
			pair_print(comparison, printer, alignment, i, k);
	}
}

int alignment_print(struct comparison *comparison, const struct alignment *alignment, char **out,
		    struct fail *fail)
{
	struct printer printer = { .lines = 0 };
	size_t size, i = 0, k = 0;

	*out = NULL;
	printer.stream = open_memstream(out, &size);
	if (printer.stream == NULL)
		return fail_memory(fail, "what differs");
	for (size_t h = 0; h < alignment->hunk_count; h++) {
		const struct hunk *hunk = &alignment->hunks[h];

		kept_print(comparison, &printer, alignment, i, hunk->old_first, k);
		hunk_print(comparison, &printer, alignment, hunk);
		i = hunk->old_end;
		k = hunk->new_end;
	}
	kept_print(comparison, &printer, alignment, i, alignment->old.count, k);
	if (printer.lines > LINES_MAX)
		(void)fprintf(printer.stream, "\nand %u more", printer.lines - LINES_MAX);
	if (fclose(printer.stream) == 0 && *out != NULL)
		return 0;
	free(*out);
	*out = NULL;
	return fail_memory(fail, "what differs");
}
