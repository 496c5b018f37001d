/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations at an exact offset, against a small kernel in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "plan_fixture.h"

static const uint8_t text[0x80] = {
	[0x00] = 0x90, 0x90, 0x90, 0x90,		/* victim */
	[0x04] = 0x74, 0x0a,				/* je +0x10 */
	[0x06] = 0xb8, 0x01, 0x00, 0x00, 0x00,		/* mov $0x1,%eax */
	[0x0b] = 0x8b, 0x4f, 0x50,			/* mov 0x50(%rdi),%ecx */
	[0x0e] = 0x31, 0xd2,				/* xor %edx,%edx */
	[0x10] = 0x0f, 0x84, 0x01, 0x00, 0x00, 0x00,	/* je +0x17 */
	[0x16] = 0x90,
	[0x17] = 0xc3,					/* ret */
	[0x18] = 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
};

static const char symbols[] =
	"ffffffff81000000 T _text\n"
	"ffffffff81000000 T _stext\n"
	"ffffffff81000000 t victim\n"
	"ffffffff81000020 t behind\n"
	"ffffffff81000080 T _etext\n"
	"ffffffff81001000 R __start___ex_table\n"
	"ffffffff81001000 R __stop___ex_table\n";

static int setup(void **state)
{
	*state = plan_fixture_make(text, sizeof(text), symbols);
	return 0;
}

static struct site operation_site(uint64_t offset, const char *bytes, const char *assembler,
				  enum operation_kind operation, uint64_t number)
{
	return (struct site){ .symbol = (char *)"victim", .offset = offset,
			      .expect = { .bytes = bytes_of(bytes), .bytes_place = { 7, 3 },
					  .assembler = (char *)assembler },
			      .operation = { .kind = operation, .number.bits = number,
					     .place = { 9, 14 } } };
}

