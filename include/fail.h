/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail: what went wrong, in words for a person and as one of the fixed outcomes; and the
 * guards that release what a function holds on each way out of it.
 *
 * A function that can fail returns 0, or -1 with *fail filled in. The library never prints,
 * never exits and never tries again.
 */
#ifndef PATCHERD_FAIL_H
#define PATCHERD_FAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The fixed answers; outcome_name() is the word in text and JSON, outcome_status() the exit
 * status of patchctl. patchctl(8) lists them. */
enum outcome {
	OUTCOME_APPLICABLE,
	OUTCOME_APPLIED,
	OUTCOME_REVERTED,
	OUTCOME_CONFIRMED,
	OUTCOME_ARMED,
	OUTCOME_ERROR,
	OUTCOME_USAGE,
	OUTCOME_INVALID_SPEC,
	OUTCOME_ALREADY_APPLIED,
	OUTCOME_MISMATCH,
	OUTCOME_NOT_FOUND,
	OUTCOME_AMBIGUOUS,
	OUTCOME_GUARD,
	OUTCOME_HAZARD,
	OUTCOME_NOT_WRITABLE,
	OUTCOME_CONFLICT,
	OUTCOME_DENIED,
	OUTCOME_UNREACHABLE,
	OUTCOME_ATTENTION,
	OUTCOME_INCOMPLETE,
	OUTCOME_UNKNOWN,
	OUTCOME_BUSY,
	OUTCOME_COUNT
};

const char *outcome_name(enum outcome outcome);
int outcome_status(enum outcome outcome);
/* The outcome whose word is `name`; false when there is none. */
bool outcome_parse(const char *name, enum outcome *out);

struct fail {
	enum outcome code;
	bool has_address;
	uint64_t address;	/* the kernel address at fault, where has_address */
	char message[4096];	/* one or several lines, no newline at the end */
};

/* Each fills *fail and returns -1, so that `return fail_set(...)` is the way out. A message
 * that does not fit is cut. */
int fail_set(struct fail *fail, enum outcome code, const char *format, ...)
	__attribute__((format(printf, 3, 4), nonnull(1, 3)));
/* The same, with the kernel address where it happened; the message must name it itself. */
int fail_at(struct fail *fail, enum outcome code, uint64_t address, const char *format, ...)
	__attribute__((format(printf, 4, 5), nonnull(1, 4)));
/* OUTCOME_ERROR, the message followed by ": " and the text of `error` (a positive errno). */
int fail_errno(struct fail *fail, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4), nonnull(1, 3)));
/* Out of memory, while doing `what`. */
int fail_memory(struct fail *fail, const char *what) __attribute__((nonnull));
/* Said at the call too, which is all that a compiler or analyzer of one file sees: that after a
 * failure nobody looks at what was not filled in. */
#define fail_set(...) (fail_set(__VA_ARGS__), -1)
#define fail_at(...) (fail_at(__VA_ARGS__), -1)
#define fail_errno(...) (fail_errno(__VA_ARGS__), -1)
#define fail_memory(...) (fail_memory(__VA_ARGS__), -1)
/* Adds to the end of the message. */
void fail_append(struct fail *fail, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull(1, 2)));

/* cleanup guards: `CLEANUP_FREE char *text = NULL;` */
void cleanup_free(void *pointer);
void cleanup_close(const int *fd);
void cleanup_fclose(void *file);
#define CLEANUP(function) __attribute__((cleanup(function)))
#define CLEANUP_FREE CLEANUP(cleanup_free)
#define CLEANUP_CLOSE CLEANUP(cleanup_close)	/* an int, -1 when not open */
#define CLEANUP_FCLOSE CLEANUP(cleanup_fclose)	/* a FILE *, NULL when not open */

/* Takes a file descriptor out of its guard. */
static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define MUST_CHECK __attribute__((warn_unused_result))

#endif
