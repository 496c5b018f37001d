/* SPDX-License-Identifier: GPL-2.0-or-later */
/* operation_return: `return` in functions of a kernel in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hazard.h"
#include "operation.h"

enum { BASE = 0x81000000, THUNK = BASE + 0x100, OTHER_THUNK = BASE + 0x200, SIZE = 0x300 };

/* What the tests' functions begin and end with. */
#define ENDBR "f3 0f 1e fa"
#define SEALED "66 0f 1f 00"
#define NOP5 "0f 1f 44 00 00"
#define PUSHES "41 57 41 56 41 55 41 54 55 53"	/* 10 bytes: %r15 to %r12, %rbp, %rbx */
#define POPS "5b 5d 41 5c 41 5d 41 5e 41 5f"

static uint8_t memory[SIZE];

static int memory_read(struct target *target, uint64_t address, void *buffer, size_t length,
		       const char *what, struct fail *fail)
{
	(void)target;
	if (address < BASE || address - BASE > sizeof(memory) - length)
		return fail_at(fail, OUTCOME_ERROR, address, "%s is not there", what);
	memcpy(buffer, memory + (address - BASE), length);
	return 0;
}

static const struct target_ops ops = { .read = memory_read };
static struct target target = { .ops = &ops };
static struct kernel kernel = { .target = &target };
static struct symtab *symtab;
static struct decoder *decoder;
static struct hazards *hazards;
static struct function function;
static struct owners owners;
static struct operation_return made;
static struct fail why;

static int teardown(void **state)
{
	(void)state;
	owners_deinit(&owners);
	function_deinit(&function);
	decoder_destroy(decoder);
	hazards_destroy(hazards);
	symtab_destroy(symtab);
	memset(&function, 0, sizeof(function));
	memset(&target.info, 0, sizeof(target.info));
	decoder = NULL;
	hazards = NULL;
	symtab = NULL;
	kernel = (struct kernel){ .target = &target };
	return 0;
}

static size_t code_put(const char *code)
{
	size_t length = 0;
	char *end;

	memset(memory, 0xcc, sizeof(memory));
	for (const char *at = code; *at != '\0'; at = end) {
		memory[length++] = (uint8_t)strtoul(at, &end, 16);
		assert_ptr_not_equal(end, at);
		assert_true(length < THUNK - BASE);
	}
	return length;
}

/* A kernel whose function `victim` is `code`, in hexadecimal. */
static void make_on(enum architecture arch, const char *code)
{
	char path[] = "/tmp/test_operation_return.XXXXXX", map[1024];
	struct fail fail;
	size_t length = code_put(code);
	int fd;

	(void)snprintf(map, sizeof(map), "%x T _stext\n%x t victim\n%zx t behind\n"
		       "%x T __x86_return_thunk\n%x T srso_return_thunk\n%x T _etext\n"
		       "90000000 R __start___ex_table\n90000000 R __stop___ex_table\n", BASE, BASE,
		       BASE + length, THUNK, OTHER_THUNK, BASE + SIZE);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, map, strlen(map)), strlen(map));
	assert_int_equal(close(fd), 0);
	assert_int_equal(symtab_load_system_map(path, &symtab, &fail), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(hazards_create(&hazards, &fail), 0);
	assert_int_equal(decoder_create(arch, &decoder, &fail), 0);
	target.info.architecture = arch;
	kernel = (struct kernel){ .target = &target, .symtab = symtab, .hazards = hazards,
				  .decoder = decoder };
	assert_int_equal(function_load(&target, decoder, symtab_next(symtab, "victim", NULL),
				       &function, &fail), 0);
	assert_int_equal(function.decoded, function.size);
}

static void make(const char *code)
{
	make_on(ARCH_X86_64, code);
}

/* The instruction at `offset` is ftrace's. */
static void own_ftrace(unsigned offset)
{
	struct fail fail;

	assert_int_equal(owners_add(&owners, OWNER_FTRACE, BASE + offset, BASE + offset + 5, NULL, NULL,
				    &fail), 0);
}

