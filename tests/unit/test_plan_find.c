/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sites that a pattern finds, against a small kernel in memory. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "plan_fixture.h"

static const uint8_t text[0x100] = {
	[0x00] = 0xf3, 0x0f, 0x1e, 0xfa,		/* victim: endbr64 */
	[0x04] = 0x0f, 0x1f, 0x44, 0x00, 0x00,		/* ftrace's nop */
	[0x09] = 0xf6, 0x47, 0x50, 0x02,		/* testb $0x2,0x50(%rdi) */
	[0x0d] = 0x74, 0x07,				/* je +0x16 */
	[0x0f] = 0x31, 0xc0,				/* xor %eax,%eax */
	[0x11] = 0xb8, 0x01, 0x00, 0x00, 0x00,		/* mov $0x1,%eax */
	[0x16] = 0x85, 0xf6,				/* test %esi,%esi */
	[0x18] = 0x75, 0x26,				/* jne victim.cold */
	[0x1a] = 0xc3,					/* ret */
	[0x1b] = 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
	[0x20] = 0x31, 0xc0, 0xc3,			/* twin: xor %eax,%eax; ret */
	[0x23] = 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
	[0x28] = 0x85, 0xf6, 0x75, 0x44, 0xc3,		/* twin: test; jne twin.cold; ret */
	[0x2d] = 0xcc, 0xcc, 0xcc,
	[0x30] = 0x85, 0xff, 0x74, 0x01, 0x90,		/* same: test %edi,%edi; je; nop */
	[0x35] = 0x85, 0xff, 0x74, 0x01, 0x90, 0xc3,	/* once more; ret */
	[0x3b] = 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
	[0x40] = 0x31, 0xd2, 0x31, 0xc9,		/* victim.cold: xor %edx,%edx; xor %ecx,%ecx */
	[0x44] = 0xeb, 0xcb,				/* jmp victim+0x11 */
	[0x46] = 0xcc, 0xcc,
	[0x70] = 0x31, 0xdb, 0xeb, 0xb8,		/* twin.cold: xor %ebx,%ebx; jmp twin+4 */
	[0x74] = 0xcc, 0xcc, 0xcc, 0xcc,
	[0x78] = 0x31, 0xff, 0xc3,			/* victim.part.0: xor %edi,%edi; ret */
	[0x7b] = 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
};

static const char symbols[] =
	"ffffffff81000000 T _text\n"
	"ffffffff81000000 T _stext\n"
	"ffffffff81000000 t victim\n"
	"ffffffff81000020 t twin\n"
	"ffffffff81000028 t twin\n"
	"ffffffff81000030 t same\n"
	"ffffffff81000040 t victim.cold\n"
	"ffffffff81000070 t twin.cold\n"
	"ffffffff81000078 t victim.part.0\n"
	"ffffffff81000080 t behind\n"
	"ffffffff81000100 T _etext\n"
	"ffffffff81001000 R __start___ex_table\n"
	"ffffffff81001000 R __stop___ex_table\n";

static int setup(void **state)
{
	*state = plan_fixture_make(text, sizeof(text), symbols);
	return 0;
}

/* One pattern of up to 4 lines, and where it belongs: a test plans one or two such sites. */
struct finder {
	struct pattern_line lines[4];
	struct pattern pattern;
};

static struct site find_site(struct finder *finder, const char *function, size_t at,
			     enum operation_kind operation, const char *const *lines)
{
	memset(finder, 0, sizeof(*finder));
	while (lines[finder->pattern.count] != NULL) {
		finder->lines[finder->pattern.count].text = (char *)lines[finder->pattern.count];
		finder->pattern.count++;
	}
	finder->pattern.lines = finder->lines;
	finder->pattern.at = at;
	return (struct site){ .symbol = (char *)function, .where = SITE_FIND,
			      .patterns = &finder->pattern, .pattern_count = 1,
			      .operation = { .kind = operation, .place = { 9, 14 } } };
}

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void a_pattern_finds_its_place_and_the_operation_is_shown(void **state)
{
	struct fixture *f = *state;
	const struct site_plan *plan;
	struct finder finder;

	assert_outcome(planned_site(f, find_site(&finder, "victim", 1, OPERATION_INVERT,
						 LINES("testb $0x2,*(%rdi)", "je *"))),
		       OUTCOME_APPLICABLE);
	plan = &f->plan.sites[0];
	assert_true(plan->located);
	assert_string_equal(plan->symbol, "victim");
	assert_true(plan->offset == 0xd && plan->address == base + 0xd);
	assert_string_equal(plan->found.assembler, "je victim+0x16");
	assert_string_equal(plan->replacement.assembler, "jne victim+0x16");
	assert_int_equal(plan->replacement.bytes.length, 2);
	assert_int_equal(plan->replacement.bytes.data[0], 0x75);
	assert_false(plan->multiple);
	assert_int_equal(plan->line_count, 3 + 1 + 1 + 3);
}

