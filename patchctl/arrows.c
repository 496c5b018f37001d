/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arrows: the branches of a listing as lines beside it, the shortest next to the instructions. Nothing
 * here takes longer than the listing times the logarithm of its length: it may be a hostile file's. */
#include "patchctl.h"

#include <stdlib.h>
#include <string.h>

/* More than that side by side tell nothing any more; the longest are left out. */
enum { LANES_MAX = 12 };

/* What is drawn beside one line: a bit for each lane. */
struct row {
	uint16_t passed;		/* a branch is there; and of those, */
	uint16_t first, last;		/* one starts or ends, and goes on below, or above */
	uint16_t several;		/* more than one does */
	bool is_target;
};

struct arrows {
	struct row *rows;
	size_t lanes;
};

struct branch {
	size_t from, to;		/* indexes of lines */
};

/* The branches to one line from above it, or from below. */
struct side {
	unsigned lane;			/* a bit: of the longest so far; 0: there is none */
	size_t from;			/* and where that is */
};

/* Branches to one place share a lane, as long as nothing else needs it. */
struct lanes {
	size_t lines;
	uint16_t *taken;		/* a tree: [i] of [2 * i] and [2 * i + 1], [lines + i] of line i */
	uint16_t *own;			/* those that the branches to a line have */
	struct side (*sides)[2];	/* of a line */
};

static size_t branch_length(const struct branch *branch)
{
	return branch->to < branch->from ? branch->from - branch->to : branch->to - branch->from;
}

static int by_length(const void *left, const void *right)
{
	const struct branch *a = left, *b = right;
	size_t long_a = branch_length(a), long_b = branch_length(b);

	if (long_a != long_b)
		return long_a < long_b ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

/* Those that are taken at any line from behind `near` to `far`, of which either may be above. */
static unsigned lanes_taken(const struct lanes *lanes, size_t near, size_t far)
{
	size_t at = lanes->lines + (near < far ? near + 1 : far);
	size_t end = lanes->lines + (near < far ? far + 1 : near);
	unsigned taken = 0;

	for (; at < end; at /= 2, end /= 2) {
		if (at % 2 != 0)
			taken |= lanes->taken[at++];
		if (end % 2 != 0)
			taken |= lanes->taken[--end];
	}
	return taken;
}

static void lane_take(const struct lanes *lanes, size_t line, unsigned lane)
{
	for (size_t i = lanes->lines + line; i > 0 && (lanes->taken[i] & lane) == 0; i /= 2)
		lanes->taken[i] |= (uint16_t)lane;
}

/* The lowest lane that nothing else needs, as a bit; 0: there is none. To be called by length, the
 * shortest first. */
static unsigned lane_choose(const struct lanes *lanes, const struct branch *branch)
{
	bool below = branch->to < branch->from;
	struct side *side = &lanes->sides[branch->to][below];
	unsigned taken = lanes->taken[lanes->lines + branch->to] & ~lanes->own[branch->to];
	unsigned lane;

	/* On this side of it the branches to this line have their last lane for themselves as far as they
	 * go; in those before it something was in the way of a shorter one. */
	taken |= lanes_taken(lanes, branch->to, branch->from) & ~side->lane;
	if (side->lane != 0)
		taken |= lanes_taken(lanes, side->from, branch->from) & side->lane;
	lane = ~taken & (taken + 1);
	if (lane >= 1U << LANES_MAX)
		return 0;
	for (size_t i = branch->from; (lanes->taken[lanes->lines + i] & lane) == 0;
	     i = below ? i - 1 : i + 1) {
		lane_take(lanes, i, lane);
		if (i == branch->to)
			break;
	}
	lanes->own[branch->to] |= (uint16_t)lane;
	*side = (struct side){ .lane = lane, .from = branch->from };
	return lane;
}

static void end_add(struct row *row, unsigned lane, bool first)
{
	row->several |= (row->first | row->last) & (uint16_t)lane;
	*(first ? &row->first : &row->last) |= (uint16_t)lane;
}

static int lanes_fill(struct arrows *arrows, const struct branch *branches, size_t count,
		      size_t lines)
{
	CLEANUP_FREE uint16_t *taken = calloc(lines, 2 * sizeof(*taken));
	CLEANUP_FREE uint16_t *own = calloc(lines, sizeof(*own));
	CLEANUP_FREE struct side (*sides)[2] = calloc(lines, sizeof(*sides));
	const struct lanes lanes = { .lines = lines, .taken = taken, .own = own, .sides = sides };

	if (taken == NULL || own == NULL || sides == NULL)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct branch *branch = &branches[i];
		unsigned lane = lane_choose(&lanes, branch);

		if (lane == 0)
			continue;
		end_add(&arrows->rows[branch->from], lane, branch->from < branch->to);
		end_add(&arrows->rows[branch->to], lane, branch->to < branch->from);
		arrows->rows[branch->to].is_target = true;
		while (lane >> arrows->lanes != 0)
			arrows->lanes++;
	}
	for (size_t i = 0; i < lines; i++)
		arrows->rows[i].passed = taken[lines + i];
	return 0;
}

