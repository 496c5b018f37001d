/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hazard_symbol: memory that is not, or no longer, what its symbol says. */
#include "lib/hazard_symbol.h"

#include <inttypes.h>
#include <string.h>

#include "hazard.h"

/* Without a start everything up to the end is refused: what cannot be told apart is not written. */
static bool between(const struct symtab *symtab, uint64_t address, const char *start,
		    const char *end)
{
	const struct symbol *first = symtab_in_image(symtab, start);
	const struct symbol *behind = symtab_in_image(symtab, end);

	return behind != NULL && address < behind->address &&
	       (first == NULL || address >= first->address);
}

bool hazard_given_back(const struct symtab *symtab, const struct symbol *symbol)
{
	return symbol->module == NULL &&
	       between(symtab, symbol->address, "__init_begin", "__init_end");
}

static int hazard_init(const struct symbol *symbol, const char *whose, struct fail *fail)
{
	return fail_at(fail, OUTCOME_HAZARD, symbol->address,
		       "%s at 0x%" PRIx64 " is start-up %s: its memory is given back once %s has "
		       "started, and holds something else by now; it cannot be patched",
		       symbol->name, symbol->address, symbol_is_text(symbol) ? "code" : "data",
		       whose);
}

static int symbol_in_module(const struct modules *modules, const struct symbol *symbol,
			    struct fail *fail)
{
	const struct module *module = modules_find(modules, symbol->module);

	if (module == NULL)
		return fail_at(fail, OUTCOME_HAZARD, symbol->address,
			       "%s at 0x%" PRIx64 " belongs to [%s], which is no loaded module: the "
			       "kernel makes and frees that text as it runs; change what made it "
			       "instead", symbol->name, symbol->address, symbol->module);
	if (!module->live)
		return fail_at(fail, OUTCOME_HAZARD, symbol->address,
			       "module %s is being loaded or unloaded just now; try again when it "
			       "is done", module->name);
	if (module->address == 0)
		return fail_at(fail, OUTCOME_HAZARD, symbol->address,
			       "the kernel hides where module %s lies (kernel.kptr_restrict); "
			       "patcherd needs CAP_SYSLOG", module->name);
	/* One region up to 6.3, several from 6.4 on (struct module_memory), of which the text, the
	 * first, is shown: an address before it or beyond all sizes together is not in it. Data may be
	 * anywhere; hazard_data() tells by its section. */
	if (symbol_is_text(symbol) && (symbol->address < module->address ||
	    symbol->address - module->address >= module->size))
		return hazard_init(symbol, "the module", fail);
	return 0;
}

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* Of a loaded module's per-CPU symbols kallsyms says 'a' (kernel/module/kallsyms.c, elf_type()). On
 * i386, and on x86-64 since 6.15, they lie in init memory, as what each CPU's copy was made of. */
static bool is_per_cpu(const struct symtab *symtab, const struct symbol *symbol,
		       const struct elf_section *section)
{
	return symbol->type == 'A' || symbol->type == 'a' ||
	       (section != NULL && starts_with(section->name, ".data..percpu")) ||
	       between(symtab, symbol->address, "__per_cpu_start", "__per_cpu_end");
}

int hazard_symbol(const struct kernel *kernel, const struct symbol *symbol, struct fail *fail)
{
	const struct elf_section *section = kernel->image == NULL ? NULL :
		elf_file_section_at(kernel->image, symbol->address);

	if (is_per_cpu(kernel->symtab, symbol, section))
		return fail_at(fail, OUTCOME_HAZARD, symbol->address,
			       "%s is a per-CPU or absolute symbol: 0x%" PRIx64 " is an offset, or "
			       "what each CPU's copy was made of, and nothing may be written there",
			       symbol->name, symbol->address);
	if (section != NULL && starts_with(section->name, ".init"))
		return hazard_init(symbol, "what it belongs to", fail);
	if (hazard_given_back(kernel->symtab, symbol))
		return hazard_init(symbol, "the kernel", fail);
	if (symbol->module != NULL && kernel->modules != NULL)
		return symbol_in_module(kernel->modules, symbol, fail);
	return 0;
}
