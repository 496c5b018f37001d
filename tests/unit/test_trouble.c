/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of itself, from files and a pipe of records in place of /dev/kmsg. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "file_fixture.h"
#include "patcherd/trouble.h"

struct kernel {
	struct file warn_count, oops_count, tainted;
	int messages[2];		/* a pipe of packets: each read gives one record */
	char path[64];
	struct trouble_paths paths;
	struct trouble trouble;
	struct trouble_mark mark;
};

/* So many records, of which the last is this one, come before what is in the pipe. */
static unsigned long before;
static const char *last_before;

ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size);

ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
	if (before == 0 || size < 1024)		/* not a record that is asked for */
		return __real_read(fd, buffer, size);
	before--;
	return snprintf(buffer, size, "4,%lu,1,-;%s\n", 1000000 - before,
			before == 0 ? last_before : "a message");
}

static void value_set(struct file *file, const char *text)
{
	assert_int_equal(ftruncate(file->fd, 0), 0);
	assert_int_equal(pwrite(file->fd, text, strlen(text), 0), strlen(text));
}

static void record(struct kernel *kernel, const char *text)
{
	assert_int_equal(write(kernel->messages[1], text, strlen(text)), strlen(text));
}

static int kernel_setup(void **state)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));

	assert_non_null(kernel);
	kernel->warn_count = file_text("3\n");
	kernel->oops_count = file_text("0\n");
	kernel->tainted = file_text("12288\n");
	assert_int_equal(pipe2(kernel->messages, O_DIRECT | O_NONBLOCK | O_CLOEXEC), 0);
	(void)snprintf(kernel->path, sizeof(kernel->path), "/proc/self/fd/%d",
		       kernel->messages[0]);
	kernel->paths = (struct trouble_paths){
		.warn_count = kernel->warn_count.path, .oops_count = kernel->oops_count.path,
		.tainted = kernel->tainted.path, .messages = kernel->path,
	};
	trouble_init(&kernel->trouble, &kernel->paths);
	record(kernel, "6,100,5000,-;an old message\n");
	record(kernel, "0,101,5001,-;BUG: an old one\n");
	trouble_take(&kernel->trouble, &kernel->mark);
	*state = kernel;
	return 0;
}

static int kernel_teardown(void **state)
{
	struct kernel *kernel = *state;

	trouble_deinit(&kernel->trouble);
	file_close(&kernel->warn_count);
	file_close(&kernel->oops_count);
	file_close(&kernel->tainted);
	(void)close(kernel->messages[0]);
	(void)close(kernel->messages[1]);
	free(kernel);
	return 0;
}

static void assert_quiet(struct kernel *kernel)
{
	struct fail said;

	if (trouble_since(&kernel->trouble, &kernel->mark, &said))
		fail_msg("%s", said.message);
}

static void assert_trouble(struct kernel *kernel, const char *words)
{
	struct fail said;

	assert_true(trouble_since(&kernel->trouble, &kernel->mark, &said));
	assert_message(said, words);
}

static void a_mark_has_all_there_is(void **state)
{
	struct kernel *kernel = *state;
	struct fail said;

	assert_int_equal(kernel->mark.warn_count, 3);
	assert_int_equal(kernel->mark.oops_count, 0);
	assert_int_equal(kernel->mark.taint, 12288);
	assert_int_equal(kernel->mark.sequence, 102);
	assert_false(trouble_unknown(&kernel->trouble, &kernel->mark, &said));
}

static void what_was_before_the_mark_is_no_trouble(void **state)
{
	assert_quiet(*state);
}

static void a_rise_of_a_counter_is_trouble(void **state)
{
	struct kernel *kernel = *state;

	value_set(&kernel->warn_count, "4\n");
	assert_trouble(kernel, "warn_count went from 3 to 4");
	value_set(&kernel->warn_count, "3\n");
	assert_quiet(kernel);
	value_set(&kernel->oops_count, "31\n");
	assert_trouble(kernel, "oops_count went from 0 to 31");
}

