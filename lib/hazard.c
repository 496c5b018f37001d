/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hazard.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hazard_lists.h"
#include "hazard_tables.h"

/* What an optimised kprobe writes: a jump with a 32-bit displacement (RELATIVEJUMP_SIZE,
 * DISP32_SIZE + 1, of arch/x86/include/asm/kprobes.h). ftrace's site has the same size. */
enum { JUMP_SIZE = 5, ENDBR_SIZE = 4 };

/* The tables of the kernel image (`module` ""), or of a module. */
struct known_table {
	char module[sizeof(((struct module *)0)->name)];
	struct table table;
};

struct hazards {
	const struct modules *modules;
	uint64_t fingerprint;		/* of the modules that `blacklist` and `tables` are of */
	struct owner_list kprobes, blacklist, traced, livepatches;
	struct known_table *tables;
	size_t table_count;
};

int hazards_create(const struct modules *modules, struct hazards **out, struct fail *fail)
{
	struct hazards *hazards = calloc(1, sizeof(*hazards));

	if (hazards == NULL)
		return fail_memory(fail, "reading who owns the kernel's text");
	hazards->modules = modules;
	*out = hazards;
	return 0;
}

static void tables_deinit(struct hazards *hazards)
{
	for (size_t i = 0; i < hazards->table_count; i++)
		table_deinit(&hazards->tables[i].table);
	free(hazards->tables);
	hazards->tables = NULL;
	hazards->table_count = 0;
}

void hazards_renew(struct hazards *hazards)
{
	owner_list_deinit(&hazards->kprobes);
	owner_list_deinit(&hazards->traced);
	owner_list_deinit(&hazards->livepatches);
	if (hazards->fingerprint != hazards->modules->fingerprint) {
		owner_list_deinit(&hazards->blacklist);
		tables_deinit(hazards);
	}
	hazards->fingerprint = hazards->modules->fingerprint;
}

void hazards_destroy(struct hazards *hazards)
{
	if (hazards == NULL)
		return;
	owner_list_deinit(&hazards->kprobes);
	owner_list_deinit(&hazards->blacklist);
	owner_list_deinit(&hazards->traced);
	owner_list_deinit(&hazards->livepatches);
	tables_deinit(hazards);
	free(hazards);
}

/* What is asked of the kernel, and a function that only a kernel with such a list has. */
struct list_kind {
	const char *what;
	int (*read)(struct owner_list *list, struct fail *fail);
	const char *feature;
	bool addresses;
};

static const struct list_kind kprobes_kind = {
	"the list of kprobes", list_kprobes, "register_kprobe", true
};
static const struct list_kind blacklist_kind = {
	"the kprobe blacklist", list_kprobe_blacklist, "register_kprobe", true
};
static const struct list_kind traced_kind = {
	"the list of traced functions", list_traced, "ftrace_set_filter", false
};
static const struct list_kind livepatches_kind = {
	"the list of kernel livepatches", list_livepatches, "klp_enable_patch", false
};

/* Reads a list if that was not done yet. -1: it exists and cannot be read (OUTCOME_HAZARD), or memory
 * ran out. Where the kernel has the feature and not the list, it is hidden: debugfs=off. */
static int need(struct owner_list *list, const struct list_kind *kind, const struct symtab *symtab,
		struct fail *fail)
{
	if (list->state == LIST_UNREAD &&
	    (kind->read(list, fail) != 0 ||
	     (kind->addresses && owner_list_resolve(list, symtab, fail) != 0))) {
		owner_list_deinit(list);
		return -1;
	}
	if (list->state == LIST_ABSENT && symtab_in_image(symtab, kind->feature) != NULL)
		return fail_set(fail, OUTCOME_HAZARD,
				"this kernel has %s but does not show it, so it is not known whether "
				"somebody else owns these bytes; was it started with debugfs=off, or built without?",
				kind->what);
	if (list->state != LIST_UNREADABLE)
		return 0;
	return fail_set(fail, OUTCOME_HAZARD,
			"%s cannot be read (%s), so it is not known whether somebody else owns these "
			"bytes; run patcherd as root with CAP_SYSLOG, mount debugfs and tracefs, and "
			"see LOCKDOWN in patcherd(8)", kind->what, list->why);
}