static int returning(int64_t number)
{
	const struct operation operation = {
		.kind = OPERATION_RETURN, .number = { (uint64_t)number, number < 0 },
	};

	return operation_return(&operation, &kernel, &function, &owners, &made, &why);
}

static void assert_returns(int64_t number, unsigned offset, const char *wanted)
{
	char text[BYTES_TEXT_MAX];

	if (returning(number) != 0)
		fail_msg("%s", why.message);
	assert_int_equal(made.offset, offset);
	assert_string_equal(bytes_print(&made.bytes, text), wanted);
	assert_false(made.already);
}

static void assert_hazard(const char *words)
{
	assert_int_equal(returning(-1), -1);
	assert_int_equal(why.code, OUTCOME_HAZARD);
	if (strstr(why.message, words) == NULL)
		fail_msg("\"%s\" is not in: \"%s\"", words, why.message);
}

static void it_goes_behind_endbr_and_the_nop_of_ftrace(void **state)
{
	(void)state;
	make(ENDBR " " NOP5 " " PUSHES " 31 c0 " POPS " c3");
	own_ftrace(4);
	assert_returns(-1, 9, "48 c7 c0 ff ff ff ff c3");
}

static void it_goes_behind_a_sealed_endbr(void **state)
{
	(void)state;
	make(SEALED " " NOP5 " " PUSHES " 31 c0 " POPS " c3");
	own_ftrace(4);
	assert_returns(0, 9, "31 c0 c3 cc");
}

static void it_goes_to_the_start_where_nothing_stands_there(void **state)
{
	(void)state;
	make(PUSHES " 31 c0 " POPS " c3");
	assert_returns(0, 0, "31 c0 c3 cc");
}

static void it_goes_behind_endbr_alone(void **state)
{
	(void)state;
	make(ENDBR " " PUSHES " 31 c0 " POPS " c3");
	assert_returns(1, 4, "b8 01 00 00 00 c3");
}

static void numbers_fill_the_whole_register(void **state)
{
	(void)state;
	make(PUSHES " 31 c0 " POPS " c3");
	assert_returns(0, 0, "31 c0 c3 cc");
	assert_returns(1, 0, "b8 01 00 00 00 c3");
	assert_returns(INT32_MAX, 0, "b8 ff ff ff 7f c3");
	assert_returns(-38, 0, "48 c7 c0 da ff ff ff c3");
	assert_returns(INT32_MIN, 0, "48 c7 c0 00 00 00 80 c3");
}

static void numbers_of_more_than_32_bits_are_refused(void **state)
{
	(void)state;
	make(PUSHES " 31 c0 " POPS " c3");
	assert_int_equal(returning((int64_t)INT32_MAX + 1), -1);
	assert_int_equal(why.code, OUTCOME_INVALID_SPEC);
	assert_non_null(strstr(why.message, "2147483648 does not fit 32 bits with sign"));
	assert_int_equal(returning((int64_t)INT32_MIN - 1), -1);
	assert_int_equal(why.code, OUTCOME_INVALID_SPEC);
	assert_non_null(strstr(why.message, "-2147483649 does not fit"));
}

static void i386_has_registers_of_32_bits(void **state)
{
	(void)state;
	make_on(ARCH_I386, "3e 8d 74 26 00 55 89 e5 57 56 53 31 c0 5b 5e 5f 5d c3");
	own_ftrace(0);
	assert_returns(-1, 5, "b8 ff ff ff ff c3");
	assert_returns(0, 5, "31 c0 c3");
	assert_returns(7, 5, "b8 07 00 00 00 c3");
}

static void what_is_left_of_the_last_instruction_is_int3(void **state)
{
	(void)state;
	make("48 b8 01 02 03 04 05 06 07 08 c3");	/* movabs */
	assert_returns(0, 0, "31 c0 c3 cc cc cc cc cc cc cc");
	assert_returns(-1, 0, "48 c7 c0 ff ff ff ff c3 cc cc");
}

