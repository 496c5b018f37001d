/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "asm_line.h"

#include <ctype.h>
#include <string.h>

static bool is_prefix(const char *word)
{
	static const char *const prefixes[] = {
		"addr16", "addr32", "bnd", "cs", "data16", "data32", "ds", "es", "fs", "gs",
		"lock", "notrack", "rep", "repe", "repne", "repnz", "repz", "ss", "xacquire",
		"xrelease",
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (word[0] == prefixes[i][0] && strcmp(word, prefixes[i]) == 0)
			return true;
	}
	return strncmp(word, "rex", 3) == 0 && (word[3] == '\0' || word[3] == '.');
}

/* Cuts at the top-level commas, blanks taken out; false: too many. */
static bool operands_cut(char *text, struct asm_line *out)
{
	char *to = text;
	int depth = 0;

	if (*text == '\0')
		return true;
	out->operands[out->operand_count++] = to;
	for (const char *from = text; *from != '\0'; from++) {
		if (isspace((unsigned char)*from))
			continue;
		depth += *from == '(' ? 1 : *from == ')' ? -1 : 0;
		if (*from != ',' || depth > 0) {
			*to++ = *from;
			continue;
		}
		if (out->operand_count == ASM_OPERANDS_MAX)
			return false;
		*to++ = '\0';
		out->operands[out->operand_count++] = to;
	}
	*to = '\0';
	return true;
}

bool asm_line_cut(const char *line, struct asm_line *out)
{
	size_t length = strlen(line);
	char *at;

	out->prefix_count = 0;
	out->operand_count = 0;
	if (length >= sizeof(out->text))
		return false;
	memcpy(out->text, line, length + 1);
	at = out->text;
	/* objdump's remark on an address: "lea 0x10(%rip),%rax   # ffffffff81000000 <x>" */
	at[strcspn(at, "#")] = '\0';
	for (;;) {
		at += strspn(at, " \t");
		char *word = at;

		at += strcspn(at, " \t");
		if (*at != '\0')
			*at++ = '\0';
		for (char *c = word; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
		if (!is_prefix(word)) {
			out->mnemonic = word;
			return operands_cut(at + strspn(at, " \t"), out);
		}
		if (out->prefix_count == ASM_WORDS_MAX)
			return false;
		out->prefixes[out->prefix_count++] = word;
	}
}
