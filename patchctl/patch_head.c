/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patch_head.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "patchctl.h"
#include "patcher_kmem.h"

/* Of patch(5). */
enum { NAME_MAX_LENGTH = PATCH_NAME_SIZE - 1, MODULE_MAX = 55, SUMMARY_MAX = 256, DESCRIPTION_MAX = 16384 };

const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-"

static bool is_made_of(const char *text, const char *characters, size_t most)
{
	size_t length = strlen(text);

	return length > 0 && length <= most && strspn(text, characters) == length;
}

int patch_names_check(const struct options *options)
{
	const char *name = options->name, *module = options->module;

	if (name != NULL && (name[0] == '-' || !is_made_of(name, LETTERS, NAME_MAX_LENGTH)))
		return usage_error("--name: expected 1 to 64 of a-z, 0-9 and '-', the first one no "
				   "'-', got '%s'", name);
	if (module != NULL &&
	    !is_made_of(module, LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ_", MODULE_MAX))
		return usage_error("--module: expected the name of a module, 1 to 55 letters, digits, "
				   "'_' and '-', got '%s'", module);
	return 0;
}

const char *patch_name_make(const char *before, const char *file, const char *after,
			    char out[PATCH_NAME_SIZE])
{
	const size_t most = NAME_MAX_LENGTH - strlen(after) - 1;
	size_t length = (size_t)snprintf(out, PATCH_NAME_SIZE, "%s", before);

	file = file_name(file);
	if (length > 0 && file[0] != '\0' && file[0] != '.')
		out[length++] = '-';
	for (size_t i = 0; file[i] != '\0' && file[i] != '.' && length < most; i++) {
		unsigned char c = (unsigned char)file[i];

		out[length] = (char)(c < 0x80 && isalnum(c) ? tolower(c) : length == 0 ? 'x' : '-');
		length++;
	}
	(void)snprintf(out + length, PATCH_NAME_SIZE - length, "%s%s",
		       length > 0 && *after != '\0' ? "-" : "", after);
	return out;
}

int patch_sites_check(const struct patch *patch, const char *file, const char *advice,
		      struct fail *fail)
{
	const size_t count = patch->variants->site_count;

	if (count <= PATCHER_KMEM_SITES_MAX)
		return 0;
	return fail_set(fail, OUTCOME_ERROR, "%s has %zu places that change, and a patch can have %d: %s",
			file, count, PATCHER_KMEM_SITES_MAX, advice);
}

int patch_begin(struct patch *out, enum architecture arch, struct fail *fail)
{
	*out = (struct patch){ .kernel.architectures = 1u << arch };
	out->name = strdup("derived");
	out->summary = strdup("derived");
	out->variants = calloc(1, sizeof(*out->variants));
	if (out->name == NULL || out->summary == NULL || out->variants == NULL)
		return fail_memory(fail, "a patch");
	out->variant_count = 1;
	return 0;
}

static int text_set(char **text, const char *from, struct fail *fail)
{
	free(*text);
	*text = strdup(from);
	return *text == NULL ? fail_memory(fail, "a patch") : 0;
}

/* What a patch file can say, and any terminal show: newlines, tabs and ASCII. Names and strings of
 * object files may be anything. */
static void text_clean(char *text)
{
	for (char *at = text; *at != '\0'; at++) {
		if ((unsigned char)*at >= 0x7f || (*at < ' ' && *at != '\n' && *at != '\t'))
			*at = '?';
	}
}

int patch_head(struct patch *patch, const char *name, const char *description,
	       struct fail *fail, const char *format, ...)
{
	char summary[SUMMARY_MAX + 1];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(summary, sizeof(summary), format, arguments);
	va_end(arguments);
	text_clean(summary);
	if (text_set(&patch->name, name, fail) < 0 ||
	    text_set(&patch->summary, summary, fail) < 0 ||
	    text_set(&patch->description, description, fail) < 0)
		return -1;
	if (strlen(patch->description) > DESCRIPTION_MAX)
		patch->description[DESCRIPTION_MAX] = '\0';
	text_clean(patch->description);
	if (patch->description[0] == '\0') {
		free(patch->description);
		patch->description = NULL;
	}
	return 0;
}
