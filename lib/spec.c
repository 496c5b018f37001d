/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "spec_allow.h"
#include "spec_requires.h"
#include "spec_sites.h"
#include "spec_value.h"

enum {
	VARIANTS_MAX = 256,
	NAME_MAX_LENGTH = 64,
	SUMMARY_MAX = 256,
	DESCRIPTION_MAX = 16384,
	RELEASE_MAX = 127		/* uname -r has 64 at most; a glob can be longer */
};

/* conditions: `kernel`, `architecture`, `when` */

static void read_release(struct walk *walk, const struct node *node, void *out)
{
	struct conditions *conditions = out;
	const char *text = spec_text(walk, node, RELEASE_MAX, "a release like \"6.1.*\"");

	if (text == NULL)
		return;
	for (const char *c = text; *c != '\0'; c++) {
		if (!isgraph((unsigned char)*c)) {
			walk_expected(walk, node, "a release like \"6.1.*\"");
			return;
		}
	}
	if (strings_add(&conditions->releases, text) != 0)
		walk->errors->no_memory = true;
}

static void read_releases(struct walk *walk, const struct node *node, void *out)
{
	walk_one_or_several(walk, node, read_release, out);
}

static void read_build_id(struct walk *walk, const struct node *node, void *out)
{
	struct conditions *conditions = out;

	spec_build_id(walk, node, &conditions->build_ids);
}

static void read_build_ids(struct walk *walk, const struct node *node, void *out)
{
	walk_one_or_several(walk, node, read_build_id, out);
}

static void read_architecture(struct walk *walk, const struct node *node, void *out)
{
	struct conditions *conditions = out;
	enum architecture arch;

	if (node->kind != NODE_SCALAR || !arch_parse(node->text, &arch))
		walk_expected(walk, node, "x86_64 or i386");
	else
		conditions->architectures |= 1u << arch;
}

static void read_architectures(struct walk *walk, const struct node *node, void *out)
{
	struct conditions *conditions = out;

	if (conditions->place.line == 0)
		conditions->place = node->place;
	walk_one_or_several(walk, node, read_architecture, out);
}

static void refuse_module_build_id(struct walk *walk, const struct node *node, void *out)
{
	(void)out;
	walk_error(walk, node->place, "a module's build-id is asked for in 'requires' of the file");
}

#define MODULE_BUILD_ID { "module-build-id", refuse_module_build_id, false }

static const struct key kernel_keys[] = {
	{ "release", read_releases, false },
	{ "build-id", read_build_ids, false },
	MODULE_BUILD_ID,
	{ NULL, NULL, false }
};

static const struct key when_keys[] = {
	{ "release", read_releases, false },
	{ "architecture", read_architectures, false },
	{ "build-id", read_build_ids, false },
	MODULE_BUILD_ID,
	{ NULL, NULL, false }
};

static void read_conditions(struct walk *walk, const struct node *node, const struct key *keys,
			    struct conditions *out)
{
	struct seen seen;

	out->place = node->place;
	if (walk_mapping(walk, node, keys, out, &seen) && node->child == NULL)
		walk_error(walk, node->place, "no condition; give one of 'release'%s and 'build-id'",
			   keys == when_keys ? ", 'architecture'" : "");
}

/* the top of the file */

static struct variant *add_variant(struct walk *walk, struct patch *patch, struct place place)
{
	struct variant *variants = reallocarray(patch->variants, patch->variant_count + 1,
						sizeof(*variants));

	if (variants == NULL) {
		walk->errors->no_memory = true;
		return NULL;
	}
	patch->variants = variants;
	variants[patch->variant_count] = (struct variant){ .place = place };
	return &variants[patch->variant_count++];
}

static void read_when(struct walk *walk, const struct node *node, void *out)
{
	struct variant *variant = out;

	read_conditions(walk, node, when_keys, &variant->when);
}

static void read_variant(struct walk *walk, const struct node *node, void *out)
{
	static const struct key keys[] = {
		{ "when", read_when, true },
		{ "sites", spec_read_sites, true },
		{ "allow", spec_refuse_allow, false },
		{ NULL, NULL, false }
	};
	struct variant *variant = add_variant(walk, out, node->place);
	struct seen seen;

	if (variant != NULL && walk_mapping(walk, node, keys, variant, &seen))
		walk_missing(walk, node, keys, &seen);
}

static void read_variants(struct walk *walk, const struct node *node, void *out)
{
	(void)walk_list(walk, node, VARIANTS_MAX, read_variant, out);
}

static void read_top_sites(struct walk *walk, const struct node *node, void *out)
{
	struct variant *variant = add_variant(walk, out, node->place);

	if (variant != NULL)
		spec_read_sites(walk, node, variant);
}

