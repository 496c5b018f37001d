/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fault_image.h"

#ifdef PATCHERD_FAULTS

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "types.h"

struct image {
	struct target target;
	struct target *elf_target;	/* knows what the file is */
	struct elf_file *elf;
	const uint8_t *copy;		/* the file as it was opened, which `elf` owns */
	uint8_t *map;			/* the file itself: what is stored outlives a kill */
	size_t size;
};

static uint8_t *place(const struct image *image, uint64_t address, size_t length)
{
	const uint8_t *bytes = elf_file_bytes(image->elf, address, length);

	return bytes == NULL ? NULL : image->map + (bytes - image->copy);
}

static int image_read(struct target *target, uint64_t address, void *buffer, size_t length,
		      const char *what, struct fail *fail)
{
	struct image *image = (struct image *)target;
	const uint8_t *bytes = place(image, address, length);

	if (bytes == NULL)
		return target_read(image->elf_target, address, buffer, length, what, fail);
	memcpy(buffer, bytes, length);
	return 0;
}

static int image_reference(struct target *target, uint64_t address, uint64_t *out,
			   struct fail *fail)
{
	return target_reference(((struct image *)target)->elf_target, address, out, fail);
}

/* As patcher_kmem does inside its stop: no system call, and so no kill at one, between two stores. */
static int image_write(struct target *target, const struct target_change *changes, size_t count,
		       struct target_report *report, struct fail *fail)
{
	struct image *image = (struct image *)target;

	for (size_t i = 0; i < count; i++) {
		const uint8_t *bytes = place(image, changes[i].address, changes[i].length);

		if (bytes != NULL && memcmp(bytes, changes[i].expected, changes[i].length) == 0)
			continue;
		report->failed = i;
		return fail_at(fail, OUTCOME_MISMATCH, changes[i].address,
			       "the image holds other bytes there");
	}
	for (size_t i = 0; i < count; i++)
		memcpy(place(image, changes[i].address, changes[i].length), changes[i].replacement,
		       changes[i].length);
	report->written = true;
	return 0;
}

static void image_close(struct target *target)
{
	struct image *image = (struct image *)target;

	target_close(image->elf_target);
	elf_file_close(image->elf);
	if (image->map != NULL)
		(void)munmap(image->map, image->size);
	free(image);
}

static const struct target_ops image_ops = {
	.read = image_read,
	.reference = image_reference,
	.write = image_write,
	.close = image_close,
};

static int map_file(struct image *image, const char *path, struct fail *fail)
{
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat status;
	void *map;

	if (fd < 0 || fstat(fd, &status) < 0)
		return fail_errno(fail, errno, "cannot open %s", path);
	map = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return fail_errno(fail, errno, "cannot map %s", path);
	image->map = map;
	image->size = (size_t)status.st_size;
	return 0;
}

static int image_open(struct image *image, const char *path, struct fail *fail)
{
	uint8_t *copy;

	if (map_file(image, path, fail) < 0)
		return -1;
	copy = malloc(image->size);
	if (copy == NULL)
		return fail_memory(fail, path);
	memcpy(copy, image->map, image->size);
	image->copy = copy;
	if (elf_file_open_bytes(path, copy, image->size, &image->elf, fail) < 0 ||
	    target_open_image(image->elf, path, NULL, &image->elf_target, fail) < 0)
		return -1;
	image->target.info = image->elf_target->info;
	image->target.info.writable = image->target.info.stops = true;
	return 0;
}

int fault_image_open(struct live *live, struct fail *fail)
{
	const char *path = getenv("PATCHERD_IMAGE");
	struct image *image;

	if (live->target != NULL)
		return 0;
	image = calloc(1, sizeof(*image));
	if (image == NULL)
		return fail_memory(fail, path);
	image->target.ops = &image_ops;
	if (image_open(image, path, fail) < 0) {
		image_close(&image->target);
		return -1;
	}
	live->target = &image->target;
	return 0;
}

int fault_image_refresh(struct live *live, struct fail *fail)
{
	const struct elf_file *elf;

	if (fault_image_open(live, fail) < 0)
		return -1;
	elf = ((struct image *)live->target)->elf;
	if (live->decoder == NULL &&
	    decoder_create(live->target->info.architecture, &live->decoder, fail) < 0)
		return -1;
	if (live->symtab == NULL && symtab_load_elf(elf, &live->symtab, fail) < 0)
		return -1;
	if (live->hazards == NULL && hazards_create(&live->hazards, fail) < 0)
		return -1;
	if (live->types == NULL &&
	    types_create_image(elf, live->target->info.path, NULL, 0, NULL, &live->types, fail) < 0)
		return -1;
	if (live->digests == NULL && digests_create(&live->digests, fail) < 0)
		return -1;
	digests_forget(live->digests);
	live->kernel = (struct kernel) {
		.target = live->target, .symtab = live->symtab, .hazards = live->hazards,
		.image = elf, .types = live->types, .digests = live->digests,
		.decoder = live->decoder,
	};
	return 0;
}

#endif
