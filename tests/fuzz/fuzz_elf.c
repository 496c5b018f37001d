/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_elf: an ELF image from anywhere (libFuzzer): whatever it says, no byte outside the file is
 * touched, and what is read of it is inside; sections are relocated, and tables are read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symtab.h"
#include "table.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each symbol's bytes, so far as the image has them, through the target. */
static void read_symbols(const struct elf_file *elf, const struct symtab *symtab)
{
	struct target *target;
	struct fail fail;
	uint8_t bytes[256];

	if (target_open_image(elf, "fuzz", NULL, &target, &fail) != 0)
		return;
	for (size_t i = 0; i < symtab_count(symtab) && i < 1000; i++) {
		const struct symbol *symbol = symtab_item(symtab, i);
		size_t length = symbol->size < sizeof(bytes) ? symbol->size : sizeof(bytes);

		if (symtab_next(symtab, symbol->name, NULL) == NULL)
			abort();
		if (symbol->size > 0 && symtab_at(symtab, symbol->address) == NULL)
			abort();
		if (length > 0 &&
		    target_read(target, symbol->address, bytes, length, "a symbol", &fail) != 0 &&
		    fail.address != symbol->address)
			abort();
	}
	target_close(target);
}

/* The tables, whose sections are relocated first: what they name is text of the file. */
static void read_tables(const struct elf_file *elf, const struct symtab *symtab)
{
	struct target *target;
	struct table table;
	struct fail fail;

	if (target_open_image(elf, "fuzz", NULL, &target, &fail) != 0)
		return;
	if (table_load(target, symtab, elf, NULL, &table, &fail) == 0) {
		for (size_t i = 0; i < table.count; i++) {
			if (elf_file_section_at(elf, table.entries[i].address) == NULL)
				abort();
		}
		table_deinit(&table);
	}
	target_close(target);
}

static void open_image(const char *path)
{
	struct elf_file *elf;
	struct symtab *symtab;
	struct fail fail;

	if (elf_file_open(path, &elf, &fail) != 0)
		return;
	if (elf_file_release(elf) != NULL && strlen(elf_file_release(elf)) > 127)
		abort();
	if (elf_file_build_id(elf) != NULL && strlen(elf_file_build_id(elf)) > 64)
		abort();
	if (symtab_load_elf(elf, &symtab, &fail) == 0) {
		read_symbols(elf, symtab);
		read_tables(elf, symtab);
		symtab_destroy(symtab);
	} else if (elf_file_relocatable(elf)) {
		read_tables(elf, NULL);
	}
	elf_file_close(elf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	open_image(path);
	(void)close(fd);
	return 0;
}
