/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/hazard_text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/module_sections.h"

static const struct region {
	enum owner_kind kind;
	const char *section, *start, *end;
} regions[] = {
	{ OWNER_ENTRY, ".entry.text", "__entry_text_start", "__entry_text_end" },
	{ OWNER_NOINSTR, ".noinstr.text", "__noinstr_text_start", "__noinstr_text_end" },
	{ OWNER_KPROBE_BLACKLIST, ".kprobes.text", "__kprobes_text_start", "__kprobes_text_end" },
};
enum { REGIONS = sizeof(regions) / sizeof(regions[0]) };

/* What an NMI runs behind its entry, as of 6.1 and 6.12, and parts of it (NAME.part.0, NAME.cold). */
static const struct nmi_name {
	const char *name, *why;
} nmi_names[] = {
	/* arch/x86/kernel/nmi.c */
	{ "exc_nmi", "its entry in C" },
	{ "default_do_nmi", "it asks where an NMI came from" },
	{ "nmi_handle", "it calls the handlers" },
	{ "nmi_check_duration", "it runs behind each handler" },
	{ "pci_serr_error", "it is called for a system error" },
	{ "io_check_error", "it is called for an I/O check" },
	{ "unknown_nmi_error", "it is called where nobody knows the NMI" },
	{ "default_get_nmi_reason", "it asks where an NMI came from" },
	{ "hv_get_nmi_reason", "it asks where an NMI came from" },
	{ "xen_get_nmi_reason", "it asks where an NMI came from" },
	/* kernel/sched/clock.c, arch/x86/kernel/tsc.c: around each handler */
	{ "sched_clock", "it takes each handler's time" },
	{ "native_sched_clock", "it takes each handler's time" },
	/* arch/x86/events: the counters, at any moment while anyone profiles */
	{ "perf_event_nmi_handler", "the counters' handler" },
	{ "perf_ibs_nmi_handler", "the counters' handler" },
	{ "perf_ibs_handle_irq", "the counters' handler" },
	{ "x86_pmu_handle_irq", "the counters' handler" },
	{ "intel_pmu_handle_irq", "the counters' handler" },
	{ "intel_pmu_handle_irq_v4", "the counters' handler" },
	{ "handle_pmi_common", "the counters' handler" },
	{ "amd_pmu_handle_irq", "the counters' handler" },
	{ "amd_pmu_v2_handle_irq", "the counters' handler" },
	{ "p4_pmu_handle_irq", "the counters' handler" },
	{ "knc_pmu_handle_irq", "the counters' handler" },
	{ "perf_event_overflow", "it is called by the counters' handler" },
	{ "__perf_event_overflow", "it is called by the counters' handler" },
	{ "perf_sample_event_took", "it is called by the counters' handler" },
	{ "watchdog_overflow_callback", "the hard lockup watchdog" },
	/* arch/x86/kernel/apic/hw_nmi.c, lib/nmi_backtrace.c */
	{ "nmi_cpu_backtrace_handler", "it shows where each CPU is" },
	{ "nmi_cpu_backtrace", "it shows where each CPU is" },
	/* arch/x86/kernel/{reboot,crash,smp,smpboot,kgdb}.c */
	{ "crash_nmi_callback", "it stops the CPUs after a panic" },
	{ "kdump_nmi_callback", "it stops the CPUs after a panic" },
	{ "run_crash_ipi_callback", "it stops the CPUs after a panic" },
	{ "nmi_panic_self_stop", "it stops the CPUs after a panic" },
	{ "smp_stop_nmi_callback", "it stops the CPUs for a reboot" },
	{ "wakeup_cpu0_nmi", "it brings the first CPU back" },
	{ "kgdb_nmi_handler", "the kernel debugger's handler" },
	/* arch/x86/kernel/cpu/mshyperv.c, arch/x86/platform/uv/uv_nmi.c, drivers/acpi/apei/ghes.c,
	 * drivers/char/ipmi/ipmi_watchdog.c, drivers/watchdog/hpwdt.c */
	{ "hv_nmi_unknown", "Hyper-V's handler" },
	{ "uv_handle_nmi", "the handler of UV machines" },
	{ "ghes_notify_nmi", "the handler of hardware errors" },
	{ "ipmi_nmi", "the IPMI watchdog's handler" },
	{ "hpwdt_pretimeout", "the HP watchdog's handler" },
};

static int add(const struct function *function, enum owner_kind kind, const char *detail,
	       struct owners *out, struct fail *fail)
{
	uint64_t start = function->symbol->address;

	return owners_add(out, kind, start, start + function->size, detail, NULL, fail);
}

