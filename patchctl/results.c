/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * results: what became of each patch:
 *
 *	nfs-flock: applicable on 6.1.0-56-cloud-amd64 (kmem)
 *	@@ nfs_flock+0x2f [nfs] fs/nfs/file.c:812 @@
 *	 0xffffffffc0412343  nfs_flock+0x2b  f6 42 50 02  testb $0x2,0x50(%rdx)
 *	-0xffffffffc0412345  nfs_flock+0x2f  74 39        je nfs_flock+0x6a
 *	+0xffffffffc0412345  nfs_flock+0x2f  75 39        jne nfs_flock+0x6a
 *	@@ nfs_debug [nfs] = 0x0 -> 0x40 @@
 */
#include "patchctl.h"

#include <stdlib.h>
#include <string.h>

struct row {
	char mark;
	const char *address;
	const char *symbol;
	char offset[24];
	const char *bytes;
	const char *assembler;
};

struct widths {
	int address;
	int place;
	int bytes;
};

static void widths_add(struct widths *widths, const struct row *row)
{
	int address = text_print(NULL, row->address);
	int place = text_print(NULL, row->symbol) + (int)strlen(row->offset);
	int bytes = text_print(NULL, row->bytes);

	widths->address = address > widths->address ? address : widths->address;
	widths->place = place > widths->place ? place : widths->place;
	widths->bytes = bytes > widths->bytes ? bytes : widths->bytes;
}

static void row_print(const struct widths *widths, const struct row *row, bool colours)
{
	if (colours && row->mark != ' ')
		(void)fputs(row->mark == '-' ? RED : GREEN, stdout);
	(void)putchar(row->mark);
	text_pad(stdout, row->address, widths->address + 2);
	(void)text_print(stdout, row->symbol);
	text_pad(stdout, row->offset, widths->place + 2 - text_print(NULL, row->symbol));
	text_pad(stdout, row->bytes, *row->assembler == '\0' ? 0 : widths->bytes + 2);
	(void)text_print(stdout, row->assembler);
	(void)fputs(colours && row->mark != ' ' ? PLAIN "\n" : "\n", stdout);
}

static bool is_variable(const json_t *site)
{
	return *json_text(site, "variable") != '\0';
}

static char mark_of(const char *role)
{
	if (strcmp(role, "old") == 0)
		return '-';
	return strcmp(role, "new") == 0 ? '+' : ' ';
}

/* "nfs_flock+0x2b": the function's name stands in the site, the offset in the line. */
static void row_fill(struct row *row, char mark, const json_t *site, const json_t *line,
		     const json_t *code)
{
	row->mark = mark;
	row->address = json_text(line, "address");
	row->symbol = symbol_text(site);
	row->bytes = json_text(code, "bytes");
	row->assembler = json_text(code, "asm");
	(void)snprintf(row->offset, sizeof(row->offset), "+0x%llx", (unsigned long long)
		       json_integer_value(json_object_get(line, "offset")));
}

static void lines_diff(const json_t *site, const json_t *lines, bool colours)
{
	CLEANUP_FREE struct row *rows = calloc(json_array_size(lines), sizeof(*rows));
	struct widths widths = { 0 };
	const json_t *line;
	size_t i;

	if (rows == NULL) {
		(void)fputs("  (out of memory)\n", stdout);
		return;
	}
	json_array_foreach(lines, i, line) {
		row_fill(&rows[i], mark_of(json_text(line, "role")), site, line, line);
		widths_add(&widths, &rows[i]);
	}
	for (size_t j = 0; j < i; j++)
		row_print(&widths, &rows[j], colours);
}

/* " = 0x0 -> 0x40", where both are known. */
static void value_change(const json_t *site)
{
	char from[VALUE_TEXT_MAX], to[VALUE_TEXT_MAX];
	const char *found = json_text(json_object_get(site, "found"), "bytes");
	const char *new = json_text(json_object_get(site, "replacement"), "bytes");

	if (*found == '\0' || *new == '\0')
		return;
	(void)fputs(" = ", stdout);
	(void)text_print(stdout, variable_text(site, found, from));
	(void)fputs(" -> ", stdout);
	(void)text_print(stdout, variable_text(site, new, to));
}

/* A site of which only the change itself is told, as after a revert. */
static void change_diff(const json_t *site, bool colours)
{
	const json_t *codes[] = { json_object_get(site, "found"),
				  json_object_get(site, "replacement") };
	struct row rows[2];
	struct widths widths = { 0 };

	if (!json_is_object(codes[0]) || !json_is_object(codes[1]))
		return;
	for (size_t i = 0; i < 2; i++) {
		row_fill(&rows[i], i == 0 ? '-' : '+', site, site, codes[i]);
		widths_add(&widths, &rows[i]);
	}
	row_print(&widths, &rows[0], colours);
	row_print(&widths, &rows[1], colours);
}

