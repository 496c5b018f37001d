/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel's own; group 2 is udev's, which any process with the capability can send to. */
enum { GROUP_KERNEL = 1 };
/* The kernel makes up to 2048 bytes of variables behind the first line (UEVENT_BUFFER_SIZE). */
enum { MESSAGE_MAX = 8192 };

int uevents_open(int *fd, struct fail *fail)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = GROUP_KERNEL };
	CLEANUP_CLOSE int made = -1;
	const int on = 1;

	made = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	if (made < 0 || setsockopt(made, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    bind(made, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail_errno(fail, errno, "cannot listen for the kernel's events");
	*fd = fd_take(&made);
	return 0;
}

/* The value of "KEY=…" among the texts, each with its NUL, up to `end`; NULL: it is not there. */
static const char *variable(const char *texts, const char *end, const char *key)
{
	size_t length = strlen(key);

	for (; texts < end; texts += strlen(texts) + 1) {
		if (strncmp(texts, key, length) == 0 && texts[length] == '=')
			return texts + length + 1;
	}
	return NULL;
}

/* "add@/module/nfs", "ACTION=add", "DEVPATH=/module/nfs", "SUBSYSTEM=module", "SEQNUM=1234", each with
 * its NUL (kobject_uevent_env(), lib/kobject_uevent.c). A module's sections and parameters, which lie
 * deeper, have no messages of their own. */
bool uevent_parse(const char *message, size_t length, struct uevent *out)
{
	static const char directory[] = "/module/";
	const char *end = message + length, *action, *path, *subsystem;
	size_t name;

	if (length == 0 || length > MESSAGE_MAX || end[-1] != '\0')
		return false;
	action = variable(message, end, "ACTION");
	path = variable(message, end, "DEVPATH");
	subsystem = variable(message, end, "SUBSYSTEM");
	if (action == NULL || path == NULL || subsystem == NULL ||
	    strcmp(subsystem, "module") != 0 ||
	    strncmp(path, directory, strlen(directory)) != 0)
		return false;
	out->added = strcmp(action, "add") == 0;
	if (!out->added && strcmp(action, "remove") != 0)
		return false;
	path += strlen(directory);
	name = strlen(path);
	if (name == 0 || name >= sizeof(out->module) || strchr(path, '/') != NULL)
		return false;
	memcpy(out->module, path, name + 1);
	return true;
}

/* Any process with the capability can send to the group, in a container's namespace too. */
static bool is_kernel(struct msghdr *header, const struct sockaddr_nl *sender)
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(header);
	struct ucred credentials;

	if (header->msg_namelen != sizeof(*sender) || sender->nl_family != AF_NETLINK ||
	    sender->nl_pid != 0 || sender->nl_groups != GROUP_KERNEL || control == NULL ||
	    control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_CREDENTIALS ||
	    control->cmsg_len != CMSG_LEN(sizeof(credentials)))
		return false;
	memcpy(&credentials, CMSG_DATA(control), sizeof(credentials));
	return credentials.pid == 0 && credentials.uid == 0;
}

enum uevent_kind uevent_receive(int fd, struct uevent *out)
{
	char message[MESSAGE_MAX];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct sockaddr_nl sender;
	struct iovec vector = { .iov_base = message, .iov_len = sizeof(message) };
	struct msghdr header = {
		.msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &vector,
		.msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(fd, &header, MSG_DONTWAIT);

	if (length < 0 && errno == EINTR)
		return UEVENT_OTHER;
	if (length < 0)
		return errno == EAGAIN ? UEVENT_NONE : UEVENT_LOST;
	if (!is_kernel(&header, &sender))
		return UEVENT_OTHER;
	if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		return UEVENT_LOST;
	return uevent_parse(message, (size_t)length, out) ? UEVENT_MODULE : UEVENT_OTHER;
}
