/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spec_find.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "asm.h"
#include "pattern.h"
#include "spec_value.h"

enum {
	PATTERNS_MAX = 16,		/* of one site */
	LINE_MAX = 1000			/* each name of a type is up to 128 long or so */
};

static bool is_gap(const char *line)
{
	return strcmp(line, "...") == 0;
}

static void read_line(struct walk *walk, const struct node *node, void *out)
{
	const char *text = spec_text(walk, node, LINE_MAX, "assembler text like \"je *\"");
	struct pattern *pattern = out;
	struct pattern_line *lines;
	char got[QUOTE_MAX];
	const char *why;

	if (text != NULL && !is_gap(text) && !pattern_line_check(text, &why)) {
		walk_error(walk, node->place, "%s, got %s", why,
			   spec_quote(text, node->length, got));
		text = NULL;
	}
	lines = reallocarray(pattern->lines, pattern->count + 1, sizeof(*lines));
	if (lines == NULL) {
		walk->errors->no_memory = true;
		return;
	}
	/* a wrong line counts too, for `at` is compared with their number */
	pattern->lines = lines;
	lines[pattern->count] = (struct pattern_line){ .place = node->place };
	if (text != NULL)
		spec_copy(walk, text, &lines[pattern->count].text);
	pattern->count++;
}

/* Whether the `length` characters at `name` are one of the names. */
static bool name_known(const char *names[ASM_NAMES_MAX], size_t count, const char *name,
		       size_t length)
{
	for (size_t i = 0; i < count; i++) {
		if (strncmp(names[i], name, length) == 0 &&
		    !isalnum((unsigned char)names[i][length]) && names[i][length] != '_')
			return true;
	}
	return false;
}

/* One more than there is room for would match nothing. */
static void check_names(struct walk *walk, const struct pattern *pattern)
{
	const char *names[ASM_NAMES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < pattern->count; i++) {
		const char *at = pattern->lines[i].text;

		/* behind # is a remark */
		while (at != NULL && *(at += strcspn(at, "@#")) == '@') {
			const char *name = ++at;

			while (isalnum((unsigned char)*at) || *at == '_')
				at++;
			if (name_known(names, count, name, (size_t)(at - name)))
				continue;
			if (count == ASM_NAMES_MAX) {
				walk_error(walk, pattern->lines[i].place, "more than %d names of "
					   "registers in one pattern, got @%.*s", ASM_NAMES_MAX,
					   (int)(at - name), name);
				return;
			}
			names[count++] = name;
		}
	}
}

static void read_lines(struct walk *walk, const struct node *node, void *out)
{
	struct pattern *pattern = out;
	const struct pattern_line *ends[2];

	if (!walk_list(walk, node, PATTERN_LINES_MAX, read_line, pattern) || pattern->count == 0)
		return;
	ends[0] = &pattern->lines[0];
	ends[1] = &pattern->lines[pattern->count - 1];
	for (size_t i = 0; i < (pattern->count > 1 ? 2 : 1); i++) {
		if (ends[i]->text != NULL && is_gap(ends[i]->text))
			walk_error(walk, ends[i]->place, "\"...\" stands between two instructions, "
				   "not as the %s line", i == 0 ? "first" : "last");
	}
	check_names(walk, pattern);
}

static void read_at(struct walk *walk, const struct node *node, void *out)
{
	struct pattern *pattern = out;
	uint64_t at;

	/* from 1; 0 is kept where it is not given, or wrong */
	if (spec_unsigned(walk, node, 1, PATTERN_LINES_MAX, &at))
		pattern->at = (size_t)at;
}

enum { PATTERN_LINES, PATTERN_AT };
static const struct key pattern_keys[] = {
	[PATTERN_LINES] = { "lines", read_lines, true },
	[PATTERN_AT] = { "at", read_at, false },
	{ NULL, NULL, false }
};

/* Whether `at`, from 1, is one of the lines; from 0 then. */
static void check_at(struct walk *walk, const struct node *node, const struct seen *seen,
		     struct pattern *pattern)
{
	const struct node *at = seen->keys[PATTERN_AT];

	if (pattern->count == 0 || (at != NULL && pattern->at == 0))
		return;		/* told already */
	if (at == NULL && pattern->count > 1) {
		spec_error(walk->errors, node->place, "missing key '%s.at': which of the %zu lines "
			   "is the site, from 1", walk->path, pattern->count);
		return;
	}
	if (at == NULL)
		return;
	if (pattern->at > pattern->count)
		walk_error(walk, at->next->place, "at is %zu, but there %s %zu line%s", pattern->at,
			   pattern->count == 1 ? "is" : "are", pattern->count,
			   pattern->count == 1 ? "" : "s");
	else if (pattern->lines[pattern->at - 1].text != NULL &&
		 is_gap(pattern->lines[pattern->at - 1].text))
		walk_error(walk, at->next->place, "line %zu is \"...\", which is no instruction",
			   pattern->at);
	else
		pattern->at--;
}

static void read_pattern(struct walk *walk, const struct node *node, void *out)
{
	struct site *site = out;
	struct pattern *patterns = reallocarray(site->patterns, site->pattern_count + 1,
						sizeof(*patterns));
	struct seen seen;

	if (patterns == NULL) {
		walk->errors->no_memory = true;
		return;
	}
	site->patterns = patterns;
	patterns += site->pattern_count++;
	*patterns = (struct pattern){ .place = node->place };
	if (!walk_mapping(walk, node, pattern_keys, patterns, &seen))
		return;
	walk_missing(walk, node, pattern_keys, &seen);
	check_at(walk, node, &seen, patterns);
}

void spec_read_find(struct walk *walk, const struct node *node, void *out)
{
	(void)walk_list(walk, node, PATTERNS_MAX, read_pattern, out);
}
