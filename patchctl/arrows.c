/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arrows: the branches of a listing as lines beside it, the shortest next to the instructions. */
#include "patchctl.h"

#include <stdlib.h>
#include <string.h>

/* More than that side by side tell nothing any more; the longest are left out. */
enum { LANES_MAX = 12 };

struct branch {
	size_t from, to;		/* indexes of lines */
	size_t first, last;		/* the same two by their order */
	size_t lane;			/* LANES_MAX: none was free */
};

struct arrows {
	struct branch *branches;
	size_t count, lanes;
};

/* The index of the line at that address; `count`: none. */
static size_t line_at(const json_t *lines, const char *address)
{
	size_t i = 0;

	while (i < json_array_size(lines) &&
	       strcmp(json_text(json_array_get(lines, i), "address"), address) != 0)
		i++;
	return i;
}

static int by_length(const void *left, const void *right)
{
	const struct branch *a = left, *b = right;
	size_t long_a = a->last - a->first, long_b = b->last - b->first;

	if (long_a != long_b)
		return long_a < long_b ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

/* Branches to one place share a lane, as long as nothing else needs it. */
static bool collide(const struct branch *a, const struct branch *b)
{
	return a->to != b->to && a->first <= b->last && b->first <= a->last;
}

static void lanes_choose(struct arrows *arrows)
{
	for (size_t i = 0; i < arrows->count; i++) {
		struct branch *branch = &arrows->branches[i];
		bool free_lane = false;

		for (branch->lane = 0; branch->lane < LANES_MAX; branch->lane++) {
			free_lane = true;
			for (size_t j = 0; j < i && free_lane; j++)
				free_lane = arrows->branches[j].lane != branch->lane ||
					    !collide(&arrows->branches[j], branch);
			if (free_lane)
				break;
		}
		if (free_lane && branch->lane + 1 > arrows->lanes)
			arrows->lanes = branch->lane + 1;
	}
}

struct arrows *arrows_find(const json_t *lines)
{
	struct arrows *arrows = calloc(1, sizeof(*arrows));
	const json_t *line;
	size_t i;

	if (arrows == NULL)
		return NULL;
	arrows->branches = calloc(json_array_size(lines) + 1, sizeof(*arrows->branches));
	if (arrows->branches == NULL) {
		free(arrows);
		return NULL;
	}
	json_array_foreach(lines, i, line) {
		const char *target = json_text(line, "target");
		size_t to = *target == '\0' ? json_array_size(lines) : line_at(lines, target);

		if (to < json_array_size(lines) && to != i)
			arrows->branches[arrows->count++] = (struct branch){
				.from = i, .to = to, .first = to < i ? to : i, .last = to < i ? i : to,
			};
	}
	qsort(arrows->branches, arrows->count, sizeof(*arrows->branches), by_length);
	lanes_choose(arrows);
	return arrows;
}

void arrows_free(struct arrows *arrows)
{
	if (arrows == NULL)
		return;
	free(arrows->branches);
	free(arrows);
}

/* One branch's part of a line's `text`, whose last column, `end`, stands before the instruction. */
static void branch_draw(const struct branch *branch, size_t line, char *text, size_t end)
{
	size_t column = end - 2 - branch->lane * 2;

	if (branch->lane == LANES_MAX || line < branch->first || line > branch->last)
		return;
	if (line != branch->from && line != branch->to) {
		if (strchr(" -", text[column]) != NULL)
			text[column] = '|';
		return;
	}
	/* where several end, one on top of the other, it is neither's corner */
	if (strchr(" -|", text[column]) == NULL)
		text[column] = '+';
	else
		text[column] = line == branch->first ? '/' : '\\';
	for (size_t i = column + 1; i < end; i++) {
		if (text[i] == ' ')
			text[i] = '-';
	}
	if (line == branch->to)
		text[end] = '>';
	else if (text[end] == ' ')
		text[end] = '-';
}

void arrows_print(const struct arrows *arrows, size_t line)
{
	char text[LANES_MAX * 2 + 2];
	size_t width = arrows->lanes * 2 + 1;

	if (arrows->lanes == 0)
		return;
	memset(text, ' ', sizeof(text));
	text[width] = '\0';
	for (size_t i = 0; i < arrows->count; i++)
		branch_draw(&arrows->branches[i], line, text, width - 1);
	(void)printf("%s ", text);
}