/* Without a start everything up to the end is refused: what cannot be told apart is not written. */
static bool between(const struct symtab *symtab, uint64_t address, const char *start,
		    const char *end)
{
	const struct symbol *first = symtab_in_image(symtab, start);
	const struct symbol *behind = symtab_in_image(symtab, end);

	return behind != NULL && address < behind->address &&
	       (first == NULL || address >= first->address);
}

static bool given_back(const struct symtab *symtab, const struct symbol *symbol)
{
	return symbol->module == NULL &&
	       between(symtab, symbol->address, "__init_begin", "__init_end");
}

static int hazard_init(const struct symbol *symbol, const char *whose, struct fail *fail)
{
	return fail_at(fail, OUTCOME_HAZARD, symbol->address,
		       "%s at 0x%" PRIx64 " is start-up code: its memory is given back once %s has "
		       "started, and holds something else by now; it cannot be patched",
		       symbol->name, symbol->address, whose);
}

static int symbol_in_module(const struct hazards *hazards, const struct symbol *symbol,
			    struct fail *fail)
{
	const struct module *module = modules_find(hazards->modules, symbol->module);

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
	 * first, is shown: an address before it or beyond all sizes together is not in it. */
	if (symbol->address < module->address ||
	    symbol->address - module->address >= module->size)
		return hazard_init(symbol, "the module", fail);
	return 0;
}

int hazard_symbol(const struct hazards *hazards, const struct symtab *symtab,
		  const struct symbol *symbol, const struct elf_file *image, struct fail *fail)
{
	if (symbol->type == 'A' || symbol->type == 'a' ||
	    between(symtab, symbol->address, "__per_cpu_start", "__per_cpu_end"))
		return fail_at(fail, OUTCOME_HAZARD, symbol->address,
			       "%s is a per-CPU or absolute symbol: 0x%" PRIx64 " is an offset, not "
			       "an address, and nothing may be written there", symbol->name,
			       symbol->address);
	if (image != NULL) {
		const struct elf_section *section = elf_file_section_at(image, symbol->address);

		if (section != NULL && strncmp(section->name, ".init", 5) == 0)
			return hazard_init(symbol, "what it belongs to", fail);
	}
	if (given_back(symtab, symbol))
		return hazard_init(symbol, "the kernel", fail);
	if (symbol->module != NULL && hazards != NULL)
		return symbol_in_module(hazards, symbol, fail);
	return 0;
}

static int hazard_kprobe(const struct function *function, const struct owner *kprobe,
			 const char *what, struct fail *fail)
{
	return fail_at(fail, OUTCOME_HAZARD, kprobe->address,
		       "%s kprobe at %s+0x%" PRIx64 " (0x%" PRIx64 ") %s; remove it (debugfs "
		       "kprobes/list has them all, tracefs kprobe_events those of perf and trace), "
		       "then try again", kprobe->optimized ? "an optimised" : "a",
		       function->symbol->name, kprobe->address - function->symbol->address,
		       kprobe->address, what);
}

int hazard_hidden(struct hazards *hazards, const struct symtab *symtab,
		  const struct function *function, uint64_t offset, size_t length,
		  struct fail *fail)
{
	uint64_t start = function->symbol->address;

	if (hazards == NULL)
		return 0;
	if (need(&hazards->kprobes, &kprobes_kind, symtab, fail) != 0)
		return -1;
	for (size_t i = 0; i < hazards->kprobes.count; i++) {
		const struct owner *kprobe = &hazards->kprobes.items[i];

		/* One on ftrace's site changes no instruction of the function. */
		if (kprobe->ftrace || kprobe->disabled || kprobe->address < start ||
		    kprobe->address >= start + offset + length)
			continue;
		return hazard_kprobe(function, kprobe,
				     kprobe->address >= start + offset ?
				     "stands in these bytes" :
				     "stands before these bytes in the same function and hides its own "
				     "instruction, so the function cannot be decoded up to them", fail);
	}
	return 0;
}

/* How many bytes belong to a kprobe: every instruction that its jump reaches into once it is
 * optimised. They run from a copy then, which is made when the probe is registered. */
static uint64_t kprobe_size(const struct function *function, const struct owner *kprobe)
{
	uint64_t offset = kprobe->address - function->symbol->address;
	uint64_t end = offset + JUMP_SIZE;

	while (end < function->size && function_insn_at(function, end) == SIZE_MAX)
		end++;
	return end - offset;
}

