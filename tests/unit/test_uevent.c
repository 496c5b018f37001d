/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's messages about modules, and what only looks like them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "patcherd/uevent.h"

#define PARSE(text, out) uevent_parse(text, sizeof(text), out)
#define REST "\0SUBSYSTEM=module\0SEQNUM=1234"

static void a_module_that_came_and_one_that_went_are_told(void **state)
{
	struct uevent event;

	(void)state;
	assert_true(PARSE("add@/module/nfs\0ACTION=add\0DEVPATH=/module/nfs" REST, &event));
	assert_true(event.added);
	assert_string_equal(event.module, "nfs");
	assert_true(PARSE("remove@/module/nf_nat\0ACTION=remove\0DEVPATH=/module/nf_nat" REST,
			  &event));
	assert_false(event.added);
	assert_string_equal(event.module, "nf_nat");
}

static void events_of_anything_else_are_not_taken_for_a_module_s(void **state)
{
	struct uevent event;

	(void)state;
	assert_false(PARSE("add@/devices/x\0ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=block", &event));
	assert_false(PARSE("add@/x\0ACTION=add\0DEVPATH=/module/x\0SUBSYSTEM=drivers", &event));
	assert_false(PARSE("add@/bus/module/x\0ACTION=add\0DEVPATH=/bus/module/x" REST, &event));
	assert_false(PARSE("bind@/module/x\0ACTION=bind\0DEVPATH=/module/x" REST, &event));
	assert_false(PARSE("add@/module/x/y\0ACTION=add\0DEVPATH=/module/x/y" REST, &event));
	assert_false(PARSE("add@/module/\0ACTION=add\0DEVPATH=/module/" REST, &event));
	assert_false(PARSE("libudev\0\xfe\xed\xca\xfe", &event));
}

static void hostile_messages_are_refused(void **state)
{
	static const char good[] = "add@/module/nfs\0ACTION=add\0DEVPATH=/module/nfs" REST;
	char message[8193] = { 0 };
	struct uevent event;

	(void)state;
	assert_false(uevent_parse(good, 0, &event));
	/* cut anywhere, its last text has no end, or SUBSYSTEM is not there */
	for (size_t length = 1; length < sizeof(good) - sizeof("SEQNUM=1234"); length++)
		assert_false(uevent_parse(good, length, &event));
	/* a name as long as no module's */
	(void)snprintf(message, sizeof(message), "DEVPATH=/module/%064d", 0);
	memcpy(message + strlen(message) + 1, "ACTION=add\0SUBSYSTEM=module", 28);
	assert_false(uevent_parse(message, strlen(message) + 1 + 28, &event));
	memcpy(message, good, sizeof(good));
	assert_true(uevent_parse(message, sizeof(message) - 1, &event));
	assert_false(uevent_parse(message, sizeof(message), &event));
}

static void nothing_is_there_to_take_from_a_new_socket(void **state)
{
	struct uevent event;
	struct fail fail;
	int fd;

	(void)state;
	assert_int_equal(uevents_open(&fd, &fail), 0);
	assert_int_equal(uevent_receive(fd, &event), UEVENT_NONE);
	(void)close(fd);
}

/* Any process may send to one socket of netlink; only the kernel is believed. */
static void what_a_process_sends_is_not_believed(void **state)
{
	static const char good[] = "add@/module/nfs\0ACTION=add\0DEVPATH=/module/nfs" REST;
	struct sockaddr_nl to;
	socklen_t length = sizeof(to);
	struct uevent event;
	struct fail fail;
	int fd, sender = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);

	(void)state;
	assert_int_equal(uevents_open(&fd, &fail), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&to, &length), 0);
	if (sender < 0 || sendto(sender, good, sizeof(good), 0, (struct sockaddr *)&to,
				 sizeof(to)) < 0) {
		(void)close(fd);
		skip();		/* it takes a privilege */
	}
	assert_int_equal(uevent_receive(fd, &event), UEVENT_OTHER);
	assert_int_equal(uevent_receive(fd, &event), UEVENT_NONE);
	(void)close(sender);
	(void)close(fd);
}

static void a_socket_that_fails_has_lost_something(void **state)
{
	struct uevent event;

	(void)state;
	assert_int_equal(uevent_receive(-1, &event), UEVENT_LOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_module_that_came_and_one_that_went_are_told),
		cmocka_unit_test(events_of_anything_else_are_not_taken_for_a_module_s),
		cmocka_unit_test(hostile_messages_are_refused),
		cmocka_unit_test(nothing_is_there_to_take_from_a_new_socket),
		cmocka_unit_test(what_a_process_sends_is_not_believed),
		cmocka_unit_test(a_socket_that_fails_has_lost_something),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
