/* SPDX-License-Identifier: GPL-2.0-or-later */
/* layouts OBJECT KERNEL: what layouts_compare() says of two object files, for layouts.t. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "layouts.h"

static struct layouts *load(const char *path, struct elf_file **elf)
{
	struct layouts *layouts;
	struct fail fail;

	if (elf_file_open(path, elf, &fail) != 0 ||
	    layouts_open(*elf, path, NULL, 0, &layouts, &fail) != 0) {
		fprintf(stderr, "%s\n", fail.message);
		exit(1);
	}
	return layouts;
}

/* "0x4, 4 bytes", "0x4 bit 3, 5 bits", "none" */
static void print_place(const struct aggregate_member *member)
{
	if (member == NULL)
		printf("none");
	else if (member->bit_size != 0)
		printf("0x%" PRIx64 " bit %" PRIu64 ", %" PRIu64 " bits", member->bit_offset / 8,
		       member->bit_offset % 8, member->bit_size);
	else
		printf("0x%" PRIx64 ", %" PRIu64 " bytes", member->bit_offset / 8,
		       member->value.size);
}

static void print_drift(const struct aggregate_drift *drift)
{
	printf("%s %s: %" PRIu64 " -> %" PRIu64 " bytes\n", drift->object->is_union ? "union" :
	       "struct", drift->object->name, drift->object->size, drift->kernel->size);
	for (size_t i = 0; i < drift->member_count; i++) {
		const struct member_drift *member = &drift->members[i];

		printf("\t%s: ", (member->object == NULL ? member->kernel : member->object)->name);
		print_place(member->object);
		printf(" -> ");
		print_place(member->kernel);
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	struct elf_file *files[2];
	struct layouts *object, *kernel;
	struct layout_drift drift;
	struct fail fail;

	if (argc != 3) {
		fprintf(stderr, "usage: layouts OBJECT KERNEL\n");
		return 2;
	}
	object = load(argv[1], &files[0]);
	kernel = load(argv[2], &files[1]);
	if (layouts_compare(object, kernel, &drift, &fail) != 0) {
		fprintf(stderr, "%s\n", fail.message);
		return 1;
	}
	fprintf(stderr, "%s, %s: %zu compared\n", layouts_format_name(layouts_format(object)),
		layouts_format_name(layouts_format(kernel)), drift.compared);
	for (size_t i = 0; i < drift.count; i++)
		print_drift(&drift.items[i]);
	layout_drift_deinit(&drift);
	layouts_close(object);
	layouts_close(kernel);
	elf_file_close(files[0]);
	elf_file_close(files[1]);
	return 0;
}
