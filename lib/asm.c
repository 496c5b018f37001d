/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "asm.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "insn_text.h"

/* A line of assembler taken apart: prefixes, mnemonic and operands point into `text`. */
enum { WORDS_MAX = 15, OPERANDS_MAX = 6 };
struct line_parts {
	char text[ASM_MAX];
	const char *prefixes[WORDS_MAX];
	size_t prefix_count;
	const char *mnemonic;
	char *operands[OPERANDS_MAX];
	size_t operand_count;
};

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

static bool is_prefix(const char *word)
{
	static const char *const prefixes[] = {
		"addr16", "addr32", "bnd", "cs", "data16", "data32", "ds", "es", "fs", "gs",
		"lock", "notrack", "rep", "repe", "repne", "repnz", "repz", "ss", "xacquire",
		"xrelease",
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strcmp(word, prefixes[i]) == 0)
			return true;
	}
	return strncmp(word, "rex", 3) == 0 && (word[3] == '\0' || word[3] == '.');
}

/* Cuts at the top-level commas, blanks taken out; false: too many. */
static bool operands_cut(char *text, struct line_parts *parts)
{
	char *to = text;
	int depth = 0;

	if (*text == '\0')
		return true;
	parts->operands[parts->operand_count++] = to;
	for (const char *from = text; *from != '\0'; from++) {
		if (isspace((unsigned char)*from))
			continue;
		depth += *from == '(' ? 1 : *from == ')' ? -1 : 0;
		if (*from != ',' || depth > 0) {
			*to++ = *from;
			continue;
		}
		if (parts->operand_count == OPERANDS_MAX)
			return false;
		*to++ = '\0';
		parts->operands[parts->operand_count++] = to;
	}
	*to = '\0';
	return true;
}

/* False: too long or too many parts, so that it describes no instruction. */
static bool line_cut(const char *line, struct line_parts *parts)
{
	size_t length = strlen(line);
	char *at;

	parts->prefix_count = 0;
	parts->operand_count = 0;
	if (length >= sizeof(parts->text))
		return false;
	memcpy(parts->text, line, length + 1);
	at = parts->text;
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
			parts->mnemonic = word;
			return operands_cut(at, parts);
		}
		if (parts->prefix_count == WORDS_MAX)
			return false;
		parts->prefixes[parts->prefix_count++] = word;
	}
}

static const char *prefix_spelling(const char *word)
{
	if (strcmp(word, "repz") == 0 || strcmp(word, "repe") == 0)
		return "rep";
	return strcmp(word, "repne") == 0 ? "repnz" : word;
}

static bool prefixes_match(const struct line_parts *pattern, const struct line_parts *text)
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
static char size_suffix(const struct line_parts *parts)
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

