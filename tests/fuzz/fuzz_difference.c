/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_difference: two object files from anywhere (libFuzzer), the first of as many bytes as the
 * first four say: whatever they say, comparing them ends, and each change it names lies in its
 * function, keeps its length and is whole instructions. */
#include <stdlib.h>
#include <string.h>

#include "difference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool right)
{
	if (!right)
		abort();
}

struct opened {
	struct elf_file *elf;
	struct symtab *symtab;
	struct target *target;
	struct decoder *decoder;
};

static void closed(struct opened *opened)
{
	decoder_destroy(opened->decoder);
	target_close(opened->target);
	symtab_destroy(opened->symtab);
	elf_file_close(opened->elf);
}

static bool open_bytes(const uint8_t *data, size_t size, const char *path, struct opened *out)
{
	uint8_t *copy = malloc(size + 1);
	struct fail fail;

	need(copy != NULL);
	memcpy(copy, data, size);
	return elf_file_open_bytes(path, copy, size, &out->elf, &fail) == 0 &&
	       symtab_load_elf(out->elf, &out->symtab, &fail) == 0 &&
	       target_open_image(out->elf, path, NULL, &out->target, &fail) == 0 &&
	       decoder_create(elf_file_architecture(out->elf), &out->decoder, &fail) == 0;
}

static void check(const struct difference *difference)
{
	uint64_t end = 0;

	need(difference->function != NULL && difference->message != NULL &&
	     difference->message[0] != '\0');
	for (size_t i = 0; i < difference->change_count; i++) {
		const struct change *change = &difference->changes[i];

		need(change->old.length == change->replacement.length && change->old.length > 0 &&
		     change->old.length <= BYTES_MAX && change->count > 0 && change->new_count > 0);
		need(change->offset >= end &&
		     change->offset + change->old.length <= difference->old_size);
		need(bytes_equal(&change->old, &change->replacement) == (change->target != NULL));
		need(change->target == NULL || (change->target[0] != '\0' && change->count == 1));
		end = change->offset + change->old.length;
	}
}

static void compare(struct opened *old, struct opened *new)
{
	const struct object a = { old->elf, old->symtab, old->target, old->decoder, "old" };
	const struct object b = { new->elf, new->symtab, new->target, new->decoder, "new" };
	struct differences differences;
	struct fail fail;

	if (objects_compare(&a, &b, NULL, &differences, &fail) != 0) {
		need(fail.message[0] != '\0');
		return;
	}
	for (size_t i = 0; i < differences.count; i++)
		check(&differences.items[i]);
	differences_deinit(&differences);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct opened old = { .elf = NULL }, new = { .elf = NULL };
	uint32_t first;

	if (size < sizeof(first) || size > 256 * 1024)
		return 0;
	memcpy(&first, data, sizeof(first));
	data += sizeof(first);
	size -= sizeof(first);
	if (first > size)
		first = (uint32_t)size;
	if (open_bytes(data, first, "old", &old) &&
	    open_bytes(data + first, size - first, "new", &new))
		compare(&old, &new);
	closed(&new);
	closed(&old);
	return 0;
}
