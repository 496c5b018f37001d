/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "asm.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asm_line.h"
#include "insn_text.h"

const char *asm_print(const struct insn *insn, const char *target, char out[ASM_MAX])
{
	const char *operands = insn->has_target && target != NULL ? target : insn->operands;
	int length = snprintf(out, ASM_MAX, "%s%s%s", insn->mnemonic, *operands != '\0' ? " " : "",
			      operands);

	/* A name that is too long: the number always fits. */
	if (length < 0 || length >= ASM_MAX)
		(void)snprintf(out, ASM_MAX, "%s %s", insn->mnemonic, insn->operands);
	return out;
}

static const char *prefix_spelling(const char *word)
{
	if (strcmp(word, "repz") == 0 || strcmp(word, "repe") == 0)
		return "rep";
	return strcmp(word, "repne") == 0 ? "repnz" : word;
}

static bool prefixes_match(const struct asm_line *pattern, const struct asm_line *text)
{
	if (pattern->prefix_count != text->prefix_count)
		return false;
	for (size_t i = 0; i < pattern->prefix_count; i++) {
		if (strcmp(prefix_spelling(pattern->prefixes[i]),
			   prefix_spelling(text->prefixes[i])) != 0)
			return false;
	}
	return true;
}

/* The condition codes' other names, as objdump has them. */
static const char *condition_spelling(const char *condition)
{
	static const char *const synonyms[][2] = {
		{ "z", "e" }, { "nz", "ne" }, { "c", "b" }, { "nae", "b" }, { "nc", "ae" },
		{ "nb", "ae" }, { "na", "be" }, { "nbe", "a" }, { "nge", "l" }, { "nl", "ge" },
		{ "ng", "le" }, { "nle", "g" }, { "pe", "p" }, { "po", "np" },
	};

	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++) {
		if (strcmp(condition, synonyms[i][0]) == 0)
			return synonyms[i][1];
	}
	return condition;
}

/* The size that the mnemonic's suffix or, failing that, a register operand tells; 0: none. */
static char size_suffix(const struct asm_line *parts)
{
	size_t root = mnemonic_root(parts->mnemonic);
	char suffix = 0;

	if (root > 0)
		return parts->mnemonic[root];
	for (size_t i = 0; i < parts->operand_count; i++) {
		char found = register_suffix(parts->operands[i]);

		if (found != 0)
			suffix = found;
	}
	return suffix;
}

/* Whether the words are one but for a size suffix that says nothing wrong. */
static bool same_but_suffix(const char *pattern, const char *text, char suffix)
{
	static const char *const sized_by_mode[] = {
		"call", "enter", "jmp", "leave", "pop", "popa", "popf", "push", "pusha", "pushf",
		"ret",
	};
	size_t length = strlen(text);
	size_t root = mnemonic_root(text);

	if (strcmp(pattern, text) == 0)
		return true;
	/* "test" for "testb": the size is left open */
	if (root > 0 && strlen(pattern) == root && strncmp(pattern, text, root) == 0)
		return true;
	/* "testl" for "test" with %eax */
	if (strncmp(pattern, text, length) != 0 || pattern[length] == '\0' ||
	    pattern[length + 1] != '\0')
		return false;
	if (suffix != 0 && mnemonic_root(pattern) == length)
		return pattern[length] == suffix;
	for (size_t i = 0; i < sizeof(sized_by_mode) / sizeof(sized_by_mode[0]); i++) {
		if (strcmp(text, sized_by_mode[i]) == 0)
			return pattern[length] == 'q' || pattern[length] == 'l';
	}
	return false;
}

static bool mnemonics_match(const struct asm_line *pattern, const struct asm_line *text,
			    char suffix)
{
	static const char *const families[] = { "cmov", "set", "j" };
	const char *name = pattern->mnemonic;

	if (same_but_suffix(name, text->mnemonic, suffix))
		return true;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		size_t length = strlen(families[i]);

		if (strncmp(name, families[i], length) == 0 &&
		    strncmp(text->mnemonic, families[i], length) == 0)
			return same_but_suffix(condition_spelling(name + length),
					       text->mnemonic + length, suffix);
	}
	return false;
}

/* A direct branch's operand: its target's name, or its number as objdump has it, without 0x and
 * with the name behind it: "c01a9dbe <nfs_flock+0x9d>". */
static bool target_match(const char *pattern, const struct insn *insn, const char *target)
{
	char number[ASM_MAX];
	char *end;

	if (target != NULL && asm_operand_match(pattern, target, 64, true, NULL))
		return true;
	(void)snprintf(number, sizeof(number), "%.*s", (int)strcspn(pattern, "<"), pattern);
	if (isxdigit((unsigned char)*number)) {
		errno = 0;
		uint64_t value = strtoull(number, &end, 16);

		if (errno == 0 && *end == '\0')
			return value == insn->target;
	}
	return strchr(number, '*') != NULL &&
	       asm_operand_match(number, insn->operands, 64, false, NULL);
}

