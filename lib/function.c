/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "function.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module.h"

/* kallsyms gives text that the kernel makes as it runs a module's name that no module can have;
 * a patch that does not say where may find it, so that hazard can refuse it by its owner. */
static bool module_is_generated(const char *module)
{
	return strcmp(module, "bpf") == 0 || strncmp(module, "__builtin__", 11) == 0;
}

struct wanted {
	const char *name;
	const char *module;
	bool any_module;
	bool variable;		/* else a function */
	const char *noun;	/* "function", for messages */
};

static bool symbol_wanted(const struct symbol *symbol, const struct wanted *wanted,
			  const char *module)
{
	/* 'U': the image only refers to it */
	if (symbol_is_text(symbol) == wanted->variable || symbol->type == 'U')
		return false;
	if (module != NULL)
		return symbol->module != NULL && module_name_equal(symbol->module, module);
	return symbol->module == NULL || wanted->any_module ||
	       module_is_generated(symbol->module);
}

static void place_append(struct fail *fail, const struct symbol *symbol)
{
	fail_append(fail, "\n  0x%" PRIx64 " %s%s%s%s", symbol->address, symbol->name,
		    symbol->module == NULL ? "" : " [", symbol->module == NULL ? "" : symbol->module,
		    symbol->module == NULL ? "" : "]");
}

static int fail_not_found(const struct symtab *symtab, const struct wanted *wanted,
			  struct fail *fail)
{
	const struct symbol *near[8];
	const struct symbol *symbol;
	size_t count = 0;

	(void)fail_set(fail, OUTCOME_NOT_FOUND, "no %s %s%s%s", wanted->noun, wanted->name,
		       wanted->module != NULL ? " in module " :
		       wanted->any_module ? "" : " in the kernel image",
		       wanted->module == NULL ? "" : wanted->module);
	if (wanted->module != NULL)
		fail_append(fail, " or built into the kernel; load the module, if it is not there, "
				  "or check the name");
	for (symbol = symtab_next(symtab, wanted->name, NULL); symbol != NULL;
	     symbol = symtab_next(symtab, wanted->name, symbol)) {
		if (symbol->type == 'U')
			continue;
		if (count++ == 0)
			fail_append(fail, "; that name is %s here:",
				    symbol_is_text(symbol) == wanted->variable ?
				    wanted->variable ? "a function" : "data" :
				    "elsewhere, say `module`");
		place_append(fail, symbol);
	}
	if (count > 0)
		return -1;
	for (symbol = symtab_next_sibling(symtab, wanted->name, NULL); symbol != NULL && count < 8;
	     symbol = symtab_next_sibling(symtab, wanted->name, symbol))
		near[count++] = symbol;
	if (count == 0)
		count = symtab_near(symtab, wanted->name, near, 4);
	if (count > 0)
		fail_append(fail, "; near names:");
	for (size_t i = 0; i < count; i++)
		place_append(fail, near[i]);
	return -1;
}

static int fail_ambiguous(const struct symtab *symtab, const struct wanted *wanted,
			  const char *module, size_t count, struct fail *fail)
{
	const struct symbol *symbol;

	(void)fail_set(fail, OUTCOME_AMBIGUOUS, "%zu %s are named %s; say which with "
		       "`%soccurrence`, from 1 in this order:", count,
		       wanted->variable ? "variables" : "functions", wanted->name,
		       module == NULL ? "module` or `" : "");
	for (symbol = symtab_next(symtab, wanted->name, NULL); symbol != NULL;
	     symbol = symtab_next(symtab, wanted->name, symbol)) {
		if (symbol_wanted(symbol, wanted, module))
			place_append(fail, symbol);
	}
	return -1;
}

