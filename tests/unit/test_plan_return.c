/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions that are made to return at once, against a small kernel in memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "plan_fixture.h"

static const uint8_t text[0x80] = {
	[0x00] = 0xf3, 0x0f, 0x1e, 0xfa,		/* number: endbr64 */
	[0x04] = 0x0f, 0x1f, 0x44, 0x00, 0x00,		/* ftrace's nop */
	[0x09] = 0x55,					/* push %rbp */
	[0x0a] = 0x48, 0x89, 0xe5,			/* mov %rsp,%rbp */
	[0x0d] = 0x31, 0xc9,				/* xor %ecx,%ecx */
	[0x0f] = 0xb8, 0x07, 0x00, 0x00, 0x00,		/* mov $0x7,%eax */
	[0x14] = 0x5d,					/* pop %rbp */
	[0x15] = 0xc3,					/* ret */
	[0x16] = 0xcc, 0xcc,
	[0x20] = 0x31, 0xc9, 0xff, 0xc1,		/* looping: xor %ecx,%ecx; inc %ecx */
	[0x24] = 0x83, 0xf9, 0x08, 0x75, 0xf9, 0xc3,	/* cmp $0x8,%ecx; jne +2; ret */
	[0x2a] = 0xcc, 0xcc,
	[0x30] = 0x31, 0xc9, 0xc3,			/* tiny: xor %ecx,%ecx; ret */
	[0x33] = 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
	[0x40] = 0x31, 0xc9, 0x31, 0xd2, 0x31, 0xf6,	/* silent */
	[0x46] = 0x31, 0xff, 0xc3,			/* ret */
	[0x49] = 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
};

static const char symbols[] =
	"ffffffff81000000 T _text\n"
	"ffffffff81000000 T _stext\n"
	"ffffffff81000000 t number\n"
	"ffffffff81000020 t looping\n"
	"ffffffff81000030 t tiny\n"
	"ffffffff81000040 t silent\n"
	"ffffffff81000050 t behind\n"
	"ffffffff81000080 T _etext\n"
	"ffffffff81001000 R __start___ex_table\n"
	"ffffffff81001000 R __stop___ex_table\n";

static void functions(struct btf *btf)
{
	int number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int returns = btf__add_func_proto(btf, number);
	int nothing = btf__add_func_proto(btf, 0);

	assert_true(btf__add_func(btf, "number", BTF_FUNC_STATIC, returns) > 0);
	assert_true(btf__add_func(btf, "looping", BTF_FUNC_STATIC, returns) > 0);
	assert_true(btf__add_func(btf, "tiny", BTF_FUNC_STATIC, returns) > 0);
	assert_true(btf__add_func(btf, "silent", BTF_FUNC_STATIC, nothing) > 0);
}

static int setup(void **state)
{
	struct fixture *f = plan_fixture_make(text, sizeof(text), symbols);

	plan_fixture_types(f, functions);
	*state = f;
	return 0;
}

static struct site return_site(const char *function, int64_t number)
{
	return (struct site){ .symbol = (char *)function, .where = SITE_ENTRY,
			      .operation = { .kind = OPERATION_RETURN,
					     .number = { (uint64_t)number, number < 0 },
					     .place = { 9, 14 } } };
}

static void a_function_that_returns_a_number_is_made_to_return_another(void **state)
{
	struct fixture *f = *state;
	const struct site_plan *plan;
	char bytes[BYTES_TEXT_MAX];

	assert_outcome(planned_site(f, return_site("number", -EPERM)), OUTCOME_APPLICABLE);
	plan = &f->plan.sites[0];
	assert_true(plan->offset == 9 && plan->address == base + 9);
	/* mov $0xffffffffffffffff,%rax; ret; and int3 up to where the next old instruction begins */
	assert_string_equal(bytes_print(&plan->replacement.bytes, bytes),
			    "48 c7 c0 ff ff ff ff c3 cc cc cc");
	assert_true(plan->multiple);
	assert_string_equal(plan->found.assembler,
			    "push %rbp; mov %rsp,%rbp; xor %ecx,%ecx; mov $0x7,%eax");
	assert_int_equal(f->plan.warnings.count, 1);
	assert_non_null(strstr(f->plan.warnings.items[0], "stack trace"));
}

