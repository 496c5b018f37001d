/* SPDX-License-Identifier: GPL-2.0-or-later */
/* insn_moves_stack() against what capstone says of each instruction that names register 4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <capstone/capstone.h>
#include <cmocka.h>

#include "insn.h"
#include "lib/insn_layout.h"

static bool moves(enum architecture arch, const char *hex)
{
	struct insn insn = { .address = 0x1000 };
	unsigned byte;
	int used;

	while (sscanf(hex, "%2x%n", &byte, &used) == 1) {
		insn.bytes[insn.length++] = (uint8_t)byte;
		hex += used;
	}
	return insn_moves_stack(arch, &insn);
}

static void what_pushes_pops_or_writes_the_stack_pointer_moves_it(void **state)
{
	static const char *const moving[] = {
		"53",			/* push %rbx */
		"41 5c",		/* pop %r12 */
		"9c", "9d",		/* pushf, popf */
		"c9",			/* leave */
		"c8 10 00 00",		/* enter */
		"6a 01", "68 01 00 00 00",	/* push $1 */
		"ff 35 00 00 00 00",	/* push mem */
		"48 83 ec 10",		/* sub $0x10,%rsp */
		"48 81 c4 00 01 00 00",	/* add $0x100,%rsp */
		"48 83 e4 f0",		/* and $-16,%rsp */
		"48 89 ec",		/* mov %rbp,%rsp */
		"48 8d 64 24 f8",	/* lea -8(%rsp),%rsp */
		"48 94",		/* xchg %rax,%rsp */
		"48 87 e0",		/* xchg %rsp,%rax */
		"65 48 8b 24 25 00 00 00 00",	/* mov %gs:0,%rsp */
		"5c",			/* pop %rsp */
		"40 b4 01",		/* mov $1,%spl */
		"0f a8",		/* push %gs */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(moving) / sizeof(moving[0]); i++) {
		if (!moves(ARCH_X86_64, moving[i]))
			fail_msg("%s", moving[i]);
	}
	assert_true(moves(ARCH_I386, "60"));		/* pusha */
	assert_true(moves(ARCH_I386, "44"));		/* inc %esp */
	assert_true(moves(ARCH_I386, "83 ec 10"));	/* sub $0x10,%esp */
}

static void what_only_reads_it_or_comes_in_pairs_does_not(void **state)
{
	static const char *const still[] = {
		"e8 00 00 00 00", "ff d0",	/* call */
		"c3", "c2 08 00",		/* ret */
		"48 89 e5",			/* mov %rsp,%rbp */
		"48 39 e0",			/* cmp %rsp,%rax */
		"48 83 fc 10",			/* cmp $0x10,%rsp */
		"48 89 44 24 08",		/* mov %rax,8(%rsp) */
		"48 8d 44 24 08",		/* lea 8(%rsp),%rax */
		"b4 01", "88 c4",		/* mov $1,%ah; mov %al,%ah */
		"49 83 ec 10",			/* sub $0x10,%r12 */
		"41 bc 01 00 00 00",		/* mov $1,%r12d */
		"49 94",			/* xchg %rax,%r12 */
		"4c 8b 20",			/* mov (%rax),%r12 */
		"48 63 c4",			/* movslq %esp,%rax */
		"48 85 e4",			/* test %rsp,%rsp */
		"0f 1f 44 00 00", "90", "f4",
		"c5 f9 6f e0",			/* vmovdqa %xmm0,%xmm4 */
		"66 0f 6f e0",			/* movdqa %xmm0,%xmm4 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(still) / sizeof(still[0]); i++) {
		if (moves(ARCH_X86_64, still[i]))
			fail_msg("%s", still[i]);
	}
	assert_false(moves(ARCH_I386, "83 fc 10"));
}

static bool capstone_moves(csh handle, const cs_insn *insn)
{
	cs_regs read, write;
	uint8_t reads, writes;

	if (cs_insn_group(handle, insn, X86_GRP_CALL) || cs_insn_group(handle, insn, X86_GRP_RET) ||
	    cs_insn_group(handle, insn, X86_GRP_IRET))
		return false;
	assert_int_equal(cs_regs_access(handle, insn, read, &reads, write, &writes), CS_ERR_OK);
	for (uint8_t i = 0; i < writes; i++) {
		if (write[i] == X86_REG_RSP || write[i] == X86_REG_ESP || write[i] == X86_REG_SP ||
		    write[i] == X86_REG_SPL)
			return true;
	}
	return false;
}

/* Where capstone 4.0.2 errs: it does not know that these push and pop at all, and takes what vmwrite
 * and bound compare or store for what they write; vmread has no prefixes. */
static bool capstone_errs(const cs_insn *insn)
{
	static const char *const names[] = { "enter", "vmwrite", "bound" };
	const char *operand = insn->op_str;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(insn->mnemonic, names[i]) == 0)
			return true;
	}
	if (strcmp(insn->mnemonic, "push") == 0 || strcmp(insn->mnemonic, "pop") == 0)
		return strlen(operand) == 2 && operand[1] == 's';
	return strcmp(insn->mnemonic, "vmread") == 0 && insn->bytes[0] == 0xf3;
}

