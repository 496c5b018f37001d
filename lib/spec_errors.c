/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spec_errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What of a value is shown; each byte takes four characters at most. */
enum { QUOTED_BYTES_MAX = (QUOTE_MAX - sizeof("'...'")) / 4 };

static bool place_before(struct place a, struct place b)
{
	return a.line < b.line || (a.line == b.line && a.column < b.column);
}

void spec_error(struct spec_errors *errors, struct place place, const char *format, ...)
{
	va_list arguments;
	char *text;
	size_t at = errors->count;
	int length;

	errors->total++;
	while (at > 0 && place_before(place, errors->items[at - 1].place))
		at--;
	if (at == SPEC_ERRORS_MAX)
		return;
	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		errors->no_memory = true;
		return;
	}
	if (errors->count == SPEC_ERRORS_MAX)
		free(errors->items[--errors->count].text);
	memmove(&errors->items[at + 1], &errors->items[at],
		(errors->count - at) * sizeof(errors->items[0]));
	errors->items[at] = (struct spec_error){ .place = place, .text = text };
	errors->count++;
}

int spec_errors_report(const struct spec_errors *errors, const char *source, struct fail *fail)
{
	/* For the last line, "SOURCE: N more errors". */
	size_t reserved = strlen(source) + sizeof("\n: 18446744073709551615 more errors");
	size_t shown = 0;

	if (errors->no_memory)
		return fail_memory(fail, "reading a patch file");
	if (errors->total == 0)
		return 0;
	(void)fail_set(fail, OUTCOME_INVALID_SPEC, "%s", "");
	for (; shown < errors->count; shown++) {
		const struct spec_error *error = &errors->items[shown];
		size_t used = strlen(fail->message);
		int length = snprintf(NULL, 0, "\n%s:%u:%u: error: %s", source, error->place.line,
				      error->place.column, error->text);

		/* A line is shown whole or not at all, but the first always. */
		if (shown > 0 && (length < 0 ||
				  used + (size_t)length + reserved > sizeof(fail->message)))
			break;
		fail_append(fail, "%s%s:%u:%u: error: %s", shown == 0 ? "" : "\n", source,
			    error->place.line, error->place.column, error->text);
	}
	if (shown < errors->total)
		fail_append(fail, "\n%s: %zu more error%s", source, errors->total - shown,
			    errors->total - shown == 1 ? "" : "s");
	return -1;
}

void spec_errors_deinit(struct spec_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		free(errors->items[i].text);
	memset(errors, 0, sizeof(*errors));
}

size_t spec_control_length(const char *text, size_t length)
{
	const unsigned char *c = (const unsigned char *)text;

	if (c[0] < 0x20 || c[0] == 0x7f)
		return c[0] == '\n' ? 0 : 1;
	/* U+0080 to U+009F */
	if (length >= 2 && c[0] == 0xc2 && c[1] < 0xa0)
		return 2;
	/* U+2028 to U+202E, U+2066 to U+2069 (https://www.unicode.org/reports/tr9/) */
	if (length >= 3 && c[0] == 0xe2 &&
	    ((c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae) ||
	     (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9)))
		return 3;
	return 0;
}

const char *spec_quote(const char *text, size_t length, char out[QUOTE_MAX])
{
	size_t shown = length;
	char *at = out;

	if (length > QUOTED_BYTES_MAX) {
		shown = QUOTED_BYTES_MAX;
		/* not in the middle of a character */
		while (shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80)
			shown--;
	}
	*at++ = '\'';
	for (size_t i = 0; i < shown;) {
		size_t control = text[i] == '\n' ? 1 : spec_control_length(text + i, shown - i);

		if (control == 0)
			*at++ = text[i++];
		for (; control > 0; control--)
			at += sprintf(at, "\\x%02x", (unsigned char)text[i++]);
	}
	(void)snprintf(at, (size_t)(out + QUOTE_MAX - at), "%s", shown < length ? "...'" : "'");
	return out;
}
