/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "owner.h"

#include <stdlib.h>
#include <string.h>

/* `what` ends the sentence "nfs_flock+0x2f (0x…) is …". */
static const struct kind {
	const char *name;
	bool allowable;
	const char *what, *advice;
} kinds[OWNER_KINDS] = {
	[OWNER_UNKNOWN] = { "unknown", false,
		"of an owner who cannot be told",
		"run patcherd as root with CAP_SYSLOG, mount debugfs and tracefs, and see LOCKDOWN in "
		"patcherd(8)" },
	[OWNER_FTRACE] = { "ftrace", false,
		"ftrace's site of the function: the kernel rewrites it whenever somebody starts or "
		"stops to trace the function", "choose an instruction behind it" },
	[OWNER_KPROBE] = { "kprobe", false,
		"covered by a kprobe, which runs its own copy of the instructions",
		"remove the kprobe (debugfs kprobes/list has them all), then try again" },
	[OWNER_KPROBE_BLACKLIST] = { "kprobe_blacklist", false,
		"text in which the kernel forbids probes: it runs while text is changed, or where no "
		"fault can be taken", "it cannot be patched; choose another function" },
	[OWNER_LIVEPATCH] = { "livepatch", false,
		"replaced by a kernel livepatch: a change here would not run",
		"disable the livepatch, or change its replacement" },
	[OWNER_JUMP_LABEL] = { "jump_label", false,
		"a static key's site (__jump_table): the kernel rewrites it whenever the key is "
		"switched, and stops with BUG() if it finds other bytes",
		"choose another instruction" },
	[OWNER_JUMP_TARGET] = { "jump_target", false,
		"where a static key's jump goes (__jump_table), inside these bytes",
		"change the instructions one by one, or others" },
	[OWNER_STATIC_CALL] = { "static_call", false,
		"a static call's site (.static_call_sites): the kernel rewrites it whenever the call is "
		"switched, and stops with BUG() if it finds other bytes",
		"choose another instruction" },
	[OWNER_EX_TABLE] = { "ex_table", true,
		"an instruction that may fault (__ex_table): the kernel goes on elsewhere then, as it "
		"was written for", "choose another instruction" },
	[OWNER_EX_FIXUP] = { "ex_fixup", false,
		"where the kernel goes on after a fault (__ex_table), inside these bytes",
		"change the instructions one by one, or others" },
	[OWNER_BUG_TABLE] = { "bug_table", true,
		"the ud2 of a WARN or BUG (__bug_table): the kernel finds what to print, and whether to "
		"go on, by its address", "change the jump to it instead" },
	[OWNER_SMP_LOCK] = { "smp_lock", true,
		"a lock prefix (.smp_locks): the kernel rewrites it when a second CPU comes online",
		"choose another instruction" },
	[OWNER_ALTERNATIVE] = { "alternative", true,
		"an alternative (.altinstructions): the kernel writes other bytes there when it starts "
		"or loads the module", "prove it on the running kernel, or choose another instruction" },
	[OWNER_RETPOLINE] = { "retpoline", true,
		"an indirect branch (.retpoline_sites): the kernel writes other bytes there when it "
		"starts or loads the module",
		"prove it on the running kernel, or choose another instruction" },
	[OWNER_RETURN_SITE] = { "return_site", true,
		"a return (.return_sites): the kernel writes other bytes there when it starts or loads "
		"the module", "prove it on the running kernel, or choose another instruction" },
	[OWNER_CALL_SITE] = { "call_site", true,
		"a call (.call_sites): where the CPU needs call depth tracking, the kernel writes "
		"another there when it starts or loads the module",
		"prove it on the running kernel, or choose another instruction" },
	[OWNER_ENDBR_SEAL] = { "endbr_seal", true,
		"an endbr that no indirect branch needs (.ibt_endbr_seal): the kernel writes a nop there "
		"when it starts or loads the module",
		"prove it on the running kernel, or choose another instruction" },
	[OWNER_ORC_UNWIND] = { "orc_unwind", true,
		"where the stack's depth changes (.orc_unwind): with other instructions the kernel "
		"could not unwind the stack from here",
		"choose an instruction that leaves the stack as it is" },
	[OWNER_STATIC_CALL_TRAMPOLINE] = { "static_call_trampoline", false,
		"a static call's trampoline: the kernel rewrites it whenever the call is switched",
		"change the function that it calls" },
	[OWNER_BPF] = { "bpf", false,
		"a BPF dispatcher: the kernel rewrites it whenever a program comes or goes",
		"it cannot be patched; choose another function" },
	[OWNER_ENTRY] = { "entry", false,
		"entry code: it runs on every way into the kernel, also while text is changed",
		"it cannot be patched; choose another function" },
	[OWNER_NOINSTR] = { "noinstr", false,
		"code in which the kernel allows no probes (noinstr): it runs where no fault can be "
		"taken, also while text is changed", "it cannot be patched; choose another function" },
	[OWNER_NMI] = { "nmi", false,
		"code of the NMI, which no stop of the CPUs keeps out while text is changed",
		"it cannot be patched; choose another function" },
	[OWNER_STOP] = { "stop", false,
		"run by the CPUs while they are stopped for a change of text",
		"it cannot be patched; choose another function" },
	[OWNER_STATIC_KEY] = { "static_key", false,
		"a static key: the kernel changes it together with all its sites",
		"use the switch that the kernel has for it" },
	[OWNER_STATIC_CALL_KEY] = { "static_call_key", false,
		"a static call's key: the kernel changes it together with all its sites",
		"change the function that it calls" },
	[OWNER_PAGE_TABLE] = { "page_table", false,
		"a page table: one wrong bit takes the machine down",
		"it cannot be changed; choose other data" },
	[OWNER_SYSCALL_TABLE] = { "syscall_table", false,
		"the table of system calls, which the kernel may have compiled into its text",
		"change the function that it names" },
	[OWNER_INTERRUPT_TABLE] = { "interrupt_table", false,
		"a table that the CPU itself reads at each interrupt or segment load",
		"it cannot be changed; choose other data" },
	[OWNER_RO_AFTER_INIT] = { "ro_after_init", true,
		"read-only since the kernel has started (.data..ro_after_init): code may have been "
		"fitted to its value", "choose the switch that the kernel has for it" },
};