static void each_operation_is_made_of_what_is_there(void **state)
{
	static const struct {
		uint64_t offset;
		const char *bytes;
		enum operation_kind kind;
		uint64_t number;
		const char *made;
	} cases[] = {
		{ 0x04, "74 0a", OPERATION_INVERT, 0, "75 0a" },
		{ 0x04, "74 0a", OPERATION_ALWAYS, 0, "eb 0a" },
		{ 0x04, "74 0a", OPERATION_NEVER, 0, "74 00" },
		{ 0x10, "0f 84 01 00 00 00", OPERATION_INVERT, 0, "0f 85 01 00 00 00" },
		{ 0x10, "0f 84 01 00 00 00", OPERATION_ALWAYS, 0, "2e e9 01 00 00 00" },
		{ 0x10, "0f 84 01 00 00 00", OPERATION_NEVER, 0, "66 0f 1f 44 00 00" },
		{ 0x06, "b8 01 00 00 00", OPERATION_NOP, 0, "0f 1f 44 00 00" },
		{ 0x06, "b8 01 00 00 00", OPERATION_IMMEDIATE, 0x1234, "b8 34 12 00 00" },
		{ 0x0b, "8b 4f 50", OPERATION_DISPLACEMENT, 0x28, "8b 4f 28" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes made = bytes_of(cases[i].made);
		struct site site = operation_site(cases[i].offset, cases[i].bytes, NULL,
						  cases[i].kind, cases[i].number);
		char got[BYTES_TEXT_MAX];

		memcpy(f->memory.text, text, sizeof(text));
		assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
		assert_string_equal(bytes_print(&f->plan.sites[0].replacement.bytes, got),
				    cases[i].made);
		assert_non_null(f->plan.sites[0].replacement.assembler);
		assert_false(f->plan.sites[0].multiple);
		/* and once it is written, that is known */
		memcpy(f->memory.text + cases[i].offset, made.data, made.length);
		assert_outcome(planned_site(f, site), OUTCOME_ALREADY_APPLIED);
		assert_string_equal(bytes_print(&f->plan.sites[0].replacement.bytes, got),
				    cases[i].made);
	}
}

static void what_is_left_is_known_by_the_expected_text_alone_too(void **state)
{
	static const struct {
		uint64_t offset;
		const char *assembler;
		enum operation_kind kind;
		uint64_t number;
		const char *made, *other;	/* another that it is not left of */
	} cases[] = {
		{ 0x04, "je *", OPERATION_INVERT, 0, "75 0a", "78 0a" },
		{ 0x04, "je victim+0x10", OPERATION_INVERT, 0, "75 0a", "75 08" },
		{ 0x04, "je victim+0x10", OPERATION_ALWAYS, 0, "eb 0a", "eb 08" },
		{ 0x04, "je victim+0x10", OPERATION_NEVER, 0, "74 00", "75 00" },
		{ 0x10, "je victim+0x17", OPERATION_NEVER, 0, "66 0f 1f 44 00 00",
		  "0f 85 01 00 00 00" },
		{ 0x06, "mov $1,%eax", OPERATION_NOP, 0, "0f 1f 44 00 00", "b8 02 00 00 00" },
		{ 0x06, "mov $1,%eax", OPERATION_IMMEDIATE, 5, "b8 05 00 00 00",
		  "b9 05 00 00 00" },
		{ 0x0b, "mov 0x50(%rdi),%ecx", OPERATION_DISPLACEMENT, 0x28, "8b 4f 28",
		  "8b 57 28" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes made = bytes_of(cases[i].made), other = bytes_of(cases[i].other);
		struct site site = operation_site(cases[i].offset, "", cases[i].assembler,
						  cases[i].kind, cases[i].number);

		memcpy(f->memory.text, text, sizeof(text));
		assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
		assert_true(bytes_equal(&f->plan.sites[0].replacement.bytes, &made));
		memcpy(f->memory.text + cases[i].offset, made.data, made.length);
		if (planned_site(f, site) != OUTCOME_ALREADY_APPLIED)
			fail_msg("case %zu: %s: %s", i, outcome_name(f->plan.outcome),
				 f->plan.message);
		memcpy(f->memory.text + cases[i].offset, other.data, other.length);
		if (planned_site(f, site) != OUTCOME_MISMATCH)
			fail_msg("case %zu, other: %s", i, outcome_name(f->plan.outcome));
	}
}

static void what_is_neither_expected_nor_left_is_a_mismatch(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, operation_site(0x0e, "74 0a", NULL, OPERATION_INVERT, 0)),
		       OUTCOME_MISMATCH);
	assert_says(f, "victim+0xe (0xffffffff8100000e): expected 74 0a");
	assert_says(f, "found 31 d2 (xor %edx,%edx); these bytes stand at +0x4");
	assert_outcome(planned_site(f, operation_site(0x0e, "", "je *", OPERATION_INVERT, 0)),
		       OUTCOME_MISMATCH);
	assert_says(f, "expected \"je *\"");
	assert_outcome(planned_site(f, operation_site(0x05, "0a b8", "or *", OPERATION_NOP, 0)),
		       OUTCOME_INVALID_SPEC);
	assert_outcome(planned_site(f, operation_site(0x05, "", "or *", OPERATION_NOP, 0)),
		       OUTCOME_MISMATCH);
	assert_says(f, "inside an instruction");
}

static void what_cannot_be_made_is_told_with_line_and_instruction(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, operation_site(0x0e, "", "xor *,*", OPERATION_INVERT, 0)),
		       OUTCOME_INVALID_SPEC);
	assert_says(f, "t.yaml:9:14: error: sites[0].replace: at victim+0xe on this kernel `invert` "
		       "cannot be made of xor %edx,%edx");
	assert_outcome(planned_site(f, operation_site(0x0b, "8b 4f 50", NULL,
						      OPERATION_DISPLACEMENT, 0x1000)),
		       OUTCOME_INVALID_SPEC);
	assert_says(f, "-128 to 127");
}

static void several_expected_instructions_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, operation_site(0x0e, "31 d2 90", NULL, OPERATION_NOP, 0)),
		       OUTCOME_INVALID_SPEC);
	assert_says(f, "t.yaml:7:3: error: sites[0].expect.bytes: 31 d2 90 is 2 instructions; a site "
		       "changes one into one");
}

static void a_jump_that_is_made_always_must_lead_to_code(void **state)
{
	struct fixture *f = *state;

	f->memory.text[0x05] = 0x09;	/* into the middle of xor */
	assert_outcome(planned_site(f, operation_site(0x04, "", "je *", OPERATION_ALWAYS, 0)),
		       OUTCOME_APPLICABLE);	/* the old one went there, too */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(each_operation_is_made_of_what_is_there),
		unit(what_is_left_is_known_by_the_expected_text_alone_too),
		unit(what_is_neither_expected_nor_left_is_a_mismatch),
		unit(what_cannot_be_made_is_told_with_line_and_instruction),
		unit(several_expected_instructions_are_refused),
		unit(a_jump_that_is_made_always_must_lead_to_code),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
