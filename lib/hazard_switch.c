/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "jmp *table(,%rax,8)": the table is a list of addresses in read-only data. How long it is, no table
 * of the kernel's says; it ends where an entry is no code's address, and what is read too much are other
 * functions' tables. Kernels built against Spectre have none (arch/x86/Makefile, -fno-jump-tables).
 */
#include "lib/hazard_switch.h"

#include <inttypes.h>
#include <string.h>

#include "lib/insn_layout.h"

enum { ENTRIES_MAX = 4096, NO_BASE = 5, SIB = 4, JUMP_NEAR = 4 };

/* Whether it is a jump through a table at a fixed address, and where that is. */
static bool is_table_jump(enum architecture arch, const struct insn *insn, uint64_t *table)
{
	const unsigned scale = arch == ARCH_X86_64 ? 3 : 2;
	struct insn_layout layout;
	uint8_t sib;

	if (insn->flow != FLOW_JUMP || insn->has_target || insn->opaque ||
	    !insn_layout(arch, insn->bytes, insn->length, &layout) || !layout_is(&layout, 0, 0xff) ||
	    layout_reg(&layout) != JUMP_NEAR || layout_mod(&layout) != 0 ||
	    layout_rm(&layout) != SIB || layout.displacement_size != sizeof(uint32_t))
		return false;
	sib = insn->bytes[layout.sib_at];
	*table = (uint64_t)insn_number(insn->bytes + layout.displacement_at,
				       layout.displacement_size);
	if (arch == ARCH_I386)
		*table &= UINT32_MAX;
	return sib >> 6 == scale && (sib & 7) == NO_BASE;
}

/* 1: that entry is none. */
static int entry_read(const struct kernel *kernel, uint64_t address, uint64_t *out,
		      struct fail *fail)
{
	size_t size = kernel->target->info.architecture == ARCH_X86_64 ? 8 : 4;
	const struct symbol *symbol;
	uint8_t bytes[8] = { 0 };

	if (target_read(kernel->target, address, bytes, size, "a jump's table", fail) != 0)
		return -1;
	memcpy(out, bytes, sizeof(*out));	/* little-endian */
	symbol = symtab_at(kernel->symtab, *out);
	return symbol == NULL || !symbol_is_text(symbol);
}

static int table_inside(const struct kernel *kernel, const struct function *function,
			const struct insn *insn, uint64_t table, uint64_t address, uint64_t end,
			struct fail *fail)
{
	uint64_t size = kernel->target->info.architecture == ARCH_X86_64 ? 8 : 4;
	uint64_t offset = insn->address - function->symbol->address;
	struct fail why;

	for (uint64_t i = 0; i < ENTRIES_MAX; i++) {
		uint64_t to;
		int result = entry_read(kernel, table + i * size, &to, &why);

		/* In a file that is not linked yet the table is not known; nothing is written there. */
		if (result > 0 || (result < 0 && kernel->modules == NULL))
			return 0;
		if (result < 0)
			return fail_at(fail, OUTCOME_HAZARD, insn->address,
				       "%s+0x%" PRIx64 " (0x%" PRIx64 ") jumps through a table at 0x%"
				       PRIx64 ", and that it does not jump into the middle of these "
				       "bytes cannot be told: %s; change the instructions one by one",
				       function->symbol->name, offset, insn->address, table,
				       why.message);
		if (to > address && to < end)
			return fail_at(fail, OUTCOME_HAZARD, insn->address,
				       "%s+0x%" PRIx64 " (0x%" PRIx64 ") jumps through a table to 0x%"
				       PRIx64 ", into the middle of these bytes; change the "
				       "instructions one by one, or others", function->symbol->name,
				       offset, insn->address, to);
	}
	return 0;
}

int hazard_switch(const struct kernel *kernel, const struct function *function, uint64_t address,
		  uint64_t end, struct fail *fail)
{
	for (size_t i = 0; i < function->count; i++) {
		const struct insn *insn = &function->insns[i];
		uint64_t table;

		if (is_table_jump(kernel->target->info.architecture, insn, &table) &&
		    table_inside(kernel, function, insn, table, address, end, fail) != 0)
			return -1;
	}
	return 0;
}
