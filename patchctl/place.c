/* SPDX-License-Identifier: GPL-2.0-or-later */
/* place: SYMBOL[+OFFSET] of the command line. */
#include "patchctl.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Decimal, or hexadecimal behind 0x. */
static bool offset_parse(const char *text, uint64_t *out)
{
	bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hexadecimal ? text + 2 : text;
	char *end;

	/* 010 may be meant as 8: it is neither */
	if (!isxdigit((unsigned char)digits[0]) ||
	    (!hexadecimal && digits[0] == '0' && digits[1] != '\0'))
		return false;
	errno = 0;
	*out = strtoull(digits, &end, hexadecimal ? 16 : 10);
	return end != digits && *end == '\0' && errno == 0 && *out <= INT64_MAX;
}

int place_parse(const char *command, char *text, struct place_argument *out)
{
	char *plus = strchr(text, '+');
	size_t length = plus == NULL ? strlen(text) : (size_t)(plus - text);

	if (length == 0)
		return usage_error("%s: expected SYMBOL or SYMBOL+OFFSET, got '%s'", command, text);
	if (memchr(text, '-', length) != NULL)
		return usage_error("%s: '%s': an offset counts from the symbol's start on, as "
				   "in nfs_flock+0x2f", command, text);
	if (plus != NULL && !offset_parse(plus + 1, &out->offset))
		return usage_error("%s: '%s': expected an offset below 2^63 behind the +, such "
				   "as 47 or 0x2f, got '%s'", command, text, plus + 1);
	out->has_offset = plus != NULL;
	text[length] = '\0';
	out->symbol = text;
	return 0;
}
