/* SPDX-License-Identifier: GPL-2.0-or-later */
/* site_owners: what status says of owners that came after a patch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "patcherd/site_owners.h"

enum { BASE = 0x81000000, SITE = BASE + 3 };

/* push %rbx; xor %eax,%eax; testb $0x2,0x50(%rdi); jne +0; pop %rbx; ret */
static const uint8_t text[] = {
	0x53, 0x31, 0xc0, 0xf6, 0x47, 0x50, 0x02, 0x75, 0x00, 0x5b, 0xc3,
};

/* testb is the patch's. */
static const struct journal_site site = {
	.symbol = (char *)"victim", .offset = 3, .address = SITE,
	.old = { .data = { 0xf6, 0x47, 0x50, 0x04 }, .length = 4 },
	.replacement = { .data = { 0xf6, 0x47, 0x50, 0x02 }, .length = 4 },
};

static struct owners owners;
static struct site_owners found;

static int setup(void **state)
{
	(void)state;
	memset(&found, 0, sizeof(found));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	owners_deinit(&owners);
	site_owners_deinit(&found);
	return 0;
}

static struct owner *add(enum owner_kind kind, uint64_t start, uint64_t end, const char *detail)
{
	struct fail fail;

	assert_int_equal(owners_add(&owners, kind, start, end, detail, NULL, &fail), 0);
	return &owners.items[owners.count - 1];
}

static void judge(uint32_t allowed)
{
	struct journal_site allowing = site;
	struct fail fail;

	allowing.allowed = allowed;
	assert_int_equal(site_owners_judge(&owners, &allowing, &found, &fail), 0);
}

static void a_kprobe_on_the_bytes_wants_attention_and_is_named(void **state)
{
	(void)state;
	add(OWNER_KPROBE, SITE, SITE + 5, "a kprobe p_victim_3");
	judge(0);
	assert_true(found.attention);
	assert_int_equal(found.owners.count, 1);
	assert_int_equal(found.owners.items[0].kind, OWNER_KPROBE);
	assert_string_equal(found.said.message, "these bytes are covered by a kprobe, which runs its "
			    "own copy of the instructions (a kprobe p_victim_3); remove the kprobe "
			    "(debugfs kprobes/list has them all), then try again");
}

static void a_kprobe_beside_the_bytes_is_not_told(void **state)
{
	(void)state;
	add(OWNER_KPROBE, BASE, SITE, NULL);
	add(OWNER_KPROBE, SITE + 4, SITE + 9, NULL);
	judge(0);
	assert_false(found.attention);
	assert_int_equal(found.owners.count, 0);
	assert_string_equal(found.said.message, "");
}

static void a_livepatch_of_the_function_wants_attention(void **state)
{
	(void)state;
	add(OWNER_LIVEPATCH, BASE, BASE + sizeof(text), "fix");
	judge(0);
	assert_true(found.attention);
	assert_non_null(strstr(found.said.message, "replaced by a kernel livepatch"));
}

static void who_traces_the_function_is_told_without_attention(void **state)
{
	(void)state;
	add(OWNER_FTRACE, BASE, BASE + 1, "it is traced now: 1");
	judge(0);
	assert_false(found.attention);
	assert_int_equal(found.owners.count, 1);
	assert_string_equal(found.said.message, "victim: it is traced now: 1");
}

static void the_site_of_a_function_that_nobody_traces_is_not_told(void **state)
{
	(void)state;
	add(OWNER_FTRACE, BASE, BASE + 1, NULL);
	judge(0);
	assert_int_equal(found.owners.count, 0);
}

static void what_is_settled_or_allowed_is_not_told(void **state)
{
	(void)state;
	add(OWNER_RETURN_SITE, SITE, SITE + 4, NULL)->policy = OWNER_SETTLED;
	add(OWNER_EX_TABLE, SITE, SITE + 4, NULL);
	judge(1u << OWNER_EX_TABLE);
	assert_int_equal(found.owners.count, 0);
}

static void what_could_have_been_allowed_is_told_without_attention(void **state)
{
	(void)state;
	add(OWNER_EX_TABLE, SITE, SITE + 4, NULL);
	judge(1u << OWNER_BUG_TABLE);
	assert_false(found.attention);
	assert_int_equal(found.owners.count, 1);
	assert_int_equal(found.owners.items[0].policy, OWNER_ALLOWABLE);
}

