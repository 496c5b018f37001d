/* SPDX-License-Identifier: GPL-2.0-or-later */
/* image: what the daemon does for the running kernel, for one in a file: no root, no daemon. */
#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "result.h"
#include "spec.h"
#include "unpack.h"

void image_deinit(struct image *image)
{
	decoder_destroy(image->decoder);
	digests_destroy(image->digests);
	types_destroy(image->types);
	hazards_destroy(image->hazards);
	symtab_destroy(image->symtab);
	target_close(image->target);
	elf_file_close(image->elf);
}

static int symbols_load(const struct options *options, struct image *out, struct fail *fail)
{
	if (options->system_map != NULL)
		return symtab_load_system_map(options->system_map, &out->symtab, fail);
	return symtab_load_elf(out->elf, &out->symtab, fail);
}

int image_elf_open(const char *path, struct elf_file **out, struct fail *fail)
{
	uint8_t *data;
	size_t size;

	if (unpack_file(path, &data, &size, fail) != 0)
		return -1;
	return data == NULL ? elf_file_open(path, out, fail) :
			      elf_file_open_bytes(path, data, size, out, fail);
}

static int types_open(const struct options *options, const char *path, struct image *out,
		      struct fail *fail)
{
	CLEANUP_FREE uint8_t *base = NULL;
	size_t size = 0;

	if (options->btf != NULL && btf_file_read(options->btf, &base, &size, fail) != 0)
		return -1;
	return types_create_image(out->elf, path, base, size, options->btf, &out->types, fail);
}

/* What was opened before a failure is for image_deinit() all the same. */
static int image_load(const struct options *options, const char *path, struct image *out,
		      struct fail *fail)
{
	if (image_elf_open(path, &out->elf, fail) != 0 ||
	    target_open_image(out->elf, path, options->release, &out->target, fail) != 0 ||
	    symbols_load(options, out, fail) != 0 ||
	    types_open(options, path, out, fail) != 0 ||
	    hazards_create(&out->hazards, fail) != 0 ||
	    digests_create(&out->digests, fail) != 0 ||
	    decoder_create(elf_file_architecture(out->elf), &out->decoder, fail) != 0)
		return -1;
	out->kernel = (struct kernel) {
		.target = out->target, .symtab = out->symtab, .hazards = out->hazards,
		.image = out->elf, .types = out->types, .digests = out->digests,
		.decoder = out->decoder,
	};
	return 0;
}

int image_open(const struct options *options, const char *path, struct image *out,
	       struct fail *fail)
{
	struct wait wait;
	int result;

	wait_begin(&wait, "reading the image");
	result = image_load(options, path, out, fail);
	wait_end(&wait);
	return result;
}

/* One file's Result; NULL: out of memory. */
static json_t *file_result(const struct image *image, const struct patch_file *file)
{
	CLEANUP(patch_deinit) struct patch patch = { .name = NULL };
	struct fail fail;
	struct plan plan;
	json_t *json;

	if (spec_parse(file->name, file->text, file->length, &patch, &fail) != 0)
		return result_fail(file->name, &fail);
	if (plan_make(&image->kernel, &patch, &plan, &fail) != 0)
		return result_fail(patch.name, &fail);
	json = result_plan(&plan, &image->target->info);
	plan_deinit(&plan);
	return json;
}

int image_dry_run(const struct options *options, const struct patch_file *files, size_t count,
		  json_t **results, struct fail *fail)
{
	CLEANUP(image_deinit) struct image image = { .elf = NULL };

	if (image_open(options, options->image, &image, fail) != 0)
		return -1;
	*results = json_array();
	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(*results, file_result(&image, &files[i])) != 0)
			return fail_memory(fail, files[i].name);
	}
	return 0;
}

int image_disassemble(const struct options *options, const char *symbol, json_t **out,
		      struct fail *fail)
{
	CLEANUP(image_deinit) struct image image = { .elf = NULL };
	CLEANUP(function_deinit) struct function function = { .symbol = NULL };
	char digest[DIGEST_TEXT_MAX];
	const struct symbol *found;

	if (image_open(options, options->image, &image, fail) != 0 ||
	    function_find(image.symtab, symbol, options->module, options->module == NULL,
			  options->occurrence, &found, fail) != 0 ||
	    function_load(image.target, image.decoder, found, &function, fail) != 0 ||
	    (options->digest && digest_make(&image.kernel, &function, digest, fail) != 0))
		return -1;
	*out = result_function(image.symtab, &function, options->digest ? digest : NULL,
			       &image.target->info);
	if (*out == NULL)
		return fail_memory(fail, symbol);
	return options->type_count == 0 ? 0 :
	       members_add(options, image.kernel.types, *out, fail);
}

int image_symbols(const struct options *options, const char *pattern, json_t **out,
		  struct fail *fail)
{
	CLEANUP(image_deinit) struct image image = { .elf = NULL };

	if (image_open(options, options->image, &image, fail) != 0)
		return -1;
	*out = result_symbols(image.symtab, pattern, options->module, &image.target->info);
	return *out == NULL ? fail_memory(fail, pattern) : 0;
}

int image_hazards(const struct options *options, const struct survey_question *question,
		  json_t **out, struct fail *fail)
{
	CLEANUP(image_deinit) struct image image = { .elf = NULL };
	CLEANUP(survey_deinit) struct survey survey = { .symbol = NULL };

	if (image_open(options, options->image, &image, fail) != 0 ||
	    survey_make(&image.kernel, question, &survey, fail) != 0)
		return -1;
	*out = result_survey(&image.kernel, &survey);
	return *out == NULL ? fail_memory(fail, question->symbol) : 0;
}
