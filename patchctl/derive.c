/* SPDX-License-Identifier: GPL-2.0-or-later */
/* derive: what differs in two object files, and a patch of it. */
#include "derive.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "patch_head.h"
#include "result.h"
#include "spec_write.h"

struct derivation {
	struct image old, new;
	struct differences differences;
	struct derived *derived;	/* one for each difference */
	struct derive derive;
	struct patch patch;
	char *text;			/* of the patch; NULL: it has no sites */
};

static void derivation_deinit(struct derivation *derivation)
{
	free(derivation->text);
	patch_deinit(&derivation->patch);
	derived_free(derivation->derived, derivation->differences.count);
	differences_deinit(&derivation->differences);
	image_deinit(&derivation->new);
	image_deinit(&derivation->old);
}

static int object_open(const struct options *options, const char *path, struct image *out,
		       struct fail *fail)
{
	if (image_open(options, path, out, fail) < 0)
		return fail->code != OUTCOME_NOT_FOUND ? -1 :
		       fail_set(fail, OUTCOME_ERROR, "%s: it has no symbols, and functions are compared "
				"by their names: give the object file (.o) that the compiler made, or a "
				"module (.ko) that is not stripped", path);
	if (!elf_file_relocatable(out->elf))
		return fail_set(fail, OUTCOME_ERROR, "%s: it is linked, and its relocations are gone: "
				"give the object file (.o) that the compiler made, or a module (.ko)",
				path);
	return 0;
}

static struct object object_of(const struct image *image)
{
	return (struct object){ .elf = image->elf, .symtab = image->symtab,
				.target = image->target, .decoder = image->decoder,
				.path = image->target->info.path };
}

/* "nfs_flock, nfs_lock and 3 more" */
static char *functions_text(const struct derivation *derivation)
{
	char *text = NULL;
	size_t size, written = 0, named = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < derivation->differences.count; i++)
		written += derivation->derived[i].written;
	for (size_t i = 0; i < derivation->differences.count && named < 3; i++) {
		if (!derivation->derived[i].written)
			continue;
		(void)fprintf(out, "%s%.60s", named++ == 0 ? "" : ", ",
			      derivation->differences.items[i].function);
	}
	if (written > named)
		(void)fprintf(out, " and %zu more", written - named);
	return fclose(out) == 0 ? text : NULL;
}

/* What differs in each function that is written, for the description. */
static char *messages_text(const struct derivation *derivation)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < derivation->differences.count; i++) {
		const struct difference *difference = &derivation->differences.items[i];

		if (derivation->derived[i].written && difference->message != NULL)
			lines_print(out, "", difference->message);
	}
	return fclose(out) == 0 ? text : NULL;
}

static int text_make(const struct options *options, char **arguments,
		     struct derivation *derivation, struct fail *fail)
{
	CLEANUP_FREE char *functions = functions_text(derivation);
	CLEANUP_FREE char *messages = messages_text(derivation);
	struct patch *patch = &derivation->patch;
	char name[PATCH_NAME_SIZE];
	bool filled = false;

	if (patch_sites_check(patch, arguments[0], "take the functions one by one, with --function",
			      fail) < 0)
		return -1;
	if (functions == NULL || messages == NULL)
		return fail_memory(fail, "a patch");
	for (size_t i = 0; i < derivation->differences.count; i++)
		filled |= derivation->derived[i].written && derivation->derived[i].message != NULL;
	if (patch_head(patch, options->name != NULL ? options->name :
		       patch_name_make("derived", arguments[0], "", name), messages, fail,
		       "Make %s as in %s", functions, file_name(arguments[1])) < 0)
		return -1;
	/* sites that are right one by one may not be so together */
	return derive_prove(&derivation->derive, patch, filled, fail) < 0 ? -1 :
	       spec_write(patch, NULL, &derivation->text, fail);
}

static int derivation_make(const struct options *options, char **arguments,
			   struct derivation *derivation, struct fail *fail)
{
	if (object_open(options, arguments[0], &derivation->old, fail) < 0 ||
	    object_open(options, arguments[1], &derivation->new, fail) < 0)
		return -1;

	const struct object old = object_of(&derivation->old), new = object_of(&derivation->new);

	derivation->derive = (struct derive){
		.old = &derivation->old.kernel, .new = &derivation->new.kernel,
		.module = options->module != NULL ? options->module : elf_file_module(old.elf),
		.line_numbers = options->line_numbers,
	};
	if (objects_compare(&old, &new, options->function, &derivation->differences, fail) < 0 ||
	    patch_begin(&derivation->patch, elf_file_architecture(old.elf), fail) < 0 ||
	    derive_sites(&derivation->derive, &derivation->differences, &derivation->patch,
			 &derivation->derived, fail) < 0)
		return -1;
	return derivation->patch.variants->site_count == 0 ? 0 :
	       text_make(options, arguments, derivation, fail);
}