/* Counts those wanted in `module`; *out is the one meant by `occurrence`, or the first. */
static size_t symbols_pick(const struct symtab *symtab, const struct wanted *wanted,
			   const char *module, unsigned occurrence, const struct symbol **out)
{
	const struct symbol *symbol;
	size_t count = 0;

	for (symbol = symtab_next(symtab, wanted->name, NULL); symbol != NULL;
	     symbol = symtab_next(symtab, wanted->name, symbol)) {
		if (!symbol_wanted(symbol, wanted, module))
			continue;
		count++;
		if (count == (occurrence == 0 ? 1 : occurrence))
			*out = symbol;
	}
	return count;
}

static int find(const struct symtab *symtab, const struct wanted *wanted, unsigned occurrence,
		const struct symbol **out, struct fail *fail)
{
	const char *module = wanted->module;
	size_t count;

	*out = NULL;
	count = symbols_pick(symtab, wanted, module, occurrence, out);
	/* A module on one kernel is built into another: both are the function meant. */
	if (count == 0 && module != NULL) {
		module = NULL;
		count = symbols_pick(symtab, wanted, NULL, occurrence, out);
	}
	if (count == 0)
		return fail_not_found(symtab, wanted, fail);
	if (occurrence > count)
		return fail_set(fail, OUTCOME_NOT_FOUND,
				"occurrence %u of %s is asked for, and there are only %zu",
				occurrence, wanted->name, count);
	if (count > 1 && occurrence == 0)
		return fail_ambiguous(symtab, wanted, module, count, fail);
	return 0;
}

int function_find(const struct symtab *symtab, const char *name, const char *module,
		  bool any_module, unsigned occurrence, const struct symbol **out,
		  struct fail *fail)
{
	const struct wanted wanted = { name, module, any_module, false, "function" };

	return find(symtab, &wanted, occurrence, out, fail);
}

unsigned function_occurrence(const struct symtab *symtab, const struct symbol *symbol)
{
	const struct symbol *other = NULL;
	unsigned count = 0, found = 0;

	while ((other = symtab_next(symtab, symbol->name, other)) != NULL) {
		count += symbol_is_text(other);
		if (other == symbol)
			found = count;
	}
	return count > 1 ? found : 0;
}

int symbol_find(const struct symtab *symtab, const char *name, const char *module,
		bool any_module, unsigned occurrence, const struct symbol **out,
		struct fail *fail)
{
	struct wanted wanted = { name, module, any_module, false, "function or variable" };
	const struct symbol *first;

	wanted.variable = symbols_pick(symtab, &wanted, module, 0, &first) == 0 &&
			  (module == NULL || symbols_pick(symtab, &wanted, NULL, 0, &first) == 0);
	return find(symtab, &wanted, occurrence, out, fail);
}

int variable_find(const struct symtab *symtab, const char *name, const char *module,
		  unsigned occurrence, const struct symbol **out, struct fail *fail)
{
	const struct wanted wanted = { name, module, false, true, "variable" };

	return find(symtab, &wanted, occurrence, out, fail);
}

/* Branches with 32 bits alone have relocations. */
int function_refer(struct target *target, struct insn *insn, struct fail *fail)
{
	uint64_t to;
	int result;

	if (!insn->has_target || insn->length < 5)
		return 0;
	result = target_reference(target, insn->address + insn->length - 4, &to, fail);
	if (result > 0)
		insn->target = to + 4;	/* the field counts from the instruction's end */
	return result < 0 ? -1 : 0;
}

static int function_decode(struct target *target, struct decoder *decoder,
			   struct function *function, struct fail *fail)
{
	size_t room = 0;

	while (function->decoded < function->size) {
		struct fail ignored;	/* `decoded` tells */

		if (function->count == room) {
			struct insn *insns;

			room = room == 0 ? 64 : room * 2;
			insns = reallocarray(function->insns, room, sizeof(*insns));
			if (insns == NULL)
				return fail_memory(fail, "decoding a function");
			function->insns = insns;
		}
		if (insn_decode(decoder, function->bytes + function->decoded,
				function->size - function->decoded,
				function->symbol->address + function->decoded,
				&function->insns[function->count], &ignored) != 0)
			break;
		if (function_refer(target, &function->insns[function->count], fail) != 0)
			return -1;
		function->decoded += function->insns[function->count++].length;
	}
	return 0;
}

