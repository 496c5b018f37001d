/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elf_file_relocate() on a small object file, of which a test can damage each relocation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <elf.h>

#include "elf_file.h"
#include "tests/unit/file_fixture.h"

enum { O_NULL, O_TEXT, O_TABLE, O_RELA, O_SYMTAB, O_NAMES, O_DEBUG, O_COUNT };
enum { R_FIRST, R_SECOND, R_COUNT };
enum { SYM_NULL, SYM_TEXT, SYM_UNDEFINED, SYM_DEBUG, SYM_ABSOLUTE, SYM_FAR, SYM_COUNT };

struct object {
	Elf64_Ehdr header;
	uint8_t text[32];
	uint8_t table[24];
	Elf64_Rela rela[R_COUNT];
	Elf64_Sym symbols[SYM_COUNT];
	char names[64];
	Elf64_Shdr sections[O_COUNT];
};

static struct object object;

#define SECTION(label_at, kind, flag, member) (Elf64_Shdr){					\
	.sh_name = (label_at), .sh_type = (kind), .sh_flags = (flag),				\
	.sh_offset = offsetof(struct object, member), .sh_size = sizeof(object.member),		\
	.sh_addralign = 1 }

static int setup(void **state)
{
	static const char names[] = "\0.text\0.table\0.rela.table\0.symtab\0.names\0.debug";

	(void)state;
	memset(&object, 0, sizeof(object));
	memcpy(object.names, names, sizeof(names));
	object.header = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_REL, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_shoff = offsetof(struct object, sections), .e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = O_COUNT, .e_shstrndx = O_NAMES,
	};
	object.sections[O_TEXT] = SECTION(1, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text);
	object.sections[O_TABLE] = SECTION(7, SHT_PROGBITS, SHF_ALLOC, table);
	object.sections[O_RELA] = SECTION(14, SHT_RELA, 0, rela);
	object.sections[O_RELA].sh_link = O_SYMTAB;
	object.sections[O_RELA].sh_info = O_TABLE;
	object.sections[O_RELA].sh_entsize = sizeof(Elf64_Rela);
	object.sections[O_SYMTAB] = SECTION(26, SHT_SYMTAB, 0, symbols);
	object.sections[O_SYMTAB].sh_link = O_NAMES;
	object.sections[O_SYMTAB].sh_entsize = sizeof(Elf64_Sym);
	object.sections[O_NAMES] = SECTION(34, SHT_STRTAB, 0, names);
	object.sections[O_DEBUG] = SECTION(41, SHT_PROGBITS, 0, text);
	object.symbols[SYM_TEXT].st_shndx = O_TEXT;
	object.symbols[SYM_DEBUG].st_shndx = O_DEBUG;
	object.symbols[SYM_ABSOLUTE].st_shndx = SHN_ABS;
	object.symbols[SYM_FAR] = (Elf64_Sym){ .st_shndx = O_TEXT, .st_value = 1ull << 40 };
	object.rela[R_FIRST] = (Elf64_Rela){ 4, ELF64_R_INFO(SYM_TEXT, R_X86_64_PC32), 9 };
	object.rela[R_SECOND] = (Elf64_Rela){ 8, ELF64_R_INFO(SYM_TEXT, R_X86_64_64), 3 };
	return 0;
}

/* -1, or the offset from the table's start of what the s32 at 4 names, and of the u64 at 8. */
static int relocated(uint64_t *relative, uint64_t *absolute, uint64_t *text, struct fail *fail)
{
	struct file file = file_make(&object, sizeof(object));
	const struct elf_section *section;
	uint8_t *data = NULL;
	struct elf_file *elf;
	int32_t displacement;
	int result;

	assert_int_equal(elf_file_open(file.path, &elf, fail), 0);
	section = elf_file_section(elf, ".table");
	result = elf_file_relocate(elf, section, &data, fail);
	if (result == 0) {
		memcpy(&displacement, data + 4, sizeof(displacement));
		*relative = section->address + 4 + (uint64_t)(int64_t)displacement;
		memcpy(absolute, data + 8, sizeof(*absolute));
		*text = elf_file_section(elf, ".text")->address;
	}
	free(data);
	elf_file_close(elf);
	file_close(&file);
	return result;
}

static void fields_name_where_the_section_lies(void **state)
{
	uint64_t relative, absolute, text;
	struct fail fail;

	(void)state;
	assert_int_equal(relocated(&relative, &absolute, &text, &fail), 0);
	assert_int_equal(relative, text + 9);
	assert_int_equal(absolute, text + 3);
	object.rela[R_FIRST].r_info = ELF64_R_INFO(SYM_TEXT, R_X86_64_PLT32);
	assert_int_equal(relocated(&relative, &absolute, &text, &fail), 0);
	assert_int_equal(relative, text + 9);
	object.rela[R_SECOND].r_info = ELF64_R_INFO(SYM_TEXT, R_X86_64_PC64);
	assert_int_equal(relocated(&relative, &absolute, &text, &fail), 0);
	assert_int_equal(absolute, text + 3 - (text + sizeof(object.text) + 8));
}

