/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal_row.h"

#include <stdlib.h>
#include <string.h>

int64_t row_number(struct row *row, int column)
{
	if (sqlite3_column_type(row->statement, column) != SQLITE_INTEGER)
		row->bad = true;
	return sqlite3_column_int64(row->statement, column);
}

const char *row_peek(struct row *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row->statement, column);

	if (text == NULL || sqlite3_column_type(row->statement, column) != SQLITE_TEXT ||
	    strlen(text) != (size_t)sqlite3_column_bytes(row->statement, column)) {
		row->bad = true;
		return "";
	}
	return text;
}

void row_copy(struct row *row, int column, char *out, size_t size)
{
	const char *text = row_peek(row, column);
	size_t length = strlen(text);

	if (length >= size) {
		row->bad = true;
		length = 0;
	}
	memcpy(out, text, length);
	out[length] = '\0';
}

char *row_text(struct row *row, int column)
{
	char *text = strdup(row_peek(row, column));

	if (text == NULL)
		row->no_memory = true;
	return text;
}

char *row_text_or_null(struct row *row, int column)
{
	return sqlite3_column_type(row->statement, column) == SQLITE_NULL ? NULL
									   : row_text(row, column);
}

void row_bytes(struct row *row, int column, struct bytes *out)
{
	const void *data = sqlite3_column_blob(row->statement, column);
	int length = sqlite3_column_bytes(row->statement, column);

	if (sqlite3_column_type(row->statement, column) != SQLITE_BLOB || data == NULL ||
	    length < 1 || length > BYTES_MAX) {
		row->bad = true;
		return;
	}
	memcpy(out->data, data, (size_t)length);
	out->length = (size_t)length;
}

void row_caller(struct row *row, int column, struct journal_caller *out)
{
	int64_t uid = row_number(row, column), pid = row_number(row, column + 1);

	row->bad = row->bad || uid < 0 || uid > UINT32_MAX || pid < INT32_MIN || pid > INT32_MAX;
	out->uid = (uint32_t)uid;
	out->pid = (int32_t)pid;
	row_copy(row, column + 2, out->comm, sizeof(out->comm));
}

int row_check(const struct row *row, const struct journal *journal, const char *what,
		     int64_t id, struct fail *fail)
{
	if (row->no_memory)
		return fail_memory(fail, "reading the journal");
	if (row->bad)
		return db_damaged(journal, fail, "%s %lld holds what patcherd never writes", what,
				  (long long)id);
	return 0;
}
