/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_hidden() and hazard_bytes() against lists that no kernel of the test's has to have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hazard.h"
#include "lib/hazard_lists.h"

enum { BASE = 0x81000000 };

/* push %rbx; xor %eax,%eax; testb $0x2,0x50(%rdi); je +0; pop %rbx; ret */
static const uint8_t text[] = {
	0x53, 0x31, 0xc0, 0xf6, 0x47, 0x50, 0x02, 0x74, 0x00, 0x5b, 0xc3,
};
enum { PUSH = 0, XOR = 1, TESTB = 3, JE = 7 };

static struct listed kprobe, livepatch;
static enum list_state kprobes_state, livepatches_state;

int list_kprobes(struct owner_list *list, struct fail *fail)
{
	(void)fail;
	*list = (struct owner_list){ .state = kprobes_state, .why = "for the test",
				     .items = &kprobe, .count = 1 };
	return 0;
}

static int none(struct owner_list *list)
{
	*list = (struct owner_list){ .state = LIST_ABSENT };
	return 0;
}

int list_kprobe_blacklist(struct owner_list *list, struct fail *fail)
{
	(void)fail;
	return none(list);
}

int list_traced(struct owner_list *list, struct fail *fail)
{
	(void)fail;
	return none(list);
}

int list_livepatches(struct owner_list *list, struct fail *fail)
{
	(void)fail;
	*list = (struct owner_list){ .state = livepatches_state, .items = &livepatch, .count = 1 };
	return 0;
}

int owner_list_resolve(struct owner_list *list, const struct symtab *symtab, struct fail *fail)
{
	(void)list;
	(void)symtab;
	(void)fail;
	return 0;
}

void owner_list_deinit(struct owner_list *list)
{
	memset(list, 0, sizeof(*list));
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
static struct modules modules;
static struct hazards *hazards;
static struct symtab *symtab;
static struct decoder *decoder;
static struct function function;

static int setup(void **state)
{
	static const char map[] = "81000000 t victim\n81000000 T alias\n8100000b T _etext\n"
				  "81000010 T klp_enable_patch\n";
	char path[] = "/tmp/test_hazard.XXXXXX";
	int fd = mkstemp(path);
	struct fail fail;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, map, sizeof(map) - 1), sizeof(map) - 1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(symtab_load_system_map(path, &symtab, &fail), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(decoder_create(ARCH_X86_64, &decoder, &fail), 0);
	assert_int_equal(hazards_create(&hazards, &fail), 0);
	assert_int_equal(function_load(&target, decoder, symtab_next(symtab, "victim", NULL),
				       &function, &fail), 0);
	assert_int_equal(function.decoded, sizeof(text));
	kprobe = (struct listed){ .name = (char *)"victim", .address = BASE };
	livepatch = (struct listed){ .name = (char *)"other", .detail = (char *)"fix" };
	kprobes_state = livepatches_state = LIST_READ;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	function_deinit(&function);
	hazards_destroy(hazards);
	decoder_destroy(decoder);
	symtab_destroy(symtab);
	return 0;
}

/* "" where the bytes may be changed, else why not. */
static const char *why_not(uint64_t offset, size_t length)
{
	static struct fail fail;

	fail.message[0] = '\0';
	const struct kernel kernel = { .target = &target, .symtab = symtab, .modules = &modules,
				       .hazards = hazards, .decoder = decoder };

	if (hazard_hidden(&kernel, &function, offset, length, &fail) != 0 ||
	    hazard_bytes(&kernel, &function, &(struct hazard_change){ .offset = offset,
			 .length = length }, &fail) != 0)
		assert_int_equal(fail.code, OUTCOME_HAZARD);
	return fail.message;
}

#define assert_says(text, part) \
	do { \
		if (strstr(text, part) == NULL) \
			fail_msg("\"%s\" is not in: \"%s\"", part, text); \
	} while (0)

static void a_kprobe_in_the_bytes_or_before_them_is_a_hazard_and_one_behind_is_not(void **state)
{
	(void)state;
	kprobe.address = BASE + TESTB;
	assert_says(why_not(TESTB, 4), "stands in these bytes");
	assert_says(why_not(JE, 2), "stands before these bytes");
	assert_string_equal(why_not(XOR, 2), "");
}

static void a_disabled_kprobe_owns_all_that_its_jump_would_cover(void **state)
{
	(void)state;
	kprobe.disabled = true;
	/* its copy of the instructions under the jump was made when it was registered */
	assert_says(why_not(PUSH, 1), "covered by a kprobe");
	assert_says(why_not(XOR, 2), "kprobe at +0x0");
	assert_says(why_not(TESTB, 4), "kprobe at +0x0");
	assert_string_equal(why_not(JE, 2), "");
}

static void a_kprobe_on_ftrace_s_site_is_no_hazard(void **state)
{
	(void)state;
	kprobe.ftrace = true;
	assert_string_equal(why_not(XOR, 2), "");
}

static void a_list_that_cannot_be_read_is_a_hazard(void **state)
{
	(void)state;
	kprobe.address = BASE + 0x1000;
	kprobes_state = LIST_UNREADABLE;
	assert_says(why_not(JE, 2), "the list of kprobes cannot be read (for the test)");
	hazards_renew(hazards, &modules);
	kprobes_state = LIST_READ;
	assert_string_equal(why_not(JE, 2), "");
}

static void a_list_that_the_kernel_hides_is_a_hazard(void **state)
{
	(void)state;
	kprobe.address = BASE + 0x1000;
	livepatches_state = LIST_ABSENT;
	assert_says(why_not(JE, 2), "this kernel has the list of kernel livepatches but does not show it");
	hazards_renew(hazards, &modules);
	livepatches_state = LIST_READ;
	assert_string_equal(why_not(JE, 2), "");
}

static void a_livepatched_function_is_a_hazard_by_any_of_its_names(void **state)
{
	(void)state;
	kprobe.address = BASE + 0x1000;
	assert_string_equal(why_not(JE, 2), "");
	livepatch.name = (char *)"victim";
	assert_says(why_not(JE, 2), "replaced by a kernel livepatch: a change here would not run (fix)");
	livepatch.name = (char *)"alias";
	assert_says(why_not(JE, 2), "replaced by a kernel livepatch: a change here would not run (fix)");
	livepatch.object = (char *)"module";	/* another one of that name */
	assert_string_equal(why_not(JE, 2), "");
}

#define unit(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(a_kprobe_in_the_bytes_or_before_them_is_a_hazard_and_one_behind_is_not),
		unit(a_disabled_kprobe_owns_all_that_its_jump_would_cover),
		unit(a_kprobe_on_ftrace_s_site_is_no_hazard),
		unit(a_livepatched_function_is_a_hazard_by_any_of_its_names),
		unit(a_list_that_cannot_be_read_is_a_hazard),
		unit(a_list_that_the_kernel_hides_is_a_hazard),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
