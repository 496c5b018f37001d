/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a patch file's lines say: their syntax, and this kernel's offsets in place of its types. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_search.h"

enum { PATH_MAX_LENGTH = 255, MISSING_STEPS = 8192 };

/* Gives the offset of a member; false: there is none. */
typedef bool (*member_fn)(void *data, const char *path, uint64_t *offset);

static bool is_gap(const char *line)
{
	return strcmp(line, "...") == 0;
}

/* Takes the path out of "{path}" at `at`; returns what is behind it, NULL: it is none. */
static const char *path_take(const char *at, char path[PATH_MAX_LENGTH + 1], const char **why)
{
	size_t length = strcspn(at + 1, "{}");

	if (at[0] == '}' || at[1 + length] != '}')
		*why = at[0] == '}' ? "a } without its {" : "a { without its }";
	else if (length > PATH_MAX_LENGTH)
		*why = "a {type.member} of more than 255 characters";
	else if (at[1 + length + 1] != '\0' && strchr("( \t,)#", at[1 + length + 1]) == NULL)
		*why = "something right behind a }: it ends a number";
	else
		return snprintf(path, PATH_MAX_LENGTH + 1, "%.*s", (int)length, at + 1) < 0 ? NULL :
		       at + 1 + length + 1;
	return NULL;
}

/* Copies the line, with a number in place of each {type.member}. */
static bool line_expand(const char *line, member_fn member, void *data, char out[ASM_MAX],
			const char **why)
{
	const char *remark = line + strcspn(line, "#");
	size_t length = 0;

	for (const char *at = line; *at != '\0';) {
		char path[PATH_MAX_LENGTH + 1];
		uint64_t offset;

		if (length + 20 >= ASM_MAX) {	/* of a 64-bit number, with 0x */
			*why = "longer than 299 characters";
			return false;
		}
		if (at >= remark || (*at != '{' && *at != '}')) {
			out[length++] = *at++;
			continue;
		}
		if (*at == '{' && at > line && strchr("$-,(: \t*", at[-1]) == NULL) {
			*why = "something right before a {: it begins a number";
			return false;
		}
		at = path_take(at, path, why);
		if (at == NULL || !member(data, path, &offset))
			return false;
		length += (size_t)sprintf(out + length, "0x%" PRIx64, offset);
	}
	out[length] = '\0';
	return true;
}

/* Adds the @names of a line to those of its pattern. */
static bool names_collect(const char *line, struct asm_names *names, const char **why)
{
	const char *remark = line + strcspn(line, "#");

	for (const char *at = strchr(line, '@'); at != NULL && at < remark;
	     at = strchr(at + 1, '@')) {
		size_t length = asm_name_length(at + 1), i = 0;

		if (length == 0) {
			*why = "an @ without a name: up to 23 letters, digits and _";
			return false;
		}
		if (at == line || strchr(" \t,(*:", at[-1]) == NULL ||
		    (at[1 + length] != '\0' && strchr(" \t,)*#", at[1 + length]) == NULL)) {
			*why = "an @name where no register can stand";
			return false;
		}
		while (i < names->count && (strncmp(names->items[i].name, at + 1, length) != 0 ||
					    names->items[i].name[length] != '\0'))
			i++;
		if (i == ASM_NAMES_MAX) {
			*why = "more than 8 different @names";
			return false;
		}
		(void)snprintf(names->items[i].name, ASM_NAME_MAX, "%.*s", (int)length, at + 1);
		names->count += i == names->count;
	}
	return true;
}

static bool member_check(void *data, const char *path, uint64_t *offset)
{
	const char **why = data;

	*offset = UINT64_MAX;	/* none takes more room */
	return types_path_check(path, why);
}

bool pattern_line_check(const char *line, const char **why)
{
	struct asm_names names = { .count = 0 };
	struct asm_line parts;
	char text[ASM_MAX];

	*why = NULL;
	if (is_gap(line))
		return true;
	if (!line_expand(line, member_check, why, text, why) || !asm_check(text, why) ||
	    !names_collect(text, &names, why))
		return false;
	if (text[strcspn(text, ";#")] == ';')
		*why = "a ; in it: each instruction is a line of its own";
	else if (!asm_line_cut(text, &parts) || strchr(parts.mnemonic, '@') != NULL ||
		 (!isalpha((unsigned char)parts.mnemonic[0]) && parts.mnemonic[0] != '('))
		*why = "what is no instruction's name in its place";
	return *why == NULL;
}

/* The members that a site's patterns name, each asked for once. */
struct members {
	struct types *types;
	const char *module;
	struct member {
		char *path;
		bool known;
		uint64_t offset;
		char *missing;
	} *items;
	size_t count;
	const char *missing;		/* of the last one that was not known */
	uint64_t *steps;		/* of the search; to look for names like one takes many */
	struct fail *fail;
	bool failed;			/* *fail has something else than an unknown member */
};

