/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "yaml_scalar.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* What YAML 1.1 takes for something else than text, in any case. */
static const char *const words[] = {
	"y", "n", "yes", "no", "on", "off", "true", "false", "null",
};

/* Characters beyond ASCII that libyaml takes for the end of a line, or for nothing (section 5.4 and
 * 5.2 of YAML 1.1); the length, 0: none, and its code. */
static size_t special(const char *at, unsigned *code)
{
	static const struct {
		const char *utf8;
		unsigned code;
	} characters[] = {
		{ "\xc2\x85", 0x85 }, { "\xe2\x80\xa8", 0x2028 }, { "\xe2\x80\xa9", 0x2029 },
		{ "\xef\xbb\xbf", 0xfeff },
	};

	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
		size_t length = strlen(characters[i].utf8);

		if (strncmp(at, characters[i].utf8, length) != 0)
			continue;
		*code = characters[i].code;
		return length;
	}
	return 0;
}

static bool has_special(const char *text)
{
	unsigned code;

	for (; *text != '\0'; text++) {
		if (special(text, &code) != 0)
			return true;
	}
	return false;
}

/* Whether it stands for itself without quotes, in a list or behind a key. */
static bool is_plain(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return false;
	}
	if ((!isalpha((unsigned char)text[0]) && text[0] != '_' && text[0] != '/') ||
	    text[length - 1] == ' ' || has_special(text))
		return false;
	for (const char *at = text; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f || (*at == '#' && at[-1] == ' ') ||
		    (*at == ':' && (at[1] == ' ' || at[1] == '\0')))
			return false;
	}
	return true;
}

static void quoted_write(FILE *out, const char *text)
{
	unsigned code;
	size_t length;

	(void)fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			(void)fprintf(out, "\\%c", *text);
		else if (*text == '\n')
			(void)fputs("\\n", out);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			(void)fprintf(out, "\\x%02x", (unsigned char)*text);
		else if ((length = special(text, &code)) != 0) {
			(void)fprintf(out, "\\u%04x", code);
			text += length - 1;
		} else
			(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}

void scalar_write(FILE *out, const char *text, bool quotes)
{
	if (!quotes && is_plain(text))
		(void)fputs(text, out);
	else
		quoted_write(out, text);
}

/* Whether a literal block keeps it as it is: it ends with one newline or none. */
static bool is_block(const char *text)
{
	size_t length = strlen(text);

	return strchr(text, '\n') != NULL && !isspace((unsigned char)text[0]) &&
	       !has_special(text) && strstr(text, "\n\n\n") == NULL &&
	       (length < 2 || text[length - 1] != '\n' || text[length - 2] != '\n') &&
	       strpbrk(text, "\r\f\v") == NULL;
}

void paragraph_write(FILE *out, int indent, const char *text)
{
	if (!is_block(text)) {
		scalar_write(out, text, false);
		(void)fputc('\n', out);
		return;
	}
	(void)fputs(text[strlen(text) - 1] == '\n' ? "|\n" : "|-\n", out);
	while (*text != '\0') {
		int length = (int)strcspn(text, "\n");

		if (length > 0)
			(void)fprintf(out, "%*s%.*s", indent, "", length, text);
		(void)fputc('\n', out);
		text += length + (text[length] == '\n');
	}
}