static void a_field_of_an_undefined_symbol_stays(void **state)
{
	uint64_t relative, absolute, text;
	struct fail fail;

	(void)state;
	object.table[8] = 0x55;
	object.rela[R_SECOND].r_info = ELF64_R_INFO(SYM_UNDEFINED, R_X86_64_64);
	assert_int_equal(relocated(&relative, &absolute, &text, &fail), 0);
	assert_int_equal(absolute, 0x55);
	object.rela[R_SECOND].r_info = ELF64_R_INFO(SYM_TEXT, R_X86_64_NONE);
	object.rela[R_SECOND].r_offset = UINT64_MAX;
	assert_int_equal(relocated(&relative, &absolute, &text, &fail), 0);
	assert_int_equal(absolute, 0x55);
}

static void what_cannot_be_applied_is_refused_by_number(void **state)
{
	static const Elf64_Rela bad[] = {
		{ 17, ELF64_R_INFO(SYM_TEXT, R_X86_64_64), 0 },		/* 7 bytes are left */
		{ 24, ELF64_R_INFO(SYM_TEXT, R_X86_64_PC32), 0 },
		{ UINT64_MAX, ELF64_R_INFO(SYM_TEXT, R_X86_64_PC32), 0 },
		{ UINT64_MAX - 3, ELF64_R_INFO(SYM_TEXT, R_X86_64_64), 0 },
		{ 8, ELF64_R_INFO(SYM_COUNT, R_X86_64_64), 0 },		/* no such symbol */
		{ 8, ELF64_R_INFO(0xffffffffu, R_X86_64_64), 0 },
		{ 8, ELF64_R_INFO(SYM_DEBUG, R_X86_64_64), 0 },		/* not in memory */
		{ 8, ELF64_R_INFO(SYM_ABSOLUTE, R_X86_64_64), 0 },
		{ 8, ELF64_R_INFO(SYM_TEXT, R_X86_64_32S), 0 },		/* not known */
		{ 8, ELF64_R_INFO(SYM_TEXT, 0xffff), 0 },
		{ 8, ELF64_R_INFO(SYM_FAR, R_X86_64_PC32), 0 },		/* does not fit */
		{ 8, ELF64_R_INFO(SYM_TEXT, R_X86_64_PC32), INT64_MAX },
	};
	uint64_t relative, absolute, text;
	struct fail fail;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		object.rela[R_SECOND] = bad[i];
		assert_int_equal(relocated(&relative, &absolute, &text, &fail), -1);
		assert_message(fail, "relocation 1 of .table");
	}
}

static void relocations_of_another_form_are_refused(void **state)
{
	uint64_t relative, absolute, text;
	struct fail fail;

	(void)state;
	object.sections[O_RELA].sh_link = O_TEXT;
	assert_int_equal(relocated(&relative, &absolute, &text, &fail), -1);
	assert_message(fail, "the relocations of .table are damaged");
	object.sections[O_RELA].sh_link = O_SYMTAB;
	object.sections[O_RELA].sh_type = SHT_REL;
	object.sections[O_RELA].sh_entsize = sizeof(Elf64_Rel);
	assert_int_equal(relocated(&relative, &absolute, &text, &fail), -1);
	assert_message(fail, "the relocations of .table are damaged");
}

/* The references of the object, whose relocations are those of its text. */
static struct elf_references *references(uint64_t *text, uint64_t *table)
{
	struct file file = file_make(&object, sizeof(object));
	struct elf_references *found;
	struct elf_file *elf;
	struct fail fail;

	assert_int_equal(elf_file_open(file.path, &elf, &fail), 0);
	assert_int_equal(elf_references_load(elf, &found, &fail), 0);
	*text = elf_file_section(elf, ".text")->address;
	*table = elf_file_section(elf, ".table")->address;
	elf_file_close(elf);
	file_close(&file);
	return found;
}

static void a_branch_leads_where_its_relocation_says(void **state)
{
	struct elf_references *found;
	uint64_t text, table, to = 0;

	(void)state;
	object.sections[O_RELA].sh_info = O_TEXT;
	object.symbols[SYM_TEXT].st_shndx = O_TABLE;
	object.rela[R_FIRST] = (Elf64_Rela){ 20, ELF64_R_INFO(SYM_TEXT, R_X86_64_PLT32), 7 };
	object.rela[R_SECOND] = (Elf64_Rela){ 8, ELF64_R_INFO(SYM_UNDEFINED, R_X86_64_PC32), -4 };
	found = references(&text, &table);
	assert_true(elf_references_find(found, text + 20, &to));
	assert_int_equal(to, table + 7);
	assert_true(elf_references_find(found, text + 8, &to));
	assert_int_equal(to, ELF_UNDEFINED_BASE + 16 * SYM_UNDEFINED - 4);
	assert_false(elf_references_find(found, text + 9, &to));
	elf_references_destroy(found);
}

