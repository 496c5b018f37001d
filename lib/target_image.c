/* SPDX-License-Identifier: GPL-2.0-or-later */
/* target_image: an ELF file in place of a kernel. Read only. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

struct target_image {
	struct target target;
	const struct elf_file *elf;
	struct elf_references *references;	/* NULL: not asked for yet */
};

static int image_read(struct target *target, uint64_t address, void *buffer, size_t length,
		      const char *what, struct fail *fail)
{
	const struct elf_file *elf = ((struct target_image *)target)->elf;
	const uint8_t *bytes = elf_file_bytes(elf, address, length);
	const struct elf_section *section;
	bool zeros;

	if (bytes != NULL) {
		memcpy(buffer, bytes, length);
		return 0;
	}
	section = elf_file_section_at(elf, address);
	if (section == NULL)
		return fail_at(fail, OUTCOME_ERROR, address, "%s: %s: no section of the image has "
			       "the address 0x%" PRIx64, target->info.path, what, address);
	/* elf(5): it has none, and starts as zeros */
	zeros = section->data == NULL && strncmp(section->name, ".bss", 4) == 0;
	if (zeros && length <= section->size - (address - section->address)) {
		memset(buffer, 0, length);
		return 0;
	}
	if (section->data == NULL && !zeros)
		return fail_at(fail, OUTCOME_ERROR, address, "%s: %s: 0x%" PRIx64 " lies in %s, "
			       "which has no bytes in the image", target->info.path, what, address,
			       section->name);
	return fail_at(fail, OUTCOME_ERROR, address, "%s: %s: %zu bytes at 0x%" PRIx64 " go past "
		       "the end of %s, at 0x%" PRIx64, target->info.path, what, length, address,
		       section->name, section->address + section->size);
}

static int image_reference(struct target *target, uint64_t address, uint64_t *out,
			   struct fail *fail)
{
	struct target_image *image = (struct target_image *)target;

	if (image->references == NULL &&
	    elf_references_load(image->elf, &image->references, fail) != 0)
		return -1;
	return elf_references_find(image->references, address, out);
}

static void image_close(struct target *target)
{
	elf_references_destroy(((struct target_image *)target)->references);
	free(target);
}

static const struct target_ops image_ops = {
	.read = image_read,
	.reference = image_reference,
	.close = image_close,
};

int target_open_image(const struct elf_file *elf, const char *path, const char *release,
		      struct target **out, struct fail *fail)
{
	struct target_image *image = calloc(1, sizeof(*image));
	const char *build_id = elf_file_build_id(elf);

	*out = NULL;
	if (image == NULL)
		return fail_memory(fail, "the image");
	image->elf = elf;
	image->target.ops = &image_ops;

	struct target_info *info = &image->target.info;

	info->kind = "image";
	(void)snprintf(info->path, sizeof(info->path), "%s", path);
	info->architecture = elf_file_architecture(elf);
	if (release == NULL)
		release = elf_file_release(elf) != NULL ? elf_file_release(elf) : "";
	if (strlen(release) >= sizeof(info->release)) {
		image_close(&image->target);
		return fail_set(fail, OUTCOME_ERROR, "a kernel release of %zu characters cannot be",
				strlen(release));
	}
	(void)snprintf(info->release, sizeof(info->release), "%s", release);
	/* A module has a build-id of its own, which is not the kernel's. */
	if (build_id != NULL && !elf_file_relocatable(elf))
		(void)snprintf(info->build_id, sizeof(info->build_id), "%s", build_id);
	*out = &image->target;
	return 0;
}
