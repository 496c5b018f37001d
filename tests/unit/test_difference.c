/* SPDX-License-Identifier: GPL-2.0-or-later */
/* objects_compare() on two small object files, of which a test changes what it is about. What
 * compilers make of changed sources is in tests/derive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>

#include "difference.h"

enum { O_NULL, O_TEXT, O_STRINGS, O_TABLE, O_RELA, O_RELA_TABLE, O_SYMTAB, O_NAMES, O_COUNT };
enum { SYM_NULL, SYM_TEXT, SYM_STRINGS, SYM_FIRST, SYM_SECOND, SYM_FUNCTION, SYM_COUNT };
enum { R_STRING, R_CALL, R_COUNT };

struct file {
	Elf64_Ehdr header;
	uint8_t text[96];
	char strings[32];
	uint32_t table[3];
	Elf64_Rela rela[R_COUNT];
	Elf64_Rela rela_table[2];
	Elf64_Sym symbols[SYM_COUNT];
	char names[128];
	Elf64_Shdr sections[O_COUNT];
};

/* cmp, je to the xor; a string and a line's number for a call; xor, ret. */
static const uint8_t code[] = {
	0x83, 0xff, 0x05,			/* 0: cmp $5,%edi */
	0x74, 0x11,				/* 3: je 16 */
	0x48, 0xc7, 0xc7, 0, 0, 0, 0,		/* 5: mov $string,%rdi */
	0xbe, 0x19, 0, 0, 0,			/* c: mov $25,%esi */
	0xe8, 0, 0, 0, 0,			/* 11: call first */
	0x31, 0xc0,				/* 16: xor %eax,%eax */
	0xc3,					/* 18: ret */
};
enum { AT_CMP_NUMBER = 2, AT_JUMP = 3, AT_STRING = 8, AT_LINE = 0xd, AT_CALL = 0x12, AT_END = 0x16 };

static struct file old, new;

#define SECTION(label_at, kind, flag, member) (Elf64_Shdr){					\
	.sh_name = (label_at), .sh_type = (kind), .sh_flags = (flag),				\
	.sh_offset = offsetof(struct file, member), .sh_size = sizeof(old.member),		\
	.sh_addralign = 1 }

static Elf64_Shdr rela_section(uint32_t name, uint32_t of)
{
	Elf64_Shdr section = SECTION(name, SHT_RELA, 0, rela);

	section.sh_link = O_SYMTAB;
	section.sh_info = of;
	section.sh_entsize = sizeof(Elf64_Rela);
	return section;
}

static void make(struct file *file)
{
	static const char names[] = "\0.text\0.rodata.str1.1\0__bug_table\0.rela\0.symtab\0.names\0"
				    "first\0second\0function";

	memset(file, 0, sizeof(*file));
	memcpy(file->names, names, sizeof(names));
	memcpy(file->text, code, sizeof(code));
	strcpy(file->strings, "text");
	file->header = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_REL, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_shoff = offsetof(struct file, sections), .e_ehsize = sizeof(Elf64_Ehdr),
		.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = O_COUNT, .e_shstrndx = O_NAMES,
	};
	file->sections[O_TEXT] = SECTION(1, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text);
	file->sections[O_STRINGS] = SECTION(7, SHT_PROGBITS, SHF_ALLOC | SHF_MERGE | SHF_STRINGS,
					    strings);
	file->sections[O_TABLE] = SECTION(22, SHT_PROGBITS, SHF_ALLOC, table);
	file->sections[O_RELA] = rela_section(34, O_TEXT);
	file->sections[O_RELA_TABLE] = rela_section(34, O_TABLE);
	file->sections[O_RELA_TABLE].sh_offset = offsetof(struct file, rela_table);
	file->sections[O_SYMTAB] = SECTION(40, SHT_SYMTAB, 0, symbols);
	file->sections[O_SYMTAB].sh_link = O_NAMES;
	file->sections[O_SYMTAB].sh_entsize = sizeof(Elf64_Sym);
	file->sections[O_NAMES] = SECTION(48, SHT_STRTAB, 0, names);
	file->symbols[SYM_TEXT] = (Elf64_Sym){ .st_info = STT_SECTION, .st_shndx = O_TEXT };
	file->symbols[SYM_STRINGS] = (Elf64_Sym){ .st_info = STT_SECTION, .st_shndx = O_STRINGS };
	file->symbols[SYM_FIRST] = (Elf64_Sym){ 55, ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), 0, 0, 0, 0 };
	file->symbols[SYM_SECOND] = (Elf64_Sym){ 61, ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), 0, 0, 0, 0 };
	file->symbols[SYM_FUNCTION] = (Elf64_Sym){
		68, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, O_TEXT, 0, sizeof(code) };
	file->rela[R_STRING] = (Elf64_Rela){ AT_STRING, ELF64_R_INFO(SYM_STRINGS, R_X86_64_32S), 0 };
	file->rela[R_CALL] = (Elf64_Rela){ AT_CALL, ELF64_R_INFO(SYM_FIRST, R_X86_64_PLT32), -4 };
	/* struct bug_entry: the instruction, the file, line and flags */
	file->rela_table[0] = (Elf64_Rela){ 0, ELF64_R_INFO(SYM_TEXT, R_X86_64_PC32), AT_END };
	file->rela_table[1] = (Elf64_Rela){ 4, ELF64_R_INFO(SYM_STRINGS, R_X86_64_PC32), 0 };
	file->table[2] = 25;
}

