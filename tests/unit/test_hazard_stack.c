/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_stack: which instructions change the stack's depth by the kernel's states, and which changes
 * do by themselves; through hazard_owners() and hazard_bytes() of a kernel in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hazard.h"
#include "lib/hazard_stack.h"

enum { BASE = 0x81000000, IPS = 0x81000100, ENTRIES = 0x81000200 };

/* What the tests call the instructions by. */
enum { PUSH = 0, XOR = 1, JE = 3, ADD = 5, POP = 9, RET = 10, CALL = 11, SECOND = 16, UD2 = 18, END = 20 };
static const uint8_t text[] = {
	[PUSH] = 0x53,				/* push %rbx */
	[XOR] = 0x31, 0xc0,			/* xor %eax,%eax */
	[JE] = 0x74, 0x06,			/* je +0xb */
	[ADD] = 0x83, 0xc0, 0x01, 0x90,		/* add $1,%eax; nop */
	[POP] = 0x5b,				/* pop %rbx */
	[RET] = 0xc3,				/* ret */
	[CALL] = 0xe8, 0x00, 0x10, 0x00, 0x00,	/* call of what does not return */
	[SECOND] = 0x31, 0xc0,			/* xor %eax,%eax, where others come to */
	[UD2] = 0x0f, 0x0b,			/* ud2 */
};

struct state_at {
	unsigned offset;
	uint8_t depth;		/* 0: nothing is known */
};

static struct state_at given[8];
static size_t given_count;
static unsigned function_end = END;
static bool sick;

/* ENTRIES and IPS hold what `given` says. */
static int memory_read(struct target *target, uint64_t address, void *buffer, size_t length,
		       const char *what, struct fail *fail)
{
	uint8_t memory[0x300] = { 0 };

	(void)target;
	memcpy(memory, text, sizeof(text));
	for (size_t i = 0; i < given_count; i++) {
		int32_t displacement = (int32_t)(BASE + given[i].offset - (IPS + 4 * i));

		memcpy(memory + IPS - BASE + 4 * i, &displacement, sizeof(displacement));
		memory[ENTRIES - BASE + ORC_ENTRY_SIZE * i] = given[i].depth;
	}
	if (address < BASE || address - BASE > sizeof(memory) - length ||
	    (sick && address >= ENTRIES))
		return fail_at(fail, OUTCOME_ERROR, address, "%s is not there", what);
	memcpy(buffer, memory + (address - BASE), length);
	return 0;
}

static const struct target_ops ops = { .read = memory_read };
static struct target target = { .ops = &ops };
static struct hazards *hazards;
static struct symtab *symtab;
static struct decoder *decoder;
static struct function function;
static struct owners owners;
static struct kernel kernel;

/* The kernel with these states. */
static void make_kernel(const struct state_at *states, size_t count)
{
	char path[] = "/tmp/test_hazard_stack.XXXXXX", map[512];
	struct fail fail;
	int fd;

	for (size_t i = 0; i < count; i++)
		given[i] = states[i];
	given_count = count;
	(void)snprintf(map, sizeof(map), "%x T _stext\n%x t victim\n%x t behind\n%x T _etext\n"
		       "%x R __start_orc_unwind_ip\n%zx R __stop_orc_unwind_ip\n"
		       "%x R __start_orc_unwind\n%zx R __stop_orc_unwind\n"
		       "90000000 R __start___ex_table\n90000000 R __stop___ex_table\n", BASE, BASE,
		       BASE + function_end, BASE + END + 16, IPS, IPS + 4 * count, ENTRIES,
		       ENTRIES + ORC_ENTRY_SIZE * count);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, map, strlen(map)), strlen(map));
	assert_int_equal(close(fd), 0);
	assert_int_equal(symtab_load_system_map(path, &symtab, &fail), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(hazards_create(&hazards, &fail), 0);
	assert_int_equal(decoder_create(ARCH_X86_64, &decoder, &fail), 0);
	assert_int_equal(function_load(&target, decoder, symtab_next(symtab, "victim", NULL),
				       &function, &fail), 0);
	assert_int_equal(function.decoded, function_end);
	kernel = (struct kernel){ .target = &target, .symtab = symtab, .hazards = hazards,
				  .decoder = decoder };
}

static int teardown(void **state)
{
	(void)state;
	owners_deinit(&owners);
	function_deinit(&function);
	decoder_destroy(decoder);
	hazards_destroy(hazards);
	symtab_destroy(symtab);
	memset(&function, 0, sizeof(function));
	decoder = NULL;
	hazards = NULL;
	symtab = NULL;
	sick = false;
	function_end = END;
	target.info.architecture = ARCH_X86_64;
	return 0;
}

