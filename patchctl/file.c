/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "result.h"
#include "spec.h"

/* One byte more than allowed is read, to know that there is more. */
static int text_read(FILE *stream, struct patch_file *out, struct fail *fail)
{
	out->text = malloc(SPEC_TEXT_MAX + 2);
	if (out->text == NULL)
		return fail_memory(fail, out->name);
	out->length = fread(out->text, 1, SPEC_TEXT_MAX + 1, stream);
	if (ferror(stream))
		return fail_errno(fail, errno, "cannot read %s", out->name);
	if (out->length > SPEC_TEXT_MAX)
		return fail_set(fail, OUTCOME_INVALID_SPEC,
				"%s:1:1: error: the file is larger than %d bytes", out->name,
				SPEC_TEXT_MAX);
	out->text[out->length] = '\0';
	return 0;
}

int patch_file_read(const char *name, struct patch_file *out, struct fail *fail)
{
	CLEANUP_FCLOSE FILE *file = NULL;

	if (strcmp(name, "-") == 0) {
		*out = (struct patch_file){ .name = "<stdin>" };
		return text_read(stdin, out, fail);
	}
	*out = (struct patch_file){ .name = name };
	file = fopen(name, "re");
	if (file == NULL)
		return fail_errno(fail, errno, "cannot open %s", name);
	return text_read(file, out, fail);
}

void patch_file_deinit(struct patch_file *file)
{
	free(file->text);
	file->text = NULL;
}

json_t *patch_file_json(const struct patch_file *file, struct fail *fail)
{
	json_t *yaml = memchr(file->text, '\0', file->length) == NULL ?
			       json_stringn(file->text, file->length) : NULL;
	struct patch patch;
	json_t *json;

	if (yaml == NULL) {
		if (spec_parse(file->name, file->text, file->length, &patch, fail) == 0) {
			patch_deinit(&patch);
			(void)fail_memory(fail, file->name);
		}
		return NULL;
	}
	json = json_pack("{s:o, s:o}", "name", result_text(file->name), "yaml", yaml);
	if (json == NULL)
		(void)fail_memory(fail, file->name);
	return json;
}

bool is_patch_file(const char *argument)
{
	size_t length = strlen(argument);

	return strcmp(argument, "-") == 0 || strchr(argument, '/') != NULL ||
	       (length > 5 && strcmp(argument + length - 5, ".yaml") == 0);
}
