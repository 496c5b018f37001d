/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sites that are variables, against a small kernel in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "plan_fixture.h"

static const uint8_t memory[0x100] = {
	[0x00] = 0x31, 0xc0, 0xc3,			/* schedule */
	[0x10] = 0x40, 0x00, 0x00, 0x00,		/* mask */
	[0x18] = 0xff, 0xff, 0xff, 0xff,		/* limit, limit + 4 */
	[0x1c] = 0x05, 0x00, 0x00, 0x00,
	[0x20] = 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,	/* wide */
	[0x30] = 0x01,					/* once */
	[0x50] = 0x07,					/* ghostly */
};

static const char symbols[] =
	"0000000000000100 A each_cpus\n"
	"ffffffff81000000 T _text\n"
	"ffffffff81000000 T _stext\n"
	"ffffffff81000000 t schedule\n"
	"ffffffff81000008 T _etext\n"
	"ffffffff81000010 d mask\n"
	"ffffffff81000014 d twice\n"
	"ffffffff81000018 d limit\n"
	"ffffffff81000020 d wide\n"
	"ffffffff81000028 d twice\n"
	"ffffffff8100002c d page_end\n"
	"ffffffff81000030 D __start_ro_after_init\n"
	"ffffffff81000030 d once\n"
	"ffffffff81000038 D __end_ro_after_init\n"
	"ffffffff81000040 D init_top_pgt\n"
	"ffffffff81000048 D behind\n"
	"ffffffff81000050 d ghostly\t[ghost]\n"
	"ffffffff81000058 d late\t[ghost]\n"
	"ffffffff81001000 R __start___ex_table\n"
	"ffffffff81001000 R __stop___ex_table\n";

static int setup(void **state)
{
	*state = plan_fixture_make(memory, sizeof(memory), symbols);
	return 0;
}

static struct site variable(const char *name, unsigned size, int64_t expect, int64_t replace)
{
	return (struct site){ .symbol = (char *)name, .where = SITE_VARIABLE, .size = size,
			      .expect = { .has_value = true,
					  .value = { (uint64_t)expect, expect < 0 } },
			      .operation = { .kind = OPERATION_VALUE,
					     .number = { (uint64_t)replace, replace < 0 } } };
}

static void a_variable_with_the_expected_value_is_applicable(void **state)
{
	struct fixture *f = *state;
	const struct site_plan *plan;
	char bytes[BYTES_TEXT_MAX];

	assert_outcome(planned_site(f, variable("mask", 4, 0x40, 0x1234)), OUTCOME_APPLICABLE);
	plan = &f->plan.sites[0];
	assert_true(plan->located && plan->address == base + 0x10 && plan->offset == 0);
	assert_string_equal(plan->symbol, "mask");
	assert_null(plan->module);
	assert_string_equal(bytes_print(&plan->expected.bytes, bytes), "40 00 00 00");
	assert_string_equal(bytes_print(&plan->found.bytes, bytes), "40 00 00 00");
	assert_string_equal(bytes_print(&plan->replacement.bytes, bytes), "34 12 00 00");
	assert_string_equal(plan->replacement.assembler, "0x1234");
	assert_int_equal(plan->line_count, 0);
	assert_false(plan->multiple);
	assert_int_equal(f->plan.warnings.count, 0);
}

static void each_size_is_read_in_the_order_of_its_bytes(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, variable("wide", 8, 0x1122334455667788, 0)),
		       OUTCOME_APPLICABLE);
	assert_outcome(planned_site(f, variable("wide", 4, 0x55667788, 0)), OUTCOME_APPLICABLE);
	assert_outcome(planned_site(f, variable("wide", 2, 0x7788, 0)), OUTCOME_APPLICABLE);
	assert_outcome(planned_site(f, variable("wide", 1, 0x88, 0)), OUTCOME_APPLICABLE);
	assert_outcome(planned_site(f, variable("wide", 4, 0x11223344, 0)), OUTCOME_MISMATCH);
}

static void a_value_is_the_same_with_a_sign_and_without(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, variable("limit", 4, -1, 0)), OUTCOME_APPLICABLE);
	assert_outcome(planned_site(f, variable("limit", 4, 0xffffffff, 0)), OUTCOME_APPLICABLE);
	assert_outcome(planned_site(f, variable("limit", 4, 0, -1)), OUTCOME_ALREADY_APPLIED);
	assert_outcome(planned_site(f, variable("limit", 4, 0, 0xffffffff)),
		       OUTCOME_ALREADY_APPLIED);
}

static void an_offset_leads_into_the_variable_and_not_past_it(void **state)
{
	struct fixture *f = *state;
	struct site site = variable("limit", 4, 5, 6);

	site.offset = 4;
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	assert_true(f->plan.sites[0].address == base + 0x1c && f->plan.sites[0].offset == 4);
	site.offset = 6;
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
	assert_says(f, "limit+0x6 (0xffffffff8100001e): 4 bytes there are past the end of the "
		       "variable, which is 0x8 bytes long");
	site.offset = 8;
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
	site.offset = UINT64_MAX;
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
	assert_outcome(planned_site(f, variable("mask", 8, 0x40, 0)), OUTCOME_MISMATCH);
}

