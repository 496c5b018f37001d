/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drift_patch: the uses -> a patch file that was proved on the object. */
#include "drift.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "plan.h"
#include "spec.h"
#include "spec_write.h"

/* The file's name as a patch's: "nfs-drift". */
static char *patch_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	char *name = NULL;
	int length = (int)strcspn(base, ".");

	if (asprintf(&name, "%.*s-drift", length > 56 ? 56 : length, base) < 0)
		return NULL;
	for (char *at = name; *at != '\0'; at++) {
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
		else if ((*at < 'a' || *at > 'z') && (*at < '0' || *at > '9'))
			*at = at == name ? 'x' : '-';
	}
	return name;
}

/* What is at the place, by its bytes where they are known before the object is loaded. */
static int expect_fill(const struct drift *drift, const struct drift_use *use,
		       struct expectation *out, struct fail *fail)
{
	CLEANUP(function_deinit) struct function function = { .symbol = NULL };
	CLEANUP_FREE bool *relocated = NULL;
	bool any = false;
	char text[ASM_MAX];

	if (function_load(drift->image.target, drift->image.decoder, use->symbol, &function,
			  fail) != 0 ||
	    function_relocated(&function, drift->image.elf, &relocated, fail) != 0)
		return -1;
	for (size_t i = 0; i < use->insn.length; i++)
		any = any || relocated[use->offset + i];
	if (!any) {
		out->bytes.length = use->insn.length;
		memcpy(out->bytes.data, use->insn.bytes, use->insn.length);
		return 0;
	}
	if (!context_line(drift->image.target->info.architecture, &use->insn,
			  relocated + use->offset, text))
		return fail_set(fail, OUTCOME_HAZARD, "nothing describes the instruction");
	out->assembler = strdup(text);
	return out->assembler == NULL ? fail_memory(fail, "a patch") : 0;
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
	return expect_fill(drift, use, &out->expect, fail);
}

static int patch_init(const struct drift *drift, struct patch *out, struct fail *fail)
{
	const char *path = drift->image.target->info.path;
	const char *base = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;

	out->name = patch_name(path);
	out->variants = calloc(1, sizeof(*out->variants));
	out->variant_count = out->variants == NULL ? 0 : 1;
	if (asprintf(&out->summary, "Use the kernel's layout of %s in %s",
		     drift->layouts.count == 1 ? drift->layouts.items[0].object->name : "structs",
		     base) < 0)
		out->summary = NULL;
	out->kernel.architectures = 1u << drift->image.target->info.architecture;
	if (out->name == NULL || out->summary == NULL || out->variants == NULL)
		return fail_memory(fail, "a patch");
	out->variants->sites = calloc(drift->use_count + 1, sizeof(struct site));
	return out->variants->sites == NULL ? fail_memory(fail, "a patch") : 0;
}

/* By its text. -1: it is not applicable. */
static int prove(const struct drift *drift, const struct patch *patch, struct fail *fail)
{
	CLEANUP(patch_deinit) struct patch read = { .name = NULL };
	CLEANUP_FREE char *text = NULL;
	struct plan plan;
	int result = 0;

	if (spec_write(patch, NULL, &text, fail) != 0 ||
	    spec_parse(patch->name, text, strlen(text), &read, fail) != 0 ||
	    plan_make(&drift->image.kernel, &read, &plan, fail) != 0)
		return -1;
	if (plan.outcome != OUTCOME_APPLICABLE) {
		const char *why = plan.message;

		for (size_t i = 0; i < plan.site_count && why == NULL; i++)
			why = plan.sites[i].message;
		result = fail_set(fail, plan.outcome, "%s", why == NULL ?
				  outcome_name(plan.outcome) : why);
	}
	plan_deinit(&plan);
	return result;
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

	if (patch_init(drift, &patch, fail) != 0)
		return -1;
	for (size_t i = 0; i < drift->use_count; i++) {
		if (drift->uses[i].reason == NULL &&
		    site_add(options, drift, &drift->uses[i], &patch, fail) != 0)
			return -1;
	}
	if (patch.variants->site_count == 0)
		return 0;
	if (prove(drift, &patch, fail) != 0) {
		fail_append(fail, "\nthe patch was not proved on the object, so none is printed");
		return -1;
	}
	return spec_write(&patch, NULL, &drift->patch, fail);
}