const char *owner_name(enum owner_kind kind)
{
	return kinds[kind].name;
}

bool owner_parse(const char *name, enum owner_kind *out)
{
	for (size_t i = 0; i < OWNER_KINDS; i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			*out = (enum owner_kind)i;
			return true;
		}
	}
	return false;
}

bool owner_allowable(enum owner_kind kind)
{
	return kinds[kind].allowable;
}

const char *owner_policy_name(enum owner_policy policy)
{
	static const char *const names[] = {
		[OWNER_FORBIDDEN] = "forbidden",
		[OWNER_ALLOWABLE] = "allowable",
		[OWNER_SETTLED] = "settled",
	};

	return names[policy];
}

static int copy(const char *text, char **out)
{
	*out = text == NULL ? NULL : strdup(text);
	return text != NULL && *out == NULL ? -1 : 0;
}

int owners_add(struct owners *owners, enum owner_kind kind, uint64_t address, uint64_t end,
	       const char *detail, const char *advice, struct fail *fail)
{
	struct owner *items = reallocarray(owners->items, owners->count + 1, sizeof(*items));
	struct owner owner = {
		.kind = kind,
		.policy = owner_allowable(kind) ? OWNER_ALLOWABLE : OWNER_FORBIDDEN,
		.address = address,
		.end = end,
	};

	if (items == NULL)
		return fail_memory(fail, "the owners of the kernel's text");
	owners->items = items;
	if (copy(detail, &owner.detail) != 0 || copy(advice, &owner.advice) != 0) {
		free(owner.detail);
		return fail_memory(fail, "the owners of the kernel's text");
	}
	items[owners->count++] = owner;
	return 0;
}

static int by_address(const void *left, const void *right)
{
	const struct owner *a = left, *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (int)a->kind - (int)b->kind;
}

void owners_sort(struct owners *owners)
{
	if (owners->count > 1)
		qsort(owners->items, owners->count, sizeof(*owners->items), by_address);
}

void owners_deinit(struct owners *owners)
{
	for (size_t i = 0; i < owners->count; i++) {
		free(owners->items[i].detail);
		free(owners->items[i].advice);
	}
	free(owners->items);
	memset(owners, 0, sizeof(*owners));
}

bool owner_touches(const struct owner *owner, uint64_t start, uint64_t end)
{
	if (owner->address == owner->end)
		return owner->address > start && owner->address < end;
	return owner->address < end && owner->end > start;
}

const char *owner_what(enum owner_kind kind)
{
	return kinds[kind].what;
}

const char *owner_advice(const struct owner *owner)
{
	return owner->advice != NULL ? owner->advice : kinds[owner->kind].advice;
}
