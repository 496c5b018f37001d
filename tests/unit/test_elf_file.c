/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <sys/stat.h>

#include "elf_file.h"
#include "tests/unit/elf_fixture.h"
#include "tests/unit/file_fixture.h"

static struct elf_file *open_fixture(const struct elf_fixture *image)
{
	struct file file = file_make(image, sizeof(*image));
	struct elf_file *elf;
	struct fail fail;

	if (elf_file_open(file.path, &elf, &fail) != 0)
		fail_msg("%s", fail.message);
	file_close(&file);
	return elf;
}

static int count_symbols(const struct elf_symbol *symbol, void *data, struct fail *fail)
{
	(void)fail;
	assert_non_null(symbol->name);
	assert_true(strlen(symbol->name) > 0);
	++*(int *)data;
	return 0;
}

/* Opens an image that may be damaged, and looks at all there is in it: what it says does not
 * matter, but nothing outside of it may be touched. */
static bool survives(const void *image, size_t length, struct fail *fail)
{
	struct file file = file_make(image, length);
	struct elf_file *elf;
	int symbols = 0;
	bool good = elf_file_open(file.path, &elf, fail) == 0;

	if (good) {
		good = elf_file_symbols(elf, count_symbols, &symbols, fail) == 0;
		for (uint64_t page = 0; page < 64; page++) {
			const uint8_t *bytes = elf_file_bytes(elf, 0x10000 + page * 64, 16);

			if (bytes != NULL)
				assert_true(bytes[0] + bytes[15] >= 0);
		}
		(void)elf_file_section(elf, ".text");
		assert_true(elf_file_release(elf) == NULL || strlen(elf_file_release(elf)) < 128);
		assert_true(elf_file_module(elf) == NULL || strlen(elf_file_module(elf)) < 128);
	}
	elf_file_close(elf);
	file_close(&file);
	return good;
}

static void a_kernel_lies_where_its_file_says(void **state)
{
	struct elf_fixture image;
	struct elf_file *elf;

	(void)state;
	fixture_make(&image, false);
	elf = open_fixture(&image);
	assert_int_equal(elf_file_architecture(elf), ARCH_X86_64);
	assert_false(elf_file_relocatable(elf));
	assert_null(elf_file_module(elf));
	assert_string_equal(elf_file_release(elf), "6.1.0-test");
	assert_string_equal(elf_file_build_id(elf), FIXTURE_BUILD_ID);
	assert_memory_equal(elf_file_bytes(elf, FIXTURE_TEXT + 0x54, 2), "\x54\x55", 2);
	assert_string_equal(elf_file_section_at(elf, FIXTURE_RODATA)->name, ".rodata");
	assert_ptr_equal(elf_file_section(elf, ".rodata"),
			 elf_file_section_at(elf, FIXTURE_RODATA));
	assert_null(elf_file_section(elf, ".none"));
	elf_file_close(elf);
}

static void bytes_are_only_those_of_one_section(void **state)
{
	struct elf_fixture image;
	struct elf_file *elf;

	(void)state;
	fixture_make(&image, false);
	elf = open_fixture(&image);
	assert_non_null(elf_file_bytes(elf, FIXTURE_TEXT + 255, 1));
	assert_null(elf_file_bytes(elf, FIXTURE_TEXT + 255, 2));
	assert_null(elf_file_bytes(elf, FIXTURE_TEXT + 256, 1));
	assert_null(elf_file_bytes(elf, FIXTURE_TEXT - 1, 1));
	assert_null(elf_file_bytes(elf, FIXTURE_TEXT + 1, SIZE_MAX));
	assert_null(elf_file_bytes(elf, 0, 1)); /* .debug_info is at 0, and not in memory */
	assert_non_null(elf_file_section_at(elf, FIXTURE_BSS + 63));
	assert_null(elf_file_bytes(elf, FIXTURE_BSS, 1));
	elf_file_close(elf);
}