/* Behind the site the function decodes with the probe's int3 in it, so only probes that lie in the
 * bytes or whose own bytes reach into them are left to look for. */
static int bytes_kprobes(const struct hazards *hazards, const struct function *function,
			 uint64_t address, size_t length, bool several, struct fail *fail)
{
	for (size_t i = 0; i < hazards->kprobes.count; i++) {
		const struct owner *kprobe = &hazards->kprobes.items[i];

		if (kprobe->ftrace || kprobe->address < function->symbol->address ||
		    kprobe->address >= function->symbol->address + function->size)
			continue;
		if (kprobe->address < address + length &&
		    kprobe->address + kprobe_size(function, kprobe) > address)
			return hazard_kprobe(function, kprobe, "owns these bytes", fail);
		if (several && !kprobe->disabled)
			return hazard_kprobe(function, kprobe,
					     "hides an instruction of the function, so it cannot be "
					     "excluded that one jumps into the middle of these bytes",
					     fail);
	}
	return 0;
}

static int bytes_blacklist(struct hazards *hazards, const struct symtab *symtab, uint64_t address,
			   size_t length, struct fail *fail)
{
	if (need(&hazards->blacklist, &blacklist_kind, symtab, fail) != 0)
		return -1;
	for (size_t i = 0; i < hazards->blacklist.count; i++) {
		const struct owner *range = &hazards->blacklist.items[i];

		if (address < range->end && address + length > range->address)
			return fail_at(fail, OUTCOME_HAZARD, address,
				       "the kernel forbids probes in %s (debugfs kprobes/blacklist, "
				       "0x%" PRIx64 "-0x%" PRIx64 "): it is entry code, or runs while "
				       "text is changed; it cannot be patched", range->name,
				       range->address, range->end);
	}
	return 0;
}

static bool owner_is(const struct owner *owner, const struct symtab *symtab,
		     const struct symbol *symbol)
{
	const struct symbol *alias = NULL;

	if ((owner->object == NULL) != (symbol->module == NULL) ||
	    (owner->object != NULL && strcmp(owner->object, symbol->module) != 0))
		return false;
	if (strcmp(owner->name, symbol->name) == 0)
		return true;
	/* The kernel may tell of it by another of its names. */
	while ((alias = symtab_next(symtab, owner->name, alias)) != NULL) {
		if (alias->address == symbol->address && symbol_same_module(alias, symbol))
			return true;
	}
	return false;
}

static const struct owner *list_find(const struct owner_list *list, const struct symtab *symtab,
				     const struct symbol *symbol)
{
	for (size_t i = 0; i < list->count; i++) {
		if (owner_is(&list->items[i], symtab, symbol))
			return &list->items[i];
	}
	return NULL;
}

static int bytes_livepatch(struct hazards *hazards, const struct symtab *symtab,
			   const struct symbol *symbol, struct fail *fail)
{
	const struct owner *owner;

	if (need(&hazards->livepatches, &livepatches_kind, symtab, fail) != 0)
		return -1;
	owner = list_find(&hazards->livepatches, symtab, symbol);
	if (owner == NULL)
		return 0;
	return fail_at(fail, OUTCOME_HAZARD, symbol->address,
		       "the kernel livepatch %s replaces %s: a change here would not run; disable it "
		       "(echo 0 > /sys/kernel/livepatch/%s/enabled) or change its replacement",
		       owner->detail, symbol->name, owner->detail);
}

/* The running kernel's tables that have the entries of the symbol's text, read once. */
static int need_tables(struct hazards *hazards, const struct symtab *symtab,
		       struct target *target, const struct symbol *symbol,
		       const struct table **out, struct fail *fail)
{
	const struct module *module = NULL;
	struct known_table *known;

	if (symbol->module != NULL) {
		module = modules_find(hazards->modules, symbol->module);
		if (module == NULL)
			return fail_set(fail, OUTCOME_HAZARD, "module %s was unloaded just now",
					symbol->module);
	}
	for (size_t i = 0; i < hazards->table_count; i++) {
		*out = &hazards->tables[i].table;
		if (strcmp(hazards->tables[i].module, module == NULL ? "" : module->name) == 0)
			return 0;
	}
	known = reallocarray(hazards->tables, hazards->table_count + 1, sizeof(*known));
	if (known == NULL)
		return fail_memory(fail, "the kernel's tables");
	hazards->tables = known;
	known += hazards->table_count;
	memset(known, 0, sizeof(*known));
	if (module != NULL)
		memcpy(known->module, module->name, sizeof(known->module));
	if (table_load(target, symtab, NULL, module, &known->table, fail) != 0)
		return -1;
	hazards->table_count++;
	*out = &known->table;
	return 0;
}

