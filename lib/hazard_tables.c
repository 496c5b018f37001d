/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/hazard_tables.h"

#include <stdio.h>
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

/* Of what the kernel writes over with as many bytes as it found there, but maybe shorter instructions:
 * a conditional jump has two opcode bytes and 32 bits, a jump or call one. 0: it is neither. */
static size_t branch_length(const uint8_t *bytes, size_t available)
{
	if (available > 1 && bytes[0] == 0x0f && (bytes[1] & 0xf0) == 0x80)
		return 6;
	return bytes[0] == 0xe8 || bytes[0] == 0xe9 ? 5 : 0;
}

/* How many bytes an entry owns that names no length. */
static size_t entry_length(enum owner_kind kind, const struct function *function, uint64_t offset)
{
	static const uint8_t padded[] = { 0xc3, 0xcc, 0xcc, 0xcc, 0xcc };
	const uint8_t *bytes = function->bytes + offset;
	size_t available = function->size - offset, i, length;

	if (kind == OWNER_JUMP_TARGET || kind == OWNER_EX_FIXUP)
		return 0;
	if (kind == OWNER_KPROBE_BLACKLIST)
		return available;
	/* arch/x86/kernel/static_call.c, __static_call_transform(): of any other call or return in its
	 * place as many bytes as of a jump. */
	length = branch_length(bytes, available);
	if (kind == OWNER_STATIC_CALL)
		return length == 0 ? 5 : length;
	/* arch/x86/kernel/alternative.c, patch_return(): a return, and int3 over the rest of the jump
	 * to the return thunk. */
	if (kind == OWNER_RETURN_SITE && available >= sizeof(padded) &&
	    memcmp(bytes, padded, sizeof(padded)) == 0)
		return sizeof(padded);
	i = function_insn_at(function, offset);
	if (i != SIZE_MAX)
		return function->insns[i].length;
	return length != 0 ? length : 1;
}

/* Bytes that the kernel writes once, when it starts or loads the module. */
static bool written_once(enum owner_kind kind)
{
	return kind == OWNER_ALTERNATIVE || kind == OWNER_RETPOLINE || kind == OWNER_RETURN_SITE ||
	       kind == OWNER_CALL_SITE || kind == OWNER_ENDBR_SEAL;
}

int hazard_table_owners(const struct table *table, const struct function *function,
			enum table_time time, struct owners *out, struct fail *fail)
{
	uint64_t start = function->symbol->address;

	for (size_t i = table_first(table, start);
	     i < table->count && table->entries[i].address < start + function->size; i++) {
		const struct table_entry *entry = &table->entries[i];
		size_t length = entry->length;

		/* The running kernel says it itself, with what was blacklisted otherwise. */
		if (entry->kind == OWNER_KPROBE_BLACKLIST &&
		    (time != TABLE_IMAGE || entry->address != start))
			continue;
		if (length == 0)
			length = entry_length(entry->kind, function, entry->address - start);
		if (owners_add(out, entry->kind, entry->address, entry->address + length, NULL,
			       NULL, fail) != 0)
			return -1;
		if ((time != TABLE_IMAGE && written_once(entry->kind)) ||
		    (time == TABLE_LIVE_SMP && entry->kind == OWNER_SMP_LOCK))
			out->items[out->count - 1].policy = OWNER_SETTLED;
	}
	return 0;
}

/* How many CPUs a list such as "0-3,5" names, as far as it matters: 0, 1 or 2. 0: it is no list. */
static unsigned count_cpus(const char *path)
{
	CLEANUP_FCLOSE FILE *file = fopen(path, "re");
	char text[64] = "";
	size_t digits;

	if (file == NULL || fgets(text, sizeof(text), file) == NULL)
		return 0;
	digits = strspn(text, "0123456789");
	if (digits == 0)
		return 0;
	return text[digits] == '\n' || text[digits] == '\0' ? 1 : 2;
}

enum table_time hazard_table_time(const char *directory)
{
	char path[256];
	unsigned online, possible;

	(void)snprintf(path, sizeof(path), "%.200s/online", directory);
	online = count_cpus(path);
	(void)snprintf(path, sizeof(path), "%.200s/possible", directory);
	possible = count_cpus(path);
	/* arch/x86/kernel/alternative.c, alternatives_enable_smp(): the second CPU online makes locks
	 * what they are from then on. A kernel without SMP has no such files and no .smp_locks. */
	return online > 1 || possible == 1 ? TABLE_LIVE_SMP : TABLE_LIVE;
}

int hazard_tables(struct hazard_tables *tables, const struct kernel *kernel,
		  const struct function *function, struct owners *out, struct fail *fail)
{
	uint64_t start = function->symbol->address;
	const char *advice = NULL;
	const struct table *table;
	enum table_time time;
	struct fail why;

	if (hazard_tables_find(tables, kernel, function->symbol->module, &table, &why) == 0) {
		time = kernel->modules == NULL ? TABLE_IMAGE :
		       hazard_table_time("/sys/devices/system/cpu");
		return hazard_table_owners(table, function, time, out, fail);
	}
	if (why.code != OUTCOME_HAZARD) {
		*fail = why;
		return -1;
	}
	if (kernel->modules != NULL && function->symbol->module == NULL &&
	    !symtab_has_data(kernel->symtab))
		advice = "give a System.map, or change a function of a module";
	return owners_add(out, OWNER_UNKNOWN, start, start + function->size, why.message, advice,
			  fail);
}
