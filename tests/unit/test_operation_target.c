/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `target`: branches that lead to another function, of a small kernel in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "operation.h"
#include "plan_fixture.h"

static const uint8_t text[0x100] = {
	[0x00] = 0x31, 0xd2,				/* victim: xor %edx,%edx */
	[0x02] = 0xe8, 0x79, 0x00, 0x00, 0x00,		/* call first */
	[0x07] = 0xe9, 0x74, 0x00, 0x00, 0x00,		/* jmp first */
	[0x0c] = 0x0f, 0x84, 0x6e, 0x00, 0x00, 0x00,	/* je first */
	[0x12] = 0xeb, 0x0b,				/* jmp +0x1f */
	[0x14] = 0xff, 0xd0,				/* call *%rax */
	[0x16] = 0x2e, 0xe8, 0x64, 0x00, 0x00, 0x00,	/* cs call first */
	[0x1c] = 0x31, 0xc0,				/* xor %eax,%eax */
	[0x1e] = 0x90, 0xc3,
	[0x80] = 0x31, 0xc0, 0xc3,			/* first */
	[0x90] = 0x31, 0xc0, 0xc3,			/* second */
};

static const char symbols[] =
	"ffffffff81000000 T _text\n"
	"ffffffff81000000 T _stext\n"
	"ffffffff81000000 t victim\n"
	"ffffffff81000040 t other\n"
	"ffffffff81000080 T first\n"
	"ffffffff81000090 T second\n"
	"ffffffff810000a0 t twice\n"
	"ffffffff810000b0 t twice\n"
	"ffffffff81000100 T _etext\n"
	"ffffffff81001000 R __start___ex_table\n"
	"ffffffff81001000 R __stop___ex_table\n"
	"ffffffff81001100 D number\n"
	"ffffffff81002000 T __init_begin\n"
	"ffffffff81002010 t boot\n"
	"ffffffff81003000 T __init_end\n"
	"ffff888000000000 t far\t[far]\n"
	"ffffffffc0000000 t site\t[nfs]\n"
	"ffffffffc0000010 t second\t[nfs]\n"
	"ffffffffc0000020 t third\t[nfs]\n"
	"ffffffffc0000030 t third\t[nfs]\n"
	"ffffffffc0000040 t twice\t[nfs]\n"
	"ffffffffc0001000 t fourth\t[lockd]\n"
	"ffffffffc0001010 t fifth\t[lockd]\n"
	"ffffffffc0002010 t fifth\t[sunrpc]\n";

static int setup(void **state)
{
	struct fixture *f = plan_fixture_make(text, sizeof(text), "ffffffff81000000 T _text\n");
	struct file file = file_text(symbols);

	symtab_destroy(f->symtab);
	if (symtab_load_kallsyms(file.path, &f->symtab, &f->fail) != 0)
		fail_msg("%s", f->fail.message);
	file_close(&file);
	f->kernel.symtab = f->symtab;
	*state = f;
	return 0;
}

static struct operation target(const char *name)
{
	return (struct operation){ .kind = OPERATION_TARGET, .target = (char *)name,
				   .place = { 9, 14 } };
}

static struct site target_site(uint64_t offset, const char *bytes, const char *assembler,
			       const char *name)
{
	return (struct site){ .symbol = (char *)"victim", .offset = offset,
			      .expect = { .bytes = bytes_of(bytes),
					  .assembler = (char *)assembler },
			      .operation = target(name) };
}

static const struct {
	uint64_t offset;
	const char *old, *assembler, *made, *result;
} branches[] = {
	{ 0x02, "e8 79 00 00 00", "call first", "e8 89 00 00 00", "call second" },
	{ 0x07, "e9 74 00 00 00", "jmp first", "e9 84 00 00 00", "jmp second" },
	{ 0x0c, "0f 84 6e 00 00 00", "je first", "0f 84 7e 00 00 00", "je second" },
	{ 0x16, "2e e8 64 00 00 00", "cs call first", "2e e8 74 00 00 00", "cs call second" },
};
enum { BRANCHES = sizeof(branches) / sizeof(branches[0]) };

static void a_branch_of_32_bits_leads_to_the_functions_start(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < BRANCHES; i++) {
		const struct site_plan *plan;
		char bytes[BYTES_TEXT_MAX];

		if (planned_site(f, target_site(branches[i].offset, branches[i].old,
						branches[i].assembler, "second")) !=
		    OUTCOME_APPLICABLE)
			fail_msg("%s: %s", branches[i].assembler, f->plan.message);
		plan = &f->plan.sites[0];
		assert_string_equal(bytes_print(&plan->replacement.bytes, bytes),
				    branches[i].made);
		assert_string_equal(plan->replacement.assembler, branches[i].result);
		assert_false(plan->multiple);
		assert_int_equal(f->plan.warnings.count, 0);
	}
}

static void what_leads_there_is_already_applied_and_anything_else_is_not(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 2 * BRANCHES; i++) {
		const bool by_text = i % 2 == 0;
		struct bytes made = bytes_of(branches[i / 2].made);
		struct site site = target_site(branches[i / 2].offset,
					       by_text ? "" : branches[i / 2].old,
					       by_text ? branches[i / 2].assembler : NULL, "second");

		memcpy(f->memory.text, text, sizeof(text));
		memcpy(f->memory.text + site.offset, made.data, made.length);
		assert_outcome(planned_site(f, site), OUTCOME_ALREADY_APPLIED);
		f->memory.text[site.offset + made.length - 4] -= 0x50;	/* other */
		assert_outcome(planned_site(f, site), OUTCOME_MISMATCH);
	}
}

