/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "result.h"

static const struct target_info info = {
	.kind = "kmem", .path = "/dev/kmem", .architecture = ARCH_X86_64,
	.release = "6.1.0-56-cloud-amd64", .build_id = "ab12", .live = true, .writable = true,
};

static char function_name[] = "nfs_flock", module_name[] = "nfs", patch_name[] = "nfs-flock";
static char je[] = "je nfs_flock+0x6a", jne[] = "jne nfs_flock+0x6a", any_je[] = "je *";
static char warning_text[] = "nfs_flock also lives in nfs_flock.cold";
static char refusal[] = "other bytes", reason[] = "it faults as before";

/* Fails with both texts where they differ. */
static void assert_json(json_t *got, const char *expected)
{
	json_error_t error;
	json_t *json = json_loads(expected, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	if (json == NULL)
		fail_msg("the test's JSON: line %d: %s", error.line, error.text);
	assert_non_null(got);
	if (!json_equal(got, json)) {
		char *text = json_dumps(got, JSON_INDENT(1));

		print_error("# got %s\n", text);
		free(text);
		fail_msg("expected %s", expected);
	}
	json_decref(json);
	json_decref(got);
}

static void a_proved_plan_has_all_members_of_the_interface(void **state)
{
	struct allowance allow[] = {
		{ .kind = OWNER_EX_TABLE, .reason = reason },
		{ .kind = OWNER_ORC_UNWIND, .reason = reason },
	};
	struct site site = { .symbol = function_name, .module = module_name, .offset = 0x2f,
			     .allow = allow, .allow_count = 2 };
	struct line lines[] = {
		{ LINE_CONTEXT, 0xffffffffc0412341, 0x2b, { { 0x90 }, 1 }, NULL },
		{ LINE_OLD, 0xffffffffc0412345, 0x2f, { { 0x74, 0x39 }, 2 }, je },
		{ LINE_NEW, 0xffffffffc0412345, 0x2f, { { 0x75, 0x39 }, 2 }, jne },
	};
	struct site_plan site_plan = {
		.site = &site, .outcome = OUTCOME_APPLICABLE, .located = true,
		.symbol = function_name, .offset = 0x2f, .address = 0xffffffffc0412345, .module = module_name,
		.expected = { { { 0x74, 0x39 }, 2 }, any_je },
		.found = { { { 0x74, 0x39 }, 2 }, je },
		.replacement = { { { 0x75, 0x39 }, 2 }, jne },
		.lines = lines, .line_count = 3,
	};
	struct patch patch = { .name = patch_name };
	char *warnings[] = { warning_text };
	struct plan plan = {
		.patch = &patch, .outcome = OUTCOME_APPLICABLE, .sites = &site_plan, .site_count = 1,
		.warnings = { warnings, 1 },
	};

	(void)state;
	assert_json(result_plan(&plan, &info),
		    "{\"patch\": \"nfs-flock\", \"outcome\": \"applicable\", \"message\": null,"
		    " \"target\": {\"kind\": \"kmem\", \"path\": \"/dev/kmem\","
		    " \"architecture\": \"x86_64\", \"release\": \"6.1.0-56-cloud-amd64\","
		    " \"build_id\": \"ab12\"},"
		    " \"warnings\": [\"nfs_flock also lives in nfs_flock.cold\"],"
		    " \"stop_nanoseconds\": null, \"times\": null,"
		    " \"sites\": [{\"function\": \"nfs_flock\", \"variable\": null,"
		    " \"module\": \"nfs\", \"offset\": 47,"
		    " \"address\": \"0xffffffffc0412345\", \"outcome\": \"applicable\","
		    " \"message\": null,"
		    " \"expected\": {\"bytes\": \"74 39\", \"asm\": \"je *\"},"
		    " \"found\": {\"bytes\": \"74 39\", \"asm\": \"je nfs_flock+0x6a\"},"
		    " \"replacement\": {\"bytes\": \"75 39\", \"asm\": \"jne nfs_flock+0x6a\"},"
		    " \"allowed\": ["
		    "{\"owner\": \"ex_table\", \"reason\": \"it faults as before\"},"
		    " {\"owner\": \"orc_unwind\", \"reason\": \"it faults as before\"}],"
		    " \"lines\": ["
		    "{\"role\": \"context\", \"address\": \"0xffffffffc0412341\", \"offset\": 43,"
		    " \"bytes\": \"90\", \"asm\": \"\"},"
		    "{\"role\": \"old\", \"address\": \"0xffffffffc0412345\", \"offset\": 47,"
		    " \"bytes\": \"74 39\", \"asm\": \"je nfs_flock+0x6a\"},"
		    "{\"role\": \"new\", \"address\": \"0xffffffffc0412345\", \"offset\": 47,"
		    " \"bytes\": \"75 39\", \"asm\": \"jne nfs_flock+0x6a\"}]}]}");
}

static void what_is_unknown_of_a_refused_site_is_null(void **state)
{
	struct site site = { .symbol = function_name, .module = module_name, .offset = 1 };
	struct site_plan site_plan = {
		.site = &site, .outcome = OUTCOME_NOT_FOUND, .message = refusal,
		.replacement = { { { 0x75 }, 1 }, NULL },
	};
	struct patch patch = { .name = patch_name };
	struct plan plan = {
		.patch = &patch, .outcome = OUTCOME_NOT_FOUND, .message = refusal,
		.sites = &site_plan, .site_count = 1,
	};

	(void)state;
	assert_json(result_plan(&plan, NULL),
		    "{\"patch\": \"nfs-flock\", \"outcome\": \"not-found\","
		    " \"message\": \"other bytes\", \"target\": null, \"warnings\": [],"
		    " \"stop_nanoseconds\": null, \"times\": null,"
		    " \"sites\": [{\"function\": \"nfs_flock\", \"variable\": null,"
		    " \"module\": \"nfs\", \"offset\": 1,"
		    " \"address\": null, \"outcome\": \"not-found\", \"message\": \"other bytes\","
		    " \"expected\": null, \"found\": null,"
		    " \"replacement\": {\"bytes\": \"75\", \"asm\": null}, \"allowed\": [],"
		    " \"lines\": []}]}");
}

/* The patch names a module, and this kernel has it built in. */
static void the_module_is_where_the_function_was_found(void **state)
{
	struct site site = { .symbol = function_name, .module = module_name };
	struct site_plan site_plan = { .site = &site, .located = true,
				       .symbol = function_name, .address = 1 };
	struct patch patch = { .name = patch_name };
	struct plan plan = { .patch = &patch, .sites = &site_plan, .site_count = 1 };
	json_t *json = result_plan(&plan, &info);

	(void)state;
	assert_true(json_is_null(json_object_get(json_array_get(json_object_get(json, "sites"), 0),
						 "module")));
	json_decref(json);
}

/* One key of the site that this is made of. */
static json_t *site_key(struct site_plan *site_plan, const char *key)
{
	struct patch patch = { .name = patch_name };
	struct plan plan = { .patch = &patch, .sites = site_plan, .site_count = 1 };
	json_t *json = result_plan(&plan, &info);
	json_t *value = json_object_get(json_array_get(json_object_get(json, "sites"), 0), key);

	json_incref(value);
	json_decref(json);
	return value;
}

static void a_variable_is_no_function_and_has_its_offset_before_it_is_found(void **state)
{
	struct site site = { .symbol = function_name, .where = SITE_VARIABLE, .offset = 4 };
	struct site_plan site_plan = { .site = &site };

	(void)state;
	assert_json(site_key(&site_plan, "function"), "null");
	assert_json(site_key(&site_plan, "variable"), "\"nfs_flock\"");
	assert_json(site_key(&site_plan, "offset"), "4");
}

static void a_pattern_has_an_offset_when_it_is_found_and_the_name_of_where_that_is(void **state)
{
	static char cold[] = "nfs_flock.cold";
	struct site site = { .symbol = function_name, .where = SITE_FIND };
	struct site_plan site_plan = { .site = &site };

	(void)state;
	assert_json(site_key(&site_plan, "function"), "\"nfs_flock\"");
	assert_json(site_key(&site_plan, "offset"), "null");
	site_plan.located = true;
	site_plan.symbol = cold;
	site_plan.offset = 7;
	assert_json(site_key(&site_plan, "function"), "\"nfs_flock.cold\"");
	assert_json(site_key(&site_plan, "offset"), "7");
}

static void a_failure_is_a_result_without_sites(void **state)
{
	struct fail fail;

	(void)state;
	(void)fail_set(&fail, OUTCOME_INVALID_SPEC, "a.yaml:1:2: error: what\na.yaml:3:4: error: why");
	assert_json(result_fail("a.yaml", &fail),
		    "{\"patch\": \"a.yaml\", \"outcome\": \"invalid-spec\", \"message\":"
		    " \"a.yaml:1:2: error: what\\na.yaml:3:4: error: why\", \"target\": null,"
		    " \"warnings\": [], \"stop_nanoseconds\": null, \"times\": null, \"sites\": []}");
}

static void where_there_is_nothing_to_say_the_message_is_null(void **state)
{
	struct fail fail;

	(void)state;
	(void)fail_set(&fail, OUTCOME_REVERTED, "%s", "");
	assert_json(result_fail("p", &fail),
		    "{\"patch\": \"p\", \"outcome\": \"reverted\", \"message\": null, \"target\": null,"
		    " \"warnings\": [], \"stop_nanoseconds\": null, \"times\": null, \"sites\": []}");
}

static void an_owner_has_its_policy_what_it_is_and_what_to_do(void **state)
{
	CLEANUP(owners_deinit) struct owners owners = { .items = NULL };
	struct fail fail;

	(void)state;
	assert_int_equal(owners_add(&owners, OWNER_PAGE_TABLE, 0xffffffff82000000,
				    0xffffffff82001000, NULL, NULL, &fail), 0);
	assert_int_equal(owners_add(&owners, OWNER_EX_TABLE, 0x1000, 0x1003, "of get_user",
				    "ask its \xff author", &fail), 0);
	owners.items[1].policy = OWNER_SETTLED;
	assert_json(result_owner(&owners.items[0]),
		    "{\"owner\": \"page_table\", \"address\": \"0xffffffff82000000\","
		    " \"end\": \"0xffffffff82001000\", \"policy\": \"forbidden\","
		    " \"what\": \"a page table: one wrong bit takes the machine down\","
		    " \"detail\": null, \"advice\": \"it cannot be changed; choose other data\"}");
	assert_json(result_owner(&owners.items[1]),
		    "{\"owner\": \"ex_table\", \"address\": \"0x1000\", \"end\": \"0x1003\","
		    " \"policy\": \"settled\","
		    " \"what\": \"an instruction that may fault (__ex_table): the kernel goes on"
		    " elsewhere then, as it was written for\","
		    " \"detail\": \"of get_user\", \"advice\": \"ask its \\\\xff author\"}");
}

static void text_that_is_not_utf8_is_escaped(void **state)
{
	(void)state;
	assert_json(json_pack("[o, o, o]", result_text("caf\xc3\xa9"), result_text("a\xff" "b\xc3"),
			      result_text(NULL)),
		    "[\"caf\xc3\xa9\", \"a\\\\xffb\\\\xc3\", null]");
}

static void code_without_bytes_and_text_is_null(void **state)
{
	const struct code nothing = { .assembler = NULL };
	const struct code text = { .assembler = any_je };

	(void)state;
	assert_json(json_pack("[o, o]", result_code(&nothing), result_code(&text)),
		    "[null, {\"bytes\": \"\", \"asm\": \"je *\"}]");
}

static void a_function_that_cannot_be_decoded_to_its_end_says_so(void **state)
{
	const struct symbol symbol = { .address = 0xc0000000, .size = 20, .name = "f", .type = 't' };
	uint8_t bytes[20] = { 0x90, 0x06, 0x07 };
	struct insn insn = { .address = 0xc0000000, .bytes = { 0x90 }, .length = 1, .nop = true,
			     .mnemonic = "nop" };
	const struct function function = {
		.symbol = &symbol, .bytes = bytes, .size = 20, .insns = &insn, .count = 1,
		.decoded = 1,
	};

	(void)state;
	assert_json(result_function(NULL, &function, "ab12", NULL),
		    "{\"function\": \"f\", \"module\": null, \"address\": \"0xc0000000\","
		    " \"size\": 20, \"digest\": \"ab12\", \"target\": null, \"lines\": ["
		    "{\"role\": \"context\", \"address\": \"0xc0000000\", \"offset\": 0,"
		    " \"bytes\": \"90\", \"asm\": \"nop\"},"
		    "{\"role\": \"context\", \"address\": \"0xc0000001\", \"offset\": 1,"
		    " \"bytes\": \"06 07 00 00 00 00 00 00 00 00 00 00 00 00 00\","
		    " \"asm\": \"(no instruction can be decoded from here on)\"}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_proved_plan_has_all_members_of_the_interface),
		cmocka_unit_test(what_is_unknown_of_a_refused_site_is_null),
		cmocka_unit_test(the_module_is_where_the_function_was_found),
		cmocka_unit_test(a_variable_is_no_function_and_has_its_offset_before_it_is_found),
		cmocka_unit_test(a_pattern_has_an_offset_when_it_is_found_and_the_name_of_where_that_is),
		cmocka_unit_test(a_failure_is_a_result_without_sites),
		cmocka_unit_test(where_there_is_nothing_to_say_the_message_is_null),
		cmocka_unit_test(an_owner_has_its_policy_what_it_is_and_what_to_do),
		cmocka_unit_test(text_that_is_not_utf8_is_escaped),
		cmocka_unit_test(code_without_bytes_and_text_is_null),
		cmocka_unit_test(a_function_that_cannot_be_decoded_to_its_end_says_so),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
