/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/hazard_stop.h"

#include <string.h>

#include "lib/hazard_symbol.h"

/* Where it starts: kernel/stop_machine.c and kmod/patcher_kmem.c. */
static const char kernel_root[] = "multi_cpu_stop", module_root[] = "stopped";
static const char our_module[] = "patcher_kmem";

/* Where following ends, by the name up to its first dot. */
static const struct border {
	const char *name;
	bool run;		/* in the stop, too */
} borders[] = {
	/* Called when something is badly wrong already: all lead to half of the kernel. */
	{ "panic", false }, { "__stack_chk_fail", false }, { "__warn", false },
	{ "__warn_printk", false }, { "warn_slowpath_fmt", false }, { "_printk", false },
	{ "printk", false }, { "_printk_deferred", false }, { "dump_stack", false },
	{ "do_exit", false }, { "make_task_dead", false }, { "fortify_panic", false },
	{ "__fortify_panic", false }, { "__ubsan_handle_out_of_bounds", false },
	/* They report the end of a grace period, which wakes a task, which is half of the scheduler;
	 * once a CPU has come to our callback, none is left to report (kernel/rcu/tree_plugin.h). */
	{ "rcu_preempt_deferred_qs", true }, { "rcu_preempt_deferred_qs_irqrestore", true },
	{ "rcu_read_unlock_special", true },
	/* They switch tasks, which is half of the kernel too, and are never called in there: what makes
	 * them be called is a preemption count of 0, and the stopper's is not (kernel/stop_machine.c,
	 * cpu_stopper_thread()). */
	{ "preempt_schedule", false }, { "preempt_schedule_notrace", false },
	/* migrate_enable() (kernel/sched/core.c) calls them for a task that was switched away since its
	 * migrate_disable(): with interrupts off none is. vmalloc_to_page() comes there on i386, where
	 * page tables may be in high memory (CONFIG_HIGHPTE; mm/highmem.c, kunmap_local_indexed()). */
	{ "__set_cpus_allowed_ptr", false }, { "__set_cpus_allowed_ptr_locked", false },
};

/* NULL: it is followed like any other. */
static const struct border *border_of(const struct symbol *symbol)
{
	size_t stem = strcspn(symbol->name, ".");

	for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++) {
		if (strlen(borders[i].name) == stem &&
		    strncmp(borders[i].name, symbol->name, stem) == 0)
			return &borders[i];
	}
	return NULL;
}

/* The symbols found so far, and up to which their code was looked at. */
struct walk {
	const struct kernel *kernel;
	const struct symbol *symbols[STOP_FUNCTIONS_MAX];
	size_t count, done;
	bool cut;		/* there are more */
};

static void note(struct walk *walk, const struct symbol *symbol)
{
	const struct border *border = symbol == NULL ? NULL : border_of(symbol);

	if (symbol == NULL || !symbol_is_text(symbol) || (border != NULL && !border->run) ||
	    hazard_given_back(walk->kernel->symtab, symbol))
		return;
	for (size_t i = 0; i < walk->count; i++) {
		if (walk->symbols[i]->address == symbol->address)
			return;
	}
	if (walk->count < STOP_FUNCTIONS_MAX)
		walk->symbols[walk->count++] = symbol;
	else
		walk->cut = true;
}

static void note_roots(struct walk *walk)
{
	const struct symbol *symbol = NULL;

	note(walk, symtab_in_image(walk->kernel->symtab, kernel_root));
	while ((symbol = symtab_next(walk->kernel->symtab, module_root, symbol)) != NULL) {
		if (symbol->module != NULL && module_name_equal(symbol->module, our_module))
			note(walk, symbol);
	}
}

/* Whether a branch out of `symbol` to within `other` was compiled: another module's function is
 * entered at its start, and the image's calls none but by what ftrace or a static call wrote, which
 * may be newer than the symbols. */
static bool is_branch(const struct symbol *symbol, const struct symbol *other, uint64_t target)
{
	if (other == NULL)
		return false;
	if (symbol_same_module(symbol, other))
		return true;
	return other->address == target && (other->module == NULL ||
	       (symbol->module != NULL && strncmp(other->module, "__builtin__", 11) != 0));
}

static int look_at(struct walk *walk, const struct symbol *symbol, struct fail *fail)
{
	struct function function;

	/* a label of assembler code, whose size is not known */
	if (symbol->size == 0 || symbol->size > FUNCTION_SIZE_MAX || border_of(symbol) != NULL)
		return 0;
	if (function_load(walk->kernel->target, walk->kernel->decoder, symbol, &function,
			  fail) != 0)
		return -1;
	for (size_t i = 0; i < function.count; i++) {
		const struct insn *insn = &function.insns[i];
		const struct symbol *other;

		if (!insn->has_target || (insn->target >= symbol->address &&
					  insn->target - symbol->address < symbol->size))
			continue;
		other = symtab_at(walk->kernel->symtab, insn->target);
		if (is_branch(symbol, other, insn->target))
			note(walk, other);
	}
	function_deinit(&function);
	return 0;
}

static int find(struct hazard_stop *stop, const struct kernel *kernel, struct fail *fail)
{
	struct walk walk = { .kernel = kernel };

	/* An object file has its calls to others in relocations only, and a linked one has calls that
	 * are none in memory (ftrace's, static ones, paravirt): they lead to half of the kernel. */
	if (kernel->image == NULL || !elf_file_relocatable(kernel->image))
		note_roots(&walk);
	while (kernel->image == NULL && walk.done < walk.count) {
		if (look_at(&walk, walk.symbols[walk.done++], fail) != 0)
			return -1;
	}
	if (walk.cut)
		return fail_set(fail, OUTCOME_HAZARD, "what the CPUs run while they are stopped for a "
				"change of text is more than %d functions, and not all are known",
				STOP_FUNCTIONS_MAX);
	for (size_t i = 0; i < walk.count; i++)
		stop->addresses[i] = walk.symbols[i]->address;
	stop->count = walk.count;
	stop->known = true;
	return 0;
}

static bool is_ours(const struct kernel *kernel, const struct symbol *symbol)
{
	const char *module = symbol->module;

	if (module == NULL && kernel->image != NULL)
		module = elf_file_module(kernel->image);
	return module != NULL && module_name_equal(module, our_module);
}

int hazard_stop(struct hazard_stop *stop, const struct kernel *kernel,
		const struct function *function, struct owners *out, struct fail *fail)
{
	uint64_t start = function->symbol->address, end = start + function->size;
	struct fail why;

	if (is_ours(kernel, function->symbol))
		return owners_add(out, OWNER_STOP, start, end, "what writes patches", NULL, fail);
	if (!stop->known && find(stop, kernel, &why) != 0)
		return owners_add(out, OWNER_UNKNOWN, start, end, why.message, NULL, fail);
	for (size_t i = 0; i < stop->count; i++) {
		/* a label inside a function is an address, too */
		if (stop->addresses[i] >= start && stop->addresses[i] < end)
			return owners_add(out, OWNER_STOP, start, end, NULL, NULL, fail);
	}
	return 0;
}
