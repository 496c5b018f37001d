/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left in the kernel's log, with files in place of /dev/kmsg and the kernel's flags. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>

#include "file_fixture.h"
#include "patcherd/log.h"
#include "patcherd/trace.h"

static int logged;

void log_line(int priority, const struct log_about *about, const char *format, ...)
{
	(void)priority;
	(void)about;
	(void)format;
	logged++;
}

static const char *content(const struct file *file, char *out, size_t size)
{
	ssize_t length = pread(file->fd, out, size - 1, 0);

	assert_true(length >= 0);
	out[length] = '\0';
	return out;
}

static struct journal_site sites[1024];

static struct journal_entry entry_of(size_t count)
{
	struct journal_entry entry = {
		.patch = (char *)"nfs-flock", .sha256 = "0123456789abcdef", .sites = sites,
		.site_count = count,
	};

	for (size_t i = 0; i < count; i++)
		sites[i] = (struct journal_site){
			.symbol = (char *)"nfs_flock", .module = i == 1 ? NULL : (char *)"nfs",
			.offset = 0x2f + i,
		};
	return entry;
}

static const struct journal_caller caller = { .uid = 0, .pid = 123, .comm = "patchctl" };

static void a_line_names_patch_text_sites_and_who(void **state)
{
	struct file messages = file_text("");
	struct trace trace = { .messages = messages.path };
	struct journal_entry entry = entry_of(2);
	struct fail said = { .message = "" };
	char text[1024];

	(void)state;
	trace_change(&trace, "applied", &entry, &caller, &said);
	assert_string_equal(content(&messages, text, sizeof(text)),
			    "<5>patcherd: applied nfs-flock (sha256 0123456789abcdef): "
			    "nfs_flock+0x2f [nfs], nfs_flock+0x30 by uid 0 pid 123 patchctl\n");
	assert_string_equal(said.message, "");
	file_close(&messages);
}

/* devkmsg_write() refuses a longer one. */
static void a_thousand_sites_make_one_line_that_the_kernel_takes(void **state)
{
	struct file messages = file_text("");
	struct trace trace = { .messages = messages.path };
	struct journal_entry entry = entry_of(1024);
	struct fail said = { .message = "" };
	char text[4096];

	(void)state;
	trace_change(&trace, "reverted", &entry, &caller, &said);
	assert_in_range(strlen(content(&messages, text, sizeof(text))), 800, 992);
	assert_non_null(strstr(text, " more by uid 0 pid 123 patchctl\n"));
	assert_ptr_equal(strchr(text, '\n') + 1, text + strlen(text));
	file_close(&messages);
}

static void the_flag_is_set_where_it_is_not(void **state)
{
	struct file tainted = file_text("12288\n");
	struct trace trace = { .tainted = tainted.path };
	struct fail said = { .message = "" };
	char text[64];

	(void)state;
	trace_taint(&trace, &said);
	assert_string_equal(said.message, "");
	assert_int_equal(strncmp(content(&tainted, text, sizeof(text)), "64", 2), 0);
	file_close(&tainted);
}

static void a_flag_that_is_set_is_left_alone(void **state)
{
	struct file tainted = file_text("12352\n");
	struct trace trace = { .tainted = tainted.path };
	struct fail said = { .message = "" };
	char text[64];

	(void)state;
	trace_taint(&trace, &said);
	assert_string_equal(content(&tainted, text, sizeof(text)), "12352\n");
	file_close(&tainted);
}

static void what_cannot_be_left_is_said_and_logged(void **state)
{
	struct trace trace = { .messages = "/nonexistent/kmsg", .tainted = "/nonexistent/tainted" };
	struct journal_entry entry = entry_of(1);
	struct fail said = { .message = "" };

	(void)state;
	logged = 0;
	trace_taint(&trace, &said);
	trace_change(&trace, "applied", &entry, &caller, &said);
	assert_message(said, "/nonexistent/kmsg");
	assert_message(said, "/nonexistent/tainted");
	assert_int_equal(logged, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_names_patch_text_sites_and_who),
		cmocka_unit_test(a_thousand_sites_make_one_line_that_the_kernel_takes),
		cmocka_unit_test(the_flag_is_set_where_it_is_not),
		cmocka_unit_test(a_flag_that_is_set_is_left_alone),
		cmocka_unit_test(what_cannot_be_left_is_said_and_logged),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
