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
#include "tests/unit/file_fixture.h"

enum { BASE = 0x81000000 };

/* push %rbx; xor %eax,%eax; testb $0x2,0x50(%rdi); je +0; pop %rbx; ret; and at 0x20, 0x30, 0x40 and
 * 0x50 functions that start with a nop of ftrace's, a call of its entry, of another function, and of
 * no known text: xor %eax,%eax; ret */
static const uint8_t text[] = {
	0x53, 0x31, 0xc0, 0xf6, 0x47, 0x50, 0x02, 0x74, 0x00, 0x5b, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
	0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
	0x0f, 0x1f, 0x44, 0x00, 0x00, 0x31, 0xc0, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
	0xe8, 0x3b, 0x00, 0x00, 0x00, 0x31, 0xc0, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
	0xe8, 0xdb, 0xff, 0xff, 0xff, 0x31, 0xc0, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
	0xe8, 0x00, 0x00, 0x10, 0x00, 0x31, 0xc0, 0xc3, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
};
enum { PUSH = 0, XOR = 1, TESTB = 3, JE = 7, LENGTH = 11, COLD = 0x20 };

static struct listed kprobe, livepatch, tracer, events[2];
static enum list_state kprobes_state, livepatches_state, events_state;
static size_t event_count;

int list_kprobes(struct owner_list *list, struct fail *fail)
{
	(void)fail;
	*list = (struct owner_list){ .state = kprobes_state, .why = "for the test",
				     .items = &kprobe, .count = 1 };
	return 0;
}

