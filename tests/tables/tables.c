/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tables FILE.ko: every entry of its tables as lib/table reads them, as "SECTION+OFFSET KIND". */
#include <inttypes.h>
#include <stdio.h>

#include "table.h"

int main(int argc, char **argv)
{
	struct target *target;
	struct elf_file *elf;
	struct table table;
	struct fail fail;

	if (argc != 2)
		return 2;
	if (elf_file_open(argv[1], &elf, &fail) != 0 ||
	    target_open_image(elf, argv[1], NULL, &target, &fail) != 0 ||
	    table_load(target, NULL, elf, NULL, &table, &fail) != 0) {
		fprintf(stderr, "%s\n", fail.message);
		return 1;
	}
	for (size_t i = 0; i < table.count; i++) {
		const struct table_entry *entry = &table.entries[i];
		const struct elf_section *text = elf_file_section_at(elf, entry->address);

		printf("%s+0x%" PRIx64 " %s\n", text->name, entry->address - text->address,
		       owner_name(entry->kind));
	}
	table_deinit(&table);
	target_close(target);
	elf_file_close(elf);
	return 0;
}