static bool mnemonics_match(const struct line_parts *pattern, const struct line_parts *text,
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

/* A number at `at`, "0x10", "16" or "-0x10": its length; 0: none. Beside a `*` the digits are
 * part of one, and so text; one that starts with 0 could be meant octal. */
static size_t number_at(const char *start, const char *at, uint64_t *value)
{
	const char *digits = at + (*at == '-');
	int before = at > start ? at[-1] : '\0';
	bool hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	char *end;

	if (!isdigit((unsigned char)*digits) || isalnum((unsigned char)before) ||
	    (before != '\0' && strchr("_.%*", before) != NULL) ||
	    (digits[0] == '0' && isdigit((unsigned char)digits[1])) ||
	    (hexadecimal && !isxdigit((unsigned char)digits[2])))
		return 0;
	errno = 0;
	*value = strtoull(digits, &end, hexadecimal ? 16 : 10);
	if (errno != 0 || isalnum((unsigned char)*end) || *end == '_' || *end == '*')
		return 0;
	if (*at == '-')
		*value = 0 - *value;
	return (size_t)(end - at);
}

/* Whether the number fits `bits`, signed or unsigned. */
static bool fits(uint64_t value, unsigned bits)
{
	uint64_t high = value >> (bits - 1);

	return high <= 1 || high == UINT64_MAX >> (bits - 1);
}

/* Equal as numbers of `bits`, each written with a sign or without. */
static bool same_number(uint64_t a, uint64_t b, unsigned bits)
{
	return a == b || (fits(a, bits) && fits(b, bits) && (a ^ b) << (64 - bits) == 0);
}

/* One operand of a pattern and of an instruction on the way through them. */
struct operand_walk {
	const char *pattern_start, *pattern;
	const char *text_start, *text;
	unsigned bits;			/* of an immediate */
	bool name;			/* a symbol's name: case counts */
};

/* Goes one token further in both; false: they differ. */
static bool operand_step(struct operand_walk *walk)
{
	const char *p = walk->pattern, *t = walk->text;
	uint64_t p_value, t_value;
	size_t p_length = number_at(walk->pattern_start, p, &p_value);
	size_t t_length = number_at(walk->text_start, t, &t_value);

	if (p_length > 0 && t_length > 0) {
		bool immediate = p > walk->pattern_start && p[-1] == '$';

		walk->pattern += p_length;
		walk->text += t_length;
		return same_number(p_value, t_value, immediate ? walk->bits : 32);
	}
	/* A displacement of 0 and a scale of 1 may be left out. */
	if (p_length > 0 && p_value == 0 && p[p_length] == '(' && *t == '(') {
		walk->pattern += p_length;
		return true;
	}
	if (t_length > 0 && t_value == 0 && t[t_length] == '(' && *p == '(') {
		walk->text += t_length;
		return true;
	}
	if (strncmp(p, ",1)", 3) == 0 && *t == ')') {
		walk->pattern += 2;
		return true;
	}
	if (strncmp(t, ",1)", 3) == 0 && *p == ')') {
		walk->text += 2;
		return true;
	}
	if (p_length > 0 || *p == '\0' || *t == '\0')
		return false;
	walk->pattern++;
	walk->text++;
	return *p == *t || (!walk->name && tolower((unsigned char)*p) == tolower((unsigned char)*t));
}

/* A `*` takes as little as it can; when what follows fails, only the last one takes more, so the
 * time is bounded by the product of the lengths. */
static bool operand_match(const char *pattern, const char *text, unsigned bits, bool name)
{
	struct operand_walk walk = { pattern, pattern, text, text, bits, name };
	const char *star = NULL, *star_text = NULL;

	while (*walk.text != '\0' || *walk.pattern != '\0') {
		if (*walk.pattern == '*') {
			star = ++walk.pattern;
			star_text = walk.text;
		} else if (!operand_step(&walk)) {
			if (star == NULL || *star_text == '\0')
				return false;
			walk.pattern = star;
			walk.text = ++star_text;
		}
	}
	return true;
}

/* A direct branch's operand: its target's name, or its number as objdump has it, without 0x and
 * with the name behind it: "c01a9dbe <nfs_flock+0x9d>". */
static bool target_match(char *pattern, const struct insn *insn, const char *target)
{
	char *end;

	if (target != NULL && operand_match(pattern, target, 64, true))
		return true;
	pattern[strcspn(pattern, "<")] = '\0';
	if (isxdigit((unsigned char)*pattern)) {
		errno = 0;
		uint64_t number = strtoull(pattern, &end, 16);

		if (errno == 0 && *end == '\0')
			return number == insn->target;
	}
	return strchr(pattern, '*') != NULL && operand_match(pattern, insn->operands, 64, false);
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
static bool is_string(const struct line_parts *text)
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
static bool is_shift_by_one(const struct line_parts *pattern, const struct line_parts *text)
{
	static const char *const shifts[] = {
		"rcl", "rcr", "rol", "ror", "sar", "shl", "shr",
	};
	char word[4];

	(void)snprintf(word, sizeof(word), "%.3s", text->mnemonic);
	return text->operand_count == 1 && pattern->operand_count == 2 &&
	       any_of(word, shifts, sizeof(shifts) / sizeof(shifts[0])) &&
	       operand_match(pattern->operands[0], "$0x1", 8, false);
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

bool asm_match(const char *pattern, const struct insn *insn, const char *target)
{
	struct line_parts wanted, found;
	char text[ASM_MAX];
	size_t skip = 0;

	if (insn->opaque || !line_cut(pattern, &wanted) ||
	    !line_cut(asm_print(insn, NULL, text), &found))
		return false;
	char suffix = size_suffix(&found);

	if (!prefixes_match(&wanted, &found) || !mnemonics_match(&wanted, &found, suffix))
		return false;
	if (insn->has_target && wanted.operand_count == 1)
		return target_match(wanted.operands[0], insn, target);
	if (wanted.operand_count == 0 && is_string(&found))
		return true;
	if (is_shift_by_one(&wanted, &found))
		skip = 1;
	if (wanted.operand_count - skip != found.operand_count)
		return false;
	for (size_t i = 0; i < found.operand_count; i++) {
		const char *one = wanted.operands[i + skip], *other = found.operands[i];

		/* Where there is an indirection, a `*` in front of more is its mark. */
		if (one[0] == '*' && one[1] != '\0' && other[0] == '*') {
			one++;
			other++;
		}
		if (!operand_match(one, other, suffix_bits(suffix, found.mnemonic), false))
			return false;
	}
	return true;
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
	struct line_parts parts;

	*why = brackets_check(pattern);
	for (const char *at = pattern; *at != '\0'; at++) {
		if ((*at < ' ' && *at != '\t') || *at > '~')
			*why = "a character that is no printable ASCII";
	}
	if (strlen(pattern) >= ASM_MAX)
		*why = "longer than 319 characters";
	if (*why != NULL)
		return false;
	if (!line_cut(pattern, &parts))
		*why = "more prefixes or operands than an instruction can have";
	else if (parts.mnemonic[0] == '\0')
		*why = "no instruction in it";
	else if (strchr(parts.mnemonic, '*') != NULL)
		*why = "a * in place of the instruction's name: it stands only within an operand";
	return *why == NULL;
}