/* The states as objtool would write them: push and pop change the depth, and what comes behind the
 * return and behind the call has another one. */
static void usual_kernel(void)
{
	static const struct state_at usual[] = {
		{ PUSH, 8 }, { XOR, 16 }, { RET, 8 }, { CALL, 16 }, { SECOND, 24 }, { END, 8 },
	};

	make_kernel(usual, sizeof(usual) / sizeof(usual[0]));
}

static void look(void)
{
	struct fail fail;

	if (hazard_owners(&kernel, &function, &owners, &fail) != 0)
		fail_msg("%s", fail.message);
}

/* Whether the instruction there changes the depth, with its bytes and nothing else. */
static bool is_owned(unsigned offset)
{
	for (size_t i = 0; i < owners.count; i++) {
		const struct owner *owner = &owners.items[i];

		if (owner->kind != OWNER_ORC_UNWIND || owner->address != BASE + offset)
			continue;
		assert_int_equal(owner->policy, OWNER_ALLOWABLE);
		assert_int_equal(owner->end - owner->address,
				 function.insns[function_insn_at(&function, offset)].length);
		return true;
	}
	return false;
}

static void an_instruction_with_another_depth_behind_it_is_owned_and_its_neighbours_are_not(void **state)
{
	(void)state;
	usual_kernel();
	look();
	assert_true(is_owned(PUSH));
	assert_true(is_owned(POP));
	assert_true(is_owned(CALL));
	assert_int_equal(owners.count, 3);
}

static void what_does_not_go_on_behind_it_changes_nothing(void **state)
{
	(void)state;
	usual_kernel();
	look();
	assert_false(is_owned(RET));	/* the next has another depth */
	assert_false(is_owned(UD2));	/* the next function has */
	assert_false(is_owned(JE));	/* the same where it goes on, whatever else there is */
}

static void a_call_that_ends_the_function_goes_on_nowhere(void **state)
{
	(void)state;
	function_end = SECOND;
	usual_kernel();
	look();
	assert_true(is_owned(POP));
	assert_false(is_owned(CALL));
}

static void a_change_inside_of_an_instruction_is_its_own(void **state)
{
	static const struct state_at inside[] = { { PUSH, 8 }, { ADD + 1, 16 } };

	(void)state;
	make_kernel(inside, 2);
	look();
	assert_true(is_owned(ADD));
	assert_int_equal(owners.count, 1);
}

static void nothing_changes_where_nothing_is_known(void **state)
{
	static const struct state_at gaps[] = {
		{ PUSH, 8 }, { XOR, 0 }, { ADD, 16 }, { POP, 16 }, { RET, 0 },
	};

	(void)state;
	make_kernel(gaps, 5);
	look();
	assert_int_equal(owners.count, 0);
}

static void of_two_states_at_one_place_the_known_one_holds(void **state)
{
	static const struct state_at weak[] = { { PUSH, 8 }, { ADD, 0 }, { ADD, 16 }, { RET, 16 } };

	(void)state;
	make_kernel(weak, 4);
	look();
	assert_true(is_owned(JE));
	assert_int_equal(owners.count, 1);
}