static void what_the_operation_leaves_is_already_applied(void **state)
{
	struct fixture *f = *state;
	struct finder finder;

	f->memory.text[0xd] = 0x75;
	assert_outcome(planned_site(f, find_site(&finder, "victim", 1, OPERATION_INVERT,
						 LINES("testb $0x2,*(%rdi)", "je *"))),
		       OUTCOME_ALREADY_APPLIED);
	assert_true(f->plan.sites[0].offset == 0xd);
	assert_true(bytes_equal(&f->plan.sites[0].found.bytes,
				&f->plan.sites[0].replacement.bytes));
}

static void a_place_in_the_cold_part_is_named_by_that(void **state)
{
	struct fixture *f = *state;
	const struct site_plan *plan;
	struct finder finder;

	assert_outcome(planned_site(f, find_site(&finder, "victim", 0, OPERATION_NOP,
						 LINES("xor %ecx,%ecx", "jmp *"))),
		       OUTCOME_APPLICABLE);
	plan = &f->plan.sites[0];
	assert_string_equal(plan->symbol, "victim.cold");
	assert_true(plan->offset == 2 && plan->symbol_address == base + 0x40 &&
		    plan->address == base + 0x42);
	assert_string_equal(plan->replacement.assembler, "xchg %ax,%ax");
}

static void a_part_that_was_not_searched_is_warned_of_and_a_cold_one_is_not(void **state)
{
	struct fixture *f = *state;
	struct finder finder;

	assert_outcome(planned_site(f, find_site(&finder, "victim", 1, OPERATION_INVERT,
						 LINES("testb $0x2,*(%rdi)", "je *"))),
		       OUTCOME_APPLICABLE);
	assert_int_equal(f->plan.warnings.count, 1);
	assert_non_null(strstr(f->plan.warnings.items[0], "victim.part.0 (0xffffffff81000078)"));
	assert_null(strstr(f->plan.warnings.items[0], ".cold"));
}

static void a_pattern_that_is_nowhere_is_not_found_and_has_no_place(void **state)
{
	struct fixture *f = *state;
	struct finder finder;

	assert_outcome(planned_site(f, find_site(&finder, "victim", 1, OPERATION_INVERT,
						 LINES("testb $0x4,*(%rdi)", "je *"))),
		       OUTCOME_NOT_FOUND);
	assert_false(f->plan.sites[0].located);
	assert_int_equal(f->plan.sites[0].replacement.bytes.length, 0);
}

static void a_part_that_is_a_function_of_its_own_is_not_searched(void **state)
{
	struct fixture *f = *state;
	struct finder finder;

	assert_outcome(planned_site(f, find_site(&finder, "victim", 0, OPERATION_NOP,
						 LINES("xor %edi,%edi"))), OUTCOME_NOT_FOUND);
	assert_outcome(planned_site(f, find_site(&finder, "victim.part.0", 0, OPERATION_NOP,
						 LINES("xor %edi,%edi"))), OUTCOME_APPLICABLE);
}

static void two_places_are_ambiguous(void **state)
{
	struct fixture *f = *state;
	struct finder finder;

	assert_outcome(planned_site(f, find_site(&finder, "same", 1, OPERATION_INVERT,
						 LINES("test %edi,%edi", "je *"))),
		       OUTCOME_AMBIGUOUS);
	assert_says(f, "same+0x2");
	assert_says(f, "same+0x7");
}

static void of_two_functions_of_one_name_each_has_its_own_cold_part(void **state)
{
	struct fixture *f = *state;
	struct finder finder;
	struct site site = find_site(&finder, "twin", 0, OPERATION_NOP, LINES("xor %ebx,%ebx"));

	site.occurrence = 1;
	assert_outcome(planned_site(f, site), OUTCOME_NOT_FOUND);
	site.occurrence = 2;
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	assert_string_equal(f->plan.sites[0].symbol, "twin.cold");
}

