/* SPDX-License-Identifier: GPL-2.0-or-later */
/* members: the struct members that instructions use, where the user says what a register points to. */
#include "patchctl.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "result.h"
#include "types.h"

enum { MEMBER_MAX = 256 };

/* A register's name in any width as one: "rdi", "edi", "di": "di"; "r8d": "r8". Returns its length. */
static size_t register_stem(const char **name)
{
	size_t length;

	*name += **name == '%';
	length = 0;
	while (isalnum((unsigned char)(*name)[length]))
		length++;
	if (length == 3 && (**name == 'r' || **name == 'e') && isalpha((unsigned char)(*name)[1])) {
		++*name;
		return 2;
	}
	if (length > 2 && **name == 'r' && isdigit((unsigned char)(*name)[1]) &&
	    isalpha((unsigned char)(*name)[length - 1]))
		return length - 1;
	return length;
}

static bool same_register(const char *a, const char *b)
{
	size_t long_a = register_stem(&a), long_b = register_stem(&b);

	return long_a == long_b && strncmp(a, b, long_a) == 0;
}

int type_option_add(struct options *options, const char *argument)
{
	const char *equal = strchr(argument, '='), *name = argument, *why;

	if (equal == NULL || equal == argument || register_stem(&name) == 0 ||
	    name + strcspn(name, "=") != equal)
		return usage_error("--type: expected REGISTER=TYPE as in rdi=file_lock, got '%s'",
				   argument);
	if (!types_path_check(equal + 1, &why))
		return usage_error("--type: '%s': %s", equal + 1, why);
	if (options->type_count == TYPE_OPTIONS_MAX)
		return usage_error("--type: at most %d of them", TYPE_OPTIONS_MAX);
	options->types[options->type_count++] = argument;
	return 0;
}

/* The displacement of the memory operand that begins with "(%" at `bracket`. False: it is a name. */
static bool displacement_before(const char *text, const char *bracket, int64_t *out)
{
	const char *start = bracket;
	char *end;

	while (start > text && (isalnum((unsigned char)start[-1]) || start[-1] == '-'))
		start--;
	if (start == bracket) {
		*out = 0;
		return true;
	}
	errno = 0;
	*out = strtoll(start, &end, 0);
	return end == bracket && errno == 0;
}

/* The member that an instruction uses by one of the registers that are told; false: none. */
static bool member_of(const struct options *options, struct types *types, const char *module,
		      const char *text, char out[MEMBER_MAX])
{
	const char *bracket = strstr(text, "(%");
	int64_t displacement;

	if (bracket == NULL || !displacement_before(text, bracket, &displacement) ||
	    displacement < 0)
		return false;
	for (size_t i = 0; i < options->type_count; i++) {
		const char *type = strchr(options->types[i], '=') + 1;
		char name[MEMBER_MAX];
		uint64_t behind;

		if (!same_register(options->types[i], bracket + 1) ||
		    !types_member_at(types, module, type, (uint64_t)displacement, name,
				     sizeof(name), &behind))
			continue;
		if (behind == 0)
			(void)snprintf(out, MEMBER_MAX, "%.100s.%.150s", type, name);
		else
			(void)snprintf(out, MEMBER_MAX, "%.100s.%.120s+0x%llx", type, name,
				       (unsigned long long)behind);
		return true;
	}
	return false;
}

/* That each type is known: an unknown one would only leave the listing as it is. */
static int types_check(const struct options *options, struct types *types, const char *module,
		       struct fail *fail)
{
	uint64_t size;

	for (size_t i = 0; i < options->type_count; i++) {
		if (types_size(types, module, strchr(options->types[i], '=') + 1, &size, fail) != 0)
			return -1;
	}
	return 0;
}

int members_add(const struct options *options, struct types *types, json_t *function,
		struct fail *fail)
{
	const char *module = json_string_value(json_object_get(function, "module"));
	json_t *line;
	size_t i;

	if (types_check(options, types, module, fail) != 0)
		return -1;
	json_array_foreach(json_object_get(function, "lines"), i, line) {
		char member[MEMBER_MAX];

		if (member_of(options, types, module, json_text(line, "asm"), member) &&
		    json_object_set_new(line, "member", result_text(member)) != 0)
			return fail_memory(fail, "members of types");
	}
	return 0;
}