/* Data in code, damage, and what has no place: nothing leads there. */
static void what_is_no_branch_is_no_reference(void **state)
{
	static const Elf64_Rela others[] = {
		{ 8, ELF64_R_INFO(SYM_TEXT, R_X86_64_32S), 0 },
		{ 8, ELF64_R_INFO(SYM_ABSOLUTE, R_X86_64_PC32), 0 },
		{ 8, ELF64_R_INFO(SYM_DEBUG, R_X86_64_PC32), 0 },
		{ 8, ELF64_R_INFO(SYM_COUNT, R_X86_64_PC32), 0 },
		{ 29, ELF64_R_INFO(SYM_TEXT, R_X86_64_PC32), 0 },
		{ UINT64_MAX, ELF64_R_INFO(SYM_TEXT, R_X86_64_PC32), 0 },
	};
	uint64_t text, table, to;

	(void)state;
	object.sections[O_RELA].sh_info = O_TEXT;
	object.rela[R_FIRST].r_info = ELF64_R_INFO(SYM_TEXT, R_X86_64_NONE);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct elf_references *found;

		object.rela[R_SECOND] = others[i];
		found = references(&text, &table);
		assert_false(elf_references_find(found, text + others[i].r_offset, &to));
		elf_references_destroy(found);
	}
}

static int note_symbol(const struct elf_symbol *symbol, void *data, struct fail *fail)
{
	(void)fail;
	*(struct elf_symbol *)data = *symbol;
	return 1;
}

static void an_undefined_symbol_has_the_place_that_references_lead_to(void **state)
{
	struct file file;
	struct elf_symbol symbol;
	struct elf_file *elf;
	struct fail fail;

	(void)state;
	object.symbols[SYM_UNDEFINED].st_name = 1;
	file = file_make(&object, sizeof(object));
	assert_int_equal(elf_file_open(file.path, &elf, &fail), 0);
	assert_int_equal(elf_file_undefined(elf, note_symbol, &symbol, &fail), 1);
	assert_string_equal(symbol.name, ".text");
	assert_int_equal(symbol.address, ELF_UNDEFINED_BASE + 16 * SYM_UNDEFINED);
	elf_file_close(elf);
	file_close(&file);
}

static int sum_fields(uint64_t address, size_t size, void *data, struct fail *fail)
{
	(void)fail;
	*(uint64_t *)data += address * 100 + size;
	return 0;
}

static int fields(uint64_t *sum, uint64_t *table, struct fail *fail)
{
	struct file file = file_make(&object, sizeof(object));
	struct elf_file *elf;
	int result;

	*sum = 0;
	assert_int_equal(elf_file_open(file.path, &elf, fail), 0);
	*table = elf_file_section(elf, ".table")->address;
	result = elf_file_relocations(elf, elf_file_section(elf, ".table"), sum_fields, sum, fail);
	elf_file_close(elf);
	file_close(&file);
	return result;
}

static void each_field_is_told_with_its_size(void **state)
{
	uint64_t sum, table;
	struct fail fail;

	(void)state;
	assert_int_equal(fields(&sum, &table, &fail), 0);
	assert_int_equal(sum, (table + 4) * 100 + 4 + (table + 8) * 100 + 8);
	object.rela[R_FIRST].r_info = ELF64_R_INFO(SYM_TEXT, R_X86_64_TPOFF64);
	assert_int_equal(fields(&sum, &table, &fail), -1);
	assert_message(fail, "relocation 0 of .table has type 18");
	object.rela[R_FIRST] = (Elf64_Rela){ 21, ELF64_R_INFO(SYM_TEXT, R_X86_64_32), 0 };
	assert_int_equal(fields(&sum, &table, &fail), -1);
	assert_message(fail, "offset 0x15");
}

static void what_stands_behind_the_file_is_found(void **state)
{
	uint8_t bytes[sizeof(object) + 5];
	const uint8_t *behind;
	struct elf_file *elf;
	struct file file;
	struct fail fail;
	size_t length;

	(void)state;
	memcpy(bytes, &object, sizeof(object));
	memcpy(bytes + sizeof(object), "after", 5);
	for (size_t more = 0; more <= 5; more += 5) {
		file = file_make(bytes, sizeof(object) + more);
		assert_int_equal(elf_file_open(file.path, &elf, &fail), 0);
		behind = elf_file_behind(elf, &length);
		assert_int_equal(length, more);
		if (more > 0)
			assert_memory_equal(behind, "after", 5);
		elf_file_close(elf);
		file_close(&file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fields_name_where_the_section_lies, setup),
		cmocka_unit_test_setup(a_field_of_an_undefined_symbol_stays, setup),
		cmocka_unit_test_setup(what_cannot_be_applied_is_refused_by_number, setup),
		cmocka_unit_test_setup(relocations_of_another_form_are_refused, setup),
		cmocka_unit_test_setup(a_branch_leads_where_its_relocation_says, setup),
		cmocka_unit_test_setup(what_is_no_branch_is_no_reference, setup),
		cmocka_unit_test_setup(an_undefined_symbol_has_the_place_that_references_lead_to, setup),
		cmocka_unit_test_setup(each_field_is_told_with_its_size, setup),
		cmocka_unit_test_setup(what_stands_behind_the_file_is_found, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
