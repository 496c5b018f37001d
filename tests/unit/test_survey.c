/* SPDX-License-Identifier: GPL-2.0-or-later */
/* survey on a small kernel whose owners are the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "survey.h"

enum { BASE = 0x81000000, DATA = 0x81001000 };

/* push %rbx; xor %eax,%eax; testb $0x2,0x50(%rdi); je +0; pop %rbx; ret */
static const uint8_t text[] = {
	0x53, 0x31, 0xc0, 0xf6, 0x47, 0x50, 0x02, 0x74, 0x00, 0x5b, 0xc3,
};
enum { XOR = 1, TESTB = 3, JE = 7 };

static struct owner owned[2];
static size_t owned_count;
static uint64_t hidden_from;		/* the address of a kprobe; 0: none */
static bool refused;

void kernel_explain(const struct kernel *kernel, struct fail *fail)
{
	(void)kernel;
	fail_append(fail, "; explained");
}

int hazard_symbol(const struct kernel *kernel, const struct symbol *symbol, struct fail *fail)
{
	(void)kernel;
	return refused ? fail_set(fail, OUTCOME_HAZARD, "%s is refused", symbol->name) : 0;
}

int hazard_hidden(const struct kernel *kernel, const struct function *victim, uint64_t offset,
		  size_t length, struct fail *fail)
{
	(void)kernel;
	if (hidden_from == 0 || hidden_from >= victim->symbol->address + offset + length)
		return 0;
	return fail_set(fail, OUTCOME_HAZARD, "a kprobe hides it");
}

static int owners_of_test(struct owners *out, struct fail *fail)
{
	for (size_t i = 0; i < owned_count; i++) {
		if (owners_add(out, owned[i].kind, owned[i].address, owned[i].end, NULL, NULL,
			       fail) != 0)
			return -1;
	}
	return 0;
}

int hazard_owners(const struct kernel *kernel, const struct function *victim,
		  struct owners *out, struct fail *fail)
{
	(void)kernel;
	(void)victim;
	return owners_of_test(out, fail);
}

int hazard_data(const struct kernel *kernel, const struct symbol *symbol, uint64_t address,
		size_t size, struct owners *out, struct fail *fail)
{
	(void)kernel;
	assert_int_equal(address, symbol->address);
	assert_int_equal(size, symbol->size);
	return owners_of_test(out, fail);
}

static int text_read(struct target *target, uint64_t address, void *buffer, size_t length,
		     const char *what, struct fail *fail)
{
	(void)target;
	if (address < BASE || address - BASE > sizeof(text) ||
	    length > sizeof(text) - (address - BASE))
		return fail_at(fail, OUTCOME_ERROR, address, "%s is not there", what);
	memcpy(buffer, text + (address - BASE), length);
	return 0;
}

static const struct target_ops ops = { .read = text_read };
static struct target target = { .ops = &ops };
static struct symtab *symtab;
static struct decoder *decoder;

static int setup(void **state)
{
	static const char map[] = "81000000 T victim\n8100000b T _etext\n"
				  "81001000 D counter\n81001008 D _edata\n";
	char path[] = "/tmp/test_survey.XXXXXX";
	int fd = mkstemp(path);
	struct fail fail;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, map, sizeof(map) - 1), sizeof(map) - 1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(symtab_load_system_map(path, &symtab, &fail), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(decoder_create(ARCH_X86_64, &decoder, &fail), 0);
	owned_count = 0;
	hidden_from = 0;
	refused = false;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	decoder_destroy(decoder);
	symtab_destroy(symtab);
	return 0;
}

static void own(enum owner_kind kind, uint64_t address, size_t length)
{
	owned[owned_count++] = (struct owner){ .kind = kind, .address = address,
					       .end = address + length };
}

/* The words of the owners found, "ftrace kprobe", or "mismatch: why". `offset` -1: no offset. */
static const char *found(const char *symbol, int64_t offset)
{
	CLEANUP(survey_deinit) struct survey survey = { .symbol = NULL };
	const struct kernel kernel = { .target = &target, .symtab = symtab, .decoder = decoder };
	static char words[sizeof(struct fail)];
	struct fail fail;

	words[0] = '\0';
	if (survey_make(&kernel, &(struct survey_question){ .symbol = symbol,
			.has_offset = offset >= 0, .offset = offset < 0 ? 0 : (uint64_t)offset },
			&survey, &fail) != 0) {
		(void)snprintf(words, sizeof(words), "%s: %s", outcome_name(fail.code),
			       fail.message);
		return words;
	}
	for (size_t i = 0; i < survey.owners.count; i++) {
		if (!survey_has(&survey, &survey.owners.items[i]))
			continue;
		(void)strcat(words, words[0] == '\0' ? "" : " ");
		(void)strcat(words, owner_name(survey.owners.items[i].kind));
	}
	return words;
}