static int bytes_tables(struct hazards *hazards, const struct symtab *symtab,
			struct target *target, const struct elf_file *image,
			const struct function *function, uint64_t offset, size_t length,
			struct fail *fail)
{
	const struct table *known;
	struct table table;
	int result;

	if (hazards != NULL) {
		if (need_tables(hazards, symtab, target, function->symbol, &known, fail) != 0)
			return -1;
		return hazard_tables(known, function, offset, length, fail);
	}
	if (table_load(target, symtab, image, NULL, &table, fail) != 0)
		return -1;
	result = hazard_tables(&table, function, offset, length, fail);
	table_deinit(&table);
	return result;
}

/* ftrace's site when it is off: the 5-byte nops of arch/x86/include/asm/nops.h. */
static bool is_ftrace_nop(const struct insn *insn)
{
	static const uint8_t nops[][JUMP_SIZE] = {
		{ 0x0f, 0x1f, 0x44, 0x00, 0x00 },
		{ 0x3e, 0x8d, 0x74, 0x26, 0x00 },
		{ 0x66, 0x66, 0x66, 0x66, 0x90 },
	};

	if (insn->length != JUMP_SIZE)
		return false;
	for (size_t i = 0; i < sizeof(nops) / sizeof(nops[0]); i++) {
		if (memcmp(insn->bytes, nops[i], JUMP_SIZE) == 0)
			return true;
	}
	return false;
}

/* endbr, or the nop of its length that the kernel writes over those that no indirect branch needs
 * (arch/x86/kernel/alternative.c, apply_ibt_endbr() and later apply_seal_endbr()). */
static bool is_endbr(const struct insn *insn)
{
	return insn->endbr || (insn->nop && insn->length == ENDBR_SIZE);
}

/*
 * The instruction of the function that is ftrace's: at the entry, behind endbr; a nop, or a call
 * while somebody traces. NULL: none.
 */
static const struct insn *ftrace_site(const struct function *function)
{
	size_t i = function->count > 0 && is_endbr(&function->insns[0]) ? 1 : 0;
	const struct insn *insn = &function->insns[i];

	if (i >= function->count || insn->length != JUMP_SIZE)
		return NULL;
	return is_ftrace_nop(insn) || insn->flow == FLOW_CALL ? insn : NULL;
}

static int bytes_ftrace(struct hazards *hazards, const struct symtab *symtab,
			const struct function *function, uint64_t address, size_t length,
			struct fail *fail)
{
	const struct insn *site = ftrace_site(function);
	const struct owner *tracer = NULL;

	if (site == NULL || site->address >= address + length ||
	    site->address + site->length <= address)
		return 0;
	if (hazards != NULL) {
		if (need(&hazards->traced, &traced_kind, symtab, fail) != 0)
			return -1;
		if (hazards->traced.state == LIST_ABSENT)
			return 0;
		tracer = list_find(&hazards->traced, symtab, function->symbol);
		/* A call that no tracer put there is the function's own. */
		if (tracer == NULL && !is_ftrace_nop(site))
			return 0;
	}
	return fail_at(fail, OUTCOME_HAZARD, site->address,
		       "these bytes are ftrace's site of %s%s%s: the kernel rewrites them whenever "
		       "somebody starts or stops to trace the function; choose an instruction behind "
		       "it", function->symbol->name, tracer == NULL ? "" : ", which is traced now: ",
		       tracer == NULL ? "" : tracer->detail);
}

/* A call or jump in an object that is not linked yet: its displacement is 0, or -4 where the addend
 * stands in place, and it goes nowhere in particular. */
static bool is_unrelocated(const struct insn *insn)
{
	int32_t displacement;

	if (insn->length < JUMP_SIZE)
		return false;
	memcpy(&displacement, insn->bytes + insn->length - sizeof(displacement),
	       sizeof(displacement));
	return displacement == 0 || displacement == -4;
}

