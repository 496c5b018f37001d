/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/hazard_live.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What an optimised kprobe writes: a jump with a 32-bit displacement (RELATIVEJUMP_SIZE,
 * DISP32_SIZE + 1, of arch/x86/include/asm/kprobes.h). ftrace's site has the same size. */
enum { JUMP_SIZE = 5, ENDBR_SIZE = 4 };

void hazard_lists_deinit(struct hazard_lists *lists)
{
	hazard_lists_renew(lists, true);
}

void hazard_lists_renew(struct hazard_lists *lists, bool text_changed)
{
	owner_list_deinit(&lists->kprobes);
	owner_list_deinit(&lists->events);
	owner_list_deinit(&lists->traced);
	owner_list_deinit(&lists->livepatches);
	if (text_changed || lists->blacklist.state != LIST_READ)
		owner_list_deinit(&lists->blacklist);
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

/* Reads a list if that was not done yet. 1: it exists and cannot be read, *unknown has why; -1:
 * memory ran out. Where the kernel has the feature and not the list, it is hidden: debugfs=off. */
static int need(struct owner_list *list, const struct list_kind *kind, const struct symtab *symtab,
		struct fail *unknown, struct fail *fail)
{
	if (list->state == LIST_UNREAD &&
	    (kind->read(list, fail) != 0 ||
	     (kind->addresses && owner_list_resolve(list, symtab, fail) != 0))) {
		owner_list_deinit(list);
		return -1;
	}
	if (list->state == LIST_ABSENT && symtab_in_image(symtab, kind->feature) != NULL) {
		(void)fail_set(unknown, OUTCOME_HAZARD, "this kernel has %s but does not show it; "
			       "was it started with debugfs=off, or built without?", kind->what);
		return 1;
	}
	if (list->state != LIST_UNREADABLE)
		return 0;
	(void)fail_set(unknown, OUTCOME_HAZARD, "%s cannot be read (%s)", kind->what, list->why);
	return 1;
}

/* As need(), with an owner of the whole range that is not known. */
static int need_for(struct owner_list *list, const struct list_kind *kind,
		    const struct symtab *symtab, uint64_t start, uint64_t end, struct owners *out,
		    struct fail *fail)
{
	struct fail why;
	int result = need(list, kind, symtab, &why, fail);

	if (result == 1 && owners_add(out, OWNER_UNKNOWN, start, end, why.message, NULL, fail) != 0)
		return -1;
	return result;
}

static bool same_object(const struct listed *listed, const struct symbol *symbol)
{
	if (listed->object == NULL || symbol->module == NULL)
		return listed->object == NULL && symbol->module == NULL;
	return strcmp(listed->object, symbol->module) == 0;
}

static bool listed_is(const struct listed *listed, const struct symtab *symtab,
		      const struct symbol *symbol)
{
	const struct symbol *alias = NULL;

	if (!same_object(listed, symbol))
		return false;
	if (strcmp(listed->name, symbol->name) == 0)
		return true;
	/* The kernel may tell of it by another of its names. */
	while ((alias = symtab_next(symtab, listed->name, alias)) != NULL) {
		if (alias->address == symbol->address && symbol_same_module(alias, symbol))
			return true;
	}
	return false;
}

/* What there is to say of one kprobe. */
struct kprobe_words {
	char who[256];			/* "an optimised kprobe p_nfs_flock_0" */
	char advice[1024];
};

static void append(char *out, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *out, size_t size, const char *format, ...)
{
	size_t length = strlen(out);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(out + length, size - length, format, arguments);	/* cut, if need be */
	va_end(arguments);
}

/* Whether the event is the kprobe: one at a function's start is moved behind its endbr
 * (arch/x86/kernel/kprobes/core.c, arch_adjust_kprobe_addr()). */
static bool event_is(const struct listed *event, const struct symtab *symtab,
		     const struct function *function, const struct listed *kprobe)
{
	uint64_t offset = kprobe->address - function->symbol->address;

	return (event->offset == offset ||
		(event->offset == 0 && offset == ENDBR_SIZE && function->count > 0 &&
		 function->insns[0].endbr)) && listed_is(event, symtab, function->symbol);
}

/* Names the kprobe by all events that are on it. Where these cannot be read it has no name. */
static int describe(struct hazard_lists *lists, const struct symtab *symtab,
		    const struct function *function, const struct listed *kprobe,
		    struct kprobe_words *out, struct fail *fail)
{
	bool named = false;

	if (lists->events.state == LIST_UNREAD &&
	    list_kprobe_events(&lists->events, fail) != 0) {
		owner_list_deinit(&lists->events);
		return -1;
	}
	out->advice[0] = '\0';
	(void)snprintf(out->who, sizeof(out->who), "%s kprobe", kprobe->optimized ?
		       "an optimised" : kprobe->disabled ? "a disabled" : "a");
	for (size_t i = 0; i < lists->events.count; i++) {
		const struct listed *event = &lists->events.items[i];

		if (!event_is(event, symtab, function, kprobe))
			continue;
		append(out->who, sizeof(out->who), "%s %s", named ? " and" : "",
		       strchr(event->detail, '/') + 1);
		append(out->advice, sizeof(out->advice), "%s the kprobe %s (echo 0 > "
		       "/sys/kernel/tracing/events/%s/enable; echo '-:%s' >> "
		       "/sys/kernel/tracing/kprobe_events)", named ? ", and" : "disable",
		       strchr(event->detail, '/') + 1, event->detail, event->detail);
		named = true;
	}
	if (!named && lists->events.state == LIST_READ)
		append(out->who, sizeof(out->who), ", placed by perf, BPF or a module,");
	if (!named)
		append(out->advice, sizeof(out->advice), "end the perf or BPF program, or unload "
		       "the module, that placed it (debugfs kprobes/list has all kprobes)");
	return 0;
}

static int hidden_by(struct hazard_lists *lists, const struct symtab *symtab,
		     const struct function *function, const struct listed *kprobe,
		     const char *what, struct fail *fail)
{
	struct kprobe_words words;

	if (describe(lists, symtab, function, kprobe, &words, fail) != 0)
		return -1;
	return fail_at(fail, OUTCOME_HAZARD, kprobe->address,
		       "%s at %s+0x%" PRIx64 " (0x%" PRIx64 ") %s; %s, then try again", words.who,
		       function->symbol->name, kprobe->address - function->symbol->address,
		       kprobe->address, what, words.advice);
}

int hazard_live_hidden(struct hazard_lists *lists, const struct kernel *kernel,
		       const struct function *function, uint64_t offset, size_t length,
		       struct fail *fail)
{
	uint64_t start = function->symbol->address;
	struct fail why;
	int result = need(&lists->kprobes, &kprobes_kind, kernel->symtab, &why, fail);

	if (result < 0)
		return -1;
	if (result > 0)
		return fail_at(fail, OUTCOME_HAZARD, start + offset,
			       "%s, so it is not known whether these bytes are the function's own; "
			       "run patcherd as root with CAP_SYSLOG, mount debugfs and tracefs, and "
			       "see LOCKDOWN in patcherd(8)", why.message);
	for (size_t i = 0; i < lists->kprobes.count; i++) {
		const struct listed *kprobe = &lists->kprobes.items[i];

		/* One on ftrace's site changes no instruction of the function. */
		if (kprobe->ftrace || kprobe->disabled || kprobe->address < start ||
		    kprobe->address >= start + offset + length)
			continue;
		return hidden_by(lists, kernel->symtab, function, kprobe,
				 kprobe->address >= start + offset ?
				 "stands in these bytes" :
				 "stands before these bytes in the same function and hides its own "
				 "instruction, so the function cannot be decoded up to them", fail);
	}
	return 0;
}

/* Behind the last byte of a kprobe: of every instruction that its jump reaches into once it is
 * optimised. They run from a copy then, which is made when the probe is registered. */
static uint64_t kprobe_end(const struct function *function, const struct listed *kprobe)
{
	uint64_t end = kprobe->address - function->symbol->address + JUMP_SIZE;

	while (end < function->size && function_insn_at(function, end) == SIZE_MAX)
		end++;
	return function->symbol->address + end;
}

static int add_kprobes(struct hazard_lists *lists, const struct kernel *kernel,
		       const struct function *function, struct owners *out, struct fail *fail)
{
	uint64_t start = function->symbol->address, end = start + function->size;
	int result = need_for(&lists->kprobes, &kprobes_kind, kernel->symtab, start, end, out, fail);

	if (result != 0)
		return result;
	for (size_t i = 0; i < lists->kprobes.count; i++) {
		const struct listed *kprobe = &lists->kprobes.items[i];
		struct kprobe_words words;

		if (kprobe->ftrace || kprobe->address < start || kprobe->address >= end)
			continue;
		if (describe(lists, kernel->symtab, function, kprobe, &words, fail) != 0)
			return -1;
		append(words.who, sizeof(words.who), " at +0x%" PRIx64, kprobe->address - start);
		if (owners_add(out, OWNER_KPROBE, kprobe->address, kprobe_end(function, kprobe),
			       words.who, words.advice, fail) != 0)
			return -1;
	}
	return 0;
}

static int add_blacklist(struct hazard_lists *lists, const struct kernel *kernel,
			 const struct function *function, struct owners *out, struct fail *fail)
{
	uint64_t start = function->symbol->address, end = start + function->size;
	int result = need_for(&lists->blacklist, &blacklist_kind, kernel->symtab, start, end, out,
			      fail);

	if (result != 0)
		return result;
	for (size_t i = 0; i < lists->blacklist.count; i++) {
		const struct listed *range = &lists->blacklist.items[i];
		char detail[512];

		if (range->address >= end || range->end <= start)
			continue;
		(void)snprintf(detail, sizeof(detail), "%s, 0x%" PRIx64 "-0x%" PRIx64
			       " of debugfs kprobes/blacklist", range->name, range->address,
			       range->end);
		if (owners_add(out, OWNER_KPROBE_BLACKLIST,
			       range->address > start ? range->address : start,
			       range->end < end ? range->end : end, detail, NULL, fail) != 0)
			return -1;
	}
	return 0;
}

static const struct listed *list_find(const struct owner_list *list, const struct symtab *symtab,
				      const struct symbol *symbol)
{
	for (size_t i = 0; i < list->count; i++) {
		if (listed_is(&list->items[i], symtab, symbol))
			return &list->items[i];
	}
	return NULL;
}

/* The livepatch that replaces the function, or the one that it is a cold part of (NAME.cold), which
 * nothing else jumps to. NULL: none does. */
static const struct listed *livepatch_of(const struct owner_list *list,
					 const struct symtab *symtab, const struct symbol *symbol)
{
	const struct listed *found = list_find(list, symtab, symbol);
	const char *cold = strstr(symbol->name, ".cold");

	for (size_t i = 0; found == NULL && cold != NULL && i < list->count; i++) {
		const struct listed *item = &list->items[i];

		if (strlen(item->name) == (size_t)(cold - symbol->name) &&
		    strncmp(item->name, symbol->name, strlen(item->name)) == 0 &&
		    same_object(item, symbol))
			found = item;
	}
	return found;
}

static int add_livepatch(struct hazard_lists *lists, const struct kernel *kernel,
			 const struct function *function, struct owners *out, struct fail *fail)
{
	uint64_t start = function->symbol->address, end = start + function->size;
	int result = need_for(&lists->livepatches, &livepatches_kind, kernel->symtab, start, end,
			      out, fail);
	const struct listed *livepatch;
	char advice[256];

	if (result != 0)
		return result;
	livepatch = livepatch_of(&lists->livepatches, kernel->symtab, function->symbol);
	if (livepatch == NULL)
		return 0;
	(void)snprintf(advice, sizeof(advice), "disable it (echo 0 > "
		       "/sys/kernel/livepatch/%.64s/enabled) or change its replacement",
		       livepatch->detail);
	return owners_add(out, OWNER_LIVEPATCH, start, end, livepatch->detail, advice, fail);
}

int hazard_live(struct hazard_lists *lists, const struct kernel *kernel,
		const struct function *function, struct owners *out, struct fail *fail)
{
	if (add_kprobes(lists, kernel, function, out, fail) < 0 ||
	    add_blacklist(lists, kernel, function, out, fail) < 0 ||
	    add_livepatch(lists, kernel, function, out, fail) < 0)
		return -1;
	return 0;
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

static struct owner *owner_of_ftrace(struct owners *owners)
{
	for (size_t i = 0; i < owners->count; i++) {
		if (owners->items[i].kind == OWNER_FTRACE)
			return &owners->items[i];
	}
	return NULL;
}

/* Whether the call goes to what ftrace or BPF made for it, not to a function: into the text that
 * the kernel makes as it runs, newer than the symbols or among them as [__builtin__ftrace] and [bpf],
 * or to ftrace's own entries (arch/x86/kernel/ftrace_64.S, ftrace_32.S). The image itself calls no
 * module. `listed`: all who trace are known, so that another module's function is none of theirs
 * (register_ftrace_direct()). */
static bool calls_tracer(const struct symtab *symtab, const struct function *function,
			 const struct insn *call, bool listed)
{
	static const char *const names[] = { "ftrace_caller", "ftrace_regs_caller", "__fentry__" };
	const struct symbol *target = symtab_at(symtab, call->target);

	if (target == NULL || target->address != call->target)
		return true;
	if (target->module != NULL)
		return strncmp(target->module, "__builtin__", 11) == 0 ||
		       strcmp(target->module, "bpf") == 0 ||
		       function->symbol->module == NULL ||
		       (!listed && !symbol_same_module(target, function->symbol));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(target->name, names[i]) == 0)
			return true;
	}
	return false;
}

