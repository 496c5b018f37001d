/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * orc: from which address on the kernel's unwinder takes the stack for how deep. x86-64 kernels
 * with CONFIG_UNWINDER_ORC (since 4.14) have two sections of as many entries, by address:
 *   .orc_unwind_ip  s32, the address that a state holds from, relative to the field's own
 *   .orc_unwind     struct orc_entry, 6 packed bytes (arch/x86/include/asm/orc_types.h); its
 *                   fields moved in 6.3 and 6.4, but only whether two are equal matters here, and
 *                   that all bytes 0 say in all releases that nothing is known (objtool writes it
 *                   between functions, and where it has not followed the code)
 *
 * The kernel image has symbols around both (include/asm-generic/vmlinux.lds.h), sorted when it is
 * built since 5.6, by the kernel as it starts before; a module's are sorted as it is loaded
 * (arch/x86/kernel/unwind_orc.c, unwind_module_init()); a .ko's or .o's are sections with
 * relocations, in no order.
 */
#ifndef PATCHERD_ORC_H
#define PATCHERD_ORC_H

#include "module.h"
#include "symtab.h"
#include "target.h"

enum { ORC_ENTRY_SIZE = 6 };

struct orc_state {
	uint64_t address;
	uint8_t entry[ORC_ENTRY_SIZE];
};

struct orc_states {
	struct orc_state *items;	/* by address, of one address the one that counts last */
	size_t count;
};

/* Where a kernel's or module's states are; all zero: it has none. */
struct orc {
	uint64_t ips, entries;		/* addresses of the first ones */
	size_t count;
	struct orc_states file;		/* of a file that is not linked, instead of those */
};

/*
 * Of the kernel image (`module` NULL) or of that loaded module; `image`: that file's; NULL: the
 * running kernel's. A kernel without ORC has none, which is no error. -1: OUTCOME_HAZARD, they are
 * there and cannot be read, or the two sections do not fit each other. Freed by orc_deinit().
 */
int orc_find(struct target *target, const struct symtab *symtab, const struct elf_file *image,
	     const struct module *module, struct orc *out, struct fail *fail) MUST_CHECK;
/* The loaded module's whose sections `directory` tells, in place of /sys/module/NAME/sections. */
int orc_find_loaded(struct target *target, const char *directory, struct orc *out,
		    struct fail *fail) MUST_CHECK;
void orc_deinit(struct orc *orc);

/* The states that hold from `start` to before or at `end`: the first is that of `start` itself, if
 * any holds there. Not all are read, but a few pages. -1: OUTCOME_HAZARD. */
int orc_read(struct target *target, const struct orc *orc, uint64_t start, uint64_t end,
	     struct orc_states *out, struct fail *fail) MUST_CHECK;
void orc_states_deinit(struct orc_states *states);

/* Whether the kernel knows anything of the stack there. */
bool orc_known(const struct orc_state *state);
bool orc_equal(const struct orc_state *a, const struct orc_state *b);

#endif
