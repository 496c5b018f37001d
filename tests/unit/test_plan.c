/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan, function and the hazards that need no live kernel, against a small kernel in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "plan_fixture.h"

static const uint8_t text[0x80] = {
	[0x00] = 0xf3, 0x0f, 0x1e, 0xfa,		/* victim: endbr64 */
	[0x04] = 0x0f, 0x1f, 0x44, 0x00, 0x00,		/* ftrace's nop */
	[0x09] = 0x53,					/* push %rbx */
	[0x0a] = 0xf6, 0x47, 0x50, 0x02,		/* testb $0x2,0x50(%rdi) */
	[0x0e] = 0x74, 0x07,				/* je +0x17 */
	[0x10] = 0x31, 0xc0,				/* xor %eax,%eax */
	[0x12] = 0xb8, 0x01, 0x00, 0x00, 0x00,		/* mov $0x1,%eax */
	[0x17] = 0x5b,					/* pop %rbx */
	[0x18] = 0xc3,					/* ret */
	[0x19] = 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
	[0x20] = 0x31, 0xc0, 0xc3,			/* twin: xor %eax,%eax; ret */
	[0x23] = 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
	[0x28] = 0x90, 0x31, 0xc0, 0xc3,		/* twin, the second */
	[0x2c] = 0xcc, 0xcc, 0xcc, 0xcc,
	[0x30] = 0x74, 0x01, 0x90, 0xc3,		/* module's function */
	[0x34] = 0xcc, 0xcc, 0xcc, 0xcc,
	[0x40] = 0xe9, 0xcd, 0xff, 0xff, 0xff,		/* victim.cold: jmp victim+0x12 */
	[0x45] = 0xcc, 0xcc, 0xcc,
	[0x48] = 0x31, 0xc0, 0x06, 0xc3,		/* bad: xor; no instruction in 64 bits */
	[0x50] = 0x31, 0xc0, 0xc3,			/* starter, start-up code */
	[0x60] = 0x0f, 0xb9, 0xcc, 0x31, 0xc0, 0xc3,	/* unsure: ud1 (opaque); xor; ret */
	[0x70] = 0x31, 0xc0, 0xc3,			/* ghostly, of a module */
};

static const char symbols[] =
	"0000000000000000 A __per_cpu_start\n"
	"0000000000000100 A some_counter\n"
	"0000000000030000 A __per_cpu_end\n"
	"ffffffff81000000 T _text\n"
	"ffffffff81000000 T _stext\n"
	"ffffffff81000000 t victim\n"
	"ffffffff81000000 T victim_alias\n"
	"ffffffff81000020 t twin\n"
	"ffffffff81000028 t twin\n"
	"ffffffff81000030 t nfs_like\n"
	"ffffffff81000040 t victim.cold\n"
	"ffffffff81000048 t bad\n"
	"ffffffff81000050 T __init_begin\n"
	"ffffffff81000050 t starter\n"
	"ffffffff81000058 t nfs_like.part.0\n"
	"ffffffff81000060 T __init_end\n"
	"ffffffff81000060 t unsure\n"
	"ffffffff81000070 t ghostly\t[ghost]\n"
	"ffffffff81000080 T _etext\n"
	"ffffffff81001000 R __start___ex_table\n"
	"ffffffff81001000 R __stop___ex_table\n";

static int setup(void **state)
{
	struct fixture *f = plan_fixture_make(text, sizeof(text), symbols);

	f->memory.hole = 0x58;	/* it was given back after start */
	*state = f;
	return 0;
}

static struct site site_of(const char *function, uint64_t offset, const char *expect,
			   const char *replace)
{
	return (struct site){ .symbol = (char *)function, .offset = offset,
			      .expect.bytes = bytes_of(expect), .operation.bytes = bytes_of(replace),
			      .operation.place = { 9, 14 } };
}