static bool starts_with(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

/* A BPF dispatcher, whose entry bpf_arch_text_poke() rewrites (include/linux/bpf.h,
 * DEFINE_BPF_DISPATCHER(); kernel/bpf/dispatcher.c); bpf_dispatcher_nop_func() is what all call
 * without one. */
static bool is_dispatcher(const char *name)
{
	size_t length = strlen(name);

	return starts_with(name, "bpf_dispatcher_") && length > 5 &&
	       strcmp(name + length - 5, "_func") == 0 &&
	       strcmp(name, "bpf_dispatcher_nop_func") != 0;
}

/* ftrace's own entries and the labels in them, where the kernel writes whom to call and what it copies
 * for each tracer (arch/x86/kernel/ftrace_64.S and ftrace_32.S; ftrace.c, ftrace_update_ftrace_func(),
 * create_trampoline()). */
static bool is_ftrace_entry(const char *name)
{
	return starts_with(name, "ftrace_caller") || starts_with(name, "ftrace_regs_caller") ||
	       strcmp(name, "ftrace_call") == 0 || strcmp(name, "ftrace_regs_call") == 0 ||
	       strcmp(name, "ftrace_graph_call") == 0;
}

static int add_ftrace_entry(const struct function *function, struct owners *out, struct fail *fail)
{
	uint64_t start = function->symbol->address;

	return owners_add(out, OWNER_FTRACE, start, start + function->size,
			  "it is ftrace's own entry, which is copied for tracers, too",
			  "it cannot be patched; choose another function", fail);
}

static int add_by_name(const struct function *function, struct owners *out, struct fail *fail)
{
	const char *name = function->symbol->name;
	size_t stem = strcspn(name, ".");

	/* STATIC_CALL_TRAMP_PREFIX of include/linux/static_call_types.h */
	if (starts_with(name, "__SCT__") &&
	    add(function, OWNER_STATIC_CALL_TRAMPOLINE, NULL, out, fail) != 0)
		return -1;
	if (is_dispatcher(name) && add(function, OWNER_BPF, NULL, out, fail) != 0)
		return -1;
	if (function->symbol->module == NULL && is_ftrace_entry(name) &&
	    add_ftrace_entry(function, out, fail) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(nmi_names) / sizeof(nmi_names[0]); i++) {
		if (strlen(nmi_names[i].name) == stem &&
		    strncmp(nmi_names[i].name, name, stem) == 0)
			return add(function, OWNER_NMI, nmi_names[i].why, out, fail);
	}
	return 0;
}

static int add_by_range(const struct symtab *symtab, const struct function *function,
			struct owners *out, struct fail *fail)
{
	uint64_t address = function->symbol->address;

	for (size_t i = 0; i < REGIONS; i++) {
		const struct symbol *start = symtab_in_image(symtab, regions[i].start);
		const struct symbol *end = symtab_in_image(symtab, regions[i].end);

		if (start != NULL && end != NULL && address >= start->address &&
		    address < end->address &&
		    add(function, regions[i].kind, regions[i].section, out, fail) != 0)
			return -1;
	}
	return 0;
}

static int add_by_section(const struct elf_file *image, const struct function *function,
			  struct owners *out, struct fail *fail)
{
	const struct elf_section *section = elf_file_section_at(image, function->symbol->address);

	for (size_t i = 0; section != NULL && i < REGIONS; i++) {
		if (strcmp(section->name, regions[i].section) == 0)
			return add(function, regions[i].kind, section->name, out, fail);
	}
	return 0;
}

/* Whether the module has one of the sections at all: few do, and there are many files to read. Where
 * nothing can be told of its sections, it may. */
static bool may_have_region(const char *directory)
{
	for (size_t i = 0; i < REGIONS; i++) {
		char path[512];

		(void)snprintf(path, sizeof(path), "%.128s/%s", directory, regions[i].section);
		if (access(path, F_OK) == 0)
			return true;
	}
	return access(directory, F_OK) != 0;
}

int hazard_text_section(const char *directory, uint64_t address, enum owner_kind *out,
			struct fail *fail)
{
	CLEANUP(module_sections_deinit) struct module_sections sections = { .items = NULL };
	const struct module_section *at;

	if (!may_have_region(directory))
		return 0;
	if (module_sections_read(directory, &sections, fail) != 0)
		return -1;
	at = module_sections_at(&sections, address);
	/* An empty section lies where the next begins: either may be what is meant. */
	for (size_t i = 0; at != NULL && i < REGIONS; i++) {
		const struct module_section *region = module_sections_find(&sections,
									   regions[i].section);

		if (region != NULL && region->start == at->start) {
			*out = regions[i].kind;
			return 1;
		}
	}
	return 0;
}

static int add_by_loaded_section(const struct module *module, const struct function *function,
				 struct owners *out, struct fail *fail)
{
	char directory[128], why[sizeof(fail->message) + 128];
	enum owner_kind kind;
	struct fail error;
	int result;

	module_sections_directory(module->name, directory);
	result = hazard_text_section(directory, function->symbol->address, &kind, &error);
	if (result == 0)
		return 0;
	if (result == 1)
		return add(function, kind, NULL, out, fail);
	(void)snprintf(why, sizeof(why), "the sections of module %.64s cannot be read (%s)",
		       module->name, error.message);
	return add(function, OWNER_UNKNOWN, why, out, fail);
}

int hazard_text(const struct kernel *kernel, const struct function *function, struct owners *out,
		struct fail *fail)
{
	const struct symbol *symbol = function->symbol;
	const struct module *module;

	if (add_by_name(function, out, fail) != 0)
		return -1;
	if (kernel->image != NULL && elf_file_relocatable(kernel->image))
		return add_by_section(kernel->image, function, out, fail);
	if (symbol->module == NULL)
		return add_by_range(kernel->symtab, function, out, fail);
	if (kernel->modules == NULL)
		return 0;
	module = modules_find(kernel->modules, symbol->module);
	return module == NULL ? 0 : add_by_loaded_section(module, function, out, fail);
}