static bool any_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

/* "rep stosq" says all; objdump's operands of it are fixed. */
static bool is_string(const struct asm_line *text)
{
	static const char *const strings[] = {
		"cmps", "ins", "lods", "movs", "outs", "scas", "stos",
	};
	size_t root = mnemonic_root(text->mnemonic);
	char word[8];

	(void)snprintf(word, sizeof(word), "%.*s", root > 0 ? (int)root : 7, text->mnemonic);
	return any_of(word, strings, sizeof(strings) / sizeof(strings[0]));
}

/* "shl $1,%eax" is how later binutils spell "shl %eax". */
static bool is_shift_by_one(const struct asm_line *pattern, const struct asm_line *text)
{
	static const char *const shifts[] = {
		"rcl", "rcr", "rol", "ror", "sar", "shl", "shr",
	};
	char word[4];

	(void)snprintf(word, sizeof(word), "%.3s", text->mnemonic);
	return text->operand_count == 1 && pattern->operand_count == 2 &&
	       any_of(word, shifts, sizeof(shifts) / sizeof(shifts[0])) &&
	       asm_operand_match(pattern->operands[0], "$0x1", 8, false, NULL);
}

static unsigned suffix_bits(char suffix, const char *mnemonic)
{
	switch (suffix) {
	case 'b':
		return 8;
	case 'w':
		return 16;
	case 'l':
		return 32;
	default:	/* push sign-extends from 32 bits in each mode */
		return strcmp(mnemonic, "push") == 0 ? 32 : 64;
	}
}

static bool operands_match(const struct asm_line *wanted, const struct asm_line *found,
			   unsigned bits, struct asm_names *names)
{
	size_t skip = is_shift_by_one(wanted, found) ? 1 : 0;

	if (wanted->operand_count - skip != found->operand_count)
		return false;
	for (size_t i = 0; i < found->operand_count; i++) {
		const char *one = wanted->operands[i + skip], *other = found->operands[i];

		/* Where there is an indirection, a `*` in front of more is its mark. */
		if (one[0] == '*' && one[1] != '\0' && other[0] == '*') {
			one++;
			other++;
		}
		if (!asm_operand_match(one, other, bits, false, names))
			return false;
	}
	return true;
}

bool asm_line_match(const struct asm_line *pattern, const struct insn *insn, const char *target,
		    struct asm_names *names)
{
	const char *word = strrchr(insn->mnemonic, ' ');	/* prefixes are before it */
	size_t named = names != NULL ? names->count : 0;
	struct asm_line found;
	char text[sizeof(insn->mnemonic) + sizeof(insn->operands)];

	/* All spellings of a name start alike, which spares most comparisons. */
	if (insn->opaque || (word != NULL ? word[1] : insn->mnemonic[0]) != pattern->mnemonic[0])
		return false;
	(void)stpcpy(stpcpy(stpcpy(text, insn->mnemonic), " "), insn->operands);
	if (!asm_line_cut(text, &found))
		return false;
	char suffix = size_suffix(&found);

	if (!prefixes_match(pattern, &found) || !mnemonics_match(pattern, &found, suffix))
		return false;
	if (insn->has_target && pattern->operand_count == 1)
		return target_match(pattern->operands[0], insn, target);
	if (pattern->operand_count == 0 && is_string(&found))
		return true;
	if (operands_match(pattern, &found, suffix_bits(suffix, found.mnemonic), names))
		return true;
	if (names != NULL)
		names->count = named;
	return false;
}

bool asm_match_names(const char *pattern, const struct insn *insn, const char *target,
		     struct asm_names *names)
{
	struct asm_line line;

	return asm_line_cut(pattern, &line) && asm_line_match(&line, insn, target, names);
}

bool asm_match(const char *pattern, const struct insn *insn, const char *target)
{
	return asm_match_names(pattern, insn, target, NULL);
}

static const char *brackets_check(const char *pattern)
{
	int depth = 0;

	for (const char *at = pattern; *at != '\0'; at++) {
		depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
		if (depth < 0)
			return "a ) without its (";
		if (depth > 1)
			return "a ( inside of another";
	}
	return depth > 0 ? "a ( without its )" : NULL;
}

bool asm_check(const char *pattern, const char **why)
{
	struct asm_line parts;

	*why = brackets_check(pattern);
	for (const char *at = pattern; *at != '\0'; at++) {
		if ((*at < ' ' && *at != '\t') || *at > '~')
			*why = "a character that is no printable ASCII";
	}
	if (strlen(pattern) >= ASM_MAX)
		*why = "longer than 319 characters";
	if (*why != NULL)
		return false;
	if (!asm_line_cut(pattern, &parts))
		*why = "more prefixes or operands than an instruction can have";
	else if (parts.mnemonic[0] == '\0')
		*why = "no instruction in it";
	else if (strchr(parts.mnemonic, '*') != NULL)
		*why = "a * in place of the instruction's name: it stands only within an operand";
	return *why == NULL;
}