static void a_proved_site_is_applicable_and_shown(void **state)
{
	struct fixture *f = *state;
	const struct site_plan *site;

	assert_outcome(planned_site(f, site_of("victim", 0xe, "74 07", "75 07")),
		       OUTCOME_APPLICABLE);
	site = &f->plan.sites[0];
	assert_true(site->address == base + 0xe);
	assert_string_equal(site->found.assembler, "je victim+0x17");
	assert_string_equal(site->replacement.assembler, "jne victim+0x17");
	assert_int_equal(site->line_count, 3 + 1 + 1 + 3);
	assert_int_equal(site->lines[3].role, LINE_OLD);
	assert_int_equal(site->lines[4].role, LINE_NEW);
	assert_int_equal(site->lines[4].bytes.data[0], 0x75);
}

static void other_bytes_are_a_mismatch_with_a_hint(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, site_of("victim", 0x10, "74 07", "75 07")),
		       OUTCOME_MISMATCH);
	assert_says(f, "victim+0x10 (0xffffffff81000010): expected 74 07");
	assert_says(f, "found 31 c0 (xor %eax,%eax)");
	assert_says(f, "these bytes stand at +0xe");
}

static void the_replacement_in_place_is_already_applied(void **state)
{
	struct fixture *f = *state;

	f->memory.text[0xe] = 0x75;
	assert_outcome(planned_site(f, site_of("victim", 0xe, "74 07", "75 07")),
		       OUTCOME_ALREADY_APPLIED);
}

static void an_offset_inside_an_instruction_is_a_mismatch(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, site_of("victim", 0xf, "07", "06")), OUTCOME_INVALID_SPEC);
	assert_outcome(planned_site(f, site_of("victim", 0xb, "74 07", "75 07")),
		       OUTCOME_MISMATCH);
	assert_says(f, "inside an instruction: the one at +0xa, testb");
}

static void an_offset_past_the_end_is_a_mismatch_that_tells_the_size(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, site_of("victim", 0x18, "74 07", "75 07")),
		       OUTCOME_MISMATCH);
	assert_says(f, "past the end of the function, which is 0x19 bytes long");
	assert_outcome(planned_site(f, site_of("victim", UINT64_MAX, "74 07", "75 07")),
		       OUTCOME_MISMATCH);
}

static void bytes_that_end_inside_an_instruction_are_a_mismatch(void **state)
{
	struct fixture *f = *state;
	struct site site = site_of("victim", 0xa, "", "eb 00");

	site.expect.assembler = (char *)"testb $0x2,0x50(%rdi)";
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
}

static void bytes_and_assembler_must_both_hold(void **state)
{
	struct fixture *f = *state;
	struct site site = site_of("victim", 0xe, "74 07", "75 07");

	site.expect.assembler = (char *)"je *";
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	site.expect.assembler = (char *)"jne *";
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
	assert_says(f, "the bytes are as expected, the instruction is not");
	site.expect.bytes.length = 0;
	site.expect.assembler = (char *)"je *";
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
}

static void several_instructions_must_be_asked_for(void **state)
{
	struct fixture *f = *state;
	struct site site = site_of("victim", 0x9, "53 f6 47 50 02", "56 f6 47 50 04");

	assert_outcome(planned_site(f, site), OUTCOME_INVALID_SPEC);
	assert_says(f, "t.yaml:");
	assert_says(f, "2 instructions");
	site.operation.multiple = true;
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	site.expect.bytes.length = 0;
	site.expect.assembler = (char *)"push %rbx; testb $2,0x50(%rdi)";
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	site.expect.assembler = (char *)"push %rbx";
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
}

static void several_found_where_one_is_meant_is_a_mismatch(void **state)
{
	struct fixture *f = *state;
	struct site site = site_of("victim", 0x17, "", "eb 00");

	site.expect.assembler = (char *)"pop %rbx; ret";
	assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
	assert_says(f, "are 2 instructions");
}

