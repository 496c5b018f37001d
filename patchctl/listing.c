/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listing: a function's instructions, as Disassemble and Hazards answer with them. */
#include "patchctl.h"

#include <string.h>

void listing_title(const json_t *answer, const char *name)
{
	const char *module = json_text(answer, "module");

	(void)text_print(stdout, json_text(answer, name));
	if (*module != '\0') {
		(void)fputs(" [", stdout);
		(void)text_print(stdout, module);
		(void)putchar(']');
	}
	(void)printf(": %lld bytes", (long long)json_integer_value(json_object_get(answer, "size")));
	target_print(json_object_get(answer, "target"));
	(void)putchar('\n');
}

static int widest_of(const json_t *lines, const char *key)
{
	const json_t *line;
	int widest = 0;
	size_t i;

	json_array_foreach(lines, i, line) {
		int width = text_print(NULL, json_text(line, key));

		widest = width > widest ? width : widest;
	}
	return widest;
}

/* The source line that this instruction and those behind it come from, where it is another one than
 * that of those before it. */
static void source_print(const json_t *line, const char **last)
{
	const char *source = json_text(line, "source");

	if (*source == '\0' || strcmp(source, *last) == 0)
		return;
	*last = source;
	(void)text_print(stdout, source);
	(void)puts(":");
}

static void member_print(const json_t *line, int pad)
{
	const char *member = json_text(line, "member");

	if (*member == '\0')
		return;
	(void)printf("%*s# ", pad, "");
	(void)text_print(stdout, member);
}

void listing_print(const json_t *lines, const struct listing *listing)
{
	int bytes = widest_of(lines, "bytes") + 2;
	int assembler = widest_of(lines, "asm") + 2;
	const char *source = "";
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		json_int_t at = json_integer_value(json_object_get(line, "offset"));
		char offset[32];
		int columns;

		source_print(line, &source);
		if (listing->marked >= 0)
			(void)fputs(at == listing->marked ? "=> " : "   ", stdout);
		(void)snprintf(offset, sizeof(offset), "+0x%llx", (unsigned long long)at);
		(void)text_print(stdout, json_text(line, "address"));
		(void)printf("  %-8s", offset);
		text_pad(stdout, json_text(line, "bytes"), bytes);
		if (listing->arrows != NULL)
			arrows_print(listing->arrows, i);
		columns = text_print(stdout, json_text(line, "asm"));
		member_print(line, assembler - columns);
		if (listing->beside != NULL)
			listing->beside(i, assembler - columns, listing->data);
		(void)putchar('\n');
	}
}