static void a_module_lies_section_behind_section_and_not_at_0(void **state)
{
	struct elf_fixture image;
	struct elf_file *elf;

	(void)state;
	fixture_make(&image, true);
	elf = open_fixture(&image);
	assert_true(elf_file_relocatable(elf));
	assert_string_equal(elf_file_module(elf), "nfs");
	assert_string_equal(elf_file_release(elf), "6.1.0-56-cloud-amd64");

	const struct elf_section *text = elf_file_section(elf, ".text");
	const struct elf_section *rodata = elf_file_section(elf, ".rodata");

	assert_true(text->address >= 0x10000);
	assert_int_equal(text->address % 64, 0);
	assert_true(rodata->address >= text->address + text->size);
	assert_int_equal(rodata->address % 4096, 0);
	assert_ptr_equal(elf_file_section_at(elf, text->address + 255), text);
	assert_memory_equal(elf_file_bytes(elf, text->address + 7, 1), "\x07", 1);
	elf_file_close(elf);
}

struct seen {
	const struct elf_file *elf;
	int count;
	bool function, absolute, counter;
};

static int look_at_symbol(const struct elf_symbol *symbol, void *data, struct fail *fail)
{
	struct seen *seen = data;

	(void)fail;
	seen->count++;
	if (strcmp(symbol->name, "nfs_flock") == 0) {
		const struct elf_section *text = elf_file_section(seen->elf, ".text");

		seen->function = symbol->address == text->address + 0x40 && symbol->size == 0x60 &&
				 symbol->section == text && symbol->type == STT_FUNC &&
				 symbol->binding == STB_LOCAL;
	}
	if (strcmp(symbol->name, "absolute") == 0)
		seen->absolute = symbol->address == 0x1234 && symbol->section == NULL;
	if (strcmp(symbol->name, "counter") == 0)
		seen->counter = symbol->section->data == NULL;
	return 0;
}

static void symbols_are_those_defined_in_memory(void **state)
{
	struct elf_fixture image;
	struct fail fail;

	(void)state;
	for (int module = 0; module < 2; module++) {
		fixture_make(&image, module);

		struct seen seen = { .elf = open_fixture(&image) };

		assert_int_equal(elf_file_symbols(seen.elf, look_at_symbol, &seen, &fail), 0);
		/* not the null one, the undefined, the file's and the debug section's */
		assert_int_equal(seen.count, Y_COUNT - 4);
		assert_true(seen.function && seen.absolute && seen.counter);
		elf_file_close((struct elf_file *)seen.elf);
	}
}

static int stop_at_once(const struct elf_symbol *symbol, void *data, struct fail *fail)
{
	(void)symbol;
	(void)fail;
	++*(int *)data;
	return 42;
}

static void a_callback_ends_the_walk_with_its_result(void **state)
{
	struct elf_fixture image;
	struct elf_file *elf;
	struct fail fail;
	int calls = 0;

	(void)state;
	fixture_make(&image, false);
	elf = open_fixture(&image);
	assert_int_equal(elf_file_symbols(elf, stop_at_once, &calls, &fail), 42);
	assert_int_equal(calls, 1);
	elf_file_close(elf);
}

/* A field of the image, what is put there, and a part of the message. */
struct damage {
	size_t offset;
	size_t size;
	uint64_t value;
	bool module;
	const char *message;
};
#define FIELD(member)										\
	offsetof(struct elf_fixture, member), sizeof(((struct elf_fixture *)0)->member)