static unsigned compare_one(csh handle, enum architecture arch, struct insn *insn)
{
	struct insn_layout layout;
	cs_insn *known;
	bool same;

	if (!insn_layout(arch, insn->bytes, INSN_MAX, &layout) ||
	    cs_disasm(handle, insn->bytes, layout.length, insn->address, 1, &known) != 1)
		return 0;
	insn->length = layout.length;
	same = known->size != insn->length || capstone_errs(known) ||
	       capstone_moves(handle, known) == insn_moves_stack(arch, insn);
	if (!same)
		print_message("# %s, %zu bytes: %s %s\n", arch_name(arch), (size_t)insn->length,
			      known->mnemonic, known->op_str);
	cs_free(known, 1);
	return !same;
}

/* Every opcode behind these bytes whose ModRM names register 4 as reg or rm, or as what a group's
 * instruction writes. */
static unsigned compare(enum architecture arch, const uint8_t *before, size_t length)
{
	static const uint8_t modrms[] = {
		0xc4, 0xcc, 0xd4, 0xdc, 0xe4, 0xec, 0xf4, 0xfc, 0xe0, 0xe1, 0x24
	};
	unsigned differ = 0;
	csh handle;

	assert_int_equal(cs_open(CS_ARCH_X86, arch == ARCH_X86_64 ? CS_MODE_64 : CS_MODE_32,
				 &handle), CS_ERR_OK);
	assert_int_equal(cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON), CS_ERR_OK);
	for (unsigned opcode = 0; opcode < 256; opcode++) {
		for (size_t i = 0; i < sizeof(modrms); i++) {
			struct insn insn = { .address = 0x1000 };

			memcpy(insn.bytes, before, length);
			insn.bytes[length] = (uint8_t)opcode;
			insn.bytes[length + 1] = modrms[i];
			insn.bytes[length + 2] = 0x24;
			differ += compare_one(handle, arch, &insn);
		}
	}
	assert_int_equal(cs_close(&handle), CS_ERR_OK);
	return differ;
}

static void it_agrees_with_capstone_on_all_opcodes(void **state)
{
	static const struct {
		const char *bytes;
		bool wide;		/* with REX: no instruction of i386 */
	} before[] = {
		{ "", false }, { "\x66", false }, { "\xf2", false }, { "\xf3", false },
		{ "\x0f", false }, { "\x66\x0f", false }, { "\xf2\x0f", false },
		{ "\xf3\x0f", false }, { "\x0f\x38", false }, { "\x66\x0f\x38", false },
		{ "\xf2\x0f\x38", false }, { "\x66\x0f\x3a", false },
		{ "\x40", true }, { "\x41", true }, { "\x44", true }, { "\x48", true },
		{ "\x49", true }, { "\x4c", true }, { "\x4d", true }, { "\x40\x0f", true },
		{ "\x41\x0f", true }, { "\x44\x0f", true }, { "\x48\x0f", true },
		/* VEX of map 1, with vvvv 0 and 4 and each pp */
		{ "\xc5\xf8", false }, { "\xc5\xd8", false }, { "\xc5\xf9", false },
		{ "\xc5\xfa", false }, { "\xc5\xfb", false },
		/* of maps 2 and 3 */
		{ "\xc4\xe2\x78", false }, { "\xc4\xe2\x58", false }, { "\xc4\xe2\x7b", false },
		{ "\xc4\xe2\x5b", false }, { "\xc4\xe3\x79", false }, { "\xc4\xe3\x7b", false },
	};
	unsigned differ = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		const uint8_t *bytes = (const uint8_t *)before[i].bytes;
		size_t length = strlen(before[i].bytes);

		differ += compare(ARCH_X86_64, bytes, length);
		if (!before[i].wide)
			differ += compare(ARCH_I386, bytes, length);
	}
	assert_int_equal(differ, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_pushes_pops_or_writes_the_stack_pointer_moves_it),
		cmocka_unit_test(what_only_reads_it_or_comes_in_pairs_does_not),
		cmocka_unit_test(it_agrees_with_capstone_on_all_opcodes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