static void it_leaves_by_the_return_thunk_where_the_function_does(void **state)
{
	(void)state;
	/* at +0x16 jmp __x86_return_thunk */
	make(PUSHES " 31 c0 " POPS " e9 e5 00 00 00 cc");
	assert_returns(0, 0, "31 c0 e9 f9 00 00 00 cc");
	assert_returns(-1, 0, "48 c7 c0 ff ff ff ff e9 f4 00 00 00");
}

static void the_jump_to_the_thunk_arrives_there(void **state)
{
	struct insn insn;
	struct fail fail;

	(void)state;
	make(ENDBR " " PUSHES " 31 c0 " POPS " e9 e1 00 00 00 cc");
	assert_int_equal(returning(-1), 0);
	assert_int_equal(insn_decode(decoder, made.bytes.data + 7, made.bytes.length - 7,
				     BASE + made.offset + 7, &insn, &fail), 0);
	assert_int_equal(insn.flow, FLOW_JUMP);
	assert_int_equal(insn.target, THUNK);
}

static void ways_out_that_differ_are_refused(void **state)
{
	(void)state;
	/* ret at +0xc, and a jump to the thunk at +0xd */
	make(PUSHES " 31 c0 c3 e9 ee 00 00 00");
	assert_hazard("in another way at victim+0xc");
	teardown(state);
	/* two thunks */
	make(PUSHES " 31 c0 e9 ef 00 00 00 e9 ea 01 00 00");
	assert_hazard("in another way at victim+0xc");
}

static void several_returns_that_are_alike_are_not_refused(void **state)
{
	(void)state;
	make(PUSHES " 74 02 f3 c3 31 c0 c3");
	assert_returns(0, 0, "31 c0 c3 cc");
}

static void a_return_that_does_more_is_refused(void **state)
{
	(void)state;
	make_on(ARCH_I386, "55 89 e5 57 56 53 31 c0 5b 5e 5f 5d c2 08 00");
	assert_hazard("victim+0xc (0x8100000c): the function returns by ret $0x8, which does more");
	teardown(state);
	make(PUSHES " 31 c0 48 cf");
	assert_hazard("by iretq");
}

static void a_function_that_never_returns_is_refused(void **state)
{
	(void)state;
	make(PUSHES " 31 c0 eb fc");
	assert_hazard("never returns by itself");
	teardown(state);
	make(PUSHES " 31 c0 e9 e0 03 00 00");	/* a tail call */
	assert_hazard("never returns by itself");
	teardown(state);
	make(PUSHES " 31 c0 0f 0b");
	assert_hazard("never returns by itself");
}

static void a_function_without_room_is_refused_with_both_sizes(void **state)
{
	(void)state;
	make("89 f8 ff c0 c3");
	assert_hazard("`return` needs 8 bytes, and the function has 5 from there");
	assert_returns(0, 0, "31 c0 c3 cc");
	assert_int_equal(returning(1), -1);
	teardown(state);
	make(ENDBR " " NOP5 " c3");
	own_ftrace(4);
	assert_hazard("needs 8 bytes, and the function has 1 ");
}

static void a_function_that_is_traced_is_refused(void **state)
{
	(void)state;
	make(ENDBR " e8 00 10 00 00 " PUSHES " 31 c0 " POPS " c3");
	own_ftrace(4);
	assert_hazard("victim+0x4 (0x81000004): the function is traced now");
}

static void a_call_that_is_not_that_of_ftrace_is_overwritten(void **state)
{
	(void)state;
	make(ENDBR " e8 00 10 00 00 " PUSHES " 31 c0 " POPS " c3");
	assert_returns(0, 4, "31 c0 c3 cc cc");
}

static void a_prologue_before_mcount_is_refused(void **state)
{
	(void)state;
	make("55 48 89 e5 " NOP5 " " PUSHES " 31 c0 " POPS " c3");
	own_ftrace(4);
	assert_hazard("victim+0x4 (0x81000004): ftrace's site stands behind the function's prologue");
}

static void a_nop_that_may_be_that_of_ftrace_is_not_overwritten(void **state)
{
	(void)state;
	make("55 48 89 e5 " NOP5 " " PUSHES " 31 c0 " POPS " c3");
	assert_hazard("victim+0x4 (0x81000004): a nop of ftrace's size");
	assert_returns(0, 0, "31 c0 c3 cc");	/* does not reach it */
}

