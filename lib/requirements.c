/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/requirements.h"

#include <inttypes.h>
#include <string.h>

#include "types.h"

static void begin(struct fail *fail, const struct patch *patch, const struct place *place)
{
	(void)fail_set(fail, OUTCOME_GUARD, "%s:%u:%u: ", patch->source, place->line,
		       place->column);
}

static const char *whose(const struct kernel *kernel)
{
	return kernel->image == NULL ? "this kernel" : "the image";
}

static int check_symbols(const struct kernel *kernel, const struct patch *patch,
			 struct fail *fail)
{
	const struct requirements *requires = &patch->requires;

	for (size_t i = 0; i < requires->symbols.count; i++) {
		if (symtab_next(kernel->symtab, requires->symbols.items[i], NULL) != NULL)
			continue;
		begin(fail, patch, &requires->symbols_place);
		fail_append(fail, "the patch requires the symbol %s, and %s has none of that name",
			    requires->symbols.items[i], whose(kernel));
		return -1;
	}
	return 0;
}

/* The module that the index-th site names, if no earlier one does; else NULL. */
static const char *module_of(const struct variant *variant, size_t index)
{
	const char *module = variant->sites[index].module;

	for (size_t i = 0; module != NULL && i < index; i++) {
		if (variant->sites[i].module != NULL &&
		    module_name_equal(variant->sites[i].module, module))
			return NULL;
	}
	return module;
}

static int measure(const struct kernel *kernel, const char *module,
		   const struct type_requirement *type, uint64_t *out, struct fail *fail)
{
	struct type_member member;

	if (type->is_size)
		return types_size(kernel->types, module, type->name, out, fail);
	if (types_member(kernel->types, module, type->name, &member, fail) != 0)
		return -1;
	*out = member.offset;
	return 0;
}

/* Among the kernel's types, and where they are not there among those of the modules to change. */
static int find_type(const struct kernel *kernel, const struct variant *variant,
		     const struct type_requirement *type, uint64_t *out, struct fail *fail)
{
	struct fail ignored;	/* the kernel's answer is the one to give */

	if (measure(kernel, NULL, type, out, fail) == 0)
		return 0;
	for (size_t i = 0; i < variant->site_count; i++) {
		const char *module = module_of(variant, i);

		if (module != NULL && measure(kernel, module, type, out, &ignored) == 0)
			return 0;
	}
	return -1;
}

static int check_types(const struct kernel *kernel, const struct patch *patch,
		       const struct variant *variant, struct fail *fail)
{
	for (size_t i = 0; i < patch->requires.type_count; i++) {
		const struct type_requirement *type = &patch->requires.types[i];
		struct fail why;
		uint64_t found = 0;
		int known = find_type(kernel, variant, type, &found, &why);

		if (known == 0 && found == type->number)
			continue;
		begin(fail, patch, &type->place);
		fail_append(fail, "the patch requires %s %s 0x%" PRIx64 " (%" PRIu64 "), and ",
			    type->name, type->is_size ? "with a size of" : "at", type->number,
			    type->number);
		if (known == 0)
			fail_append(fail, "on %s it %s 0x%" PRIx64 " (%" PRIu64 ")", whose(kernel),
				    type->is_size ? "has" : "is at", found, found);
		else
			fail_append(fail, "whether that is so on %s is not known: %s", whose(kernel),
				    why.message);
		return -1;
	}
	return 0;
}

/* "" where it has none; -1: there is no such module. */
static int read_build_id(const struct kernel *kernel, const char *module,
			 char out[MODULE_BUILD_ID_MAX], struct fail *fail)
{
	const char *own = kernel->image == NULL ? NULL : elf_file_module(kernel->image);
	const char *build_id;

	out[0] = '\0';
	if (kernel->image == NULL) {
		if (kernel->modules != NULL && modules_find(kernel->modules, module) != NULL)
			return module_build_id(module, out, fail);
		return fail_set(fail, OUTCOME_GUARD, "module %s is not loaded, or built into the "
				"kernel: load it, modprobe %s, if it is one", module, module);
	}
	if (own == NULL || !module_name_equal(own, module))
		return fail_set(fail, OUTCOME_GUARD, "the image is not module %s", module);
	build_id = elf_file_build_id(kernel->image);
	if (build_id != NULL && strlen(build_id) < MODULE_BUILD_ID_MAX)
		memcpy(out, build_id, strlen(build_id) + 1);
	return 0;
}

static int check_build_id(const struct kernel *kernel, const struct patch *patch,
			  const char *module, struct fail *fail)
{
	const struct strings *wanted = &patch->requires.module_build_ids;
	char build_id[MODULE_BUILD_ID_MAX];
	struct fail why;
	int known = read_build_id(kernel, module, build_id, &why);

	for (size_t i = 0; known == 0 && i < wanted->count; i++) {
		if (strcmp(wanted->items[i], build_id) == 0)
			return 0;
	}
	begin(fail, patch, &patch->requires.module_build_ids_place);
	fail_append(fail, "the patch requires module %s with build-id", module);
	for (size_t i = 0; i < wanted->count; i++)
		fail_append(fail, "%s %s", i == 0 ? "" : " or", wanted->items[i]);
	if (known != 0)
		fail_append(fail, ", and %s", why.message);
	else if (build_id[0] == '\0')
		fail_append(fail, ", and it has none");
	else
		fail_append(fail, ", and it has %s", build_id);
	return -1;
}

int requirements_check(const struct kernel *kernel, const struct patch *patch,
		       const struct variant *variant, struct fail *fail)
{
	if (check_symbols(kernel, patch, fail) != 0 ||
	    check_types(kernel, patch, variant, fail) != 0)
		return -1;
	for (size_t i = 0; patch->requires.module_build_ids.count > 0 && i < variant->site_count;
	     i++) {
		const char *module = module_of(variant, i);

		if (module != NULL && check_build_id(kernel, patch, module, fail) != 0)
			return -1;
	}
	return 0;
}
