/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listing: a function's instructions, as Disassemble and Hazards answer with them. */
#include "patchctl.h"

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

void listing_print(const json_t *lines, listing_beside *beside, const void *data)
{
	int bytes = widest_of(lines, "bytes") + 2;
	int assembler = widest_of(lines, "asm") + 2;
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) {
		char offset[32];
		int columns;

		(void)snprintf(offset, sizeof(offset), "+0x%llx", (unsigned long long)
			       json_integer_value(json_object_get(line, "offset")));
		(void)text_print(stdout, json_text(line, "address"));
		(void)printf("  %-8s", offset);
		text_pad(stdout, json_text(line, "bytes"), bytes);
		columns = text_print(stdout, json_text(line, "asm"));
		if (beside != NULL)
			beside(i, assembler - columns, data);
		(void)putchar('\n');
	}
}
