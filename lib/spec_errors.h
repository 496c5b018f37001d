/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_errors: the errors of one patch file, by line and column, and how its values are shown. */
#ifndef PATCHERD_SPEC_ERRORS_H
#define PATCHERD_SPEC_ERRORS_H

#include "spec.h"

struct spec_error {
	struct place place;
	char *text;
};

/* All zero is none. Those first in the file are kept, the others only counted. */
struct spec_errors {
	struct spec_error items[SPEC_ERRORS_MAX];
	size_t count;
	size_t total;
	bool no_memory;
};

void spec_error(struct spec_errors *errors, struct place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Fills *fail as spec_parse() promises; returns -1, or 0 where there is no error. */
int spec_errors_report(const struct spec_errors *errors, const char *source,
		       struct fail *fail) MUST_CHECK;
void spec_errors_deinit(struct spec_errors *errors);

/* Text out of the file made fit for one line of a message: 'text', cut when long, control
 * characters as \xNN. Returns out. */
enum { QUOTE_MAX = 192 };
const char *spec_quote(const char *text, size_t length, char out[QUOTE_MAX]);

/* The length of the UTF-8 character at `text`, of which `length` > 0 bytes may be read, if it can
 * disturb a line of a terminal or a log: C0 but newline, DEL, C1, line separators, bidirectional
 * controls; else 0. */
size_t spec_control_length(const char *text, size_t length);

#endif
