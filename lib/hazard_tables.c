/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/hazard_tables.h"

#include <stdlib.h>
#include <string.h>

struct known_table {
	char module[sizeof(((struct module *)0)->name)];
	struct table table;
};

void hazard_tables_deinit(struct hazard_tables *tables)
{
	for (size_t i = 0; i < tables->count; i++)
		table_deinit(&tables->items[i].table);
	free(tables->items);
	memset(tables, 0, sizeof(*tables));
}

static const struct table *known(const struct hazard_tables *tables, const char *module)
{
	for (size_t i = 0; i < tables->count; i++) {
		if (strcmp(tables->items[i].module, module) == 0)
			return &tables->items[i].table;
	}
	return NULL;
}

int hazard_tables_find(struct hazard_tables *tables, const struct kernel *kernel,
		       const char *name, const struct table **out, struct fail *fail)
{
	const struct module *module = NULL;
	struct known_table *items;

	if (name != NULL && kernel->modules != NULL) {
		module = modules_find(kernel->modules, name);
		if (module == NULL)
			return fail_set(fail, OUTCOME_HAZARD, "module %s was unloaded just now",
					name);
	}
	*out = known(tables, module == NULL ? "" : module->name);
	if (*out != NULL)
		return 0;
	items = reallocarray(tables->items, tables->count + 1, sizeof(*items));
	if (items == NULL)
		return fail_memory(fail, "the kernel's tables");
	tables->items = items;
	items += tables->count;
	memset(items, 0, sizeof(*items));
	if (module != NULL)
		memcpy(items->module, module->name, sizeof(items->module));
	if (table_load(kernel->target, kernel->symtab, kernel->image, module, &items->table,
		       fail) != 0)
		return -1;
	tables->count++;
	*out = &items->table;
	return 0;
}

/* How many bytes of `available` an entry owns that names no length. */
static size_t entry_length(enum owner_kind kind, const struct function *function, uint64_t offset)
{
	const uint8_t *bytes = function->bytes + offset;
	size_t available = function->size - offset, i;

	if (kind == OWNER_JUMP_TARGET || kind == OWNER_EX_FIXUP)
		return 0;
	/* arch/x86/kernel/static_call.c: a conditional tail call has two opcode bytes, and a return
	 * in its place has padding behind it. */
	if (kind == OWNER_STATIC_CALL)
		return available > 1 && bytes[0] == 0x0f && (bytes[1] & 0xf0) == 0x80 ? 6 : 5;
	i = function_insn_at(function, offset);
	return i == SIZE_MAX ? 1 : function->insns[i].length;
}

/* Bytes that the kernel writes once, when it starts or loads the module. */
static bool written_once(enum owner_kind kind)
{
	return kind == OWNER_ALTERNATIVE || kind == OWNER_RETPOLINE || kind == OWNER_RETURN_SITE ||
	       kind == OWNER_CALL_SITE || kind == OWNER_ENDBR_SEAL;
}

int hazard_table_owners(const struct table *table, const struct function *function, bool live,
			struct owners *out, struct fail *fail)
{
	uint64_t start = function->symbol->address;

	for (size_t i = table_first(table, start);
	     i < table->count && table->entries[i].address < start + function->size; i++) {
		const struct table_entry *entry = &table->entries[i];
		size_t length = entry->length;

		if (length == 0)
			length = entry_length(entry->kind, function, entry->address - start);
		if (owners_add(out, entry->kind, entry->address, entry->address + length, NULL,
			       NULL, fail) != 0)
			return -1;
		if (live && written_once(entry->kind))
			out->items[out->count - 1].policy = OWNER_SETTLED;
	}
	return 0;
}

int hazard_tables(struct hazard_tables *tables, const struct kernel *kernel,
		  const struct function *function, struct owners *out, struct fail *fail)
{
	uint64_t start = function->symbol->address;
	const struct table *table;
	struct fail why;

	if (hazard_tables_find(tables, kernel, function->symbol->module, &table, &why) == 0)
		return hazard_table_owners(table, function, kernel->modules != NULL, out, fail);
	if (why.code != OUTCOME_HAZARD) {
		*fail = why;
		return -1;
	}
	return owners_add(out, OWNER_UNKNOWN, start, start + function->size, why.message, NULL,
			  fail);
}