static void what_is_expected_must_hold_as_well(void **state)
{
	struct fixture *f = *state;
	struct finder finder;
	struct site site = find_site(&finder, "victim", 1, OPERATION_INVERT,
				     LINES("testb $0x2,*(%rdi)", "je *"));

	site.expect.bytes = bytes_of("74 07");
	site.expect.assembler = (char *)"je victim+0x16";
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	site.expect.bytes = bytes_of("74 08");
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
	assert_says(f, "victim+0xd (0xffffffff8100000d): expected 74 08");
	site.expect.bytes = bytes_of("74 07");
	site.expect.assembler = (char *)"jne *";
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
}

static void a_place_found_in_its_old_form_is_not_already_applied(void **state)
{
	struct fixture *f = *state;
	struct finder finder;
	struct site site = find_site(&finder, "victim", 1, OPERATION_INVERT,
				     LINES("test %esi,%esi", "jne *"));

	site.expect.bytes = bytes_of("74 26");	/* which invert would leave as it is there */
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
}

static void bytes_may_be_what_a_found_place_is_made_into(void **state)
{
	struct fixture *f = *state;
	struct finder finder;
	struct site site = find_site(&finder, "victim", 1, OPERATION_BYTES,
				     LINES("testb $0x2,*(%rdi)", "je *"));

	site.operation.bytes = bytes_of("eb 07");
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	assert_string_equal(f->plan.sites[0].replacement.assembler, "jmp victim+0x16");
	f->memory.text[0xd] = 0xeb;
	assert_outcome(planned_site(f, site), OUTCOME_ALREADY_APPLIED);
	f->memory.text[0xd] = 0x74;
	site.operation.bytes = bytes_of("eb 07 90");
	site.operation.multiple = true;
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
	assert_says(f, "end inside an instruction");
}

static void an_operation_that_cannot_be_made_is_told_with_its_line(void **state)
{
	struct fixture *f = *state;
	struct finder finder;

	assert_outcome(planned_site(f, find_site(&finder, "victim", 0, OPERATION_INVERT,
						 LINES("testb $0x2,*(%rdi)", "je *"))),
		       OUTCOME_INVALID_SPEC);
	assert_says(f, "t.yaml:9:14: error: sites[0].replace: at victim+0x9 on this kernel `invert` "
		       "cannot be made of testb $0x2,0x50(%rdi)");
}

static void sites_in_one_function_are_each_found(void **state)
{
	struct fixture *f = *state;
	struct finder first, second;

	f->variants[0].site_count = 2;
	f->sites[1] = find_site(&second, "victim", 1, OPERATION_INVERT,
				LINES("test %esi,%esi", "jne *"));
	assert_outcome(planned_site(f, find_site(&first, "victim", 1, OPERATION_INVERT,
						 LINES("testb $0x2,*(%rdi)", "je *"))),
		       OUTCOME_APPLICABLE);
	assert_true(f->plan.sites[0].offset == 0xd && f->plan.sites[1].offset == 0x18);
	assert_int_equal(f->plan.warnings.count, 1);
	f->sites[1] = find_site(&second, "same", 1, OPERATION_INVERT,
				LINES("nop", "test %edi,%edi", "je *"));
	f->sites[1].patterns->at = 2;
	assert_outcome(planned(f), OUTCOME_APPLICABLE);
	assert_string_equal(f->plan.sites[1].symbol, "same");
	assert_true(f->plan.sites[1].offset == 7);
}