static int setup(void **state)
{
	(void)state;
	make(&old);
	make(&new);
	return 0;
}

/* Lets the function begin `distance` bytes later, which its relocations say too. */
static void move(struct file *file, unsigned distance)
{
	uint8_t *text = file->text;

	memmove(text + distance, text, sizeof(file->text) - distance);
	memset(text, 0x90, distance);
	file->symbols[SYM_FUNCTION].st_value += distance;
	for (unsigned i = 0; i < R_COUNT; i++)
		file->rela[i].r_offset += distance;
	file->rela_table[0].r_addend += distance;
}

/* Takes `count` bytes at `at` out of the function, or, below 0, puts nops there. */
static void resize(struct file *file, unsigned at, int count)
{
	uint8_t *text = file->text;

	if (count > 0)
		memmove(text + at, text + at + count, sizeof(file->text) - at - (unsigned)count);
	else
		memmove(text + at - count, text + at, sizeof(file->text) - at + count);
	file->symbols[SYM_FUNCTION].st_size -= count;
	for (unsigned i = 0; i < R_COUNT; i++) {
		if (file->rela[i].r_offset >= at)
			file->rela[i].r_offset -= count;
	}
	file->rela_table[0].r_addend -= count;
}

struct opened {
	struct elf_file *elf;
	struct symtab *symtab;
	struct target *target;
	struct decoder *decoder;
	struct object object;
};

static void open_file(const struct file *file, const char *path, struct opened *out)
{
	uint8_t *copy = malloc(sizeof(*file));
	struct fail fail;

	assert_non_null(copy);
	memcpy(copy, file, sizeof(*file));
	assert_int_equal(elf_file_open_bytes(path, copy, sizeof(*file), &out->elf, &fail), 0);
	assert_int_equal(symtab_load_elf(out->elf, &out->symtab, &fail), 0);
	assert_int_equal(target_open_image(out->elf, path, NULL, &out->target, &fail), 0);
	assert_int_equal(decoder_create(elf_file_architecture(out->elf), &out->decoder, &fail), 0);
	out->object = (struct object){ out->elf, out->symtab, out->target, out->decoder, path };
}

static void close_file(struct opened *opened)
{
	decoder_destroy(opened->decoder);
	target_close(opened->target);
	symtab_destroy(opened->symtab);
	elf_file_close(opened->elf);
}

static int compare(const char *function, struct differences *out, struct fail *fail)
{
	struct opened a, b;
	int result;

	open_file(&old, "old.o", &a);
	open_file(&new, "new.o", &b);
	result = objects_compare(&a.object, &b.object, function, out, fail);
	close_file(&b);
	close_file(&a);
	return result;
}

