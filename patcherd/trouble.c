/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

const struct trouble_paths trouble_paths = {
	.warn_count = "/sys/kernel/warn_count",
	.oops_count = "/sys/kernel/oops_count",
	.tainted = "/proc/sys/kernel/tainted",
	.messages = "/dev/kmsg",
};

/* A record has up to CONSOLE_EXT_LOG_MAX bytes (kernel/printk/printk.c). More of them than that need a
 * buffer of 32 MiB and more (log_buf_len=), and a second to be read. */
enum { RECORD_MAX = 8192, RECORDS_AT_ONCE = 1 << 20 };

/* Of kernel/panic.c's taint_flags. Patcherd and its module set others: U, O, E. */
static const struct {
	unsigned bit;
	const char *name;
} flags[] = {
	{ 4, "M (machine check)" }, { 5, "B (bad page)" }, { 7, "D (oops)" }, { 9, "W (warning)" },
	{ 14, "L (soft lockup)" },
};

/* What a message begins with: elsewhere it may have the name that a user gave to a program. */
static const char *const beginnings[] = {
	"BUG:", "kernel BUG at", "Oops", "Internal error: Oops", "watchdog: BUG:",
	"NMI watchdog: BUG:", "Call Trace:",
};

/* TROUBLE_UNKNOWN where it cannot be read. */
static uint64_t number_read(const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32], *end;
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	uint64_t value;

	if (length <= 0 || text[0] < '0' || text[0] > '9')
		return TROUBLE_UNKNOWN;
	text[length] = '\0';
	errno = 0;
	value = strtoull(text, &end, 10);
	return errno == 0 && (*end == '\n' || *end == '\0') ? value : TROUBLE_UNKNOWN;
}

/* Digits up to one of `ends`, which is stepped over. */
static bool field_take(const char **at, const char *end, const char *ends, uint64_t *out)
{
	uint64_t value = 0;
	const char *text = *at;

	while (text < end && *text >= '0' && *text <= '9') {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
		text++;
	}
	if (text == *at || text == end || strchr(ends, *text) == NULL || *text == '\0')
		return false;
	*at = text + 1;
	*out = value;
	return true;
}

bool kmsg_parse(const char *record, size_t size, struct kmsg_record *out)
{
	const char *at = record, *end = record + size, *text;
	uint64_t priority, microseconds;

	if (!field_take(&at, end, ",", &priority) || priority > LOG_FACMASK + LOG_PRIMASK ||
	    !field_take(&at, end, ",", &out->sequence) ||
	    !field_take(&at, end, ",;", &microseconds))
		return false;
	text = memchr(at - 1, ';', (size_t)(end - at + 1));
	if (text++ == NULL)
		return false;
	out->facility = (unsigned)LOG_FAC(priority);
	out->level = (unsigned)LOG_PRI(priority);
	out->text = text;
	end = memchr(text, '\n', (size_t)(end - text)) != NULL ?
	      memchr(text, '\n', (size_t)(end - text)) : end;
	out->length = (size_t)(end - text);
	return true;
}

bool kmsg_tells_trouble(const struct kmsg_record *record)
{
	/* A program's crash, which begins with the name it gave itself, comes as KERN_INFO. */
	if (record->facility != 0 || record->level > LOG_WARNING)
		return false;
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++) {
		size_t length = strlen(beginnings[i]);

		if (record->length >= length && memcmp(record->text, beginnings[i], length) == 0)
			return true;
	}
	return false;
}

static void record_take(struct trouble *trouble, const struct kmsg_record *record)
{
	struct trouble_message *message;

	if (record->sequence != trouble->next)
		trouble->lost_before = record->sequence;
	trouble->next = record->sequence + 1;
	if (!kmsg_tells_trouble(record))
		return;
	message = &trouble->found[trouble->found_count++ % TROUBLE_MESSAGES];
	message->sequence = record->sequence;
	(void)snprintf(message->text, sizeof(message->text), "%.*s",
		       (int)(record->length < TROUBLE_TEXT ? record->length : TROUBLE_TEXT - 1),
		       record->text);
}

