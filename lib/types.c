/* SPDX-License-Identifier: GPL-2.0-or-later */
/* types: whose types there are, and what is asked of them. */
#include "lib/types_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVE_DIRECTORY "/sys/kernel/btf/"

struct module_layer {
	char name[64];
	uint64_t identity;
	struct layer *layer;
};

struct types {
	bool live;
	struct layer *kernel;		/* NULL: none, or not read yet */
	struct layer *image;		/* the file's own; NULL: none, or not read yet */
	const struct elf_file *file;	/* where those are still to be read; NULL: nowhere */
	char *path;			/* of that file */
	char *missing;			/* why a file has none */
	struct module_layer *modules;	/* what was read so far, of the running kernel's */
	size_t module_count;
};

int types_create_live(struct types **out, struct fail *fail)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return fail_memory(fail, "the kernel's types");
	(*out)->live = true;
	return 0;
}

void types_destroy(struct types *types)
{
	if (types == NULL)
		return;
	for (size_t i = 0; i < types->module_count; i++)
		layer_destroy(types->modules[i].layer);
	free(types->modules);
	layer_destroy(types->image);
	layer_destroy(types->kernel);
	free(types->missing);
	free(types->path);
	free(types);
}

void types_renew(struct types *types, const struct modules *modules)
{
	size_t kept = 0;

	for (size_t i = 0; i < types->module_count; i++) {
		struct module_layer *module = &types->modules[i];
		struct fail fail;
		uint64_t identity;

		if (modules_find(modules, module->name) != NULL &&
		    module_identity(module->name, &identity, &fail) == 0 &&
		    identity == module->identity)
			types->modules[kept++] = *module;
		else
			layer_destroy(module->layer);
	}
	types->module_count = kept;
}

/* ---- of a file ---- */

static int missing_set(struct types *types, const char *path, const char *why, struct fail *fail)
{
	if (asprintf(&types->missing, "%s %s", path, why) >= 0)
		return 0;
	types->missing = NULL;
	return fail_memory(fail, path);
}

static int image_load(struct types *types, struct fail *fail)
{
	const struct elf_file *image = types->file;
	const char *path = types->path;
	const struct elf_section *section = elf_file_section(image, ".BTF");
	bool has = section != NULL && section->data != NULL && section->size > 0;
	bool split = has && layer_is_split(section->data, section->size);

	if (!has && types->kernel == NULL)
		return missing_set(types, path, "has no type information (.BTF), and none was given: "
				   "give --btf with the kernel's vmlinuz, or write numbers or * for "
				   "what depends on types", fail);
	if (split && types->kernel == NULL)
		return missing_set(types, path, "has type information that goes on from that of its "
				   "kernel: give --btf with the kernel's vmlinuz", fail);
	/* With it what is in .BTF goes on from a shortened copy of the kernel's types (Linux 6.11,
	 * for modules built apart from the kernel's tree). */
	if (!has || (split && elf_file_section(image, ".BTF.base") != NULL))
		return 0;
	return layer_create(section->data, section->size, split ? types->kernel : NULL, path,
			    elf_file_architecture(image) == ARCH_I386 ? 4 : 8, &types->image, fail);
}

static int image_read(struct types *types, struct fail *fail)
{
	if (types->file != NULL && image_load(types, fail) != 0)
		return -1;
	types->file = NULL;
	return 0;
}

static int base_load(struct types *types, const struct elf_file *image, const uint8_t *base,
		     size_t base_size, const char *base_path, struct fail *fail)
{
	unsigned pointer = image == NULL ? 0 : elf_file_architecture(image) == ARCH_I386 ? 4 : 8;

	if (layer_is_split(base, base_size))
		return fail_set(fail, OUTCOME_ERROR, "%s: its types go on from those of its kernel, "
				"as a module's do: give the kernel's vmlinuz", base_path);
	return layer_create(base, base_size, NULL, base_path, pointer, &types->kernel, fail);
}

int types_create_image(const struct elf_file *image, const char *path, const uint8_t *base,
		       size_t base_size, const char *base_path, struct types **out,
		       struct fail *fail)
{
	struct types *types = calloc(1, sizeof(*types));

