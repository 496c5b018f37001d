/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_layouts: an object file from anywhere (libFuzzer), with DWARF, CTF or BTF: whatever that
 * says, no byte outside it is read, it ends, and each struct, prototype and variable can be walked
 * and compared. */
#include <stdlib.h>
#include <string.h>

#include "layouts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walked;	/* so that nothing of it is left out */

static void walk_value(const struct value *value)
{
	if (value->aggregate != NULL)
		walked += strlen(value->aggregate->name) + value->aggregate->member_count;
	if (value->kind == VALUE_AGGREGATE && value->aggregate == NULL)
		abort();
}

static void walk_aggregate(const struct aggregate *aggregate)
{
	for (size_t i = 0; i < aggregate->member_count; i++) {
		const struct aggregate_member *member = &aggregate->members[i];

		walked += strlen(member->name) + strlen(member->type);
		walk_value(&member->value);
	}
}

static void walk(struct layouts *layouts)
{
	const char *name, *before = NULL;

	for (size_t i = 0; (name = layouts_name(layouts, i)) != NULL; i++) {
		const struct aggregate *aggregate = NULL;
		const struct prototype *prototype = layouts_function(layouts, name, false);
		const struct value *variable = layouts_variable(layouts, name, false);
		size_t count = 0;

		if ((before != NULL && strcmp(before, name) >= 0) || *name == '\0')
			abort();
		before = name;
		while ((aggregate = layouts_aggregate(layouts, name, aggregate)) != NULL) {
			walk_aggregate(aggregate);
			count++;
		}
		if (count == 0)
			abort();
		for (size_t k = 0; prototype != NULL && k < prototype->parameter_count; k++)
			walk_value(&prototype->parameters[k]);
		if (variable != NULL)
			walk_value(variable);
	}
}

/* Of the functions in the files of the corpus, which no other name leads to. */
static void ask(struct layouts *layouts)
{
	static const char *const names[] = { "use", "helper", "table", "x", "" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct prototype *prototype = layouts_function(layouts, names[i], false);

		if (prototype != NULL)
			walk_value(&prototype->result);
		walked += layouts_variable(layouts, names[i], false) != NULL;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	struct layout_drift drift;
	struct layouts *layouts;
	struct elf_file *elf;
	struct fail fail;

	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	if (elf_file_open_bytes("fuzz.o", copy, size, &elf, &fail) != 0)
		return 0;
	if (layouts_open(elf, "fuzz.o", NULL, 0, &layouts, &fail) == 0) {
		walk(layouts);
		ask(layouts);
		/* nothing differs from itself */
		if (layouts_compare(layouts, layouts, &drift, &fail) != 0 || drift.count != 0)
			abort();
		layout_drift_deinit(&drift);
		layouts_close(layouts);
	} else if (fail.message[0] == '\0') {
		abort();
	}
	elf_file_close(elf);
	return 0;
}
