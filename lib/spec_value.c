/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spec_value.h"

#include <ctype.h>
#include <string.h>

enum {
	BYTES_CHARS_MAX = 1024,
	SYMBOL_MAX = 511,		/* KSYM_NAME_LEN - 1 from 6.1 on */
	MODULE_MAX = 55,		/* MODULE_NAME_LEN - 1 */
	BUILD_ID_MIN = 16,		/* digits: --build-id=fast has 8 bytes, sha1 20 */
	BUILD_ID_MAX = 64
};

/* Digits of one base to the end; false: something else, or none. Too large is told by *large. */
static bool digits_parse(const char *text, const char *digits, uint64_t *out, bool *large)
{
	uint64_t base = strlen(digits), value = 0;

	*large = false;
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		const char *digit = strchr(digits, tolower((unsigned char)*text));

		if (digit == NULL)
			return false;
		*large |= __builtin_mul_overflow(value, base, &value);
		*large |= __builtin_add_overflow(value, (uint64_t)(digit - digits), &value);
	}
	*out = value;
	return true;
}

/* A number without a sign, from `text` on to the end of the node's. */
static bool magnitude_parse(const struct node *node, const char *text, uint64_t *out, bool *large)
{
	if (node->quoted)
		return false;
	if (strncmp(text, "0x", 2) == 0)
		return digits_parse(text + 2, "0123456789abcdef", out, large);
	/* 010 is 8 to YAML 1.1 */
	return (text[0] != '0' || text[1] == '\0') && digits_parse(text, "0123456789", out, large);
}

bool spec_unsigned(struct walk *walk, const struct node *node, uint64_t min, uint64_t max,
		    uint64_t *out)
{
	char got[QUOTE_MAX];
	uint64_t value;
	bool large;

	if (node->kind != NODE_SCALAR || !magnitude_parse(node, node->text, &value, &large)) {
		walk_expected(walk, node, "an unsigned integer");
		return false;
	}
	if (large || value < min || value > max) {
		walk_error(walk, node->place, "%s is out of range, expected %ju to %ju",
			   spec_quote(node->text, node->length, got), (uintmax_t)min,
			   (uintmax_t)max);
		return false;
	}
	*out = value;
	return true;
}

bool spec_number(struct walk *walk, const struct node *node, struct number *out)
{
	char got[QUOTE_MAX];
	uint64_t value;
	bool negative, large;

	if (node->kind != NODE_SCALAR) {
		walk_expected(walk, node, "a number");
		return false;
	}
	negative = node->text[0] == '-';
	if (!magnitude_parse(node, node->text + negative, &value, &large)) {
		walk_expected(walk, node, "a number");
		return false;
	}
	if (large || (negative && value > (uint64_t)1 << 63)) {
		walk_error(walk, node->place, "%s is out of range, expected -2^63 to 2^64 - 1",
			   spec_quote(node->text, node->length, got));
		return false;
	}
	out->bits = negative ? 0 - value : value;
	out->negative = negative && value != 0;
	return true;
}

bool spec_bool(struct walk *walk, const struct node *node, bool *out)
{
	if (node->kind == NODE_SCALAR && !node->quoted) {
		if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0) {
			*out = node->text[0] == 't';
			return true;
		}
	}
	walk_expected(walk, node, "true or false");
	return false;
}

static bool text_printable(struct walk *walk, const struct node *node, size_t length, bool lines)
{
	if (!lines && memchr(node->text, '\n', length) != NULL) {
		walk_error(walk, node->place, "a line break in the text; it must be one line");
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		size_t control = spec_control_length(node->text + i, length - i);
		char got[QUOTE_MAX];

		if (control == 0 || (node->text[i] == '\t' && lines))
			continue;
		walk_error(walk, node->place, "control character %s in the text",
			   spec_quote(node->text + i, control, got));
		return false;
	}
	return true;
}

