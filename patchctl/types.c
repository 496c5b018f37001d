/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types: how the members of a type lie, in the form that pahole(1) gives it. */
#include "patchctl.h"

#include <stdlib.h>
#include <string.h>

#include "result.h"
#include "types_json.h"

enum { CACHELINE = 64, TYPE_WIDTH = 26, WIDTH = 48, TAB = 8, DEPTH_MAX = 65 };

struct row {
	const char *type, *name;
	uint64_t offset, size;
	unsigned depth, bit_offset, bit_size;
	bool opens;
};

/* What a struct's or union's rows have left so far. */
struct level {
	const struct row *row;		/* whose they are */
	bool is_union;
	uint64_t start, size;		/* bytes */
	uint64_t end;			/* bits, of what was there so far */
	uint64_t unit_end;		/* bits: where what the last bitfield is in ends; 0: none */
	uint64_t sum, bit_sum, holes, hole_sum, bit_holes, bit_hole_sum, members;
};

struct printing {
	const struct row *rows;
	size_t count;
	uint64_t cacheline;		/* the last one whose start was told */
	struct level levels[DEPTH_MAX + 1];
	unsigned opened;		/* so many of them are in use, one of each depth */
};

static void indent(unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		(void)putchar('\t');
}

static uint64_t row_start(const struct row *row)
{
	return row->offset * 8 + row->bit_offset;
}