#define assert_says(got, part) \
	do { \
		if (strstr(got, part) == NULL) \
			fail_msg("\"%s\" is not in: \"%s\"", part, got); \
	} while (0)

static void of_a_whole_function_every_owner_is_told(void **state)
{
	(void)state;
	own(OWNER_EX_FIXUP, BASE, 0);
	own(OWNER_BUG_TABLE, BASE + JE, 2);
	assert_string_equal(found("victim", -1), "ex_fixup bug_table");
}

static void of_an_instruction_those_are_told_that_a_change_of_it_would_touch(void **state)
{
	(void)state;
	own(OWNER_EX_FIXUP, BASE + TESTB, 0);
	own(OWNER_BUG_TABLE, BASE + JE, 2);
	assert_string_equal(found("victim", JE), "bug_table");
	assert_string_equal(found("victim", TESTB), "");
	assert_string_equal(found("victim", JE + 2), "");
	owned[0].address++;
	owned[0].end++;
	assert_string_equal(found("victim", TESTB), "ex_fixup");
}

static void an_offset_that_no_instruction_starts_at_is_refused(void **state)
{
	(void)state;
	assert_says(found("victim", JE + 1), "mismatch: victim+0x8 (0x81000008) is inside an "
		    "instruction: the one at +0x7, je victim+0x9, is 2 bytes long");
	assert_says(found("victim", sizeof(text)), "mismatch: victim+0xb is past the end of the "
		    "function, which is 0xb bytes long");
	assert_says(found("victim", INT64_MAX), "past the end");
}

static void behind_a_kprobe_nothing_looks_free(void **state)
{
	(void)state;
	own(OWNER_KPROBE, BASE + XOR, 2);
	hidden_from = BASE + XOR;
	assert_string_equal(found("victim", 0), "");
	assert_string_equal(found("victim", XOR), "kprobe");
	assert_string_equal(found("victim", JE), "hazard: a kprobe hides it");
	/* and an instruction that is not where it seems is the kprobe's doing */
	assert_string_equal(found("victim", JE + 1), "hazard: a kprobe hides it");
	assert_string_equal(found("victim", -1), "kprobe");
}

static void who_cannot_be_told_is_an_owner_and_no_failure(void **state)
{
	(void)state;
	own(OWNER_UNKNOWN, BASE, sizeof(text));
	hidden_from = BASE;
	assert_string_equal(found("victim", JE), "unknown");
}

static void a_symbol_that_is_refused_as_a_whole_is_a_failure(void **state)
{
	(void)state;
	refused = true;
	assert_string_equal(found("victim", -1), "hazard: victim is refused");
	assert_string_equal(found("counter", -1), "hazard: counter is refused");
}

static void of_a_variable_the_owners_of_a_byte_can_be_asked_for(void **state)
{
	(void)state;
	own(OWNER_STATIC_KEY, DATA, 4);
	own(OWNER_RO_AFTER_INIT, DATA, 8);
	assert_string_equal(found("counter", -1), "static_key ro_after_init");
	assert_string_equal(found("counter", 3), "static_key ro_after_init");
	assert_string_equal(found("counter", 4), "ro_after_init");
	assert_says(found("counter", 8), "mismatch: counter+0x8 is past the end of the variable, "
		    "which is 0x8 bytes long");
}

static void a_variable_of_no_known_size_is_refused(void **state)
{
	(void)state;
	assert_says(found("_edata", -1), "not-found: _edata at 0x81001008 has no usable size");
}

static void a_name_that_is_not_there_is_neither_function_nor_variable(void **state)
{
	(void)state;
	assert_says(found("victims", -1), "not-found: no function or variable victims");
	assert_says(found("victims", -1), "; explained");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(of_a_whole_function_every_owner_is_told),
		TEST(of_an_instruction_those_are_told_that_a_change_of_it_would_touch),
		TEST(an_offset_that_no_instruction_starts_at_is_refused),
		TEST(behind_a_kprobe_nothing_looks_free),
		TEST(who_cannot_be_told_is_an_owner_and_no_failure),
		TEST(a_symbol_that_is_refused_as_a_whole_is_a_failure),
		TEST(of_a_variable_the_owners_of_a_byte_can_be_asked_for),
		TEST(a_variable_of_no_known_size_is_refused),
		TEST(a_name_that_is_not_there_is_neither_function_nor_variable),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("survey", tests, NULL, NULL);
}