static void members_deinit(struct members *members)
{
	for (size_t i = 0; i < members->count; i++) {
		free(members->items[i].path);
		free(members->items[i].missing);
	}
	free(members->items);
}

static struct member *member_ask(struct members *members, const char *path)
{
	struct member *items = reallocarray(members->items, members->count + 1, sizeof(*items));
	struct type_member found;
	struct fail why;

	if (items == NULL) {
		members->failed = fail_memory(members->fail, "a member's offset") != 0;
		return NULL;
	}
	members->items = items;
	items += members->count;
	*items = (struct member){ .path = strdup(path) };
	items->known = types_member(members->types, members->module, path, &found, &why) == 0;
	if (items->known)
		items->offset = found.offset;
	else {
		items->missing = strdup(why.message);
		*members->steps -= *members->steps < MISSING_STEPS ? *members->steps : MISSING_STEPS;
	}
	members->count++;
	if (items->path == NULL || (!items->known && items->missing == NULL))
		members->failed = fail_memory(members->fail, "a member's offset") != 0;
	else if (!items->known && why.code == OUTCOME_AMBIGUOUS)
		members->failed = fail_set(members->fail, OUTCOME_GUARD, "%s", why.message) != 0;
	else if (!items->known && why.code != OUTCOME_NOT_FOUND) {
		*members->fail = why;
		members->failed = true;
	}
	return members->failed ? NULL : items;
}

static bool member_offset(void *data, const char *path, uint64_t *offset)
{
	struct members *members = data;
	struct member *member = NULL;

	for (size_t i = 0; i < members->count && member == NULL; i++) {
		if (strcmp(members->items[i].path, path) == 0)
			member = &members->items[i];
	}
	if (member == NULL)
		member = member_ask(members, path);
	if (member == NULL)
		return false;
	members->missing = member->missing;
	*offset = member->offset;
	return member->known;
}

static bool is_return(const struct asm_line *line)
{
	return line->prefix_count == 0 && line->operand_count == 0 &&
	       (strcmp(line->mnemonic, "ret") == 0 || strcmp(line->mnemonic, "retq") == 0 ||
		strcmp(line->mnemonic, "retl") == 0);
}

static int fail_line(const struct pattern_line *line, const char *why, struct fail *fail)
{
	return fail_set(fail, OUTCOME_INVALID_SPEC, "line %u:%u of the patch file, \"%s\": %s",
			line->place.line, line->place.column, line->text, why);
}

static int pattern_prepare(const struct pattern *pattern, struct members *members,
			   struct search_pattern *out, struct fail *fail)
{
	struct asm_names names = { .count = 0 };
	const char *why = "it describes no instruction";

	out->pattern = pattern;
	out->lines = calloc(pattern->count, sizeof(*out->lines));
	if (out->lines == NULL)
		return fail_memory(fail, "reading a pattern");
	for (size_t i = 0; i < pattern->count; i++) {
		struct search_line *line = &out->lines[i];
		char text[ASM_MAX];

		members->missing = NULL;
		line->gap = is_gap(pattern->lines[i].text);
		if (line->gap)
			continue;
		if (!line_expand(pattern->lines[i].text, member_offset, members, text, &why)) {
			if (members->failed)
				return -1;
			if (members->missing == NULL)
				return fail_line(&pattern->lines[i], why, fail);
			out->missing = strdup(members->missing);
			free(out->lines);
			out->lines = NULL;
			return out->missing == NULL ? fail_memory(fail, "reading a pattern") : 0;
		}
		if (!names_collect(text, &names, &why) || !asm_line_cut(text, &line->text))
			return fail_line(&pattern->lines[i], why, fail);
		line->returns = is_return(&line->text);
	}
	return 0;
}

int search_prepare(struct search *search, const char *types_module, struct fail *fail)
{
	CLEANUP(members_deinit) struct members members = {
		.types = search->kernel->types, .module = types_module, .fail = fail,
		.steps = &search->steps,
	};
	const struct site *site = search->site;
	size_t passed_over = 0;

	search->patterns = calloc(site->pattern_count, sizeof(*search->patterns));
	if (search->patterns == NULL)
		return fail_memory(fail, "reading patterns");
	for (size_t i = 0; i < site->pattern_count; i++) {
		if (pattern_prepare(&site->patterns[i], &members, &search->patterns[i], fail) != 0)
			return -1;
		passed_over += search->patterns[i].lines == NULL;
		if (search->steps == 0)
			return search_fail_endless(search, fail);
	}
	if (passed_over < site->pattern_count)
		return 0;
	(void)fail_set(fail, OUTCOME_GUARD, "%s: no pattern can be searched on this kernel, as "
		       "each names a type that is not known", site->symbol);
	for (size_t i = 0; i < site->pattern_count; i++)
		fail_append(fail, "\npattern %zu of `find`: %s", i + 1,
			    search->patterns[i].missing);
	return -1;
}
