/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table: the places that a kernel's own tables name: text that the kernel rewrites or finds again
 * by its address, and the keys that switch it.
 *
 * Formats, as read in 5.10, 6.1 and 6.12; a field is relative to its own address unless it says
 * "absolute", which is a pointer:
 *   __jump_table        s32 code, s32 target, then the key as s64, on i386 as s32, of which two bits
 *                       are flags (include/linux/jump_label.h, since 4.19)
 *   .static_call_sites  s32 addr, s32 key, of which two bits are flags
 *                       (include/linux/static_call_types.h, since 5.10)
 *   __ex_table          s32 insn, s32 fixup, s32 data (arch/x86/include/asm/extable.h; the third
 *                       field is a handler before 5.16, since 4.6)
 *   __bug_table         s32 addr (absolute on i386), then s32 file, u16 line and u16 flags with
 *                       CONFIG_DEBUG_BUGVERBOSE (12 bytes), or u16 flags and u16 of padding (8)
 *                       (include/asm-generic/bug.h)
 *   .altinstructions    s32 instr, s32 repl, u16 cpuid, u8 instrlen, u8 replacementlen (12 bytes;
 *                       before 5.13 a u8 padlen behind them, 13; since 6.3 cpuid is of 32 bits with
 *                       its flags, 14) (arch/x86/include/asm/alternative.h)
 *   .parainstructions   absolute instr, u8 type, u8 len, padded to a pointer
 *                       (arch/x86/include/asm/paravirt_types.h, up to 6.7; alternatives since)
 *   .retpoline_sites, .return_sites, .call_sites, .ibt_endbr_seal, .smp_locks
 *                       s32 addr (arch/x86/kernel/alternative.c)
 *   __mcount_loc        absolute addr (kernel/trace/ftrace.c)
 *   _kprobe_blacklist   absolute addr of a function (include/asm-generic/kprobes.h)
 * Which form a table has, its entries tell: most of a form's that is right name text, what is there
 * is what they say (ud2, lock), and lengths are possible. A table of none of these forms (of longs,
 * as __jump_table was before 4.19, or of pairs, as __ex_table was before 4.6) is a hazard.
 *
 * In the kernel image a table lies between two symbols (include/asm-generic/vmlinux.lds.h,
 * arch/x86/kernel/vmlinux.lds.S), of which the running kernel has given back those in init memory; a
 * stripped vmlinux still has some of them as sections; in a .ko or .o it is a section with
 * relocations. Of a loaded module /sys/module/NAME/sections gives only where it starts: it is read
 * up to where the module's next section starts, else up to a page that is not there, as each of a
 * module's regions has a guard page behind it. What follows the table in there is told by the text
 * that an entry must name.
 */
#ifndef PATCHERD_TABLE_H
#define PATCHERD_TABLE_H

#include "module.h"
#include "owner.h"
#include "symtab.h"
#include "target.h"

/* Of OWNER_JUMP_TARGET and OWNER_EX_FIXUP, places that control comes to, `length` is 0. Of others it
 * is how many bytes the table says they own, 0: it does not say, it is the instruction there, or of
 * OWNER_KPROBE_BLACKLIST the function. */
struct table_entry {
	uint64_t address;
	enum owner_kind kind;
	unsigned length;
};

struct table {
	struct table_entry *entries;	/* by address */
	size_t count;
	struct table_entry *keys;	/* data, by address: OWNER_STATIC_KEY, OWNER_STATIC_CALL_KEY,
					 * each once, with its length */
	size_t key_count;
};

/*
 * All entries of the kernel image (`module` NULL) or of that loaded module.
 * `image`: that file's; NULL: the running kernel's. A table that a kernel does not have is empty.
 * -1: OUTCOME_HAZARD, it exists and cannot be read; *out is empty then. Freed by table_deinit().
 */
int table_load(struct target *target, const struct symtab *symtab, const struct elf_file *image,
	       const struct module *module, struct table *out, struct fail *fail) MUST_CHECK;
void table_deinit(struct table *table);

/* The index of the first entry at `address` or behind it; table->count: none. */
size_t table_first(const struct table *table, uint64_t address);

/* The first key that has one of the bytes from `start` to before `end`; NULL: none has. The keys of
 * a table are those that its own text uses: a module's may lie in the kernel image. */
const struct table_entry *table_key(const struct table *table, uint64_t start, uint64_t end);

/* Where the text lies that a table's entries name. */
struct table_text {
	struct target *target;		/* its bytes are read there; its architecture */
	const struct elf_file *image;	/* its executable sections are the text; NULL: the running
					 * kernel */
	uint64_t start, end;		/* of an image, of the one that nearly all entries name */
	uint64_t init_start, init_end;	/* given back: it tells the form, and has no owners */
	bool module;			/* of one, not of the kernel image */
};

/* Adds what `length` bytes of the table that `name` calls, in memory at `address`, name; what is no
 * entry behind the last one is ignored. -1: OUTCOME_HAZARD. table_sort() comes behind the last. */
int table_parse(const struct table_text *text, const char *name, const uint8_t *data,
		size_t length, uint64_t address, struct table *table, struct fail *fail) MUST_CHECK;
int table_sort(struct table *table, struct fail *fail) MUST_CHECK;

#endif