/* pahole shows a bitfield by the integer it is in. */
static uint64_t row_unit(const struct row *row)
{
	return row->bit_size == 0 || row->size == 0 ? row->offset :
	       row_start(row) / (row->size * 8) * row->size;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void cacheline_print(struct printing *printing, uint64_t offset, unsigned depth)
{
	uint64_t line = offset / CACHELINE, past = offset % CACHELINE;

	if (line <= printing->cacheline)
		return;
	printing->cacheline = line;
	indent(depth);
	(void)printf("/* --- cacheline %ju boundary (%ju bytes)", (uintmax_t)line,
		     (uintmax_t)(line * CACHELINE));
	if (past != 0)
		(void)printf(" was %ju byte%s ago", (uintmax_t)past, plural(past));
	(void)puts(" --- */");
}

/* The bytes and bits between what was and `start`, in bits. */
static void hole_print(struct level *level, uint64_t start, unsigned depth)
{
	uint64_t gap = start - level->end;
	uint64_t bits = level->unit_end <= level->end ? 0 : level->unit_end - level->end;

	if (bits > gap)
		bits = gap;
	if (bits == 0)
		bits = gap % 8;
	gap = (gap - bits) / 8;
	(void)putchar('\n');
	if (bits != 0) {
		indent(depth);
		(void)printf("/* XXX %ju bit%s hole, try to pack */\n", (uintmax_t)bits, plural(bits));
		level->bit_holes++;
		level->bit_hole_sum += bits;
	}
	if (gap != 0) {
		indent(depth);
		(void)printf("/* XXX %ju byte%s hole, try to pack */\n", (uintmax_t)gap, plural(gap));
		level->holes++;
		level->hole_sum += gap;
	}
	(void)putchar('\n');
}

/* What stands before a row, in the struct or union that it is in. */
static void before_print(struct printing *printing, const struct row *row)
{
	struct level *level = &printing->levels[row->depth - 1];

	if (!level->is_union && row_start(row) > level->end)
		hole_print(level, row_start(row), row->depth);
	cacheline_print(printing, row->offset, row->depth);
}

static void level_add(struct level *level, const struct row *row)
{
	uint64_t bits = row->bit_size != 0 ? row->bit_size : row->size * 8;

	level->members++;
	if (row->bit_size != 0)
		level->bit_sum += bits;
	else
		level->sum += row->size;
	if (row_start(row) + bits > level->end)
		level->end = row_start(row) + bits;
	level->unit_end = row->bit_size == 0 ? 0 : (row_unit(row) + row->size) * 8;
}

static void place_print(const struct row *row)
{
	if (row->bit_size != 0)
		(void)printf("/* %5ju:%2ju %2ju */\n", (uintmax_t)row_unit(row),
			     (uintmax_t)(row_start(row) - row_unit(row) * 8), (uintmax_t)row->size);
	else
		(void)printf("/* %5ju %5ju */\n", (uintmax_t)row->offset, (uintmax_t)row->size);
}

/* "type name;" in its columns */
static void row_print(const struct row *row)
{
	int shift = TAB * ((int)row->depth - 1);
	int columns;

	indent(row->depth);
	columns = text_print(stdout, row->type);
	if (*row->name != '\0') {
		(void)putchar(' ');
		for (columns++; columns < TYPE_WIDTH + 1 - shift; columns++)
			(void)putchar(' ');
	}
	columns += text_print(stdout, row->name);
	(void)putchar(';');
	(void)printf("%*s ", WIDTH - shift - columns - 1 > 0 ? WIDTH - shift - columns - 1 : 0, "");
	place_print(row);
}

static void close_print(const struct row *row)
{
	int columns = 1;

	indent(row->depth);
	(void)putchar('}');
	if (*row->name != '\0') {
		(void)putchar(' ');
		columns += 1 + text_print(stdout, row->name);
	}
	(void)putchar(';');
	if (row->depth == 0) {
		(void)putchar('\n');
		return;
	}
	columns = WIDTH - TAB * ((int)row->depth - 1) - columns - 1;
	(void)printf("%*s ", columns > 0 ? columns : 0, "");
	place_print(row);
}

static void summary_print(struct printing *printing)
{
	const struct level *level = &printing->levels[0];
	uint64_t last = (level->end + 7) / 8;
	uint64_t end = level->start + level->size;

	(void)printf("\n\t/* size: %ju, cachelines: %ju, members: %ju */\n", (uintmax_t)level->size,
		     (uintmax_t)((level->size + CACHELINE - 1) / CACHELINE),
		     (uintmax_t)level->members);
	if (!level->is_union && level->holes + level->bit_holes != 0) {
		if (level->sum != 0) {
			(void)printf("\t/* sum members: %ju", (uintmax_t)level->sum);
			if (level->holes != 0)
				(void)printf(", holes: %ju, sum holes: %ju",
					     (uintmax_t)level->holes, (uintmax_t)level->hole_sum);
			(void)puts(" */");
		}
		if (level->bit_sum != 0) {
			(void)printf("\t/* sum bitfield members: %ju bits", (uintmax_t)level->bit_sum);
			if (level->bit_holes != 0)
				(void)printf(", bit holes: %ju, sum bit holes: %ju bits",
					     (uintmax_t)level->bit_holes,
					     (uintmax_t)level->bit_hole_sum);
			else
				(void)printf(" (%ju bytes)", (uintmax_t)(level->bit_sum / 8));
			(void)puts(" */");
		}
	}
	if (!level->is_union && end > last)
		(void)printf("\t/* padding: %ju */\n", (uintmax_t)(end - last));
	if (level->size % CACHELINE != 0)
		(void)printf("\t/* last cacheline: %ju bytes */\n",
			     (uintmax_t)(level->size % CACHELINE));
}

static bool is_union(const struct row *row)
{
	const char *type = strncmp(row->type, "typedef ", 8) == 0 ? row->type + 8 : row->type;

	return strncmp(type, "union", 5) == 0 && (type[5] == ' ' || type[5] == '\0');
}

static void open_print(struct printing *printing, const struct row *row)
{
	indent(row->depth);
	(void)text_print(stdout, row->type);
	(void)puts(" {");
	printing->levels[printing->opened++] = (struct level){
		.row = row, .is_union = is_union(row), .start = row->offset, .size = row->size,
		.end = row->offset * 8,
	};
}

/* Ends the structs and unions that are open down to `depth`. */
static void levels_close(struct printing *printing, unsigned depth)
{
	while (printing->opened > depth) {
		const struct row *row = printing->levels[--printing->opened].row;

		if (row->depth == 0)
			summary_print(printing);
		close_print(row);
		if (row->depth != 0)
			level_add(&printing->levels[row->depth - 1], row);
	}
}

static void layout_print(struct printing *printing)
{
	for (size_t i = 0; i < printing->count; i++) {
		const struct row *row = &printing->rows[i];

		levels_close(printing, row->depth);
		if (row->depth != 0)
			before_print(printing, row);
		if (row->opens) {
			open_print(printing, row);
			continue;
		}
		row_print(row);
		if (row->depth != 0)
			level_add(&printing->levels[row->depth - 1], row);
	}
	levels_close(printing, 0);
}

static uint64_t number_of(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value < 0 ? 0 : (uint64_t)value;
}

/* Of what a patcherd of another version answers, nothing is believed that would not be printed. */
static int answer_print(const json_t *answer, struct fail *fail)
{
	const json_t *rows = json_object_get(answer, "rows");
	size_t count = json_array_size(rows);
	CLEANUP_FREE struct row *taken = calloc(count + 1, sizeof(*taken));
	struct printing printing = { .rows = taken, .count = count };
	const json_t *json;
	unsigned deepest = 0;
	size_t i;

	if (taken == NULL)
		return fail_memory(fail, "a type's layout");
	json_array_foreach(rows, i, json) {
		taken[i] = (struct row){
			.type = json_text(json, "type"), .name = json_text(json, "name"),
			.offset = number_of(json, "offset"), .size = number_of(json, "size"),
			.depth = (unsigned)number_of(json, "depth"),
			.bit_offset = (unsigned)number_of(json, "bit_offset"),
			.bit_size = (unsigned)number_of(json, "bit_size"),
			.opens = json_is_true(json_object_get(json, "opens")),
		};
		if (taken[i].depth > deepest || taken[i].depth >= DEPTH_MAX)
			return fail_set(fail, OUTCOME_ERROR, "patcherd's answer is no layout of a "
					"type\nare patchctl and patcherd of the same version?");
		deepest = taken[i].depth + taken[i].opens;
	}
	layout_print(&printing);
	return 0;
}

static int daemon_types(const struct options *options, const char *type, json_t **out,
			struct fail *fail)
{
	CLEANUP(reply_deinit) struct reply reply = { .error = NULL };
	json_t *request = json_pack("{s:o, s:o*}", "type", result_text(type), "module",
				    options->module == NULL ? NULL : result_text(options->module));

	if (daemon_call(options, "Types", request, &reply, fail) != 0)
		return -1;
	if (reply.error != NULL)
		return reply_fail(&reply, fail);
	*out = json_incref(reply.parameters);
	return 0;
}

static int file_layout(const struct options *options, const struct elf_file *image,
		       const char *type, json_t **out, struct fail *fail)
{
	CLEANUP_FREE uint8_t *base = NULL;
	struct type_layout layout;
	struct types *types;
	size_t size = 0;
	int result;

	if (options->btf != NULL && btf_file_read(options->btf, &base, &size, fail) != 0)
		return -1;
	if (types_create_image(image, options->image, base, size, options->btf, &types, fail) != 0)
		return -1;
	result = types_layout(types, options->module, type, &layout, fail);
	types_destroy(types);
	if (result != 0)
		return -1;
	*out = types_json(&layout);
	types_layout_deinit(&layout);
	return *out == NULL ? fail_memory(fail, type) : 0;
}

static int file_types(const struct options *options, const char *type, json_t **out,
		      struct fail *fail)
{
	struct elf_file *image = NULL;
	struct wait wait;
	int result = -1;

	wait_begin(&wait, "reading the image");
	if (options->image == NULL || image_elf_open(options->image, &image, fail) == 0)
		result = file_layout(options, image, type, out, fail);
	elf_file_close(image);
	wait_end(&wait);
	return result;
}

int command_types(const struct options *options, int count, char **arguments)
{
	bool file = options->image != NULL || options->btf != NULL;
	json_t *answer = NULL;
	struct fail fail;
	const char *why;
	int status = 0;

	(void)count;
	if (!types_path_check(arguments[0], &why))
		return usage_error("types: '%s' is no TYPE[.MEMBER]: %s", arguments[0], why);
	if (file && options->module != NULL)
		return usage_error("types: a file has its own module's types alone: leave out "
				   "--module");
	if ((file ? file_types(options, arguments[0], &answer, &fail) :
	     daemon_types(options, arguments[0], &answer, &fail)) != 0)
		return fail_print(options, NULL, &fail);
	if (options->json)
		json_print(answer);
	else if (answer_print(answer, &fail) != 0)
		status = fail_print(options, NULL, &fail);
	json_decref(answer);
	return status;
}