static void a_branch_from_the_cold_part_into_the_middle_is_a_hazard(void **state)
{
	struct fixture *f = *state;
	struct site site = site_of("victim", 0x10, "31 c0 b8 01 00 00 00", "90 90 b8 02 00 00 00");

	site.operation.multiple = true;
	assert_outcome(planned_site(f, site), OUTCOME_HAZARD);
	assert_says(f, "victim.cold+0x0 (0xffffffff81000040) jumps to 0xffffffff81000012");
}

static void a_branch_of_the_function_into_the_middle_is_a_hazard(void **state)
{
	struct fixture *f = *state;
	struct site site = site_of("victim", 0x12, "b8 01 00 00 00 5b", "b8 02 00 00 00 5b");

	site.operation.multiple = true;
	assert_outcome(planned_site(f, site), OUTCOME_HAZARD);
	assert_says(f, "victim+0xe");
}

static void the_ftrace_site_is_a_hazard_and_its_neighbour_is_not(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, site_of("victim", 4, "0f 1f 44 00 00", "0f 1f 44 00 01")),
		       OUTCOME_HAZARD);
	assert_says(f, "is ftrace's site of the function");
	assert_outcome(planned_site(f, site_of("victim", 9, "53", "56")), OUTCOME_APPLICABLE);
}

static void a_branch_to_no_instruction_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, site_of("victim", 0xe, "74 07", "74 05")),
		       OUTCOME_INVALID_SPEC);
	assert_says(f, "t.yaml:9:14: error: sites[0].replace.bytes: on this kernel it jumps to "
		       "0xffffffff81000015");
	assert_outcome(planned_site(f, site_of("victim", 0xe, "74 07", "74 08")),
		       OUTCOME_APPLICABLE);
}

static void a_replacement_that_is_no_instruction_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, site_of("victim", 0xe, "74 07", "06 06")),
		       OUTCOME_INVALID_SPEC);
	assert_says(f, "t.yaml:9:14: error: sites[0].replace.bytes: 06 06 is not whole x86_64 "
		       "instructions");
	assert_outcome(planned_site(f, site_of("victim", 0xe, "74 07", "0f b9")),
		       OUTCOME_INVALID_SPEC);
}

static void a_name_that_occurs_twice_is_ambiguous_until_said_which(void **state)
{
	struct fixture *f = *state;
	struct site site = site_of("twin", 0, "31 c0", "89 c0");

	assert_outcome(planned_site(f, site), OUTCOME_AMBIGUOUS);
	assert_says(f, "0xffffffff81000020 twin");
	assert_says(f, "0xffffffff81000028 twin");
	site.occurrence = 1;
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	assert_true(f->plan.sites[0].address == base + 0x20);
	site.occurrence = 2;
	site.offset = 1;
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	assert_true(f->plan.sites[0].address == base + 0x29);
	site.occurrence = 3;
	assert_outcome(planned_site(f, site), OUTCOME_NOT_FOUND);
}

static void an_unknown_name_is_not_found_and_near_ones_are_listed(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, site_of("victin", 0, "74 07", "75 07")),
		       OUTCOME_NOT_FOUND);
	assert_says(f, "victim");
}

static void a_module_s_function_is_found_built_in_too(void **state)
{
	struct fixture *f = *state;
	struct site site = site_of("nfs_like", 0, "74 01", "75 01");

	site.module = (char *)"nfs";
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
}

static void memory_given_back_after_start_is_a_hazard(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, site_of("starter", 0, "31 c0", "89 c0")), OUTCOME_HAZARD);
	assert_says(f, "start-up code");
}

static void what_cannot_be_decoded_cannot_be_proved(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, site_of("bad", 3, "c3", "90")), OUTCOME_HAZARD);
	assert_says(f, "cannot be decoded beyond +0x2");
	assert_outcome(planned_site(f, site_of("bad", 0, "31 c0", "89 c0")), OUTCOME_APPLICABLE);
}

static void an_opaque_instruction_is_stepped_over(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, site_of("unsure", 3, "31 c0", "89 c0")),
		       OUTCOME_APPLICABLE);
}