int function_load(struct target *target, struct decoder *decoder, const struct symbol *symbol,
		  struct function *out, struct fail *fail)
{
	memset(out, 0, sizeof(*out));
	if (symbol->size == 0 || symbol->size > FUNCTION_SIZE_MAX)
		return fail_at(fail, OUTCOME_NOT_FOUND, symbol->address,
			       "%s at 0x%" PRIx64 " has no usable size (%" PRIu64 " bytes): the "
			       "symbols do not say where it ends", symbol->name, symbol->address,
			       symbol->size);
	out->symbol = symbol;
	out->bytes = malloc(symbol->size);
	if (out->bytes == NULL)
		return fail_memory(fail, "reading a function");
	if (target_read(target, symbol->address, out->bytes, symbol->size, symbol->name,
			fail) == 0) {
		out->size = insn_trim(decoder, out->bytes, symbol->size, symbol->address);
		if (function_decode(target, decoder, out, fail) == 0)
			return 0;
	}
	function_deinit(out);
	return -1;
}

void function_deinit(struct function *function)
{
	free(function->bytes);
	free(function->insns);
	memset(function, 0, sizeof(*function));
}

struct relocated {
	const struct function *function;
	bool *bytes;
};

static int relocated_note(uint64_t address, size_t size, void *data, struct fail *fail)
{
	const struct relocated *relocated = data;
	const uint64_t start = relocated->function->symbol->address;

	(void)fail;
	for (size_t i = 0; i < size; i++) {
		if (address + i >= start && address + i - start < relocated->function->size)
			relocated->bytes[address + i - start] = true;
	}
	return 0;
}

int function_relocated(const struct function *function, const struct elf_file *elf, bool **out,
		       struct fail *fail)
{
	const struct elf_section *section = elf == NULL || !elf_file_relocatable(elf) ? NULL :
					    elf_file_section_at(elf, function->symbol->address);
	CLEANUP_FREE bool *bytes = calloc(function->size + 1, sizeof(*bytes));
	struct relocated relocated = { function, bytes };

	if (bytes == NULL)
		return fail_memory(fail, function->symbol->name);
	if (section != NULL &&
	    elf_file_relocations(elf, section, relocated_note, &relocated, fail) != 0)
		return -1;
	*out = bytes;
	bytes = NULL;
	return 0;
}

size_t function_insn_at(const struct function *function, uint64_t offset)
{
	uint64_t address = function->symbol->address + offset;
	size_t low = 0, high = function->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (function->insns[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < function->count && function->insns[low].address == address ? low : SIZE_MAX;
}

/* The name of a direct branch's target; NULL: none. */
static const char *target_name(const struct symtab *symtab, const struct symbol *within,
			       const struct insn *insn, char out[ASM_MAX / 2])
{
	const struct symbol *symbol = within;

	if (!insn->has_target)
		return NULL;
	if (insn->target < within->address || insn->target - within->address >= within->size)
		symbol = symtab_at(symtab, insn->target);
	if (symbol == NULL || strlen(symbol->name) > ASM_MAX / 2 - 20)
		return NULL;
	if (symbol->address == insn->target)
		(void)snprintf(out, ASM_MAX / 2, "%s", symbol->name);
	else
		(void)snprintf(out, ASM_MAX / 2, "%s+0x%" PRIx64, symbol->name,
			       insn->target - symbol->address);
	return out;
}

const char *function_print(const struct symtab *symtab, const struct symbol *within,
			   const struct insn *insn, char out[ASM_MAX])
{
	char name[ASM_MAX / 2];

	return asm_print(insn, target_name(symtab, within, insn, name), out);
}

bool function_match(const struct symtab *symtab, const struct symbol *within, const char *pattern,
		    const struct insn *insn)
{
	char name[ASM_MAX / 2];

	return asm_match(pattern, insn, target_name(symtab, within, insn, name));
}