int list_kprobe_events(struct owner_list *list, struct fail *fail)
{
	(void)fail;
	*list = (struct owner_list){ .state = events_state, .items = events, .count = event_count };
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
	*list = (struct owner_list){ .state = LIST_READ, .items = &tracer, .count = 1 };
	return 0;
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

#define FUNCTIONS "81000000 T _stext\n81000000 t victim\n81000000 T alias\n8100000b T behind\n" \
		  "81000020 t idle\n81000020 t victim.cold\n81000030 t traced\n81000040 t caller\n" \
		  "81000050 t odd\n81000060 T padding\n81000070 T ftrace_caller\n" \
		  "81000080 T klp_enable_patch\n81000090 T ftrace_set_filter\n" \
		  "810000a0 T _etext\n"

static void symbols(const char *map)
{
	struct file file = file_text(map);
	struct fail fail;

	symtab_destroy(symtab);
	if (symtab_load_system_map(file.path, &symtab, &fail) != 0)
		fail_msg("%s", fail.message);
	file_close(&file);
}

static int setup(void **state)
{
	struct fail fail;

	(void)state;
	symbols(FUNCTIONS "810000b0 R __start___ex_table\n810000b0 R __stop___ex_table\n");
	assert_int_equal(decoder_create(ARCH_X86_64, &decoder, &fail), 0);
	assert_int_equal(hazards_create(&hazards, &fail), 0);
	assert_int_equal(function_load(&target, decoder, symtab_next(symtab, "victim", NULL),
				       &function, &fail), 0);
	assert_int_equal(function.decoded, LENGTH);
	kprobe = (struct listed){ .name = (char *)"victim", .address = BASE };
	livepatch = (struct listed){ .name = (char *)"other", .detail = (char *)"fix" };
	tracer = (struct listed){ .name = (char *)"other" };
	kprobes_state = livepatches_state = events_state = LIST_READ;
	event_count = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	function_deinit(&function);
	hazards_destroy(hazards);
	decoder_destroy(decoder);
	symtab_destroy(symtab);
	symtab = NULL;
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
	assert_says(why_not(XOR, 2), "a disabled kprobe, placed by perf, BPF or a module, at +0x0");
	assert_says(why_not(TESTB, 4), "at +0x0");
	assert_string_equal(why_not(JE, 2), "");
}

static void a_kprobe_on_ftrace_s_site_is_no_hazard(void **state)
{
	(void)state;
	kprobe.ftrace = true;
	assert_string_equal(why_not(XOR, 2), "");
}

static void a_kprobe_is_named_by_its_events(void **state)
{
	(void)state;
	kprobe.address = BASE + TESTB;
	events[0] = (struct listed){ .name = (char *)"victim", .offset = TESTB,
				     .detail = (char *)"kprobes/p_victim_0" };
	events[1] = (struct listed){ .name = (char *)"alias", .offset = TESTB,
				     .detail = (char *)"mine/other" };
	event_count = 1;
	assert_says(why_not(TESTB, 4), "a kprobe p_victim_0 at victim+0x3");
	assert_says(why_not(TESTB, 4), "disable the kprobe p_victim_0 (echo 0 > "
		    "/sys/kernel/tracing/events/kprobes/p_victim_0/enable; ");
	hazards_renew(hazards, &modules);
	event_count = 2;
	assert_says(why_not(TESTB, 4), "a kprobe p_victim_0 and other at victim+0x3");
	assert_says(why_not(TESTB, 4), "echo '-:mine/other' >> /sys/kernel/tracing/kprobe_events");
}

static void a_kprobe_that_no_event_names_is_said_to_be_perf_s_bpf_s_or_a_module_s(void **state)
{
	(void)state;
	kprobe.address = BASE + TESTB;
	events[0] = (struct listed){ .name = (char *)"victim", .offset = XOR,
				     .detail = (char *)"kprobes/elsewhere" };
	event_count = 1;
	assert_says(why_not(TESTB, 4), "a kprobe, placed by perf, BPF or a module, at victim+0x3");
	hazards_renew(hazards, &modules);
	events[0].offset = TESTB;
	events[0].object = (char *)"module";
	assert_says(why_not(TESTB, 4), "placed by perf, BPF or a module");
}

static void events_that_cannot_be_read_are_no_hazard_and_leave_a_kprobe_without_name(void **state)
{
	(void)state;
	kprobe.address = BASE + 0x1000;
	events_state = LIST_UNREADABLE;
	assert_string_equal(why_not(JE, 2), "");
	kprobe.address = BASE + TESTB;
	assert_says(why_not(TESTB, 4), "a kprobe at victim+0x3");
}

/* "" where the function's site at its start is nobody's, else what is said of it. */
static const char *ftrace_says(const char *name)
{
	static char says[512];
	CLEANUP(owners_deinit) struct owners owners = { .items = NULL };
	const struct kernel kernel = { .target = &target, .symtab = symtab, .modules = &modules,
				       .hazards = hazards, .decoder = decoder };
	struct function traced;
	struct fail fail;

	says[0] = '\0';
	assert_int_equal(function_load(&target, decoder, symtab_next(symtab, name, NULL), &traced,
				       &fail), 0);
	assert_int_equal(hazard_owners(&kernel, &traced, &owners, &fail), 0);
	for (size_t i = 0; i < owners.count; i++) {
		assert_int_equal(owners.items[i].kind, OWNER_FTRACE);
		assert_int_equal(owners.items[i].address, traced.symbol->address);
		assert_int_equal(owners.items[i].end, traced.symbol->address + 5);
		(void)snprintf(says, sizeof(says), "ftrace %s",
			       owners.items[i].detail == NULL ? "" : owners.items[i].detail);
	}
	function_deinit(&traced);
	return says;
}

static void ftrace_owns_its_nop_and_the_call_it_writes_there_and_no_other_call(void **state)
{
	(void)state;
	kprobe.address = BASE + 0x1000;
	assert_string_equal(ftrace_says("idle"), "ftrace ");
	assert_string_equal(ftrace_says("traced"), "ftrace it is traced now");
	assert_string_equal(ftrace_says("odd"), "ftrace it is traced now");
	assert_string_equal(ftrace_says("caller"), "");
	tracer.name = (char *)"caller";
	tracer.detail = (char *)"D direct-->bpf_trampoline_1";
	assert_string_equal(ftrace_says("caller"),
			    "ftrace it is traced now: D direct-->bpf_trampoline_1");
}

static void a_kprobe_that_may_hide_a_jump_of_another_part_into_several_instructions_is_a_hazard(
	void **state)
{
	(void)state;
	kprobe.address = BASE + COLD + 5;
	assert_string_equal(why_not(XOR, 2), "");
	assert_says(why_not(XOR, 6), "at victim.cold+0x5");
	assert_says(why_not(XOR, 6), "jump of victim.cold into the middle");
	hazards_renew(hazards, &modules);
	kprobe.address = BASE + COLD + 8;
	assert_string_equal(why_not(XOR, 6), "");
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

static void a_kernel_that_shows_functions_only_is_a_hazard(void **state)
{
	(void)state;
	kprobe.address = BASE + 0x1000;
	assert_string_equal(why_not(JE, 2), "");
	hazards_destroy(hazards);
	function_deinit(&function);
	symbols(FUNCTIONS);

	struct fail fail;

	assert_int_equal(hazards_create(&hazards, &fail), 0);
	assert_int_equal(function_load(&target, decoder, symtab_next(symtab, "victim", NULL),
				       &function, &fail), 0);
	assert_says(why_not(JE, 2), "CONFIG_KALLSYMS_ALL");
}

/* What is said of victim.cold's first instruction behind ftrace's. */
static const char *cold_says(void)
{
	function_deinit(&function);

	struct fail fail;

	assert_int_equal(function_load(&target, decoder, symtab_next(symtab, "victim.cold", NULL),
				       &function, &fail), 0);
	return why_not(5, 2);
}

static void a_livepatched_function_s_cold_part_is_a_hazard(void **state)
{
	(void)state;
	kprobe.address = BASE + 0x1000;
	assert_string_equal(cold_says(), "");
	livepatch.name = (char *)"victim";
	assert_says(cold_says(), "replaced by a kernel livepatch: a change here would not run (fix)");
	livepatch.name = (char *)"vic";
	assert_string_equal(cold_says(), "");
}

#define unit(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(a_kprobe_in_the_bytes_or_before_them_is_a_hazard_and_one_behind_is_not),
		unit(a_disabled_kprobe_owns_all_that_its_jump_would_cover),
		unit(a_kprobe_on_ftrace_s_site_is_no_hazard),
		unit(a_livepatched_function_is_a_hazard_by_any_of_its_names),
		unit(a_kprobe_that_may_hide_a_jump_of_another_part_into_several_instructions_is_a_hazard),
		unit(a_livepatched_function_s_cold_part_is_a_hazard),
		unit(a_list_that_cannot_be_read_is_a_hazard),
		unit(a_list_that_the_kernel_hides_is_a_hazard),
		unit(a_kernel_that_shows_functions_only_is_a_hazard),
		unit(a_kprobe_is_named_by_its_events),
		unit(a_kprobe_that_no_event_names_is_said_to_be_perf_s_bpf_s_or_a_module_s),
		unit(events_that_cannot_be_read_are_no_hazard_and_leave_a_kprobe_without_name),
		unit(ftrace_owns_its_nop_and_the_call_it_writes_there_and_no_other_call),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