/* The index of the line at that address; `count`: none. They are in the order of their addresses, each
 * "0x…" without a 0 in front. */
static size_t line_at(const json_t *lines, const char *address)
{
	size_t start = 0, end = json_array_size(lines);

	while (start < end) {
		size_t middle = start + (end - start) / 2;
		const char *text = json_text(json_array_get(lines, middle), "address");
		size_t length = strlen(text), wanted = strlen(address);
		int order = length != wanted ? (length < wanted ? -1 : 1) : strcmp(text, address);

		if (order == 0)
			return middle;
		if (order < 0)
			start = middle + 1;
		else
			end = middle;
	}
	return json_array_size(lines);
}

/* Where the lines branch to, the shortest first; returns how many do. */
static size_t branches_find(const json_t *lines, struct branch *out)
{
	const json_t *line;
	size_t i, count = 0;

	json_array_foreach(lines, i, line) {
		const char *target = json_text(line, "target");
		size_t to = *target == '\0' ? json_array_size(lines) : line_at(lines, target);

		if (to < json_array_size(lines) && to != i)
			out[count++] = (struct branch){ .from = i, .to = to };
	}
	qsort(out, count, sizeof(*out), by_length);
	return count;
}

struct arrows *arrows_find(const json_t *lines)
{
	size_t size = json_array_size(lines) + 1;	/* never none */
	CLEANUP_FREE struct branch *branches = calloc(size, sizeof(*branches));
	struct arrows *arrows = calloc(1, sizeof(*arrows));

	if (arrows == NULL)
		return NULL;
	arrows->rows = calloc(size, sizeof(*arrows->rows));
	if (branches != NULL && arrows->rows != NULL &&
	    lanes_fill(arrows, branches, branches_find(lines, branches), size) == 0)
		return arrows;
	arrows_free(arrows);
	return NULL;
}

void arrows_free(struct arrows *arrows)
{
	if (arrows == NULL)
		return;
	free(arrows->rows);
	free(arrows);
}

/* `joined`: an end farther from the instruction leads past here. */
static char lane_draw(const struct row *row, unsigned lane, bool joined)
{
	/* where several end, one on top of the other, it is neither's corner */
	if ((row->several & lane) != 0)
		return '+';
	if ((row->first & lane) != 0)
		return '/';
	if ((row->last & lane) != 0)
		return '\\';
	if ((row->passed & lane) != 0)
		return '|';
	return joined ? '-' : ' ';
}

void arrows_print(const struct arrows *arrows, size_t line)
{
	const struct row *row = &arrows->rows[line];
	bool joined = false;
	char text[LANES_MAX * 2 + 1], *at = text;

	if (arrows->lanes == 0)
		return;
	for (unsigned lane = 1U << (arrows->lanes - 1); lane != 0; lane /= 2) {
		*at++ = lane_draw(row, lane, joined);
		joined |= ((row->first | row->last) & lane) != 0;
		*at++ = joined ? '-' : ' ';
	}
	*at = '\0';
	(void)printf("%s%c ", text, row->is_target ? '>' : joined ? '-' : ' ');
}