static json_t *functions_json(const struct derivation *derivation)
{
	json_t *list = json_array();

	for (size_t i = 0; i < derivation->differences.count; i++) {
		const struct difference *difference = &derivation->differences.items[i];
		const struct derived *derived = &derivation->derived[i];
		json_t *item = json_pack("{s:o, s:s, s:I, s:I, s:o?, s:o?, s:b, s:o?}",
			"function", result_text(difference->function),
			"change", difference_kind_name(difference->kind),
			"old_size", (json_int_t)difference->old_size,
			"new_size", (json_int_t)difference->new_size,
			"occurrence", difference->occurrence == 0 ? json_null() :
				      json_integer(difference->occurrence),
			"message", difference->message == NULL ? json_null() :
				   result_text(difference->message),
			"written", derived->written,
			"note", derived->message == NULL ? json_null() :
				result_text(derived->message));

		if (json_array_append_new(list, item) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *data_json(const struct differences *differences)
{
	json_t *list = json_array();

	for (size_t i = 0; i < differences->data_count; i++) {
		const struct data_difference *data = &differences->data[i];
		json_t *item = json_pack("{s:o, s:I, s:I}", "symbol", result_text(data->symbol),
					 "old_size", (json_int_t)data->old_size,
					 "new_size", (json_int_t)data->new_size);

		if (json_array_append_new(list, item) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static int json_show(const struct options *options, const struct derivation *derivation)
{
	json_t *answer = json_pack("{s:o, s:o, s:o?}", "functions", functions_json(derivation),
				   "data", data_json(&derivation->differences), "patch", derivation->text == NULL ? json_null() :
					    result_text(derivation->text));
	struct fail fail;

	if (answer == NULL) {
		(void)fail_memory(&fail, "the answer");
		return fail_print(options, NULL, &fail);
	}
	json_print(answer);
	json_decref(answer);
	return 0;
}

static void sizes_show(const char *what, uint64_t old, uint64_t new)
{
	(void)fprintf(stderr, ": %s, %" PRIu64, what, old);
	if (old != new)
		(void)fprintf(stderr, " -> %" PRIu64, new);
	(void)fputs(" bytes", stderr);
}

static void difference_show(const struct difference *difference, const struct derived *derived)
{
	(void)text_print(stderr, difference->function);
	if (difference->occurrence != 0)
		(void)fprintf(stderr, " (the %u. of that name)", difference->occurrence);
	sizes_show(difference_kind_name(difference->kind), difference->old_size,
		   difference->new_size);
	(void)fputs(derived->written ? "\n" : derived->ignored ? "; left out\n" :
		    "; not in the patch\n", stderr);
	if (difference->message != NULL)
		lines_print(stderr, "  ", difference->message);
	if (derived->message != NULL)
		lines_print(stderr, "  ", derived->message);
}

static void text_show(const struct derivation *derivation, size_t missing)
{
	for (size_t i = 0; i < derivation->differences.count; i++)
		difference_show(&derivation->differences.items[i], &derivation->derived[i]);
	for (size_t i = 0; i < derivation->differences.data_count; i++) {
		const struct data_difference *data = &derivation->differences.data[i];

		(void)text_print(stderr, data->symbol);
		sizes_show("data", data->old_size, data->new_size);
		(void)fputs("; not in the patch\n", stderr);
	}
	if (derivation->differences.count == 0 && derivation->differences.data_count == 0)
		(void)fprintf(stderr, "no difference in %zu function%s\n",
			      derivation->differences.compared,
			      derivation->differences.compared == 1 ? "" : "s");
	if (missing > 0)
		(void)fprintf(stderr, "%zu of the functions that differ %s not in the patch: as it is, "
			      "it is not the whole change\n", missing, missing == 1 ? "is" : "are");
	if (derivation->differences.data_count > 0)
		(void)fputs("data differs, and no patch is made of that: where the new code needs it, "
			    "write a site of a `variable` by hand\n", stderr);
	if (derivation->text != NULL)
		(void)fputs(derivation->text, stdout);
}

int command_derive(const struct options *options, int count, char **arguments)
{
	CLEANUP(derivation_deinit) struct derivation derivation = { .text = NULL };
	size_t missing = 0;
	struct wait wait;
	struct fail fail;
	int result;

	(void)count;
	result = patch_names_check(options);
	if (result != 0)
		return result;
	wait_begin(&wait, "comparing the objects");
	result = derivation_make(options, arguments, &derivation, &fail);
	wait_end(&wait);
	if (result < 0)
		return fail_print(options, NULL, &fail);
	for (size_t i = 0; i < derivation.differences.count; i++)
		missing += !derivation.derived[i].written && !derivation.derived[i].ignored;
	if (!options->json)
		text_show(&derivation, missing);
	else if (json_show(options, &derivation) != 0)
		return outcome_status(OUTCOME_ERROR);
	return missing == 0 && derivation.differences.data_count == 0 ? 0 :
	       outcome_status(OUTCOME_MISMATCH);
}
