/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include <ctype.h>
#include <endian.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int journald = -1;	/* a datagram socket; -1: stderr */
static unsigned long unsent;	/* lines that neither took since the last one that says so */

/* JOURNAL_STREAM says which device and inode journald gave as stderr: only when stderr is still
 * that one (not redirected since) does a line belong to journald. See systemd.exec(5). */
static bool stderr_is_journald(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat status;

	/* NOLINTNEXTLINE(cert-err34-c): a number that is too large is no device or inode there is */
	return text != NULL && sscanf(text, "%ju:%ju", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

void log_open(void)
{
	static const struct sockaddr_un address = {
		.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket",
	};
	int fd;

	if (!stderr_is_journald())
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		(void)close(fd);
	else
		journald = fd;
}

struct field {
	const char *name;	/* journald's */
	const char *word;	/* on stderr */
	const char *value;	/* NULL: does not apply */
};
enum { FIELDS = 8 };

/* A value that holds a newline goes by its length, so that it cannot begin a field of its own. */
static void native_field(FILE *out, const char *name, const char *value)
{
	uint64_t length = htole64(strlen(value));

	if (strchr(value, '\n') == NULL) {
		(void)fprintf(out, "%s=%s\n", name, value);
		return;
	}
	(void)fprintf(out, "%s\n", name);
	(void)fwrite(&length, sizeof(length), 1, out);
	(void)fprintf(out, "%s\n", value);
}

/* Whatever a file's or a program's name holds, one call makes one line, and no terminal codes. */
static void plain_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			(void)fputs("\\n", out);
		else if (iscntrl((unsigned char)*text))
			(void)fprintf(out, "\\x%02x", (unsigned char)*text);
		else
			(void)fputc(*text, out);
	}
}

static void write_native(FILE *out, int priority, const char *message, const struct field *fields)
{
	native_field(out, "MESSAGE", message);
	(void)fprintf(out, "PRIORITY=%d\nSYSLOG_IDENTIFIER=patcherd\n", priority);
	for (int i = 0; i < FIELDS; i++) {
		if (fields[i].value != NULL)
			native_field(out, fields[i].name, fields[i].value);
	}
}

static void write_plain(FILE *out, const char *message, const struct field *fields)
{
	(void)fputs("patcherd: ", out);
	plain_text(out, message);
	for (int i = 0; i < FIELDS; i++) {
		if (fields[i].value == NULL)
			continue;
		(void)fprintf(out, " %s=\"", fields[i].word);
		plain_text(out, fields[i].value);
		(void)fputc('"', out);
	}
	(void)fputc('\n', out);
}

/* A line as one of them has it, to be freed; NULL: no memory. */
static char *line_make(bool native, int priority, const char *message, const struct field *fields,
		       size_t *length)
{
	char *line = NULL;
	FILE *out = open_memstream(&line, length);

	if (out == NULL)
		return NULL;
	if (native)
		write_native(out, priority, message, fields);
	else
		write_plain(out, message, fields);
	if (fclose(out) == 0)
		return line;
	free(line);
	return NULL;
}

/* A journald that is stopped, or slow, must not stop us between a write and its outcome: what it does
 * not take at once goes to stderr, which is a stream that it reads as well, and which holds more. */
static bool line_send(int priority, const char *message, const struct field *fields)
{
	CLEANUP_FREE char *native = NULL, *plain = NULL;
	size_t length = 0;

	native = line_make(true, priority, message, fields, &length);
	if (native != NULL &&
	    send(journald, native, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length)
		return true;
	plain = line_make(false, priority, message, fields, &length);
	return plain != NULL && send(STDERR_FILENO, plain, length, MSG_DONTWAIT | MSG_NOSIGNAL) ==
		(ssize_t)length;
}

static void tell_unsent(void)
{
	static const struct field none[FIELDS];
	char message[128];

	(void)snprintf(message, sizeof(message), "%lu log lines before this one are lost or cut: "
		       "journald did not take them", unsent);
	if (line_send(LOG_WARNING, message, none))
		unsent = 0;
}

static void write_line(int priority, const char *message, const struct field *fields)
{
	CLEANUP_FREE char *line = NULL;
	size_t length = 0;

	if (journald >= 0) {
		if (unsent > 0)
			tell_unsent();
		unsent += !line_send(priority, message, fields);
		return;
	}
	/* There is nobody to tell that this failed: what can be written is. */
	line = line_make(false, priority, message, fields, &length);
	if (line != NULL)
		(void)!write(STDERR_FILENO, line, length);
}

void log_line(int priority, const struct log_about *about, const char *format, ...)
{
	static const struct log_about nothing;
	char old[BYTES_TEXT_MAX], replacement[BYTES_TEXT_MAX], uid[16], pid[16];
	CLEANUP_FREE char *message = NULL;
	va_list arguments;
	int length;

	if (about == NULL)
		about = &nothing;
	if (about->caller != NULL) {
		(void)snprintf(uid, sizeof(uid), "%" PRIu32, about->caller->uid);
		(void)snprintf(pid, sizeof(pid), "%" PRId32, about->caller->pid);
	}
	struct field fields[FIELDS] = {
		{ "PATCHERD_PATCH", "patch", about->patch },
		{ "PATCHERD_OUTCOME", "outcome", about->outcome },
		{ "PATCHERD_SITE", "site", about->site },
		{ "PATCHERD_OLD", "old", about->old ? bytes_print(about->old, old) : NULL },
		{ "PATCHERD_NEW", "new",
		  about->replacement ? bytes_print(about->replacement, replacement) : NULL },
		{ "PATCHERD_UID", "uid", about->caller ? uid : NULL },
		{ "PATCHERD_PID", "pid", about->caller ? pid : NULL },
		{ "PATCHERD_COMM", "comm", about->caller ? about->caller->comm : NULL },
	};

	va_start(arguments, format);
	length = vasprintf(&message, format, arguments);
	va_end(arguments);
	if (length < 0) {
		message = NULL;
		return;
	}
	write_line(priority, message, fields);
}
