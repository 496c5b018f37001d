/* SPDX-License-Identifier: GPL-2.0-or-later */
/* journal_row: a row read back from the journal. Each value is checked, the file is only a file. */
#ifndef PATCHERD_JOURNAL_ROW_H
#define PATCHERD_JOURNAL_ROW_H

#include "journal_db.h"

/* A row being read: the first value that is not what was written makes it bad. */
struct row {
	sqlite3_stmt *statement;
	bool bad;
	bool no_memory;
};

int64_t row_number(struct row *row, int column);
/* It lives as long as the row; never NULL. */
const char *row_peek(struct row *row, int column);
void row_copy(struct row *row, int column, char *out, size_t size);
/* Owned by the caller. */
char *row_text(struct row *row, int column);
char *row_text_or_null(struct row *row, int column);
void row_bytes(struct row *row, int column, struct bytes *out);
/* uid, pid and comm, in this and the next two columns. */
void row_caller(struct row *row, int column, struct journal_caller *out);
/* -1: the row is bad, or memory ran out; `what` is "entry". */
int row_check(const struct row *row, const struct journal *journal, const char *what, int64_t id,
	      struct fail *fail) MUST_CHECK;

#endif