static void the_flags_of_faults_are_trouble_and_others_are_not(void **state)
{
	static const struct {
		unsigned bit;
		const char *name;
	} bad[] = { { 4, "M " }, { 5, "B " }, { 7, "D " }, { 9, "W " }, { 14, "L " } };
	struct kernel *kernel = *state;
	unsigned bits = 0;
	char text[32];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		bits |= 1u << bad[i].bit;
		(void)snprintf(text, sizeof(text), "%u\n", 12288 | 1u << bad[i].bit);
		value_set(&kernel->tainted, text);
		assert_trouble(kernel, bad[i].name);
	}
	(void)snprintf(text, sizeof(text), "%u\n", 0x3ffffu & ~bits);
	value_set(&kernel->tainted, text);
	assert_quiet(kernel);
	/* one that was set before tells nothing */
	kernel->mark.taint = 1 << 9;
	value_set(&kernel->tainted, "512\n");
	assert_quiet(kernel);
}

static void the_kernels_own_words_are_trouble(void **state)
{
	static const char *const words[] = {
		"1,%d,1,-;BUG: kernel NULL pointer dereference, address: 0000000000000000\n",
		"2,%d,1,-;kernel BUG at fs/nfs/file.c:12!\n",
		"4,%d,1,-;Oops: 0002 [#1] PREEMPT SMP NOPTI\n",
		"0,%d,1,-;watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [a:1]\n",
		"4,%d,1,-,caller=T12;Call Trace:\n",
	};
	struct kernel *kernel = *state;
	char text[128];

	for (int i = 0; i < (int)(sizeof(words) / sizeof(*words)); i++) {
		const char *message = strchr(words[i], ';') + 1;

		trouble_take(&kernel->trouble, &kernel->mark);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(text, sizeof(text), words[i], 102 + i);
#pragma GCC diagnostic pop
		assert_quiet(kernel);
		record(kernel, text);
		(void)snprintf(text, sizeof(text), "the kernel says: %.*s",
			       (int)strcspn(message, "\n"), message);
		assert_trouble(kernel, text);
	}
}

static void what_users_can_have_the_kernel_say_is_no_trouble(void **state)
{
	struct kernel *kernel = *state;

	/* who may write to /dev/kmsg has another facility; a program's crash is information */
	record(kernel, "12,102,1,-;BUG: said by a user\n");
	record(kernel, "6,103,1,-;BUG: x[77]: segfault at 0 ip 0 sp 0 error 4\n");
	record(kernel, "4,104,1,-;device x: BUG: in its name\n");
	record(kernel, "4,105,1,-;nothing of note\n BUG=1\nBUG: in a continued line\n");
	assert_quiet(kernel);
}

static void the_first_of_several_messages_is_told(void **state)
{
	struct kernel *kernel = *state;
	char text[64];

	for (int i = 0; i < 5; i++) {
		(void)snprintf(text, sizeof(text), "0,%d,1,-;BUG: number %d\n", 102 + i, i);
		record(kernel, text);
	}
	assert_trouble(kernel, "BUG: number 0");
	kernel->mark.sequence = 104;
	assert_trouble(kernel, "BUG: number 2");
}

static void lost_messages_are_unknown(void **state)
{
	struct kernel *kernel = *state;
	struct fail said;

	record(kernel, "6,150,1,-;the next that was not overwritten\n");
	assert_quiet(kernel);
	assert_true(trouble_unknown(&kernel->trouble, &kernel->mark, &said));
	assert_message(said, "overwritten");
	/* to whoever comes later nothing is lost */
	trouble_take(&kernel->trouble, &kernel->mark);
	assert_false(trouble_unknown(&kernel->trouble, &kernel->mark, &said));
}

static void a_daemon_that_starts_anew_knows_what_it_missed(void **state)
{
	struct kernel *kernel = *state;
	struct fail said;

	trouble_deinit(&kernel->trouble);
	trouble_init(&kernel->trouble, &kernel->paths);
	record(kernel, "6,102,1,-;the oldest there is\n");
	record(kernel, "0,103,1,-;BUG: while it was away\n");
	assert_trouble(kernel, "BUG: while it was away");
	assert_false(trouble_unknown(&kernel->trouble, &kernel->mark, &said));
	kernel->mark.sequence = 90;
	assert_true(trouble_unknown(&kernel->trouble, &kernel->mark, &said));
}