static int add_ftrace(const struct insn *site, const char *detail, struct owners *out,
		      struct fail *fail)
{
	struct owner *known = owner_of_ftrace(out);

	if (known == NULL)
		return owners_add(out, OWNER_FTRACE, site->address, site->address + site->length,
				  detail, NULL, fail);
	if (detail == NULL || known->detail != NULL)
		return 0;
	known->detail = strdup(detail);
	return known->detail == NULL ? fail_memory(fail, "who traces a function") : 0;
}

/* A call is ftrace's, BPF's, or the function's own. Only then is the list of who traces what worth
 * its time: a nop tells that nobody does. */
static int called(struct hazard_lists *lists, const struct kernel *kernel,
		  const struct function *function, const struct insn *site, struct owners *out,
		  struct fail *fail)
{
	int result = need_for(&lists->traced, &traced_kind, kernel->symtab, site->address,
			      site->address + site->length, out, fail);
	const struct listed *tracer;
	char detail[512];

	if (result < 0)
		return -1;
	tracer = list_find(&lists->traced, kernel->symtab, function->symbol);
	if (tracer == NULL && lists->traced.state == LIST_ABSENT)
		return 0;
	if (tracer == NULL && owner_of_ftrace(out) == NULL &&
	    !calls_tracer(kernel->symtab, function, site,
			  lists->traced.state == LIST_READ && !lists->traced.cut))
		return 0;
	(void)snprintf(detail, sizeof(detail), "it is traced now%s%.400s",
		       tracer != NULL ? ": " : lists->traced.cut ? ", as are many functions" : "",
		       tracer == NULL || tracer->detail == NULL ? "" : tracer->detail);
	return add_ftrace(site, detail, out, fail);
}

/* Whether an image lists all of ftrace's sites (see table.h), so that no other call is one. */
static bool image_lists_sites(const struct kernel *kernel)
{
	return symtab_in_image(kernel->symtab, "__start_mcount_loc") != NULL ||
	       elf_file_section(kernel->image, "__mcount_loc") != NULL;
}

int hazard_ftrace(struct hazard_lists *lists, const struct kernel *kernel,
		  const struct function *function, struct owners *out, struct fail *fail)
{
	const struct insn *site = ftrace_site(function);

	if (site == NULL || (kernel->image != NULL && image_lists_sites(kernel)))
		return 0;
	if (kernel->modules != NULL && !is_ftrace_nop(site))
		return called(lists, kernel, function, site, out, fail);
	if (kernel->modules != NULL &&
	    symtab_in_image(kernel->symtab, traced_kind.feature) == NULL)
		return 0;
	return add_ftrace(site, NULL, out, fail);
}