static void sites_may_be_in_any_number_of_functions(void **state)
{
	enum { FUNCTIONS = 20 };
	char names[FUNCTIONS][8], map[FUNCTIONS * 32 + 256] = "";
	struct site sites[FUNCTIONS];
	struct finder finders[FUNCTIONS];
	uint8_t many[FUNCTIONS * 8];
	struct fixture *f = *state;

	for (size_t i = 0; i < FUNCTIONS; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "f%zu", i);
		(void)sprintf(map + strlen(map), "%" PRIx64 " t %s\n", base + i * 8, names[i]);
		memcpy(many + i * 8, "\x85\xff\x74\x01\x90\xc3\xcc\xcc", 8);
		sites[i] = find_site(&finders[i], names[i], 1, OPERATION_INVERT,
				     LINES("test %edi,%edi", "je *"));
	}
	(void)sprintf(map + strlen(map), "%" PRIx64 " T _etext\n"
		      "ffffffff81000000 T _stext\n"
		      "ffffffff81001000 R __start___ex_table\n"
		      "ffffffff81001000 R __stop___ex_table\n", base + sizeof(many));
	assert_int_equal(teardown(state), 0);
	*state = f = plan_fixture_make(many, sizeof(many), map);
	f->variants[0] = (struct variant){ .sites = sites, .site_count = FUNCTIONS };
	if (planned(f) != OUTCOME_APPLICABLE)
		fail_msg("%s", f->plan.message);
	for (size_t i = 0; i < FUNCTIONS; i++)
		assert_true(f->plan.sites[i].address == base + i * 8 + 2);
}

static void two_patterns_for_one_place_overlap(void **state)
{
	struct fixture *f = *state;
	struct finder first, second;

	f->variants[0].site_count = 2;
	f->sites[1] = find_site(&second, "victim", 0, OPERATION_NOP,
				LINES("je *", "xor %eax,%eax"));
	assert_outcome(planned_site(f, find_site(&first, "victim", 1, OPERATION_INVERT,
						 LINES("testb $0x2,*(%rdi)", "je *"))),
		       OUTCOME_INVALID_SPEC);
	assert_says(f, "sites[1] overlaps sites[0]");
}

static void locks(struct btf *btf)
{
	int number = btf__add_int(btf, "unsigned int", 4, 0);

	assert_true(btf__add_struct(btf, "file_lock", 0x58) > 0);
	assert_int_equal(btf__add_field(btf, "fl_type", number, 0x40 * 8, 0), 0);
	assert_int_equal(btf__add_field(btf, "fl_flags", number, 0x50 * 8, 0), 0);
}

static void a_member_of_a_type_is_where_this_kernel_has_it(void **state)
{
	struct fixture *f = *state;
	struct finder finder;

	plan_fixture_types(f, locks);
	assert_outcome(planned_site(f, find_site(&finder, "victim", 1, OPERATION_INVERT,
						 LINES("testb $0x2,{file_lock.fl_flags}(*)",
						       "je *"))), OUTCOME_APPLICABLE);
	assert_outcome(planned_site(f, find_site(&finder, "victim", 1, OPERATION_INVERT,
						 LINES("testb $0x2,{file_lock.fl_type}(*)",
						       "je *"))), OUTCOME_NOT_FOUND);
}

static void a_pattern_that_needs_a_type_is_a_guard_where_there_is_none(void **state)
{
	struct fixture *f = *state;
	struct finder finder;

	assert_outcome(planned_site(f, find_site(&finder, "victim", 1, OPERATION_INVERT,
						 LINES("testb $0x2,{file_lock.fl_flags}(*)",
						       "je *"))), OUTCOME_GUARD);
	plan_fixture_types(f, locks);
	assert_outcome(planned_site(f, find_site(&finder, "victim", 1, OPERATION_INVERT,
						 LINES("testb $0x2,{file_lock.fl_flogs}(*)",
						       "je *"))), OUTCOME_GUARD);
	assert_says(f, "fl_flags");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(a_pattern_finds_its_place_and_the_operation_is_shown),
		unit(what_the_operation_leaves_is_already_applied),
		unit(a_place_in_the_cold_part_is_named_by_that),
		unit(a_part_that_was_not_searched_is_warned_of_and_a_cold_one_is_not),
		unit(a_pattern_that_is_nowhere_is_not_found_and_has_no_place),
		unit(a_part_that_is_a_function_of_its_own_is_not_searched),
		unit(two_places_are_ambiguous),
		unit(of_two_functions_of_one_name_each_has_its_own_cold_part),
		unit(what_is_expected_must_hold_as_well),
		unit(a_place_found_in_its_old_form_is_not_already_applied),
		unit(bytes_may_be_what_a_found_place_is_made_into),
		unit(an_operation_that_cannot_be_made_is_told_with_its_line),
		unit(sites_in_one_function_are_each_found),
		unit(sites_may_be_in_any_number_of_functions),
		unit(two_patterns_for_one_place_overlap),
		unit(a_member_of_a_type_is_where_this_kernel_has_it),
		unit(a_pattern_that_needs_a_type_is_a_guard_where_there_is_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