static void the_parts_of_a_function_are_named_in_a_warning(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, site_of("victim", 0xe, "74 07", "75 07")),
		       OUTCOME_APPLICABLE);
	assert_int_equal(f->plan.warnings.count, 1);
	assert_non_null(strstr(f->plan.warnings.items[0], "victim.cold (0xffffffff81000040)"));
	assert_outcome(planned_site(f, site_of("unsure", 3, "31 c0", "31 c9")),
		       OUTCOME_APPLICABLE);
	assert_int_equal(f->plan.warnings.count, 0);
}

static void sites_half_old_and_half_new_are_a_mismatch(void **state)
{
	struct fixture *f = *state;

	f->variants[0].site_count = 2;
	f->sites[1] = site_of("nfs_like", 0, "74 01", "75 01");
	f->memory.text[0x30] = 0x75;
	assert_outcome(planned_site(f, site_of("victim", 0xe, "74 07", "75 07")),
		       OUTCOME_MISMATCH);
	assert_says(f, "1 of 2 sites hold the replacement already");
}

static void the_same_bytes_by_two_names_are_an_overlap(void **state)
{
	struct fixture *f = *state;

	f->variants[0].site_count = 2;
	f->sites[1] = site_of("victim_alias", 0xe, "74 07", "eb 07");
	assert_outcome(planned_site(f, site_of("victim", 0xe, "74 07", "75 07")),
		       OUTCOME_INVALID_SPEC);
	assert_says(f, "overlaps sites[0]");
}

static void the_first_variant_that_holds_is_taken(void **state)
{
	struct fixture *f = *state;
	char *old = (char *)"5.10.*", *new = (char *)"6.1.*";

	f->patch.variant_count = 2;
	f->variants[0].when.releases = (struct strings){ &old, 1 };
	f->variants[1].when.releases = (struct strings){ &new, 1 };
	f->sites[2] = site_of("nfs_like", 0, "74 01", "75 01");
	assert_outcome(planned_site(f, site_of("victim", 0xe, "74 07", "75 07")),
		       OUTCOME_APPLICABLE);
	assert_string_equal(f->plan.sites[0].site->symbol, "nfs_like");
	new = (char *)"6.12.*";
	assert_outcome(planned(f), OUTCOME_GUARD);
	assert_says(f, "none of the patch's 2 variants");
	assert_says(f, "6.1.0-test");
}

static void a_per_cpu_symbol_is_a_hazard(void **state)
{
	struct fixture *f = *state;
	const struct symbol *symbol = symtab_next(f->symtab, "some_counter", NULL);

	assert_non_null(symbol);
	assert_int_equal(hazard_symbol(&f->kernel, symbol, &f->fail), -1);
	assert_outcome(f->fail.code, OUTCOME_HAZARD);
}

static void the_replacement_is_already_applied_where_the_expected_text_fits_it_too(void **state)
{
	struct fixture *f = *state;
	struct site site = site_of("victim", 0xe, "", "74 00");

	site.expect.assembler = (char *)"je *";
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	f->memory.text[0xf] = 0x00;
	assert_outcome(planned_site(f, site), OUTCOME_ALREADY_APPLIED);
}

static void the_ftrace_site_is_behind_a_sealed_endbr_too(void **state)
{
	struct fixture *f = *state;

	memcpy(f->memory.text, "\x66\x0f\x1f\x00", 4);
	assert_outcome(planned_site(f, site_of("victim", 4, "0f 1f 44 00 00", "0f 1f 44 00 01")),
		       OUTCOME_HAZARD);
	assert_says(f, "is ftrace's site of the function");
	memcpy(f->memory.text, "\x0f\x1f\x40\xd6", 4);
	assert_outcome(planned_site(f, site_of("victim", 4, "0f 1f 44 00 00", "0f 1f 44 00 01")),
		       OUTCOME_HAZARD);
}