static void code_print(const char *label, const json_t *site, const json_t *code)
{
	const char *bytes = json_text(code, "bytes");
	const char *assembler = is_variable(site) ? "" : json_text(code, "asm");
	char value[VALUE_TEXT_MAX];

	if (!json_is_object(code))
		return;
	(void)fputs(label, stdout);
	(void)text_print(stdout, *bytes == '\0' ? "(any bytes)" : variable_text(site, bytes, value));
	if (*assembler != '\0') {
		(void)fputs("  ", stdout);
		(void)text_print(stdout, assembler);
	}
	(void)putchar('\n');
}

static bool outcome_good(const char *outcome)
{
	enum outcome code;

	return outcome_parse(outcome, &code) && outcome_status(code) == 0;
}

static void site_title(const json_t *site)
{
	const char *outcome = json_text(site, "outcome");
	const char *source = json_text(site, "source");
	CLEANUP_FREE char *place = place_text(site);

	(void)fputs("@@ ", stdout);
	(void)text_print(stdout, place == NULL ? symbol_text(site) : place);
	if (is_variable(site) && outcome_good(outcome))
		value_change(site);
	if (*source != '\0') {
		(void)putchar(' ');
		(void)text_print(stdout, source);
	}
	(void)fputs(" @@", stdout);
	if (!outcome_good(outcome)) {
		(void)putchar(' ');
		(void)text_print(stdout, outcome);
	}
	(void)putchar('\n');
}

static void site_print(const json_t *site, bool colours)
{
	const char *outcome = json_text(site, "outcome");
	const json_t *lines = json_object_get(site, "lines"), *allowance;
	size_t i;

	site_title(site);
	if (json_array_size(lines) != 0)
		lines_diff(site, lines, colours);
	else if (outcome_good(outcome) && !is_variable(site))
		change_diff(site, colours);
	json_array_foreach(json_object_get(site, "allowed"), i, allowance) {
		(void)fputs("  allowed: ", stdout);
		(void)text_print(stdout, json_text(allowance, "owner"));
		(void)fputs(": ", stdout);
		(void)text_print(stdout, json_text(allowance, "reason"));
		(void)putchar('\n');
	}
	if (!outcome_good(outcome)) {
		code_print("  expected  ", site, json_object_get(site, "expected"));
		code_print("  found     ", site, json_object_get(site, "found"));
	}
	lines_print(stdout, "  ", json_text(site, "message"));
}

/* The patch's message is often that of its first refused site, which is printed there. */
static bool site_says(const json_t *sites, const char *message)
{
	const json_t *site;
	size_t i;

	json_array_foreach(sites, i, site) {
		if (strcmp(json_text(site, "message"), message) == 0)
			return true;
	}
	return false;
}

static void result_print(const json_t *result, bool colours)
{
	const json_t *sites = json_object_get(result, "sites");
	const json_t *warnings = json_object_get(result, "warnings");
	const json_t *stop = json_object_get(result, "stop_nanoseconds");
	const json_t *item;
	size_t i;

	(void)text_print(stdout, json_text(result, "patch"));
	(void)fputs(": ", stdout);
	(void)text_print(stdout, json_text(result, "outcome"));
	target_print(json_object_get(result, "target"));
	(void)putchar('\n');
	if (!site_says(sites, json_text(result, "message")))
		lines_print(stdout, "  ", json_text(result, "message"));
	json_array_foreach(sites, i, item)
		site_print(item, colours);
	json_array_foreach(warnings, i, item) {
		const char *warning = json_string_value(item);

		(void)fputs("warning: ", stdout);
		lines_print(stdout, "", warning == NULL ? "" : warning);
	}
	if (json_is_integer(stop))
		(void)printf("all CPUs were stopped for %.1f microseconds\n",
			     (double)json_integer_value(stop) / 1000);
}

/* The first refusal's; already-applied where that is all there is to say. */
static int results_status(const json_t *results)
{
	const json_t *result;
	size_t already = 0;
	size_t i;

	json_array_foreach(results, i, result) {
		enum outcome code;

		if (!outcome_parse(json_text(result, "outcome"), &code))
			code = OUTCOME_ERROR;
		if (code == OUTCOME_ALREADY_APPLIED)
			already++;
		else if (outcome_status(code) != 0)
			return outcome_status(code);
	}
	return already != 0 && already == json_array_size(results) ?
		       outcome_status(OUTCOME_ALREADY_APPLIED) : 0;
}

int results_print(const struct options *options, const json_t *results)
{
	bool colours = stdout_has_colours();
	const json_t *result;
	size_t i;

	json_array_foreach(results, i, result) {
		if (options->json) {
			json_print(result);
		} else if (strcmp(json_text(result, "outcome"),
				  outcome_name(OUTCOME_INVALID_SPEC)) == 0) {
			/* "file:line:column: error: …", for editors too: nothing before it */
			lines_print(stderr, "", json_text(result, "message"));
		} else {
			result_print(result, colours);
		}
	}
	return results_status(results);
}