static void states_that_cannot_be_read_own_the_whole_function(void **state)
{
	struct fail fail;

	(void)state;
	sick = true;
	usual_kernel();
	look();
	assert_int_equal(owners.count, 1);
	assert_int_equal(owners.items[0].kind, OWNER_UNKNOWN);
	assert_int_equal(owners.items[0].address, BASE);
	assert_int_equal(owners.items[0].end, BASE + END);
	assert_non_null(strstr(owners.items[0].detail, ".orc_unwind is not there"));
	assert_int_equal(hazard_bytes(&kernel, &function, &(struct hazard_change){ .offset = XOR,
			 .length = 2 }, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_HAZARD);
}

/* What hazard_bytes() says of other bytes there: "" where they may be written. */
static const char *why_not_change(struct hazard_change change, const char *bytes)
{
	unsigned offset = (unsigned)change.offset;
	size_t length = change.length;
	struct insn insns[8];
	static struct fail fail;

	for (size_t at = 0; at < length; at += insns[change.count++].length) {
		assert_true(change.count < 8);
		assert_int_equal(insn_decode(decoder, (const uint8_t *)bytes + at, length - at,
					     BASE + offset + at, &insns[change.count], &fail), 0);
	}
	change.insns = insns;
	fail.message[0] = '\0';
	if (hazard_bytes(&kernel, &function, &change, &fail) != 0)
		assert_int_equal(fail.code, OUTCOME_HAZARD);
	return fail.message;
}

static const char *why_not(unsigned offset, const char *bytes, size_t length, unsigned long allow)
{
	return why_not_change((struct hazard_change){ .offset = offset, .length = length,
						      .allow = allow }, bytes);
}

#define assert_says(text, part) \
	do { \
		const char *said = (text); \
		if (strstr(said, part) == NULL) \
			fail_msg("\"%s\" is not in: \"%s\"", part, said); \
	} while (0)

enum { ALLOW = 1UL << OWNER_ORC_UNWIND };

static void a_change_of_such_an_instruction_must_be_allowed(void **state)
{
	(void)state;
	usual_kernel();
	assert_says(why_not(PUSH, "\x55", 1, 0), "victim+0x0 (0x81000000) is where the stack's depth "
		    "changes (.orc_unwind)");
	assert_says(why_not(PUSH, "\x55", 1, 0), "allow: {orc_unwind: \"the reason\"}");
	assert_string_equal(why_not(PUSH, "\x55", 1, ALLOW), "");
	assert_string_equal(why_not(XOR, "\x31\xdb", 2, 0), "");
}

static void a_new_instruction_that_moves_the_stack_must_be_allowed(void **state)
{
	(void)state;
	usual_kernel();
	assert_says(why_not(XOR, "\x53\x90", 2, 0), "victim+0x1 (0x81000001): the new instruction push "
		    "%rbx moves the stack pointer, and nothing of what it replaces does");
	assert_says(why_not(ADD, "\x53\x90\x90\x5b", 4, 0), "the new instruction push %rbx");
	assert_string_equal(why_not(XOR, "\x53\x90", 2, ALLOW), "");
}

/* A kernel that keeps no states of the stack. */
static void a_new_instruction_must_move_the_stack_where_the_old_one_did(void **state)
{
	(void)state;
	make_kernel(NULL, 0);
	assert_says(why_not(PUSH, "\x90", 1, 0), "victim+0x0 (0x81000000): the old instruction push "
		    "%rbx moves the stack pointer, and nothing of what replaces it does");
	assert_says(why_not(POP, "\x90", 1, 0), "the old instruction pop %rbx");
	assert_string_equal(why_not(PUSH, "\x55", 1, 0), "");
	assert_string_equal(why_not(POP, "\x90", 1, ALLOW), "");
}

static void a_function_may_be_left_before_it_has_moved_the_stack(void **state)
{
	(void)state;
	make_kernel(NULL, 0);
	assert_string_equal(why_not(PUSH, "\x31\xc0\xc3", 3, 0), "");		/* xor; ret */
	assert_string_equal(why_not(PUSH, "\xe9\x00\x10\x00\x00", 5, 0), "");	/* jmp elsewhere */
	assert_says(why_not(PUSH, "\x90\xeb\x00", 3, 0), "the old instruction push %rbx");
	assert_says(why_not(POP, "\x90\xc3", 2, 0), "the old instruction pop %rbx");
}

static void a_return_at_the_entry_may_leave_out_a_prologue_and_nothing_else(void **state)
{
	static const char *const bytes = "\x31\xc0\xc3\xcc\xcc";	/* of PUSH, XOR and JE */
	const struct hazard_change change = { .offset = PUSH, .length = 5, .returns = true };

	(void)state;
	usual_kernel();
	assert_says(why_not(PUSH, bytes, 5, 0), "is where the stack's depth changes");
	assert_string_equal(why_not_change(change, bytes), "");
	teardown(state);
	make_kernel(NULL, 0);
	assert_string_equal(why_not_change(change, bytes), "");
	teardown(state);
	sick = true;
	usual_kernel();
	assert_says(why_not_change(change, bytes), ".orc_unwind is not there");
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_instruction_with_another_depth_behind_it_is_owned_and_its_neighbours_are_not),
		TEST(what_does_not_go_on_behind_it_changes_nothing),
		TEST(a_call_that_ends_the_function_goes_on_nowhere),
		TEST(a_change_inside_of_an_instruction_is_its_own),
		TEST(nothing_changes_where_nothing_is_known),
		TEST(of_two_states_at_one_place_the_known_one_holds),
		TEST(states_that_cannot_be_read_own_the_whole_function),
		TEST(a_change_of_such_an_instruction_must_be_allowed),
		TEST(a_new_instruction_that_moves_the_stack_must_be_allowed),
		TEST(a_new_instruction_must_move_the_stack_where_the_old_one_did),
		TEST(a_function_may_be_left_before_it_has_moved_the_stack),
		TEST(a_return_at_the_entry_may_leave_out_a_prologue_and_nothing_else),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