static void it_is_already_applied_when_it_is_there(void **state)
{
	struct fixture *f = *state;

	memcpy(f->memory.text + 9, "\x48\xc7\xc0\xff\xff\xff\xff\xc3\xcc\xcc\xcc", 11);
	assert_outcome(planned_site(f, return_site("number", -EPERM)), OUTCOME_ALREADY_APPLIED);
	assert_true(f->plan.sites[0].offset == 9);
	assert_int_equal(f->plan.warnings.count, 0);
	/* that of another number is not, and is changed into this one */
	assert_outcome(planned_site(f, return_site("number", -EINVAL)), OUTCOME_APPLICABLE);
}

static void a_function_that_returns_nothing_is_a_guard_unless_the_author_knows_it(void **state)
{
	struct fixture *f = *state;
	struct site site = return_site("silent", 0);

	assert_outcome(planned_site(f, site), OUTCOME_GUARD);
	assert_says(f, "t.yaml:9:14: error: sites[0].replace: silent returns nothing on this kernel");
	assert_says(f, "at +0x0: expect: {asm: \"xor %ecx,%ecx\"}");
	site.expect.assembler = (char *)"xor %ecx,%ecx";
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
}

static void truths(struct btf *btf)
{
	int truth = btf__add_func_proto(btf, btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL));

	assert_true(btf__add_func(btf, "number", BTF_FUNC_STATIC, truth) > 0);
}

static void of_true_or_false_no_other_number_is_returned(void **state)
{
	struct fixture *f = *state;

	plan_fixture_types(f, truths);
	assert_outcome(planned_site(f, return_site("number", 0)), OUTCOME_APPLICABLE);
	assert_outcome(planned_site(f, return_site("number", 1)), OUTCOME_APPLICABLE);
	assert_outcome(planned_site(f, return_site("number", -1)), OUTCOME_GUARD);
	assert_says(f, "number returns true or false on this kernel, which is 1 or 0");
	assert_outcome(planned_site(f, return_site("number", 2)), OUTCOME_GUARD);
}

static void without_types_what_is_there_must_be_expected(void **state)
{
	struct fixture *f = *state;
	struct site site = return_site("number", 0);

	plan_fixture_types(f, NULL);
	assert_outcome(planned_site(f, site), OUTCOME_GUARD);
	assert_says(f, "whether number returns a number or a pointer is not known: ");
	assert_says(f, "at +0x9: expect: {asm: \"push %rbp\"}");
	site.expect.bytes = bytes_of("55");
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	site.expect.bytes = bytes_of("55 48 89 e5 31 c9");	/* more than is written over */
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	site.expect.bytes = bytes_of("53");
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
	assert_says(f, "number+0x9 (0xffffffff81000009): expected 53 (push %rbx), found 55 ");
	site.expect.bytes.length = 0;
	site.expect.assembler = (char *)"push %rbp; mov %rsp,%rbp";
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	site.expect.assembler = (char *)"push %rbp; mov %rsp,%rbx";
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
}

static void an_expectation_that_goes_past_the_end_is_a_mismatch(void **state)
{
	struct fixture *f = *state;
	struct site site = return_site("silent", 0);

	site.expect.bytes = bytes_of("31 c9 31 d2 31 f6 31 ff c3 cc");
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
}

static void a_function_without_room_is_a_hazard(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, return_site("tiny", 5)), OUTCOME_HAZARD);
	assert_says(f, "t.yaml:9:14: error: sites[0].replace: ");
	/* xor %eax,%eax; ret is as long as it is */
	assert_outcome(planned_site(f, return_site("tiny", 0)), OUTCOME_APPLICABLE);
}

static void a_loop_back_into_the_new_instructions_is_a_hazard(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, return_site("looping", 0)), OUTCOME_HAZARD);
	assert_says(f, "looping+0x7 (0xffffffff81000027) jumps to 0xffffffff81000022");
}

static void a_number_that_does_not_fit_is_told_with_its_line(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, return_site("number", INT64_C(1) << 40)),
		       OUTCOME_INVALID_SPEC);
	assert_says(f, "t.yaml:9:14: error: sites[0].replace: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(a_function_that_returns_a_number_is_made_to_return_another),
		unit(it_is_already_applied_when_it_is_there),
		unit(a_function_that_returns_nothing_is_a_guard_unless_the_author_knows_it),
		unit(of_true_or_false_no_other_number_is_returned),
		unit(without_types_what_is_there_must_be_expected),
		unit(an_expectation_that_goes_past_the_end_is_a_mismatch),
		unit(a_function_without_room_is_a_hazard),
		unit(a_loop_back_into_the_new_instructions_is_a_hazard),
		unit(a_number_that_does_not_fit_is_told_with_its_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