/* Opened when it is first needed: the oldest record that there still is comes first. */
static bool messages_open(struct trouble *trouble)
{
	if (trouble->messages >= 0)
		return true;
	trouble->messages = open(trouble->paths->messages, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (trouble->messages >= 0)
		return true;
	(void)fail_errno(&trouble->unreadable, errno, "cannot read the kernel's messages in %s",
			 trouble->paths->messages);
	return false;
}

static void messages_fail(struct trouble *trouble, int error)
{
	(void)fail_errno(&trouble->unreadable, error, "cannot read the kernel's messages in %s",
			 trouble->paths->messages);
	(void)close(trouble->messages);
	trouble->messages = -1;
}

/* All records that there are, up to a number: a kernel that never ceases must not hold us. Whether that
 * was all. */
static bool messages_read(struct trouble *trouble)
{
	char buffer[RECORD_MAX];
	struct kmsg_record record;

	if (!messages_open(trouble))
		return false;
	for (int i = 0; i < RECORDS_AT_ONCE; i++) {
		ssize_t length = read(trouble->messages, buffer, sizeof(buffer));

		/* Overwritten before it was read: the next one's number tells how many. */
		if (length < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (length < 0 && errno == EAGAIN)
			return true;
		if (length <= 0) {
			messages_fail(trouble, length == 0 ? ENODATA : errno);
			return false;
		}
		if (kmsg_parse(buffer, (size_t)length, &record))
			record_take(trouble, &record);
	}
	(void)fail_set(&trouble->unreadable, OUTCOME_ERROR, "%s has messages faster than they can be "
		       "read", trouble->paths->messages);
	return false;
}

void trouble_init(struct trouble *trouble, const struct trouble_paths *paths)
{
	*trouble = (struct trouble){ .paths = paths, .messages = -1 };
}

void trouble_deinit(struct trouble *trouble)
{
	if (trouble->messages >= 0)
		(void)close(trouble->messages);
	trouble->messages = -1;
}

void trouble_take(struct trouble *trouble, struct trouble_mark *out)
{
	bool all = messages_read(trouble);

	out->warn_count = number_read(trouble->paths->warn_count);
	out->oops_count = number_read(trouble->paths->oops_count);
	out->taint = number_read(trouble->paths->tainted);
	/* what is old and was not read yet is not to be taken for new */
	out->sequence = all ? trouble->next : TROUBLE_UNKNOWN;
}

static void say(struct fail *said, const char *what)
{
	fail_append(said, "%s%s", said->message[0] == '\0' ? "" : "; ", what);
}

static void say_counter(const char *name, uint64_t before, uint64_t now, struct fail *said)
{
	char text[128];

	if (before == TROUBLE_UNKNOWN || now == TROUBLE_UNKNOWN || now <= before)
		return;
	(void)snprintf(text, sizeof(text), "the kernel's %s went from %" PRIu64 " to %" PRIu64, name,
		       before, now);
	say(said, text);
}

static void say_flags(uint64_t before, uint64_t now, struct fail *said)
{
	char text[128];

	if (before == TROUBLE_UNKNOWN || now == TROUBLE_UNKNOWN)
		return;
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		if ((now & ~before & UINT64_C(1) << flags[i].bit) == 0)
			continue;
		(void)snprintf(text, sizeof(text), "the kernel set its taint flag %s",
			       flags[i].name);
		say(said, text);
	}
}

/* The first of those since `sequence` that are remembered. */
static void say_message(const struct trouble *trouble, uint64_t sequence, struct fail *said)
{
	const struct trouble_message *first = NULL;
	char text[TROUBLE_TEXT + 32];

	for (size_t i = 0; i < trouble->found_count && i < TROUBLE_MESSAGES; i++) {
		const struct trouble_message *message = &trouble->found[i];

		if (message->sequence >= sequence &&
		    (first == NULL || message->sequence < first->sequence))
			first = message;
	}
	if (first == NULL)
		return;
	(void)snprintf(text, sizeof(text), "the kernel says: %s", first->text);
	say(said, text);
}

bool trouble_since(struct trouble *trouble, const struct trouble_mark *mark, struct fail *said)
{
	struct trouble_mark now;

	said->message[0] = '\0';
	trouble_take(trouble, &now);
	say_counter("warn_count", mark->warn_count, now.warn_count, said);
	say_counter("oops_count", mark->oops_count, now.oops_count, said);
	say_flags(mark->taint, now.taint, said);
	if (mark->sequence != TROUBLE_UNKNOWN)
		say_message(trouble, mark->sequence, said);
	return said->message[0] != '\0';
}

bool trouble_unknown(const struct trouble *trouble, const struct trouble_mark *mark,
		     struct fail *said)
{
	said->message[0] = '\0';
	if (mark->warn_count == TROUBLE_UNKNOWN)
		say(said, "this kernel does not count its warnings (warn_count)");
	if (mark->oops_count == TROUBLE_UNKNOWN)
		say(said, "this kernel does not count its oopses (oops_count)");
	if (mark->taint == TROUBLE_UNKNOWN)
		say(said, "the kernel's taint flags could not be read");
	if (mark->sequence == TROUBLE_UNKNOWN || trouble->messages < 0)
		say(said, trouble->unreadable.message[0] != '\0' ? trouble->unreadable.message :
		    "the kernel's messages could not be read");
	else if (mark->sequence < trouble->lost_before)
		say(said, "some of the kernel's messages since then were overwritten before they "
		    "could be read");
	return said->message[0] != '\0';
}