/* The one function differs. */
static struct difference *differs(struct differences *out, enum difference_kind kind)
{
	struct fail fail;

	assert_int_equal(compare(NULL, out, &fail), 0);
	assert_int_equal(out->compared, 1);
	assert_int_equal(out->count, 1);
	assert_string_equal(out->items[0].function, "function");
	assert_string_equal(difference_kind_name(out->items[0].kind), difference_kind_name(kind));
	return &out->items[0];
}

static void same(void)
{
	struct differences out;
	struct fail fail;

	assert_int_equal(compare(NULL, &out, &fail), 0);
	assert_int_equal(out.compared, 1);
	if (out.count != 0)
		fail_msg("%s", out.items[0].message);
	differences_deinit(&out);
}

static void refused(const char *message)
{
	struct differences out;
	struct fail fail;

	assert_int_equal(compare(NULL, &out, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	if (strstr(fail.message, message) == NULL)
		fail_msg("\"%s\" is not in: %s", message, fail.message);
}

static void change_is(const struct change *change, uint64_t offset, const char *from,
		      const char *to)
{
	char text[BYTES_TEXT_MAX];

	assert_int_equal(change->offset, offset);
	assert_string_equal(bytes_print(&change->old, text), from);
	assert_string_equal(bytes_print(&change->replacement, text), to);
}

static void a_function_that_only_moved_is_the_same(void **state)
{
	(void)state;
	same();
	move(&new, 16);
	same();
}

static void a_string_at_another_place_is_the_same(void **state)
{
	(void)state;
	strcpy(new.strings + 8, "text");
	new.rela[R_STRING].r_addend = 8;
	new.rela_table[1].r_addend = 8;
	same();
}

static void another_string_is_shown_and_cannot_be_written(void **state)
{
	struct differences out;
	struct difference *difference;

	(void)state;
	strcpy(new.strings + 8, "other");
	new.rela[R_STRING].r_addend = 8;
	difference = differs(&out, DIFFERENCE_RELOCATION);
	assert_int_equal(difference->change_count, 0);
	assert_non_null(strstr(difference->message, "\"text\""));
	assert_non_null(strstr(difference->message, "\"other\""));
	differences_deinit(&out);
}

static void a_call_of_another_function_names_both(void **state)
{
	struct differences out;
	struct difference *difference;

	(void)state;
	new.rela[R_CALL].r_info = ELF64_R_INFO(SYM_SECOND, R_X86_64_PLT32);
	difference = differs(&out, DIFFERENCE_RELOCATION);
	assert_int_equal(difference->change_count, 1);
	assert_string_equal(difference->changes[0].target, "second");
	assert_true(bytes_equal(&difference->changes[0].old, &difference->changes[0].replacement));
	assert_int_equal(difference->changes[0].count, 1);
	assert_non_null(strstr(difference->message, "leads to first, in the new object to second"));
	differences_deinit(&out);
}

static void a_call_into_another_function_cannot_be_written(void **state)
{
	struct differences out;
	struct difference *difference;

	(void)state;
	new.rela[R_CALL].r_info = ELF64_R_INFO(SYM_SECOND, R_X86_64_PLT32);
	new.rela[R_CALL].r_addend += 2;
	difference = differs(&out, DIFFERENCE_RELOCATION);
	assert_int_equal(difference->change_count, 0);
	differences_deinit(&out);
}

static void a_condition_becomes_a_change_of_one_instruction(void **state)
{
	struct differences out;
	struct difference *difference;

	(void)state;
	move(&new, 16);
	new.text[16 + AT_JUMP] = 0x75;
	difference = differs(&out, DIFFERENCE_IN_PLACE);
	assert_int_equal(difference->change_count, 1);
	change_is(&difference->changes[0], 3, "74 11", "75 11");
	assert_int_equal(difference->changes[0].first, 1);
	assert_int_equal(difference->changes[0].count, 1);
	assert_int_equal(difference->changes[0].new_count, 1);
	assert_false(difference->changes[0].line_number);
	differences_deinit(&out);
}

static void a_jump_to_another_instruction_is_a_change(void **state)
{
	struct differences out;

	(void)state;
	new.text[AT_JUMP + 1] = 0x13;	/* to the ret */
	differs(&out, DIFFERENCE_IN_PLACE);
	assert_int_equal(out.items[0].change_count, 1);
	change_is(&out.items[0].changes[0], 3, "74 11", "74 13");
	differences_deinit(&out);
}

static void what_is_gone_becomes_nops_and_jumps_over_it_stay(void **state)
{
	struct differences out;

	(void)state;
	resize(&new, AT_LINE - 1, 5);
	new.text[AT_JUMP + 1] -= 5;
	differs(&out, DIFFERENCE_SHRANK);
	assert_int_equal(out.items[0].old_size, sizeof(code));
	assert_int_equal(out.items[0].new_size, sizeof(code) - 5);
	assert_int_equal(out.items[0].change_count, 1);
	change_is(&out.items[0].changes[0], AT_LINE - 1, "be 19 00 00 00", "0f 1f 44 00 00");
	differences_deinit(&out);
}

static void a_jump_to_what_became_nops_stays(void **state)
{
	struct differences out;

	(void)state;
	resize(&new, AT_END, 2);
	new.rela_table[0].r_addend = AT_END;
	differs(&out, DIFFERENCE_SHRANK);
	assert_int_equal(out.items[0].change_count, 1);
	change_is(&out.items[0].changes[0], AT_END, "31 c0", "66 90");
	differences_deinit(&out);
}

static void what_has_no_room_grew(void **state)
{
	struct differences out;

	(void)state;
	resize(&new, AT_END, -2);
	memcpy(new.text + AT_END, "\xff\xc7", 2);	/* inc %edi */
	differs(&out, DIFFERENCE_GREW);
	assert_int_equal(out.items[0].change_count, 0);
	assert_int_equal(out.items[0].new_size, sizeof(code) + 2);
	assert_non_null(strstr(out.items[0].message, "do"));
	differences_deinit(&out);
}

static void what_fits_into_nops_is_written_there(void **state)
{
	struct differences out;

	(void)state;
	resize(&old, AT_END, -2);
	memcpy(old.text + AT_END, "\x66\x90", 2);
	resize(&new, AT_END, -2);
	memcpy(new.text + AT_END, "\xff\xc7", 2);
	differs(&out, DIFFERENCE_IN_PLACE);
	assert_int_equal(out.items[0].change_count, 1);
	change_is(&out.items[0].changes[0], AT_END, "66 90", "ff c7");
	differences_deinit(&out);
}

static void nops_alone_are_no_difference(void **state)
{
	(void)state;
	resize(&new, AT_END, -2);
	memcpy(new.text + AT_END, "\x66\x90", 2);
	new.text[AT_JUMP + 1] += 2;
	same();
}

static void a_number_with_a_file_name_is_of_a_line(void **state)
{
	struct differences out;

	(void)state;
	new.text[AT_LINE] = 26;
	differs(&out, DIFFERENCE_IN_PLACE);
	assert_false(out.items[0].changes[0].line_number);
	differences_deinit(&out);
	strcpy(old.strings, "fs/a.c");
	strcpy(new.strings, "fs/a.c");
	differs(&out, DIFFERENCE_IMMEDIATE);
	assert_int_equal(out.items[0].change_count, 1);
	assert_true(out.items[0].changes[0].line_number);
	differences_deinit(&out);
	new.text[AT_CMP_NUMBER] = 6;
	differs(&out, DIFFERENCE_IN_PLACE);
	assert_int_equal(out.items[0].change_count, 2);
	assert_false(out.items[0].changes[0].line_number);
	assert_true(out.items[0].changes[1].line_number);
	differences_deinit(&out);
}

static void a_line_in_the_bug_table_is_one_and_its_flags_are_not(void **state)
{
	struct differences out;

	(void)state;
	new.table[2] = 26;
	differs(&out, DIFFERENCE_IMMEDIATE);
	assert_int_equal(out.items[0].change_count, 0);
	assert_non_null(strstr(out.items[0].message, "__bug_table"));
	differences_deinit(&out);
	new.table[2] = 25 | 1u << 16;
	differs(&out, DIFFERENCE_RELOCATION);
	assert_non_null(strstr(out.items[0].message, "__bug_table"));
	differences_deinit(&out);
}

static void nothing_is_written_for_code_that_a_table_says_else_of(void **state)
{
	struct differences out;

	(void)state;
	new.text[AT_JUMP] = 0x75;
	new.table[2] = 25 | 1u << 16;
	differs(&out, DIFFERENCE_RELOCATION);
	assert_int_equal(out.items[0].change_count, 0);
	differences_deinit(&out);
}

static void functions_that_only_one_has_are_named(void **state)
{
	struct differences out;
	struct fail fail;

	(void)state;
	memcpy(new.names + 68, "sunction", 8);
	assert_int_equal(compare(NULL, &out, &fail), 0);
	assert_int_equal(out.compared, 0);
	assert_int_equal(out.count, 2);
	assert_string_equal(out.items[0].function, "function");
	assert_int_equal(out.items[0].kind, DIFFERENCE_SHRANK);
	assert_int_equal(out.items[0].new_size, 0);
	assert_string_equal(out.items[1].function, "sunction");
	assert_int_equal(out.items[1].kind, DIFFERENCE_GREW);
	assert_int_equal(out.items[1].old_size, 0);
	differences_deinit(&out);
}

static void a_function_that_neither_has_is_not_found(void **state)
{
	struct differences out;
	struct fail fail;

	(void)state;
	assert_int_equal(compare("functio", &out, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_NOT_FOUND);
	assert_non_null(strstr(fail.message, "function"));
}

static void numbers_in_names_do_not_count(void **state)
{
	(void)state;
	strcpy(old.names + 68, "function.part.0");
	strcpy(new.names + 68, "function.part.12");
	same();
}

static void a_damaged_relocation_is_an_error_with_file_and_section(void **state)
{
	(void)state;
	new.rela[R_CALL].r_offset = sizeof(new.text) - 3;
	refused("new.o: relocation 1 of .text lies outside");
	setup(state);
	old.rela[R_CALL].r_offset = UINT64_MAX - 1;
	refused("old.o: relocation 1 of .text lies outside");
	setup(state);
	new.rela[R_CALL].r_info = ELF64_R_INFO(SYM_COUNT, R_X86_64_PLT32);
	refused("new.o: relocation 1 of .text");
	setup(state);
	new.rela[R_CALL].r_info = ELF64_R_INFO(SYM_FIRST, 200);
	refused("has type 200");
	setup(state);
	new.rela[R_CALL].r_offset = AT_STRING + 2;
	refused("two relocations of .text");
}

static void a_linked_file_is_no_object(void **state)
{
	(void)state;
	new.header.e_type = ET_EXEC;
	for (unsigned i = O_TEXT; i <= O_TABLE; i++)
		new.sections[i].sh_addr = i * 0x1000;
	refused("new.o: not an object file");
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_function_that_only_moved_is_the_same),
		TEST(a_string_at_another_place_is_the_same),
		TEST(another_string_is_shown_and_cannot_be_written),
		TEST(a_call_of_another_function_names_both),
		TEST(a_call_into_another_function_cannot_be_written),
		TEST(a_condition_becomes_a_change_of_one_instruction),
		TEST(a_jump_to_another_instruction_is_a_change),
		TEST(what_is_gone_becomes_nops_and_jumps_over_it_stay),
		TEST(a_jump_to_what_became_nops_stays),
		TEST(what_has_no_room_grew),
		TEST(what_fits_into_nops_is_written_there),
		TEST(nops_alone_are_no_difference),
		TEST(a_number_with_a_file_name_is_of_a_line),
		TEST(a_line_in_the_bug_table_is_one_and_its_flags_are_not),
		TEST(nothing_is_written_for_code_that_a_table_says_else_of),
		TEST(functions_that_only_one_has_are_named),
		TEST(a_function_that_neither_has_is_not_found),
		TEST(numbers_in_names_do_not_count),
		TEST(a_damaged_relocation_is_an_error_with_file_and_section),
		TEST(a_linked_file_is_no_object),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