static const struct damage damages[] = {
	{ FIELD(header.e_ident[0]), 0, false, "not an ELF file" },
	{ FIELD(header.e_ident[EI_CLASS]), ELFCLASS32, false, "another architecture" },
	{ FIELD(header.e_ident[EI_CLASS]), 7, false, "damaged ELF header" },
	{ FIELD(header.e_machine), EM_AARCH64, false, "ELF machine 183" },
	{ FIELD(header.e_machine), EM_386, false, "another architecture" },
	{ FIELD(header.e_type), ET_CORE, false, "neither a kernel nor an object" },
	{ FIELD(header.e_shoff), 0x7fffffff, false, "table of sections" },
	{ FIELD(header.e_shnum), 0xff00, false, "table of sections" },
	{ FIELD(header.e_shstrndx), S_COUNT, false, "no names of sections" },
	{ FIELD(header.e_shstrndx), S_TEXT, false, "no names of sections" },
	{ FIELD(sections[S_SHSTRTAB].sh_offset), UINT64_MAX - 8, false, "no names of sections" },
	{ FIELD(sections[S_TEXT].sh_name), 0xffff, false, "section 1 has a name" },
	{ FIELD(names[2]), '\n', false, "section 1 has a name" },
	{ FIELD(sections[S_TEXT].sh_offset), UINT64_MAX - 8, false, ".text lies outside the file" },
	{ FIELD(sections[S_TEXT].sh_size), UINT64_MAX - 8, false, ".text lies outside the file" },
	{ FIELD(sections[S_BSS].sh_size), UINT64_MAX, false, ".bss cannot be as large" },
	{ FIELD(sections[S_BSS].sh_size), 1u << 31, false, ".bss cannot be as large" },
	{ FIELD(sections[S_BSS].sh_addr), UINT64_MAX - 8, false, ".bss cannot be as large" },
	{ FIELD(sections[S_BSS].sh_size), 1u << 30, true, "larger than 1 GiB together" },
	{ FIELD(sections[S_TEXT].sh_addralign), 3, true, "impossible alignment" },
	{ FIELD(sections[S_TEXT].sh_addralign), 1u << 30, true, "impossible alignment" },
	{ FIELD(sections[S_RODATA].sh_addr), FIXTURE_TEXT + 255, false,
	  ".text and .rodata overlap" },
	{ FIELD(sections[S_SYMTAB].sh_link), S_COUNT, false, "table of symbols is damaged" },
	{ FIELD(sections[S_SYMTAB].sh_link), 0, false, "table of symbols is damaged" },
	{ FIELD(sections[S_SYMTAB].sh_link), S_BSS, false, "symbol 1 has a name" },
	{ FIELD(symbols[Y_FUNCTION].st_name), 4096, false, "symbol 3 has a name" },
	{ FIELD(strings[3]), '\x1b', false, "symbol 1 has a name" },
	{ FIELD(symbols[Y_FUNCTION].st_shndx), 999, false, "section 999, which does not exist" },
	{ FIELD(symbols[Y_FUNCTION].st_value), 257, true, "outside its section .text" },
};

static void each_damage_has_its_message(void **state)
{
	struct elf_fixture image;
	struct fail fail;

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		fixture_make(&image, damages[i].module);
		memcpy((char *)&image + damages[i].offset, &damages[i].value, damages[i].size);
		if (survives(&image, sizeof(image), &fail))
			fail_msg("damage %zu was not seen: %s", i, damages[i].message);
		assert_int_equal(fail.code, OUTCOME_ERROR);
		assert_message(fail, damages[i].message);
		assert_message(fail, "/proc/self/fd/");
	}
}

static void a_file_cut_anywhere_is_refused(void **state)
{
	struct elf_fixture image;
	struct fail fail;

	(void)state;
	for (int module = 0; module < 2; module++) {
		fixture_make(&image, module);
		for (size_t length = 0; length < sizeof(image); length += 16)
			assert_false(survives(&image, length, &fail));
	}
}

/* The values that make lengths, offsets and counts wrong at their edges. */
static void no_changed_byte_does_harm(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct elf_fixture image;
	struct fail fail;
	size_t refused = 0;

	(void)state;
	for (int module = 0; module < 2; module++) {
		fixture_make(&image, module);
		for (size_t i = 0; i < sizeof(image); i++) {
			uint8_t *byte = (uint8_t *)&image + i, old = *byte;

			for (size_t j = 0; j < sizeof(values); j++) {
				*byte = values[j];
				refused += !survives(&image, sizeof(image), &fail);
			}
			*byte = old;
		}
	}
	assert_true(refused > 100);
}

static void what_is_no_file_is_refused(void **state)
{
	char directory[] = "/tmp/test-elf-XXXXXX", fifo[64];
	struct elf_file *elf;
	struct fail fail;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(elf_file_open(directory, &elf, &fail), -1);
	assert_message(fail, "not a regular file");
	(void)snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(elf_file_open(fifo, &elf, &fail), -1);
	assert_message(fail, "not a regular file");
	assert_null(elf);
	assert_int_equal(unlink(fifo), 0);
	assert_int_equal(elf_file_open(fifo, &elf, &fail), -1);
	assert_message(fail, "No such file");
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_lies_where_its_file_says),
		cmocka_unit_test(bytes_are_only_those_of_one_section),
		cmocka_unit_test(a_module_lies_section_behind_section_and_not_at_0),
		cmocka_unit_test(symbols_are_those_defined_in_memory),
		cmocka_unit_test(a_callback_ends_the_walk_with_its_result),
		cmocka_unit_test(each_damage_has_its_message),
		cmocka_unit_test(a_file_cut_anywhere_is_refused),
		cmocka_unit_test(no_changed_byte_does_harm),
		cmocka_unit_test(what_is_no_file_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