	*out = NULL;
	if (types == NULL)
		return fail_memory(fail, "a file's types");
	types->file = image;
	types->path = strdup(path == NULL ? "" : path);
	if (types->path == NULL) {
		types_destroy(types);
		return fail_memory(fail, "a file's types");
	}
	/* whoever gives a base is told at once that it is the wrong one */
	if (base != NULL && (base_load(types, image, base, base_size, base_path, fail) != 0 ||
			     image_read(types, fail) != 0)) {
		types_destroy(types);
		return -1;
	}
	*out = types;
	return 0;
}

/* ---- of the running kernel ---- */

/* 1: there is no such file. */
static int live_read(const char *name, const struct layer *base, struct layer **out,
		     struct fail *fail)
{
	CLEANUP_FREE uint8_t *data = NULL;
	CLEANUP_CLOSE int fd = -1;
	char path[sizeof(LIVE_DIRECTORY) + 64];
	size_t size;

	(void)snprintf(path, sizeof(path), LIVE_DIRECTORY "%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0)
		return fail_errno(fail, errno, "%s: cannot open it", path);
	if (types_read(fd, path, &data, &size, fail) != 0)
		return -1;
	return layer_create(data, size, base, path, 0, out, fail);
}

static int live_kernel(struct types *types, struct fail *fail)
{
	int result = types->kernel != NULL ? 0 :
		     live_read("vmlinux", NULL, &types->kernel, fail);

	if (result > 0)
		return fail_set(fail, OUTCOME_NOT_FOUND, "the running kernel has no type "
				"information (" LIVE_DIRECTORY "vmlinux does not exist: it was "
				"built without CONFIG_DEBUG_INFO_BTF): write numbers or * for what "
				"depends on types");
	if (result < 0) {
		fail->code = OUTCOME_NOT_FOUND;
		fail_append(fail, "\nwithout it the running kernel's types are not known: write "
			    "numbers or * for what depends on them");
	}
	return result;
}

/* The kernel's name for the module; false: it is no name of one. */
static bool module_name(const char *module, char out[64])
{
	size_t length = strlen(module);

	if (length == 0 || length >= 64 || strcmp(module, "vmlinux") == 0)
		return false;
	memcpy(out, module, length + 1);
	for (char *dash = out; (dash = strchr(dash, '-')) != NULL;)
		*dash = '_';
	return strspn(out, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		      "0123456789_") == length;
}

/* A module that has none, or is not loaded, or built into the kernel, has the kernel's. */
static int live_module(struct types *types, const char *name, const struct layer **out,
		       struct fail *fail)
{
	struct module_layer *modules, added = { .layer = NULL };
	int result;

	for (size_t i = 0; i < types->module_count; i++) {
		if (strcmp(types->modules[i].name, name) == 0) {
			*out = types->modules[i].layer;
			return 0;
		}
	}
	if (module_identity(name, &added.identity, fail) != 0)
		return -1;
	result = live_read(name, types->kernel, &added.layer, fail);
	if (result != 0) {
		*out = types->kernel;
		fail->code = OUTCOME_NOT_FOUND;
		return result > 0 ? 0 : -1;
	}
	modules = reallocarray(types->modules, types->module_count + 1, sizeof(*modules));
	if (modules == NULL) {
		layer_destroy(added.layer);
		return fail_memory(fail, name);
	}
	(void)snprintf(added.name, sizeof(added.name), "%s", name);
	types->modules = modules;
	types->modules[types->module_count++] = added;
	*out = added.layer;
	return 0;
}

int types_layer(struct types *types, const char *module, const struct layer **out,
		struct fail *fail)
{
	char name[64];

	if (types->live) {
		if (live_kernel(types, fail) != 0)
			return -1;
		*out = types->kernel;
		return module != NULL && module_name(module, name) ?
		       live_module(types, name, out, fail) : 0;
	}
	/* most patches ask nothing of an image's types, and to read those takes long */
	if (image_read(types, fail) != 0)
		return -1;
	*out = types->image != NULL ? types->image : types->kernel;
	if (*out == NULL)
		return fail_set(fail, OUTCOME_NOT_FOUND, "%s", types->missing == NULL ?
				"no types are known: give --btf with a kernel's vmlinuz" :
				types->missing);
	return 0;
}