static void a_branch_from_the_function_into_the_middle_of_its_cold_part_is_a_hazard(void **state)
{
	struct fixture *f = *state;
	struct site site = site_of("victim.cold", 0, "31 c0 90", "31 c9 90");

	site.operation.multiple = true;
	memcpy(f->memory.text + 0x40, "\x31\xc0\x90\xc3\xcc", 5);
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	f->memory.text[0xf] = 0x32;	/* je victim.cold+0x2 */
	assert_outcome(planned_site(f, site), OUTCOME_HAZARD);
	assert_says(f, "victim+0xe (0xffffffff8100000e) jumps to 0xffffffff81000042");
}

static void a_cold_part_that_cannot_be_decoded_may_jump_into_the_middle(void **state)
{
	struct fixture *f = *state;
	struct site site = site_of("victim", 0x10, "31 c0 b8 01 00 00 00", "90 90 b8 02 00 00 00");

	site.operation.multiple = true;
	memcpy(f->memory.text + 0x40, "\x31\xc0\x06\xc3\xcc", 5);
	assert_outcome(planned_site(f, site), OUTCOME_HAZARD);
	assert_says(f, "victim.cold cannot be decoded from +0x2 on");
	assert_outcome(planned_site(f, site_of("victim", 0xe, "74 07", "75 07")),
		       OUTCOME_APPLICABLE);
}

static void a_jump_through_a_table_into_the_middle_is_a_hazard(void **state)
{
	static const uint64_t table[] = { 0xffffffff81000010, 0xffffffff81000012, 0xdead };
	static const uint64_t harmless[] = { 0xffffffff81000010, 0xffffffff81000017, 0xdead,
					     0xffffffff81000012 };
	struct fixture *f = *state;
	struct site site = site_of("victim", 0x10, "31 c0 b8 01 00 00 00", "90 90 b8 02 00 00 00");

	site.operation.multiple = true;
	memcpy(f->memory.text + 0x40, "\x31\xc0\x90\xc3\xcc", 5);
	memcpy(f->memory.text + 9, "\xff\x24\xfd\x00\x01\x00\x81", 7);	/* jmp *table(,%rdi,8) */
	memcpy(f->memory.text + 0x100, table, sizeof(table));
	f->memory.size = 0x100 + sizeof(table);
	assert_outcome(planned_site(f, site), OUTCOME_HAZARD);
	assert_says(f, "victim+0x9 (0xffffffff81000009) jumps through a table to 0xffffffff81000012, "
		       "into the middle");
	memcpy(f->memory.text + 0x100, harmless, sizeof(harmless));
	f->memory.size = 0x100 + sizeof(harmless);
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	f->memory.size = 0x100;	/* a file that is not linked */
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
}

static void a_part_in_memory_given_back_is_not_looked_at(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, site_of("nfs_like", 0, "74 01", "75 01")),
		       OUTCOME_APPLICABLE);
}

static void a_branch_into_memory_given_back_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, site_of("victim", 0xe, "74 07", "74 40")),
		       OUTCOME_INVALID_SPEC);
	assert_says(f, "jumps to 0xffffffff81000050");
}

static void a_module_that_went_away_since_the_symbols_were_read_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct site site = site_of("ghostly", 0, "31 c0", "31 c9");
	struct modules modules;

	site.module = (char *)"ghost";
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	assert_int_equal(modules_parse("ghost 4096 0 - Live 0xffffffff81000070\n", &modules,
				       &f->fail), 0);
	f->kernel.modules = &modules;
	assert_outcome(planned_site(f, site), OUTCOME_NOT_FOUND);
	assert_says(f, "module ghost was unloaded just now");
	modules_deinit(&modules);
}