static const char *text_check(struct walk *walk, const struct node *node, size_t max,
			      const char *what, bool lines)
{
	size_t length = node->length;

	if (node->kind != NODE_SCALAR || (length == 0 && !node->quoted)) {
		walk_expected(walk, node, what);
		return NULL;
	}
	while (lines && length > 0 &&
	       (node->text[length - 1] == ' ' || node->text[length - 1] == '\n'))
		length--;
	if (length == 0) {
		walk_error(walk, node->place, "the text is empty");
		return NULL;
	}
	if (length > max) {
		walk_error(walk, node->place, "the text is too long: %zu bytes, at most %zu", length,
			   max);
		return NULL;
	}
	return text_printable(walk, node, length, lines) ? node->text : NULL;
}

const char *spec_text(struct walk *walk, const struct node *node, size_t max, const char *what)
{
	return text_check(walk, node, max, what, false);
}

const char *spec_paragraph(struct walk *walk, const struct node *node, size_t max, const char *what)
{
	return text_check(walk, node, max, what, true);
}

bool spec_bytes(struct walk *walk, const struct node *node, struct bytes *out)
{
	const char *text = spec_text(walk, node, BYTES_CHARS_MAX, "bytes like \"74 39\"");
	char got[QUOTE_MAX];
	const char *why;

	if (text == NULL)
		return false;
	if (!bytes_parse(text, out, &why)) {
		walk_error(walk, node->place, "%s, got %s", why,
			   spec_quote(text, node->length, got));
		return false;
	}
	return true;
}

bool spec_digits(struct walk *walk, const struct node *node, size_t min, size_t max,
		  const char *what, char *out)
{
	const char *text = spec_text(walk, node, 4 * max, what);

	if (text == NULL)
		return false;
	if (node->length < min || node->length > max || node->length % 2 != 0 ||
	    strspn(text, "0123456789abcdefABCDEF") != node->length) {
		walk_expected(walk, node, what);
		return false;
	}
	for (size_t i = 0; i <= node->length; i++)
		out[i] = (char)tolower((unsigned char)text[i]);
	return true;
}

/* A name as symbol tables and lsmod have it. */
static const char *name_text(struct walk *walk, const struct node *node, size_t max,
			     const char *punctuation, const char *what)
{
	const char *text = spec_text(walk, node, max, what);
	char got[QUOTE_MAX], character[QUOTE_MAX];
	size_t good = 0;

	if (text == NULL)
		return NULL;
	while (isalnum((unsigned char)text[good]) ||
	       (text[good] != '\0' && strchr(punctuation, text[good]) != NULL))
		good++;
	if (text[good] == '\0')
		return text;
	walk_error(walk, node->place, "%s is not %s: there can be no %s in one",
		   spec_quote(text, node->length, got), what,
		   (unsigned char)text[good] < 0x80 ? spec_quote(text + good, 1, character)
						    : "letter beyond ASCII");
	return NULL;
}

const char *spec_symbol(struct walk *walk, const struct node *node, const char *what)
{
	const char *text = name_text(walk, node, SYMBOL_MAX, "_.$", what);

	if (text != NULL && isdigit((unsigned char)text[0])) {
		walk_expected(walk, node, what);
		return NULL;
	}
	return text;
}

const char *spec_module(struct walk *walk, const struct node *node)
{
	return name_text(walk, node, MODULE_MAX, "_-", "the name of a module");
}

void spec_build_id(struct walk *walk, const struct node *node, struct strings *out)
{
	char digits[BUILD_ID_MAX + 1];

	if (spec_digits(walk, node, BUILD_ID_MIN, BUILD_ID_MAX,
			 "a build-id, 16 to 64 hexadecimal digits, two for each byte", digits) &&
	    strings_add(out, digits) != 0)
		walk->errors->no_memory = true;
}

void spec_copy(struct walk *walk, const char *text, char **out)
{
	*out = strdup(text);
	if (*out == NULL)
		walk->errors->no_memory = true;
}
