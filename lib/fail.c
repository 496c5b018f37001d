/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	int status;
} outcomes[OUTCOME_COUNT] = {
	[OUTCOME_APPLICABLE] = { "applicable", 0 },
	[OUTCOME_APPLIED] = { "applied", 0 },
	[OUTCOME_REVERTED] = { "reverted", 0 },
	[OUTCOME_CONFIRMED] = { "confirmed", 0 },
	[OUTCOME_ARMED] = { "armed", 0 },
	[OUTCOME_ERROR] = { "error", 1 },
	[OUTCOME_USAGE] = { "usage", 2 },
	[OUTCOME_INVALID_SPEC] = { "invalid-spec", 3 },
	[OUTCOME_ALREADY_APPLIED] = { "already-applied", 4 },
	[OUTCOME_MISMATCH] = { "mismatch", 5 },
	[OUTCOME_NOT_FOUND] = { "not-found", 6 },
	[OUTCOME_AMBIGUOUS] = { "ambiguous", 7 },
	[OUTCOME_GUARD] = { "guard", 8 },
	[OUTCOME_HAZARD] = { "hazard", 9 },
	[OUTCOME_NOT_WRITABLE] = { "not-writable", 10 },
	[OUTCOME_CONFLICT] = { "conflict", 11 },
	[OUTCOME_DENIED] = { "denied", 12 },
	[OUTCOME_UNREACHABLE] = { "unreachable", 13 },
	[OUTCOME_ATTENTION] = { "attention", 14 },
	[OUTCOME_INCOMPLETE] = { "incomplete", 15 },
	[OUTCOME_UNKNOWN] = { "unknown", 16 },
	[OUTCOME_BUSY] = { "busy", 17 },
};

const char *outcome_name(enum outcome outcome)
{
	return outcomes[outcome].name;
}

int outcome_status(enum outcome outcome)
{
	return outcomes[outcome].status;
}

bool outcome_parse(const char *name, enum outcome *out)
{
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		if (strcmp(outcomes[i].name, name) == 0) {
			*out = (enum outcome)i;
			return true;
		}
	}
	return false;
}

static void message_add(struct fail *fail, size_t at, const char *format, va_list arguments)
	__attribute__((format(printf, 3, 0)));

static void message_add(struct fail *fail, size_t at, const char *format, va_list arguments)
{
	if (at >= sizeof(fail->message))
		return;
	if (vsnprintf(fail->message + at, sizeof(fail->message) - at, format, arguments) < 0)
		fail->message[at] = '\0';
}

int (fail_set)(struct fail *fail, enum outcome code, const char *format, ...)
{
	va_list arguments;

	fail->code = code;
	fail->has_address = false;
	fail->address = 0;
	va_start(arguments, format);
	message_add(fail, 0, format, arguments);
	va_end(arguments);
	return -1;
}

int (fail_at)(struct fail *fail, enum outcome code, uint64_t address, const char *format, ...)
{
	va_list arguments;

	fail->code = code;
	fail->has_address = true;
	fail->address = address;
	va_start(arguments, format);
	message_add(fail, 0, format, arguments);
	va_end(arguments);
	return -1;
}

int (fail_errno)(struct fail *fail, int error, const char *format, ...)
{
	va_list arguments;

	fail->code = OUTCOME_ERROR;
	fail->has_address = false;
	fail->address = 0;
	va_start(arguments, format);
	message_add(fail, 0, format, arguments);
	va_end(arguments);
	fail_append(fail, ": %s", strerror(error));
	return -1;
}

int (fail_memory)(struct fail *fail, const char *what)
{
	return fail_set(fail, OUTCOME_ERROR, "out of memory (%s)", what);
}

void fail_append(struct fail *fail, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	message_add(fail, strlen(fail->message), format, arguments);
	va_end(arguments);
}

void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

void cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	errno = saved;
}

void cleanup_fclose(void *file)
{
	FILE *stream = *(FILE **)file;

	if (stream != NULL)
		(void)fclose(stream);
}