static void a_list_that_cannot_be_read_is_told_without_attention(void **state)
{
	(void)state;
	add(OWNER_UNKNOWN, BASE, BASE + sizeof(text), "the list of kprobes cannot be read");
	judge(0);
	assert_false(found.attention);
	assert_int_equal(found.owners.count, 1);
	assert_non_null(strstr(found.said.message, "the list of kprobes cannot be read"));
}

static void each_owner_has_a_line(void **state)
{
	(void)state;
	add(OWNER_FTRACE, BASE, BASE + 1, "it is traced now: 1");
	add(OWNER_LIVEPATCH, BASE, BASE + sizeof(text), "fix");
	judge(0);
	assert_int_equal(found.owners.count, 2);
	assert_memory_equal(found.said.message, "victim: it is traced now: 1\nthese bytes are ", 43);
}

/* Memory that is the function's and nothing else, of an image with no owners. */
static int text_read(struct target *target, uint64_t address, void *buffer, size_t length,
		     const char *what, struct fail *fail)
{
	(void)target;
	if (address < BASE || address - BASE > sizeof(text) ||
	    length > sizeof(text) - (address - BASE))
		return fail_at(fail, OUTCOME_ERROR, address, "%s cannot be read", what);
	memcpy(buffer, text + (address - BASE), length);
	return 0;
}

static void find(const char *map, const struct journal_site *of)
{
	static const struct target_ops ops = { .read = text_read };
	char path[] = "/tmp/test_site_owners.XXXXXX";
	struct target target = { .ops = &ops };
	struct kernel kernel = { .target = &target };
	struct symtab *symtab;
	struct fail fail;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, map, strlen(map)), strlen(map));
	assert_int_equal(close(fd), 0);
	assert_int_equal(symtab_load_system_map(path, &symtab, &fail), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(decoder_create(ARCH_X86_64, &kernel.decoder, &fail), 0);
	assert_int_equal(hazards_create(&kernel.hazards, &fail), 0);
	kernel.symtab = symtab;
	site_owners_find(&kernel, of, &found);
	hazards_destroy(kernel.hazards);
	decoder_destroy(kernel.decoder);
	symtab_destroy(symtab);
}

static void the_function_is_that_of_the_address_not_another_of_its_name(void **state)
{
	(void)state;
	find("80000000 T _stext\n80000000 t victim\n80000010 T a\n81000000 t victim\n"
	     "8100000b T _etext\n81001000 R __start___ex_table\n81001000 R __stop___ex_table\n", &site);
	assert_string_equal(found.said.message, "");
	assert_true(found.known);
	assert_int_equal(found.owners.count, 0);
}

static void a_function_that_is_not_there_any_more_leaves_its_owners_unknown(void **state)
{
	(void)state;
	find("81000001 t victim\n8100000b T _etext\n", &site);
	assert_false(found.known);
	assert_false(found.attention);
	assert_string_equal(found.said.message, "whose these bytes are is not known: there is no "
			    "symbol victim at 0x81000000");
}

static void a_variable_has_the_owners_of_data_at_its_address(void **state)
{
	static const char map[] = "80000000 T _stext\n80001000 T _etext\n81000000 R sys_call_table\n"
				  "81000000 r victim\n81001000 R __end_rodata\n";
	struct journal_site variable = site;

	(void)state;
	variable.variable = true;
	find(map, &variable);
	assert_true(found.known);
	assert_true(found.owners.count > 0);
	assert_int_equal(found.owners.items[0].kind, OWNER_SYSCALL_TABLE);
}

static void memory_that_cannot_be_read_leaves_its_owners_unknown(void **state)
{
	(void)state;
	find("81000000 t victim\n81000020 T _etext\n", &site);
	assert_false(found.known);
	assert_non_null(strstr(found.said.message, "cannot be read"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_kprobe_on_the_bytes_wants_attention_and_is_named),
		TEST(a_kprobe_beside_the_bytes_is_not_told),
		TEST(a_livepatch_of_the_function_wants_attention),
		TEST(who_traces_the_function_is_told_without_attention),
		TEST(the_site_of_a_function_that_nobody_traces_is_not_told),
		TEST(what_is_settled_or_allowed_is_not_told),
		TEST(what_could_have_been_allowed_is_told_without_attention),
		TEST(a_list_that_cannot_be_read_is_told_without_attention),
		TEST(each_owner_has_a_line),
		TEST(the_function_is_that_of_the_address_not_another_of_its_name),
		TEST(a_function_that_is_not_there_any_more_leaves_its_owners_unknown),
		TEST(a_variable_has_the_owners_of_data_at_its_address),
		TEST(memory_that_cannot_be_read_leaves_its_owners_unknown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("site_owners", tests, NULL, NULL);
}