/* A file: whether there is one is all that counts here. */
static void make_file(const char *code)
{
	make(code);
	kernel.image = (const struct elf_file *)(const void *)&memory;
}

static void in_a_file_the_call_of_fentry_is_as_good_as_the_nop(void **state)
{
	(void)state;
	make_file(ENDBR " e8 00 00 00 00 " PUSHES " 31 c0 " POPS " c3");
	own_ftrace(4);
	assert_returns(-1, 9, "48 c7 c0 ff ff ff ff c3");
}

static void what_is_there_already_is_told(void **state)
{
	char text[BYTES_TEXT_MAX];

	(void)state;
	make(ENDBR " " NOP5 " 48 c7 c0 ff ff ff ff e9 eb 00 00 00 31 c0 e9 e4 00 00 00");
	own_ftrace(4);
	assert_int_equal(returning(-1), 0);
	assert_true(made.already);
	assert_string_equal(bytes_print(&made.bytes, text), "48 c7 c0 ff ff ff ff e9 eb 00 00 00");
	assert_int_equal(made.offset, 9);
	assert_int_equal(returning(-2), 0);
	assert_false(made.already);
}

/* What hazard_bytes() says of it: "" where it may be written. */
static const char *why_not(void)
{
	struct hazard_change change = { .returns = true };
	struct insn insns[BYTES_MAX];
	struct fail fail;

	if (returning(-1) != 0)
		fail_msg("%s", why.message);
	change.offset = made.offset;
	change.length = made.bytes.length;
	change.insns = insns;
	for (size_t at = 0; at < change.length; at += insns[change.count++].length)
		assert_int_equal(insn_decode(decoder, made.bytes.data + at, change.length - at,
					     BASE + made.offset + at, &insns[change.count], &fail), 0);
	why.message[0] = '\0';
	if (hazard_bytes(&kernel, &function, &change, &why) != 0)
		assert_int_equal(why.code, OUTCOME_HAZARD);
	return why.message;
}

static void a_loop_back_to_its_start_is_none_of_its_middle(void **state)
{
	(void)state;
	make(PUSHES " 31 c0 " POPS " 74 e8 c3");	/* je victim */
	assert_string_equal(why_not(), "");
}

static void a_loop_back_into_its_middle_is_a_hazard(void **state)
{
	(void)state;
	make(PUSHES " 31 c0 " POPS " 74 ea c3");	/* je victim+2 */
	assert_non_null(strstr(why_not(), "victim+0x16 (0x81000016) jumps to 0x81000002, into the middle"));
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_goes_behind_endbr_and_the_nop_of_ftrace),
		TEST(it_goes_behind_a_sealed_endbr),
		TEST(it_goes_to_the_start_where_nothing_stands_there),
		TEST(it_goes_behind_endbr_alone),
		TEST(numbers_fill_the_whole_register),
		TEST(numbers_of_more_than_32_bits_are_refused),
		TEST(i386_has_registers_of_32_bits),
		TEST(what_is_left_of_the_last_instruction_is_int3),
		TEST(it_leaves_by_the_return_thunk_where_the_function_does),
		TEST(the_jump_to_the_thunk_arrives_there),
		TEST(ways_out_that_differ_are_refused),
		TEST(several_returns_that_are_alike_are_not_refused),
		TEST(a_return_that_does_more_is_refused),
		TEST(a_function_that_never_returns_is_refused),
		TEST(a_function_without_room_is_refused_with_both_sizes),
		TEST(a_function_that_is_traced_is_refused),
		TEST(a_call_that_is_not_that_of_ftrace_is_overwritten),
		TEST(a_prologue_before_mcount_is_refused),
		TEST(a_nop_that_may_be_that_of_ftrace_is_not_overwritten),
		TEST(in_a_file_the_call_of_fentry_is_as_good_as_the_nop),
		TEST(what_is_there_already_is_told),
		TEST(a_loop_back_to_its_start_is_none_of_its_middle),
		TEST(a_loop_back_into_its_middle_is_a_hazard),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