static int branches_inside(const struct function *function, uint64_t address, size_t length,
			   bool image, struct fail *fail)
{
	for (size_t i = 0; i < function->count; i++) {
		const struct insn *insn = &function->insns[i];

		if (!insn->has_target || insn->target <= address ||
		    insn->target >= address + length || (image && is_unrelocated(insn)))
			continue;
		return fail_at(fail, OUTCOME_HAZARD, insn->address,
			       "%s+0x%" PRIx64 " (0x%" PRIx64 ") jumps to 0x%" PRIx64 ", into the "
			       "middle of these bytes; change the instructions one by one, or others",
			       function->symbol->name, insn->address - function->symbol->address,
			       insn->address, insn->target);
	}
	return 0;
}

/* Bytes of a function, and where else to look for what may jump into their middle. */
struct inside {
	const struct symtab *symtab;
	struct target *target;
	struct decoder *decoder;
	const struct symbol *symbol;
	uint64_t address;
	size_t length;
	bool several, image;
};

static int undecoded(const struct function *function, struct fail *fail)
{
	return fail_at(fail, OUTCOME_HAZARD, function->symbol->address + function->decoded,
		       "%s cannot be decoded from +0x%zx on, so it cannot be excluded that an "
		       "instruction there jumps into the middle of these bytes; change the "
		       "instructions one by one", function->symbol->name, function->decoded);
}

static int part_inside(const struct inside *inside, const struct symbol *symbol, struct fail *fail)
{
	struct function part;
	int result = 0;

	if (symbol == inside->symbol || !symbol_is_text(symbol) ||
	    !symbol_same_module(symbol, inside->symbol) || given_back(inside->symtab, symbol))
		return 0;
	if (function_load(inside->target, inside->decoder, symbol, &part, fail) != 0)
		return -1;
	if (inside->several && part.decoded < part.size)
		result = undecoded(&part, fail);
	if (result == 0)
		result = branches_inside(&part, inside->address, inside->length, inside->image,
					 fail);
	function_deinit(&part);
	return result;
}

/* The compiler moves parts of a function out of it (NAME.cold, NAME.isra.0.cold); they jump back,
 * and it jumps to them. */
static int parts_inside(const struct inside *inside, struct fail *fail)
{
	const char *name = inside->symbol->name;
	CLEANUP_FREE char *stem = strndup(name, strcspn(name, "."));
	const struct symbol *part = NULL;

	if (stem == NULL)
		return fail_memory(fail, "looking at the parts of a function");
	while (strcmp(stem, name) != 0 &&
	       (part = symtab_next(inside->symtab, stem, part)) != NULL) {
		if (part_inside(inside, part, fail) != 0)
			return -1;
	}
	part = NULL;
	while ((part = symtab_next_sibling(inside->symtab, stem, part)) != NULL) {
		if (part_inside(inside, part, fail) != 0)
			return -1;
	}
	return 0;
}

int hazard_bytes(struct hazards *hazards, const struct symtab *symtab, struct target *target,
		 struct decoder *decoder, const struct elf_file *image_file,
		 const struct function *function, uint64_t offset, size_t length,
		 struct fail *fail)
{
	uint64_t address = function->symbol->address + offset;
	size_t first = function_insn_at(function, offset);
	bool several = first != SIZE_MAX && function->insns[first].length < length;
	bool image = hazards == NULL;

	if (bytes_ftrace(hazards, symtab, function, address, length, fail) != 0)
		return -1;
	if (hazards != NULL &&
	    (bytes_kprobes(hazards, function, address, length, several, fail) != 0 ||
	     bytes_blacklist(hazards, symtab, address, length, fail) != 0 ||
	     bytes_livepatch(hazards, symtab, function->symbol, fail) != 0))
		return -1;
	if (bytes_tables(hazards, symtab, target, image_file, function, offset, length, fail) != 0)
		return -1;
	if (several && function->decoded < function->size)
		return undecoded(function, fail);
	if (branches_inside(function, address, length, image, fail) != 0)
		return -1;
	return parts_inside(&(struct inside){ .symtab = symtab, .target = target,
			    .decoder = decoder, .symbol = function->symbol, .address = address,
			    .length = length, .several = several, .image = image }, fail);
}