static void another_value_is_a_mismatch_that_says_both(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, variable("mask", 4, 0x41, 0)), OUTCOME_MISMATCH);
	assert_says(f, "mask+0x0 (0xffffffff81000010): expected 0x41, found 0x40; ");
}

static void a_name_of_a_function_or_of_nothing_is_not_found(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, variable("schedule", 1, 0x31, 0)), OUTCOME_NOT_FOUND);
	assert_says(f, "no variable schedule in the kernel image; that name is a function here:");
	assert_outcome(planned_site(f, variable("masc", 4, 0x40, 0)), OUTCOME_NOT_FOUND);
	assert_says(f, "mask");
	assert_outcome(planned_site(f, variable("ghostly", 1, 7, 0)), OUTCOME_NOT_FOUND);
	assert_says(f, "elsewhere, say `module`");
}

static void of_two_variables_one_must_be_said(void **state)
{
	struct fixture *f = *state;
	struct site site = variable("twice", 4, 0, 1);

	assert_outcome(planned_site(f, site), OUTCOME_AMBIGUOUS);
	assert_says(f, "2 variables are named twice");
	site.occurrence = 2;
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	assert_true(f->plan.sites[0].address == base + 0x28);
}

static void data_with_an_owner_is_a_hazard_and_may_be_allowed_where_that_is_sensible(void **state)
{
	struct allowance allowance = { .kind = OWNER_RO_AFTER_INIT, .reason = (char *)"test" };
	struct fixture *f = *state;
	struct site site = variable("once", 4, 1, 0);

	assert_outcome(planned_site(f, site), OUTCOME_HAZARD);
	assert_says(f, "once+0x0 (0xffffffff81000030) is read-only since the kernel has started");
	assert_says(f, "allow: {ro_after_init: \"the reason\"}");
	site.allow = &allowance;
	site.allow_count = 1;
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	site = variable("init_top_pgt", 8, 0, 1);
	site.allow = &allowance;
	site.allow_count = 1;
	assert_outcome(planned_site(f, site), OUTCOME_HAZARD);
	assert_says(f, "is a page table");
	assert_outcome(planned_site(f, variable("each_cpus", 4, 0, 1)), OUTCOME_HAZARD);
	assert_says(f, "per-CPU");
}

static void a_part_that_is_not_aligned_needs_a_writer_that_stops_the_cpus(void **state)
{
	struct fixture *f = *state;
	struct target_info *info = &f->memory.target.info;
	struct site site = variable("wide", 4, 0x33445566, 0);

	site.offset = 2;
	info->writable = true;
	assert_outcome(planned_site(f, site), OUTCOME_HAZARD);
	assert_says(f, "wide+0x2 (0xffffffff81000022): 4 bytes there are not aligned");
	info->stops = true;
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	info->stops = false;
	site.size = 2;
	site.expect.value.bits = 0x5566;
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
}

static void a_variable_of_a_module_goes_with_that_module(void **state)
{
	struct fixture *f = *state;
	struct site site = variable("ghostly", 1, 7, 8);
	struct modules modules;

	site.module = (char *)"ghost";
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	assert_string_equal(f->plan.sites[0].module, "ghost");
	assert_int_equal(modules_parse("ghost 4096 0 - Live 0xffffffff81000050\n", &modules,
				       &f->fail), 0);
	f->kernel.modules = &modules;
	assert_outcome(planned_site(f, site), OUTCOME_NOT_FOUND);
	assert_says(f, "module ghost was unloaded just now");
	site.symbol = (char *)"mask";
	assert_outcome(planned_site(f, site), OUTCOME_NOT_FOUND);
	assert_says(f, "module ghost is loaded and has no variable mask");
	modules_deinit(&modules);
}

static void two_sites_on_the_same_bytes_overlap(void **state)
{
	struct fixture *f = *state;

	f->variants[0].site_count = 2;
	f->sites[1] = variable("limit", 1, -1, 0);
	f->sites[1].offset = 3;
	assert_outcome(planned_site(f, variable("limit", 4, -1, 0)), OUTCOME_INVALID_SPEC);
	assert_says(f, "sites[1] overlaps sites[0]");
	f->sites[1] = variable("limit", 4, 5, 0);
	f->sites[1].offset = 4;
	assert_outcome(planned(f), OUTCOME_APPLICABLE);
}

static void memory_that_cannot_be_read_is_an_error(void **state)
{
	struct fixture *f = *state;

	f->memory.hole = 0x10;
	assert_outcome(planned_site(f, variable("mask", 4, 0x40, 0)), OUTCOME_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(a_variable_with_the_expected_value_is_applicable),
		unit(each_size_is_read_in_the_order_of_its_bytes),
		unit(a_value_is_the_same_with_a_sign_and_without),
		unit(an_offset_leads_into_the_variable_and_not_past_it),
		unit(another_value_is_a_mismatch_that_says_both),
		unit(a_name_of_a_function_or_of_nothing_is_not_found),
		unit(of_two_variables_one_must_be_said),
		unit(data_with_an_owner_is_a_hazard_and_may_be_allowed_where_that_is_sensible),
		unit(a_part_that_is_not_aligned_needs_a_writer_that_stops_the_cpus),
		unit(a_variable_of_a_module_goes_with_that_module),
		unit(two_sites_on_the_same_bytes_overlap),
		unit(memory_that_cannot_be_read_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