static void a_function_of_the_image_is_not_that_of_a_loaded_module(void **state)
{
	struct fixture *f = *state;
	struct site site = site_of("victim", 0xe, "74 07", "75 07");
	struct modules modules;

	site.module = (char *)"ghost";
	assert_int_equal(modules_parse("other 4096 0 - Live 0xffffffff81000070\n", &modules,
				       &f->fail), 0);
	f->kernel.modules = &modules;
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	modules_deinit(&modules);
	assert_int_equal(modules_parse("ghost 4096 0 - Live 0xffffffff81000070\n", &modules,
				       &f->fail), 0);
	assert_outcome(planned_site(f, site), OUTCOME_NOT_FOUND);
	assert_says(f, "module ghost is loaded and has no function victim");
	modules_deinit(&modules);
}

static void a_jump_into_the_middle_of_another_site_is_refused(void **state)
{
	struct fixture *f = *state;

	memcpy(f->memory.text + 0x40, "\x31\xc0\x90\xc3\xcc", 5);	/* it jumps nowhere */
	f->sites[0] = site_of("victim", 0xe, "74 07", "74 02");	/* to the old mov */
	f->sites[1] = site_of("victim", 0x10, "31 c0 b8 01 00 00 00", "b8 01 00 00 00 31 c0");
	f->sites[1].operation.multiple = true;
	f->variants[0].site_count = 2;
	assert_outcome(planned(f), OUTCOME_INVALID_SPEC);
	assert_says(f, "t.yaml:9:14: error: sites[0].replace.bytes: it jumps into the middle of "
		    "sites[1]");
	f->sites[0] = site_of("victim", 0xe, "74 07", "74 00");	/* to its start */
	assert_outcome(planned(f), OUTCOME_APPLICABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(a_proved_site_is_applicable_and_shown),
		unit(other_bytes_are_a_mismatch_with_a_hint),
		unit(the_replacement_in_place_is_already_applied),
		unit(an_offset_inside_an_instruction_is_a_mismatch),
		unit(an_offset_past_the_end_is_a_mismatch_that_tells_the_size),
		unit(bytes_that_end_inside_an_instruction_are_a_mismatch),
		unit(bytes_and_assembler_must_both_hold),
		unit(several_instructions_must_be_asked_for),
		unit(several_found_where_one_is_meant_is_a_mismatch),
		unit(a_branch_from_the_cold_part_into_the_middle_is_a_hazard),
		unit(a_branch_of_the_function_into_the_middle_is_a_hazard),
		unit(the_ftrace_site_is_a_hazard_and_its_neighbour_is_not),
		unit(a_branch_to_no_instruction_is_refused),
		unit(a_replacement_that_is_no_instruction_is_refused),
		unit(a_name_that_occurs_twice_is_ambiguous_until_said_which),
		unit(an_unknown_name_is_not_found_and_near_ones_are_listed),
		unit(a_module_s_function_is_found_built_in_too),
		unit(memory_given_back_after_start_is_a_hazard),
		unit(what_cannot_be_decoded_cannot_be_proved),
		unit(an_opaque_instruction_is_stepped_over),
		unit(the_parts_of_a_function_are_named_in_a_warning),
		unit(sites_half_old_and_half_new_are_a_mismatch),
		unit(the_same_bytes_by_two_names_are_an_overlap),
		unit(the_first_variant_that_holds_is_taken),
		unit(a_per_cpu_symbol_is_a_hazard),
		unit(the_replacement_is_already_applied_where_the_expected_text_fits_it_too),
		unit(the_ftrace_site_is_behind_a_sealed_endbr_too),
		unit(a_branch_from_the_function_into_the_middle_of_its_cold_part_is_a_hazard),
		unit(a_cold_part_that_cannot_be_decoded_may_jump_into_the_middle),
		unit(a_jump_through_a_table_into_the_middle_is_a_hazard),
		unit(a_part_in_memory_given_back_is_not_looked_at),
		unit(a_branch_into_memory_given_back_is_refused),
		unit(a_function_of_the_image_is_not_that_of_a_loaded_module),
		unit(a_jump_into_the_middle_of_another_site_is_refused),
		unit(a_module_that_went_away_since_the_symbols_were_read_is_not_found),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