static void what_fills_a_large_buffer_is_before_the_mark(void **state)
{
	struct kernel *kernel = *state;
	struct fail said;

	trouble_deinit(&kernel->trouble);
	trouble_init(&kernel->trouble, &kernel->paths);
	before = 300000;
	last_before = "Call Trace:";
	trouble_take(&kernel->trouble, &kernel->mark);
	assert_int_equal(before, 0);
	assert_int_equal(kernel->mark.sequence, 1000001);
	assert_quiet(kernel);
	assert_false(trouble_unknown(&kernel->trouble, &kernel->mark, &said));
}

static void a_kernel_that_never_ceases_holds_nobody_and_is_unknown(void **state)
{
	struct kernel *kernel = *state;
	struct fail said;

	before = 1500000;
	last_before = "Call Trace:";
	trouble_take(&kernel->trouble, &kernel->mark);
	assert_int_not_equal(before, 0);
	assert_quiet(kernel);
	assert_true(trouble_unknown(&kernel->trouble, &kernel->mark, &said));
	assert_message(said, "faster than they can be read");
	before = 0;
}

static void what_the_kernel_has_not_is_unknown_and_no_trouble(void **state)
{
	struct kernel *kernel = *state;
	struct trouble_paths none = {
		.warn_count = "/nonexistent/warn_count", .oops_count = "/nonexistent/oops_count",
		.tainted = "/nonexistent/tainted", .messages = "/nonexistent/kmsg",
	};
	struct trouble trouble;
	struct trouble_mark mark;
	struct fail said;

	trouble_init(&trouble, &none);
	trouble_take(&trouble, &mark);
	assert_true(mark.warn_count == TROUBLE_UNKNOWN && mark.sequence == TROUBLE_UNKNOWN);
	assert_false(trouble_since(&trouble, &mark, &said));
	assert_true(trouble_unknown(&trouble, &mark, &said));
	assert_message(said, "warn_count");
	assert_message(said, "oops_count");
	assert_message(said, "/nonexistent/kmsg");
	value_set(&kernel->warn_count, "-1\n");
	value_set(&kernel->oops_count, "1x\n");
	assert_quiet(kernel);
	value_set(&kernel->warn_count, "3\n");
	value_set(&kernel->oops_count, "0\n");
	/* nor is what became readable since compared with it */
	trouble.paths = &kernel->paths;
	assert_false(trouble_since(&trouble, &mark, &said));
	trouble_deinit(&trouble);
}

static void what_is_no_record_is_refused(void **state)
{
	static const char *const bad[] = {
		"", ";", "6", "6,1", "6,1,2", "6,1,2,-", "x,1,2,-;a\n", "6,x,2,-;a\n", "-6,1,2,-;a\n",
		"6,99999999999999999999,2,-;a\n", "6,,2,-;a\n", "99999,1,2,-;a\n",
	};
	struct kmsg_record out;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (kmsg_parse(bad[i], strlen(bad[i]), &out))
			fail_msg("taken: %s", bad[i]);
	}
	assert_true(kmsg_parse("12,7,3,c,caller=C0;x", 20, &out));
	assert_int_equal(out.facility, 1);
	assert_int_equal(out.level, 4);
	assert_int_equal(out.sequence, 7);
	assert_int_equal(out.length, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, kernel_setup, kernel_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_mark_has_all_there_is),
		TEST(what_was_before_the_mark_is_no_trouble),
		TEST(a_rise_of_a_counter_is_trouble),
		TEST(the_flags_of_faults_are_trouble_and_others_are_not),
		TEST(the_kernels_own_words_are_trouble),
		TEST(what_users_can_have_the_kernel_say_is_no_trouble),
		TEST(the_first_of_several_messages_is_told),
		TEST(lost_messages_are_unknown),
		TEST(a_daemon_that_starts_anew_knows_what_it_missed),
		TEST(what_fills_a_large_buffer_is_before_the_mark),
		TEST(a_kernel_that_never_ceases_holds_nobody_and_is_unknown),
		TEST(what_the_kernel_has_not_is_unknown_and_no_trouble),
		cmocka_unit_test(what_is_no_record_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("trouble", tests, NULL, NULL);
}
