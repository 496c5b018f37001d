/* SPDX-License-Identifier: GPL-2.0-or-later */
/* drift: the command. */
#include "drift.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "patch_head.h"

#define RUNNING_BTF "/sys/kernel/btf/vmlinux"

static void drift_deinit(struct drift *drift)
{
	for (size_t i = 0; i < drift->use_count; i++)
		free(drift->uses[i].reason);
	free(drift->uses);
	free(drift->patch);
	layout_drift_deinit(&drift->layouts);
	layouts_close(drift->object);
	layouts_close(drift->kernel);
	image_deinit(&drift->image);
}

/* Raw BTF; *out NULL: the file is something else. */
static int raw_read(const char *path, uint8_t **out, size_t *size, struct fail *fail)
{
	/* O_NONBLOCK: a FIFO shall be refused, not waited for */
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return fail_errno(fail, errno, "%s: cannot open it", path);
	return types_read(fd, path, out, size, fail);
}

/* A file's own; `base` may be taken from it, for the object's split BTF. */
static int kernel_read(const char *path, struct layouts **out, uint8_t **base, size_t *base_size,
		       struct fail *fail)
{
	const struct elf_section *section;
	struct elf_file *elf;
	int result;

	if (raw_read(path, base, base_size, fail) != 0)
		return -1;
	if (*base != NULL)
		return layouts_open_btf(*base, *base_size, path, NULL, 0, NULL, out, fail);
	if (image_elf_open(path, &elf, fail) != 0)
		return -1;
	result = layouts_open(elf, path, NULL, 0, out, fail);
	section = elf_file_section(elf, ".BTF");
	if (result == 0 && !elf_file_relocatable(elf) && section != NULL &&
	    section->data != NULL && section->size <= TYPES_SIZE_MAX) {
		*base = malloc(section->size + 1);
		*base_size = section->size;
		if (*base == NULL)
			result = fail_memory(fail, path);
		else
			memcpy(*base, section->data, section->size);
	}
	elf_file_close(elf);
	return result;
}

static int layouts_read(const struct options *options, const char *path, struct drift *drift,
			struct fail *fail)
{
	bool running = options->against == NULL || strcmp(options->against, "running") == 0;
	CLEANUP_FREE uint8_t *base = NULL, *given = NULL;
	size_t base_size = 0, given_size = 0;

	if (options->btf != NULL && btf_file_read(options->btf, &given, &given_size, fail) != 0)
		return -1;
	if (kernel_read(running ? RUNNING_BTF : options->against, &drift->kernel, &base, &base_size,
			fail) != 0) {
		if (running)
			fail_append(fail, "\nthe running kernel does not tell its types: give "
				    "--against FILE, a vmlinux, vmlinuz or .ko of it");
		return -1;
	}
	if (layouts_open(drift->image.elf, path, given != NULL ? given : base,
			 given != NULL ? given_size : base_size, &drift->object, fail) == 0)
		return 0;
	if (fail->code == OUTCOME_NOT_FOUND && given == NULL)
		fail_append(fail, "\nwhere its types go on from those of another kernel, give that "
				  "with --btf");
	return -1;
}

/* Whether they have a member of one name: else it is another type that has the same one by
 * chance. */
static bool is_related(const struct aggregate_drift *drift)
{
	for (size_t i = 0; i < drift->object->member_count; i++) {
		for (size_t j = 0; j < drift->kernel->member_count; j++) {
			if (strcmp(drift->object->members[i].name,
				   drift->kernel->members[j].name) == 0)
				return true;
		}
	}
	return false;
}

static void unrelated_drop(struct layout_drift *layouts)
{
	size_t kept = 0;

	for (size_t i = 0; i < layouts->count; i++) {
		if (is_related(&layouts->items[i]))
			layouts->items[kept++] = layouts->items[i];
		else
			free(layouts->items[i].members);
	}
	layouts->count = kept;
}

static int drift_make(const struct options *options, const char *path, struct drift *drift,
		      struct fail *fail)
{
	struct options plain = { .release = options->release };

	if (image_open(&plain, path, &drift->image, fail) != 0)
		return fail->code != OUTCOME_NOT_FOUND ? -1 :
		       fail_set(fail, OUTCOME_NOT_FOUND, "%s: it has no symbols, so nothing says "
				"where its functions are", path);
	if (!elf_file_relocatable(drift->image.elf))
		return fail_set(fail, OUTCOME_ERROR, "%s: it is no object file (.o, .ko), whose "
				"relocations are needed", path);
	if (layouts_read(options, path, drift, fail) != 0 ||
	    layouts_compare(drift->object, drift->kernel, &drift->layouts, fail) != 0)
		return -1;
	unrelated_drop(&drift->layouts);
	if (drift_find(drift, fail) != 0)
		return -1;
	return options->patch ? drift_patch(options, drift, fail) : 0;
}

static int drift_show(const struct options *options, const struct drift *drift, struct fail *fail)
{
	json_t *json;

	if (!options->json) {
		drift_print(options->patch ? stderr : stdout, drift);
		if (options->patch && drift->patch != NULL)
			(void)fputs(drift->patch, stdout);
		return 0;
	}
	json = drift_json(drift);
	if (json == NULL)
		return fail_memory(fail, "the report");
	json_print(json);
	json_decref(json);
	return 0;
}

int command_drift(const struct options *options, int count, char **arguments)
{
	CLEANUP(drift_deinit) struct drift drift = { .object = NULL };
	struct wait wait;
	struct fail fail;
	int result;

	(void)count;
	result = patch_names_check(options);
	if (result != 0)
		return result;
	wait_begin(&wait, "comparing the object's types with the kernel's");
	result = drift_make(options, arguments[0], &drift, &fail);
	wait_end(&wait);
	if (result != 0 || drift_show(options, &drift, &fail) != 0)
		return fail_print(options, NULL, &fail);
	return drift.layouts.count == 0 ? 0 : outcome_status(OUTCOME_MISMATCH);
}