static void read_format(struct walk *walk, const struct node *node, void *out)
{
	uint64_t format;

	(void)out;
	if (spec_unsigned(walk, node, 0, UINT32_MAX, &format) && format != 1)
		walk_error(walk, node->place, "this patcherd knows format 1 only, got %ju",
			   (uintmax_t)format);
}

/* The name of a patch; NULL: it is none. */
static const char *name_text(struct walk *walk, const struct node *node)
{
	static const char what[] = "a name of 1 to 64 of a-z, 0-9 and '-', no '-' in front";
	const char *text = spec_text(walk, node, SUMMARY_MAX, what);

	if (text == NULL)
		return NULL;
	if (node->length > NAME_MAX_LENGTH || text[0] == '-' ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != node->length) {
		walk_expected(walk, node, what);
		return NULL;
	}
	return text;
}

static void read_name(struct walk *walk, const struct node *node, void *out)
{
	struct patch *patch = out;
	const char *text = name_text(walk, node);

	if (text == NULL)
		return;
	spec_copy(walk, text, &patch->name);
	patch->name_place = node->place;
}

static void read_replaced(struct walk *walk, const struct node *node, void *out)
{
	struct patch *patch = out;
	const char *text = name_text(walk, node);

	if (text == NULL)
		return;
	if (strings_have(&patch->replaces, text))
		walk_error(walk, node->place, "the patch %s is named twice", text);
	else if (strings_add(&patch->replaces, text) != 0)
		walk->errors->no_memory = true;
}

static void read_replaces(struct walk *walk, const struct node *node, void *out)
{
	struct patch *patch = out;

	patch->replaces_place = node->place;
	walk_one_or_several(walk, node, read_replaced, out);
}

static void read_summary(struct walk *walk, const struct node *node, void *out)
{
	struct patch *patch = out;
	const char *text = spec_text(walk, node, SUMMARY_MAX, "one line of text");

	if (text != NULL)
		spec_copy(walk, text, &patch->summary);
}

static void read_description(struct walk *walk, const struct node *node, void *out)
{
	struct patch *patch = out;
	const char *text = spec_paragraph(walk, node, DESCRIPTION_MAX, "text");

	if (text != NULL)
		spec_copy(walk, text, &patch->description);
}

static void read_kernel(struct walk *walk, const struct node *node, void *out)
{
	struct patch *patch = out;

	read_conditions(walk, node, kernel_keys, &patch->kernel);
}

static void read_requires(struct walk *walk, const struct node *node, void *out)
{
	struct patch *patch = out;

	spec_read_requires(walk, node, &patch->requires);
}

static void read_top_architecture(struct walk *walk, const struct node *node, void *out)
{
	struct patch *patch = out;

	read_architectures(walk, node, &patch->kernel);
}

enum { TOP_SITES, TOP_VARIANTS };
static const struct key top_keys[] = {
	[TOP_SITES] = { "sites", read_top_sites, false },
	[TOP_VARIANTS] = { "variants", read_variants, false },
	{ "format", read_format, false },
	{ "patch", read_name, true },
	{ "summary", read_summary, true },
	{ "description", read_description, false },
	{ "architecture", read_top_architecture, false },
	{ "kernel", read_kernel, false },
	{ "requires", read_requires, false },
	{ "replaces", read_replaces, false },
	{ "allow", spec_refuse_allow, false },
	{ NULL, NULL, false }
};

static void read_patch(struct walk *walk, const struct node *node, struct patch *patch)
{
	struct seen seen;

	if (!walk_mapping(walk, node, top_keys, patch, &seen))
		return;
	walk_missing(walk, node, top_keys, &seen);
	if (seen.keys[TOP_SITES] == NULL && seen.keys[TOP_VARIANTS] == NULL)
		spec_error(walk->errors, node->place, "missing key 'sites' (or 'variants')");
	else if (seen.keys[TOP_SITES] != NULL && seen.keys[TOP_VARIANTS] != NULL)
		spec_error(walk->errors, seen.keys[TOP_VARIANTS]->place,
			   "both 'sites' (line %u) and 'variants'; give one of them",
			   seen.keys[TOP_SITES]->place.line);
	if (patch->name != NULL && strings_have(&patch->replaces, patch->name))
		spec_error(walk->errors, patch->replaces_place,
			   "replaces: a patch cannot replace itself; to change what it does, revert it "
			   "and apply it anew");
}

int spec_parse(const char *source, const char *text, size_t length, struct patch *out,
	       struct fail *fail)
{
	struct spec_errors errors = { .count = 0 };
	struct walk walk = { .errors = &errors };
	struct node *root;
	int result;

	memset(out, 0, sizeof(*out));
	spec_tree_parse(text, length, &errors, &root);
	if (root != NULL)
		read_patch(&walk, root, out);
	spec_tree_destroy(root);
	spec_copy(&walk, source, &out->source);
	result = spec_errors_report(&errors, source, fail);
	spec_errors_deinit(&errors);
	if (result != 0)
		patch_deinit(out);
	return result;
}
