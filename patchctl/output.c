/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "patchctl.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "patch.h"
#include "result.h"

/* https://no-color.org */
bool stdout_has_colours(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (no_color == NULL || *no_color == '\0') &&
	       term != NULL && strcmp(term, "dumb") != 0;
}

const char *json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text == NULL ? "" : text;
}

void json_print(const json_t *value)
{
	/* ASCII: nothing in it can command a terminal. A failed write is noticed at exit. */
	(void)json_dumpf(value, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	(void)putchar('\n');
}

/* C0, DEL, and C1, which is c2 80 to c2 9f in UTF-8. */
static size_t control_length(const unsigned char *text)
{
	if (text[0] < 0x20 || text[0] == 0x7f)
		return 1;
	return text[0] == 0xc2 && text[1] >= 0x80 && text[1] <= 0x9f ? 2 : 0;
}

int text_print(FILE *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	int columns = 0;

	while (*at != '\0') {
		const unsigned char *start = at;
		size_t control;

		while (*at != '\0' && control_length(at) == 0)
			columns += (*at++ & 0xc0) != 0x80;
		if (out != NULL)
			(void)fwrite(start, 1, (size_t)(at - start), out);
		control = *at == '\0' ? 0 : control_length(at);
		if (control == 0)
			break;
		if (out != NULL)
			(void)fprintf(out, "\\x%02x", at[control - 1]);
		columns += 4;
		at += control;
	}
	return columns;
}

void text_pad(FILE *out, const char *text, int width)
{
	for (int columns = text_print(out, text); columns < width; columns++)
		(void)putc_unlocked(' ', out);
}

void lines_print(FILE *out, const char *indent, const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		CLEANUP_FREE char *line = strndup(text, length);

		(void)fputs(indent, out);
		(void)text_print(out, line == NULL ? "(out of memory)" : line);
		(void)putc('\n', out);
		text += length;
		if (*text == '\n')
			text++;
	}
}

const char *symbol_text(const json_t *site)
{
	const char *variable = json_text(site, "variable");

	return *variable != '\0' ? variable : json_text(site, "function");
}

/* No offset: of a place that was not found, and of a variable's start. */
char *place_text(const json_t *site)
{
	const char *module = json_text(site, "module");
	const json_t *offset = json_object_get(site, "offset");
	bool named = *module != '\0';
	char at[24] = "", *text;

	if (json_is_integer(offset) &&
	    (json_integer_value(offset) != 0 || *json_text(site, "variable") == '\0'))
		(void)snprintf(at, sizeof(at), "+0x%llx",
			       (unsigned long long)json_integer_value(offset));
	if (asprintf(&text, "%s%s%s%s%s", symbol_text(site), at, named ? " [" : "", module,
		     named ? "]" : "") < 0)
		return NULL;
	return text;
}

const char *variable_text(const json_t *site, const char *bytes, char out[VALUE_TEXT_MAX])
{
	struct bytes parsed;
	const char *why;
	uint64_t value = 0;

	if (*json_text(site, "variable") == '\0' || !bytes_parse(bytes, &parsed, &why) ||
	    parsed.length > sizeof(value))
		return bytes;
	/* in the target's byte order */
	for (size_t i = 0; i < parsed.length; i++)
		value |= (uint64_t)parsed.data[i] << 8 * i;
	(void)snprintf(out, VALUE_TEXT_MAX, "0x%llx", (unsigned long long)value);
	return out;
}

void target_print(const json_t *target)
{
	const char *release = json_text(target, "release");
	const char *kind = json_text(target, "kind");

	if (!json_is_object(target))
		return;
	(void)fputs(" on ", stdout);
	(void)text_print(stdout, *release == '\0' ? "an unknown release" : release);
	(void)fputs(" (", stdout);
	(void)text_print(stdout, kind);
	if (strcmp(kind, "image") == 0) {
		(void)putchar(' ');
		(void)text_print(stdout, json_text(target, "path"));
	}
	(void)putchar(')');
}

int fail_print(const struct options *options, const char *patch, const struct fail *fail)
{
	if (options->json) {
		json_t *json = json_pack("{s:o*, s:s, s:o}", "patch",
					 patch == NULL ? NULL : result_text(patch),
					 "outcome", outcome_name(fail->code),
					 "message", result_text(fail->message));

		json_print(json);
		json_decref(json);
	} else if (fail->code == OUTCOME_INVALID_SPEC) {
		/* "file:line:column: error: …", for editors too: nothing stands before it */
		lines_print(stderr, "", fail->message);
	} else {
		(void)fprintf(stderr, "patchctl: %s: ", outcome_name(fail->code));
		if (patch != NULL) {
			(void)text_print(stderr, patch);
			(void)fputs(": ", stderr);
		}
		lines_print(stderr, "", fail->message);
	}
	return outcome_status(fail->code);
}