static void a_pattern_finds_the_branch_before_and_after(void **state)
{
	struct fixture *f = *state;
	struct pattern_line line = { .text = (char *)"call first" };
	struct pattern pattern = { .lines = &line, .count = 1 };
	struct site site = target_site(2, "", NULL, "second");

	site.where = SITE_FIND;
	site.patterns = &pattern;
	site.pattern_count = 1;
	f->memory.text[0x16] = 0x90;	/* or there are two */
	f->memory.text[0x17] = 0x90;
	memset(f->memory.text + 0x18, 0x90, 4);
	assert_outcome(planned_site(f, site), OUTCOME_APPLICABLE);
	f->memory.text[3] = 0x89;
	assert_outcome(planned_site(f, site), OUTCOME_ALREADY_APPLIED);
	assert_int_equal(f->plan.sites[0].offset, 2);
	f->memory.text[3] = 0x39;
	assert_outcome(planned_site(f, site), OUTCOME_NOT_FOUND);
}

static void what_cannot_lead_there_is_refused_with_why(void **state)
{
	static const struct {
		uint64_t offset;
		const char *assembler, *name, *says;
	} cases[] = {
		{ 0x12, "jmp *", "second", "`target` cannot be made of jmp" },
		{ 0x12, "jmp *", "second", "one byte" },
		{ 0x14, "call *%rax", "second", "a register or memory says" },
		{ 0x1c, "xor *,*", "second", "it is no call or jump" },
		{ 0x1f, "ret", "second", "it is no call or jump" },
		{ 0x02, "call first", "far", "at 0xffffffff81000002: far is at 0xffff888000000000" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_outcome(planned_site(f, target_site(cases[i].offset, "", cases[i].assembler,
							   cases[i].name)),
			       OUTCOME_INVALID_SPEC);
		assert_says(f, cases[i].says);
		assert_says(f, "t.yaml:9:14: error: sites[0].replace: at victim");
	}
}

static uint64_t found(struct fixture *f, const char *name, uint64_t site)
{
	const struct operation operation = target(name);
	struct operation_target to;

	if (operation_target(&operation, &f->kernel, site, &to, &f->fail) != 0)
		fail_msg("%s: %s", name, f->fail.message);
	assert_int_equal(to.symbol->address, to.address);
	return to.address;
}

static void the_sites_module_comes_first_then_the_image_then_any_module(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(found(f, "second", base), base + 0x90);
	assert_int_equal(found(f, "second", 0xffffffffc0000000), 0xffffffffc0000010);
	assert_int_equal(found(f, "second", 0xffffffffc0001000), base + 0x90);
	assert_int_equal(found(f, "twice", 0xffffffffc0000000), 0xffffffffc0000040);
	assert_int_equal(found(f, "fourth", base), 0xffffffffc0001000);
	assert_int_equal(found(f, "fourth", 0xffffffffc0000000), 0xffffffffc0001000);
}

static void refused(struct fixture *f, const char *name, uint64_t site, enum outcome outcome,
		    const char *says)
{
	const struct operation operation = target(name);
	struct operation_target to;

	assert_int_equal(operation_target(&operation, &f->kernel, site, &to, &f->fail), -1);
	assert_outcome(f->fail.code, outcome);
	if (strstr(f->fail.message, says) == NULL)
		fail_msg("\"%s\" is not in: %s", says, f->fail.message);
}

static void none_several_and_what_may_not_be_called_are_refused(void **state)
{
	struct fixture *f = *state;

	refused(f, "secand", base, OUTCOME_NOT_FOUND, "near names:");
	refused(f, "secand", base, OUTCOME_NOT_FOUND, "0xffffffff81000090 second");
	refused(f, "number", base, OUTCOME_NOT_FOUND, "that name is data, at 0xffffffff81001100");
	refused(f, "twice", base, OUTCOME_AMBIGUOUS, "\n  0xffffffff810000b0 twice");
	refused(f, "third", 0xffffffffc0000000, OUTCOME_AMBIGUOUS,
		"\n  0xffffffffc0000030 third [nfs]");
	refused(f, "fifth", base, OUTCOME_AMBIGUOUS, "\n  0xffffffffc0002010 fifth [sunrpc]");
	assert_outcome(planned_site(f, target_site(2, "", "call first", "boot")), OUTCOME_HAZARD);
	assert_says(f, "t.yaml:9:14: error: sites[0].replace: what may not be called is no `target`: "
		       "boot at 0xffffffff81002010 is start-up code");
}

static void a_call_into_a_module_warns_that_it_must_stay(void **state)
{
	struct fixture *f = *state;

	assert_outcome(planned_site(f, target_site(2, "", "call first", "fourth")),
		       OUTCOME_APPLICABLE);
	assert_int_equal(f->plan.warnings.count, 1);
	assert_non_null(strstr(f->plan.warnings.items[0], "in module lockd, which must not be"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(a_branch_of_32_bits_leads_to_the_functions_start),
		unit(what_leads_there_is_already_applied_and_anything_else_is_not),
		unit(a_pattern_finds_the_branch_before_and_after),
		unit(what_cannot_lead_there_is_refused_with_why),
		unit(the_sites_module_comes_first_then_the_image_then_any_module),
		unit(none_several_and_what_may_not_be_called_are_refused),
		unit(a_call_into_a_module_warns_that_it_must_stay),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
