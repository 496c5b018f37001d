/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault_image.h"
#include "log.h"

/* TAINT_USER of include/linux/panic.h. A line longer than LOG_LINE_MAX (kernel/printk/printk.c), which
 * is 992 or more, is refused whole. */
enum { TAINT_USER = 1 << 6, LINE_MAX_BYTES = 900, TAIL_MAX = 128 };

const struct trace trace_kernel = {
	.messages = "/dev/kmsg", .tainted = "/proc/sys/kernel/tainted",
};

/* `so`: what follows where it cannot be written. */
static void text_write(const char *path, const char *text, const char *so, struct fail *said)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t written = fd < 0 ? -1 : write(fd, text, strlen(text));
	const char *why = written < 0 ? strerror(errno) : "it was cut short";

	if (written == (ssize_t)strlen(text))
		return;
	log_line(LOG_WARNING, NULL, "%s: cannot write to %s: %s", so, path, why);
	fail_append(said, "%s%s: cannot write to %s: %s", said->message[0] == '\0' ? "" : "\n", so,
		    path, why);
}

void trace_taint(const struct trace *trace, struct fail *said)
{
	CLEANUP_FCLOSE FILE *file = trace == NULL ? NULL : fopen(trace->tainted, "re");
	uint64_t now = 0;
	char text[16];

	if (trace == NULL || fault_image())
		return;
	/* Not written where it is set: that takes a capability, and panic_on_taint may be in force. */
	/* NOLINTNEXTLINE(cert-err34-c): what is no number leaves 0, and the flag is written */
	if (file != NULL && fscanf(file, "%" SCNu64, &now) == 1 && (now & TAINT_USER) != 0)
		return;
	(void)snprintf(text, sizeof(text), "%d", TAINT_USER);
	text_write(trace->tainted, text, "the kernel's taint flag U does not tell of this change",
		   said);
}

void trace_change(const struct trace *trace, const char *done, const struct journal_entry *entry,
		  const struct journal_caller *caller, struct fail *said)
{
	char line[LINE_MAX_BYTES + TAIL_MAX];
	size_t used, i;

	if (trace == NULL || fault_image())
		return;
	/* <5>: KERN_NOTICE; the kernel makes the facility that of a user's message */
	used = (size_t)snprintf(line, LINE_MAX_BYTES, "<5>patcherd: %s %s (sha256 %s):", done,
				entry->patch, entry->sha256);
	for (i = 0; i < entry->site_count; i++) {
		const struct journal_site *site = &entry->sites[i];
		int length = snprintf(line + used, LINE_MAX_BYTES - used, "%s %s+0x%" PRIx64 "%s%s%s",
				      i == 0 ? "" : ",", site->symbol, site->offset,
				      site->module != NULL ? " [" : "",
				      site->module != NULL ? site->module : "",
				      site->module != NULL ? "]" : "");

		if (length < 0 || (size_t)length >= LINE_MAX_BYTES - used)
			break;
		used += (size_t)length;
	}
	line[used] = '\0';
	if (i < entry->site_count)
		used += (size_t)snprintf(line + used, sizeof(line) - used, " and %zu more",
					 entry->site_count - i);
	(void)snprintf(line + used, sizeof(line) - used, " by uid %" PRIu32 " pid %" PRId32 " %s\n",
		       caller->uid, caller->pid, caller->comm);
	text_write(trace->messages, line, "the kernel's log does not tell of this change", said);
}
