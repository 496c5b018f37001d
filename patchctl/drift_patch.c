/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drift_patch: the uses -> a patch file that was proved on the object. */
#include "drift.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "patch_head.h"
#include "prove.h"
#include "spec_write.h"

/* What is at the place, by its bytes where they are known before the object is loaded. */
static int expect_fill(const struct drift *drift, const struct drift_use *use, struct site *out,
		       struct fail *fail)
{
	CLEANUP(function_deinit) struct function function = { .symbol = NULL };
	CLEANUP_FREE bool *relocated = NULL;

	if (function_load(drift->image.target, drift->image.decoder, use->symbol, &function,
			  fail) != 0 ||
	    function_relocated(&function, drift->image.elf, &relocated, fail) != 0)
		return -1;
	return context_expect(&drift->image.kernel, &function, relocated, use->offset,
			      use->insn.length, &out->operation, &out->expect, fail);
}

static int site_make(const struct options *options, const struct drift *drift,
		     const struct drift_use *use, struct site *out, struct fail *fail)
{
	const char *module = options->module != NULL ? options->module :
						       elf_file_module(drift->image.elf);

	out->where = SITE_OFFSET;
	out->offset = use->offset;
	out->occurrence = use->occurrence;
	out->operation = (struct operation){
		.kind = use->use.immediate ? OPERATION_IMMEDIATE : OPERATION_DISPLACEMENT,
		.number = { (uint64_t)use->displacement, use->displacement < 0 },
	};
	out->symbol = strdup(use->symbol->name);
	out->module = module == NULL ? NULL : strdup(module);
	if (out->symbol == NULL || (module != NULL && out->module == NULL))
		return fail_memory(fail, "a patch");
	return expect_fill(drift, use, out, fail);
}

static int patch_init(const struct options *options, const struct drift *drift,
		      struct patch *out, struct fail *fail)
{
	const char *path = drift->image.target->info.path;
	char name[PATCH_NAME_SIZE];

	if (patch_begin(out, drift->image.target->info.architecture, fail) != 0 ||
	    patch_head(out, options->name != NULL ? options->name :
		       patch_name_make("", path, "drift", name), "", fail,
		       "Use the kernel's layout of %s in %s", drift->layouts.count == 1 ?
		       drift->layouts.items[0].object->name : "structs", file_name(path)) != 0)
		return -1;
	out->variants->sites = calloc(drift->use_count + 1, sizeof(struct site));
	return out->variants->sites == NULL ? fail_memory(fail, "a patch") : 0;
}

/* By its text. -1: it is not applicable. */
static int prove(const struct drift *drift, const struct patch *patch, struct fail *fail)
{
	return patch_prove(&drift->image.kernel, patch, OUTCOME_APPLICABLE, "on the object", fail);
}

static void site_free(struct site *site)
{
	free(site->symbol);
	free(site->module);
	free(site->expect.assembler);
	*site = (struct site){ .symbol = NULL };
}

/* Adds the site, if it is proved alone; else the use has the reason. */
static int site_add(const struct options *options, const struct drift *drift,
		    struct drift_use *use, struct patch *patch, struct fail *fail)
{
	struct variant *variant = patch->variants;
	struct variant alone = { .sites = &variant->sites[variant->site_count], .site_count = 1 };
	struct patch one = *patch;
	struct fail why;

	one.variants = &alone;
	variant->site_count++;
	if (site_make(options, drift, use, alone.sites, &why) == 0 &&
	    prove(drift, &one, &why) == 0)
		return 0;
	variant->site_count--;
	site_free(alone.sites);
	use->reason = strdup(why.message);
	return use->reason == NULL ? fail_memory(fail, "a patch") : 0;
}

int drift_patch(const struct options *options, struct drift *drift, struct fail *fail)
{
	CLEANUP(patch_deinit) struct patch patch = { .name = NULL };

	if (patch_init(options, drift, &patch, fail) != 0)
		return -1;
	for (size_t i = 0; i < drift->use_count; i++) {
		if (drift->uses[i].reason == NULL &&
		    site_add(options, drift, &drift->uses[i], &patch, fail) != 0)
			return -1;
	}
	if (patch.variants->site_count == 0)
		return 0;
	if (patch_sites_check(&patch, drift->image.target->info.path, "compile it for this kernel, or "
			      "take places of the report without --patch into several", fail) != 0)
		return -1;
	if (prove(drift, &patch, fail) != 0) {
		fail_append(fail, "\nthe patch was not proved on the object, so none is printed");
		return -1;
	}
	return spec_write(&patch, NULL, &drift->patch, fail);
}
