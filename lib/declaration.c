/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/declaration.h"

#include <stddef.h>
#include <string.h>

void text_wrap(struct text *text, const char *before, const char *after)
{
	size_t front = strlen(before), back = strlen(after), length = strlen(text->data);

	if (text->cut)
		return;
	text->cut = front + length + back + sizeof("...") > sizeof(text->data);
	if (text->cut) {
		memcpy(text->data + length, "...", sizeof("..."));
		return;
	}
	memmove(text->data + front, text->data, length);
	memcpy(text->data, before, front);
	memcpy(text->data + front + length, after, back + 1);
}

void text_trim(struct text *text)
{
	for (size_t end = strlen(text->data); end > 0 && text->data[end - 1] == ' '; end--)
		text->data[end - 1] = '\0';
}

void text_derive(struct text *around, bool *pointer, const char *behind)
{
	if (behind == NULL) {
		text_wrap(around, "*", "");
		*pointer = true;
		return;
	}
	if (*pointer)
		text_wrap(around, "(", ")");
	*pointer = false;
	text_wrap(around, "", behind);
}
