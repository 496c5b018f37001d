/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "asm_line.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A general register in all its widths; r8 to r15 are made of their number. */
static const char *const registers[8][5] = {
	{ "rax", "eax", "ax", "al", "ah" }, { "rcx", "ecx", "cx", "cl", "ch" },
	{ "rdx", "edx", "dx", "dl", "dh" }, { "rbx", "ebx", "bx", "bl", "bh" },
	{ "rsp", "esp", "sp", "spl" }, { "rbp", "ebp", "bp", "bpl" },
	{ "rsi", "esi", "si", "sil" }, { "rdi", "edi", "di", "dil" },
};

/* The number of the general register at `text`, "%rax"; -1: none is there. *length is its name's. */
static int register_at(const char *text, size_t *length)
{
	const char *name = text + 1, *digits = name + 1;

	if (*text != '%')
		return -1;
	*length = 1;
	while (isalnum((unsigned char)text[*length]))
		++*length;
	for (int i = 0; i < 8; i++) {
		for (size_t j = 0; j < 5 && registers[i][j] != NULL; j++) {
			if (strlen(registers[i][j]) == *length - 1 &&
			    strncmp(registers[i][j], name, *length - 1) == 0)
				return i;
		}
	}
	if (*name != 'r' || !isdigit((unsigned char)*digits))
		return -1;
	int number = *digits++ - '0';

	if (number == 1 && isdigit((unsigned char)*digits))
		number = 10 + *digits++ - '0';
	if (*digits == 'd' || *digits == 'w' || *digits == 'b')
		digits++;
	return number >= 8 && number <= 15 && digits == text + *length ? number : -1;
}

size_t asm_name_length(const char *at)
{
	size_t length = 0;

	if (isdigit((unsigned char)*at))
		return 0;
	while (isalnum((unsigned char)at[length]) || at[length] == '_')
		length++;
	return length < ASM_NAME_MAX ? length : 0;
}

/* Whether the name may stand for the register: the first use of it says for which it does. */
static bool name_bind(struct asm_names *names, const char *name, size_t length, unsigned number)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strncmp(names->items[i].name, name, length) == 0 &&
		    names->items[i].name[length] == '\0')
			return names->items[i].number == number;
	}
	if (names->count == ASM_NAMES_MAX)
		return false;
	memcpy(names->items[names->count].name, name, length);
	names->items[names->count].name[length] = '\0';
	names->items[names->count++].number = number;
	return true;
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
	bool symbol;			/* a symbol's name: case counts */
	struct asm_names *names;	/* NULL: an @ is one */
};

/* Goes over "@name" and a register. */
static bool name_step(struct operand_walk *walk)
{
	size_t name = asm_name_length(walk->pattern + 1), length;
	int number = register_at(walk->text, &length);

	if (name == 0 || number < 0 ||
	    !name_bind(walk->names, walk->pattern + 1, name, (unsigned)number))
		return false;
	walk->pattern += 1 + name;
	walk->text += length;
	return true;
}

/* Goes one token further in both; false: they differ. */
static bool operand_step(struct operand_walk *walk)
{
	const char *p = walk->pattern, *t = walk->text;
	uint64_t p_value, t_value;

	if (*p == '@' && walk->names != NULL)
		return name_step(walk);

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
	return *p == *t || (!walk->symbol && tolower((unsigned char)*p) == tolower((unsigned char)*t));
}

/* A `*` takes as little as it can; when what follows fails, only the last one takes more, so the
 * time is bounded by the product of the lengths. What was named behind it is forgotten then. */
bool asm_operand_match(const char *pattern, const char *text, unsigned bits, bool symbol,
		       struct asm_names *names)
{
	struct operand_walk walk = { pattern, pattern, text, text, bits, symbol, names };
	const char *star = NULL, *star_text = NULL;
	size_t named = 0;

	while (*walk.text != '\0' || *walk.pattern != '\0') {
		if (*walk.pattern == '*') {
			star = ++walk.pattern;
			star_text = walk.text;
			named = names != NULL ? names->count : 0;
			continue;
		}
		if (operand_step(&walk))
			continue;
		if (star == NULL || *star_text == '\0')
			return false;
		if (names != NULL)
			names->count = named;
		walk.pattern = star;
		walk.text = ++star_text;
	}
	return true;
}
