/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "insn.h"
#include "patch.h"

static const uint64_t address = 0xffffffff81000000;
static const uint64_t address32 = 0xc01a9d21;

static struct decoder *decoders[ARCH_COUNT];

static int setup(void **state)
{
	struct fail fail;

	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		if (decoder_create((enum architecture)arch, &decoders[arch], &fail) != 0)
			return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++)
		decoder_destroy(decoders[arch]);
	return 0;
}

static struct bytes parse(const char *text)
{
	struct bytes bytes;
	const char *why;

	assert_true(bytes_parse(text, &bytes, &why));
	return bytes;
}

static struct insn decode(enum architecture arch, const char *text)
{
	struct bytes bytes = parse(text);
	struct fail fail;
	struct insn insn;

	if (insn_decode(decoders[arch], bytes.data, bytes.length,
			arch == ARCH_X86_64 ? address : address32, &insn, &fail) != 0)
		fail_msg("%s: %s", text, fail.message);
	return insn;
}

static void assert_text(enum architecture arch, const char *bytes, const char *wanted)
{
	struct insn insn = decode(arch, bytes);
	char text[INSN_TEXT_MAX + 1];

	snprintf(text, sizeof(text), "%s%s%s", insn.mnemonic, insn.operands[0] ? " " : "",
		 insn.operands);
	assert_string_equal(text, wanted);
	assert_false(insn.opaque);
	assert_int_equal(insn.length, parse(bytes).length);
	assert_memory_equal(insn.bytes, parse(bytes).data, insn.length);
}

/* What an opaque instruction must have all the same. */
static void assert_opaque(enum architecture arch, const char *bytes, enum insn_flow flow)
{
	struct insn insn = decode(arch, bytes);

	if (!insn.opaque)
		fail_msg("%s is not opaque but %s", bytes, insn.mnemonic);
	assert_string_equal(insn.mnemonic, "(opaque)");
	assert_string_equal(insn.operands, "");
	assert_int_equal(insn.length, parse(bytes).length);
	assert_int_equal(insn.flow, flow);
}

static void text_is_spelled_as_objdump_does(void **state)
{
	(void)state;
	assert_text(ARCH_X86_64, "f6 47 50 02", "testb $0x2,0x50(%rdi)");
	assert_text(ARCH_X86_64, "c3", "ret");
	assert_text(ARCH_X86_64, "55", "push %rbp");
	assert_text(ARCH_X86_64, "48 89 e5", "mov %rsp,%rbp");
	assert_text(ARCH_X86_64, "b9 00 00 00 00", "mov $0x0,%ecx");
	assert_text(ARCH_X86_64, "48 c7 c0 ff ff ff ff", "mov $0xffffffffffffffff,%rax");
	assert_text(ARCH_X86_64, "83 e0 f0", "and $0xfffffff0,%eax");
	assert_text(ARCH_X86_64, "6a ff", "push $0xffffffffffffffff");
	assert_text(ARCH_X86_64, "ff e0", "jmp *%rax");
	assert_text(ARCH_X86_64, "3e ff e0", "notrack jmp *%rax");
	assert_text(ARCH_X86_64, "ff 55 08", "call *0x8(%rbp)");
	assert_text(ARCH_X86_64, "d1 e0", "shl %eax");
	assert_text(ARCH_X86_64, "48 d3 23", "shlq %cl,(%rbx)");
	assert_text(ARCH_X86_64, "0f b6 47 50", "movzbl 0x50(%rdi),%eax");
	assert_text(ARCH_X86_64, "48 63 d0", "movslq %eax,%rdx");
	assert_text(ARCH_X86_64, "f3 48 ab", "rep stos %rax,%es:(%rdi)");
	assert_text(ARCH_X86_64, "f3 a5", "rep movsl %ds:(%rsi),%es:(%rdi)");
	assert_text(ARCH_X86_64, "f0 48 0f ba 28 02", "lock btsq $0x2,(%rax)");
	assert_text(ARCH_X86_64, "0f 01 1d 10 00 00 00", "lidt 0x10(%rip)");
	assert_text(ARCH_X86_64, "f3 c3", "repz ret");
	assert_text(ARCH_X86_64, "48 cf", "iretq");
	assert_text(ARCH_X86_64, "66 48 0f 6e c0", "movq %rax,%xmm0");
	assert_text(ARCH_X86_64, "66 90", "xchg %ax,%ax");
	assert_text(ARCH_X86_64, "66 66 66 66 66 2e 0f 1f 84 00 00 00 00 00",
		    "data16 data16 data16 data16 cs nopw 0x0(%rax,%rax,1)");
	assert_text(ARCH_I386, "ff 74 24 08", "push 0x8(%esp)");
	assert_text(ARCH_I386, "ea 78 56 34 12 10 00", "ljmp $0x10,$0x12345678");
}

static void memory_operands_are_spelled_as_objdump_does(void **state)
{
	(void)state;
	assert_text(ARCH_X86_64, "48 8b 45 00", "mov 0x0(%rbp),%rax");
	assert_text(ARCH_X86_64, "48 8b 45 f8", "mov -0x8(%rbp),%rax");
	assert_text(ARCH_X86_64, "4b 8b 04 ec", "mov (%r12,%r13,8),%rax");
	assert_text(ARCH_X86_64, "48 8b 04 24", "mov (%rsp),%rax");
	assert_text(ARCH_X86_64, "48 8b 04 25 58 a8 a4 82", "mov 0xffffffff82a4a858,%rax");
	assert_text(ARCH_X86_64, "48 8b 04 c5 58 a8 a4 82", "mov -0x7d5b57a8(,%rax,8),%rax");
	assert_text(ARCH_X86_64, "48 8d 05 f2 ff ff ff", "lea -0xe(%rip),%rax");
	assert_text(ARCH_X86_64, "65 48 8b 04 25 40 00 00 00", "mov %gs:0x40,%rax");
	assert_text(ARCH_X86_64, "67 8b 00", "mov (%eax),%eax");
	assert_text(ARCH_X86_64, "a1 f0 de bc 9a 78 56 34 12", "movabs 0x123456789abcdef0,%eax");
	assert_text(ARCH_I386, "a1 d4 d3 4a c0", "mov 0xc04ad3d4,%eax");
	assert_text(ARCH_I386, "f6 05 d4 d3 4a c0 40", "testb $0x40,0xc04ad3d4");
	assert_text(ARCH_I386, "8d 74 26 00", "lea 0x0(%esi,%eiz,1),%esi");
	assert_text(ARCH_I386, "3e 8d 74 26 00", "lea %ds:0x0(%esi,%eiz,1),%esi");
	assert_text(ARCH_I386, "67 8b 47 04", "mov 0x4(%bx),%eax");
}

/* capstone 4.0.2 says 2 bytes for these two. */
static void ud0_and_ud1_have_their_modrm(void **state)
{
	(void)state;
	assert_opaque(ARCH_X86_64, "0f b9 cc", FLOW_STOP);
	assert_opaque(ARCH_X86_64, "0f ff 84 24 00 01 00 00", FLOW_STOP);
	assert_opaque(ARCH_I386, "0f b9 05 00 01 00 00", FLOW_STOP);
}

static void what_capstone_does_not_know_is_opaque_and_has_its_length(void **state)
{
	(void)state;
	assert_opaque(ARCH_X86_64, "0f 01 e8", FLOW_NEXT);			/* serialize */
	assert_opaque(ARCH_X86_64, "0f 01 ee", FLOW_NEXT);			/* rdpkru */
	assert_opaque(ARCH_X86_64, "66 0f ae f1", FLOW_NEXT);			/* tpause */
	assert_opaque(ARCH_X86_64, "f2 0f 00 f7", FLOW_NEXT);			/* lkgs %edi */
	assert_opaque(ARCH_X86_64, "66 0f 38 f8 04 25 10 00 00 00", FLOW_NEXT);	/* movdir64b */
	assert_opaque(ARCH_X86_64, "62 f1 7d 48 72 0c 24 07", FLOW_NEXT);	/* vprord */
	assert_opaque(ARCH_X86_64, "d6", FLOW_NEXT);
	assert_opaque(ARCH_X86_64, "f2 0f 01 ca", FLOW_RETURN);			/* erets */
}

static void what_capstone_names_wrongly_is_opaque(void **state)
{
	(void)state;
	assert_opaque(ARCH_X86_64, "f3 0f c7 f8", FLOW_NEXT);		/* rdpid, "rdseed" */
	assert_opaque(ARCH_X86_64, "f3 48 0f ae e8", FLOW_NEXT);	/* incsspq, "lfence" */
	assert_opaque(ARCH_X86_64, "f3 0f 09", FLOW_NEXT);		/* wbnoinvd, "wbinvd" */
	assert_opaque(ARCH_X86_64, "f3 0f 01 d9", FLOW_NEXT);		/* vmgexit, "vmmcall" */
	assert_opaque(ARCH_X86_64, "63 00", FLOW_NEXT);			/* movsxd, "movslq" */
	assert_opaque(ARCH_X86_64, "66 e8 10 00", FLOW_CALL);	/* 16 bits for AMD, 32 for Intel */
}

static void a_string_instruction_has_the_size_of_its_prefix(void **state)
{
	(void)state;
	assert_text(ARCH_X86_64, "66 f3 ab", "rep stos %ax,%es:(%rdi)");
	assert_text(ARCH_X86_64, "f3 66 ab", "rep stos %ax,%es:(%rdi)");
	assert_text(ARCH_X86_64, "66 f3 a5", "rep movsw %ds:(%rsi),%es:(%rdi)");
	assert_text(ARCH_X86_64, "f2 ae", "repnz scas %es:(%rdi),%al");
}

static void flow_is_known_by_kind(void **state)
{
	static const struct {
		const char *bytes;
		enum insn_flow flow;
	} cases[] = {
		{ "90", FLOW_NEXT }, { "74 39", FLOW_BRANCH }, { "0f 85 00 01 00 00", FLOW_BRANCH },
		{ "e2 fe", FLOW_BRANCH }, { "e3 fe", FLOW_BRANCH }, { "eb 10", FLOW_JUMP },
		{ "e9 00 01 00 00", FLOW_JUMP }, { "ff e0", FLOW_JUMP }, { "ff 28", FLOW_JUMP },
		{ "e8 00 01 00 00", FLOW_CALL }, { "ff d0", FLOW_CALL }, { "ff 18", FLOW_CALL },
		{ "c3", FLOW_RETURN }, { "c2 08 00", FLOW_RETURN }, { "48 cf", FLOW_RETURN },
		{ "48 0f 07", FLOW_RETURN }, { "cc", FLOW_STOP }, { "f4", FLOW_STOP },
		{ "0f 0b", FLOW_STOP }, { "0f 05", FLOW_NEXT }, { "ff 00", FLOW_NEXT },
		{ "c7 f8 10 00 00 00", FLOW_BRANCH },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct insn insn = decode(ARCH_X86_64, cases[i].bytes);

		if (insn.flow != cases[i].flow)
			fail_msg("%s: flow %d", cases[i].bytes, (int)insn.flow);
	}
}

static void assert_target(enum architecture arch, const char *bytes, uint64_t target)
{
	struct insn insn = decode(arch, bytes);

	assert_true(insn.has_target);
	assert_int_equal(insn.target, target);
}

static void targets_of_direct_branches_are_counted_from_the_end(void **state)
{
	(void)state;
	assert_target(ARCH_X86_64, "74 39", address + 2 + 0x39);
	assert_target(ARCH_X86_64, "75 fe", address);
	assert_target(ARCH_X86_64, "0f 84 00 01 00 00", address + 6 + 0x100);
	assert_target(ARCH_X86_64, "e8 fb ff ff ff", address);
	assert_target(ARCH_X86_64, "e9 00 00 00 80", address + 5 - 0x80000000);
	assert_target(ARCH_X86_64, "2e e9 00 01 00 00", address + 6 + 0x100);
	assert_target(ARCH_X86_64, "e2 00", address + 2);
	assert_target(ARCH_I386, "74 47", address32 + 2 + 0x47);
	assert_target(ARCH_I386, "e8 00 00 00 7f", (uint32_t)(address32 + 5 + 0x7f000000));
	assert_false(decode(ARCH_X86_64, "ff e0").has_target);
	assert_false(decode(ARCH_X86_64, "c3").has_target);
	assert_false(decode(ARCH_X86_64, "0f 44 c1").has_target);
}

static void nops_of_every_length_are_known(void **state)
{
	static const char *const both[] = {
		"90", "66 90", "0f 1f 00", "0f 1f 40 00", "0f 1f 44 00 00", "66 0f 1f 44 00 00",
		"0f 1f 80 00 00 00 00", "0f 1f 84 00 00 00 00 00", "66 2e 0f 1f 84 00 00 00 00 00",
		"66 66 66 66 66 66 2e 0f 1f 84 00 00 00 00 00",
	};
	/* arch/x86/include/asm/nops.h, and gas for i386 */
	static const char *const nops32[] = {
		"89 f6", "8d 76 00", "8d 74 26 00", "3e 8d 74 26 00", "8d b6 00 00 00 00",
		"8d b4 26 00 00 00 00", "3e 8d b4 26 00 00 00 00", "8d bc 27 00 00 00 00",
	};
	static const char *const neither[] = {
		"f3 90", "89 f7", "8d 77 00", "8d 76 01", "8d 74 06 00", "cc", "f3 0f 1e fa", "0f 18 00",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		assert_true(decode(ARCH_X86_64, both[i]).nop);
		assert_true(decode(ARCH_I386, both[i]).nop);
	}
	for (size_t i = 0; i < sizeof(nops32) / sizeof(nops32[0]); i++) {
		assert_true(decode(ARCH_I386, nops32[i]).nop);
		assert_false(decode(ARCH_X86_64, nops32[i]).nop);	/* clears the upper half */
	}
	for (size_t i = 0; i < sizeof(neither) / sizeof(neither[0]); i++) {
		assert_false(decode(ARCH_X86_64, neither[i]).nop);
		assert_false(decode(ARCH_I386, neither[i]).nop);
	}
	assert_false(decode(ARCH_X86_64, "41 90").nop);	/* xchg %eax,%r8d */
	assert_true(decode(ARCH_X86_64, "48 8d 76 00").nop);
	assert_false(decode(ARCH_X86_64, "49 8d 76 00").nop);	/* lea 0x0(%r14),%rsi */
}

static void endbr_and_int3_are_known(void **state)
{
	(void)state;
	assert_true(decode(ARCH_X86_64, "f3 0f 1e fa").endbr);
	assert_true(decode(ARCH_I386, "f3 0f 1e fb").endbr);
	assert_false(decode(ARCH_X86_64, "f3 0f 1e c8").endbr);
	assert_true(decode(ARCH_X86_64, "cc").int3);
	assert_false(decode(ARCH_X86_64, "cd 03").int3);
}

static void assert_refused(enum architecture arch, const char *text, size_t length)
{
	struct bytes bytes = parse(text);
	struct fail fail = { .code = OUTCOME_ERROR };
	struct insn insn;

	assert_int_equal(insn_decode(decoders[arch], bytes.data, length, address, &insn, &fail), -1);
	assert_int_equal(fail.code, OUTCOME_MISMATCH);
	assert_true(fail.has_address);
	assert_int_equal(fail.address, address);
	assert_non_null(strstr(fail.message, "0xffffffff81000000"));
}

static void an_instruction_that_is_not_whole_is_refused(void **state)
{
	static const char *const whole[] = {
		"e8 00 01 00 00", "0f 1f 84 00 00 00 00 00", "0f b9 84 24 00 01 00 00",
		"48 b8 01 02 03 04 05 06 07 08", "66 90", "c4 e2 79 18 44 24 10", "f3 0f 1e fa",
		"62 f1 7d 48 72 0c 24 07", "c8 10 00 00",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		size_t length = parse(whole[i]).length;

		assert_int_equal(decode(ARCH_X86_64, whole[i]).length, length);
		for (size_t cut = 0; cut < length; cut++)
			assert_refused(ARCH_X86_64, whole[i], cut);
	}
}

/* Intel SDM, 2.2.1: REX counts right before the opcode only. */
static void rex_before_another_prefix_has_no_effect(void **state)
{
	(void)state;
	assert_int_equal(decode(ARCH_X86_64, "48 66 b8 01 00").length, 5);
	assert_int_equal(decode(ARCH_X86_64, "66 48 b8 01 00 00 00 00 00 00 00").length, 11);
}

static void what_is_no_instruction_is_refused(void **state)
{
	(void)state;
	assert_refused(ARCH_X86_64, "06 90 90 90", 4);	/* push %es */
	assert_refused(ARCH_X86_64, "ea 00 00 00 00 00 00", 7);
	assert_refused(ARCH_X86_64, "0f 04 90 90", 4);
	assert_refused(ARCH_X86_64, "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", 16);
	assert_int_equal(decode(ARCH_I386, "06").length, 1);
}

static size_t trimmed(enum architecture arch, const char *text)
{
	struct bytes bytes = parse(text);

	return insn_trim(decoders[arch], bytes.data, bytes.length, address);
}

static void padding_is_cut_off(void **state)
{
	(void)state;
	assert_int_equal(trimmed(ARCH_X86_64, "31 c0 c3"), 3);
	assert_int_equal(trimmed(ARCH_X86_64, "31 c0 c3 cc cc cc cc"), 3);
	assert_int_equal(trimmed(ARCH_X86_64, "31 c0 c3 90 66 90 0f 1f 00"), 3);
	assert_int_equal(trimmed(ARCH_X86_64, "31 c0 c3 00 00 00"), 3);
	assert_int_equal(trimmed(ARCH_X86_64, "c3 cc 00"), 1);
	assert_int_equal(trimmed(ARCH_X86_64, "c3 00 00 00 cc cc"), 1);
	assert_int_equal(trimmed(ARCH_X86_64, "e9 00 01 00 00 cc cc"), 5);
	assert_int_equal(trimmed(ARCH_I386, "c3 8d b4 26 00 00 00 00 8d 74 26 00"), 1);
}

static void what_belongs_to_the_last_instruction_stays(void **state)
{
	(void)state;
	assert_int_equal(trimmed(ARCH_X86_64, "e9 00 00 00 00"), 5);
	assert_int_equal(trimmed(ARCH_X86_64, "e8 cc cc cc cc"), 5);
	assert_int_equal(trimmed(ARCH_X86_64, "b8 00 00 00 00 cc"), 5);
	assert_int_equal(trimmed(ARCH_X86_64, "0f 0b"), 2);
	/* padding in the middle is none */
	assert_int_equal(trimmed(ARCH_X86_64, "c3 cc cc 31 c0 c3 cc"), 6);
	/* code runs into it: add %al,(%rax) */
	assert_int_equal(trimmed(ARCH_X86_64, "31 c0 00 00"), 4);
}

static void what_does_not_decode_and_mere_padding_stay_whole(void **state)
{
	(void)state;
	assert_int_equal(trimmed(ARCH_X86_64, "c3 06 cc cc"), 4);
	assert_int_equal(trimmed(ARCH_X86_64, "90 90 90 90"), 4);
	assert_int_equal(insn_trim(decoders[ARCH_X86_64], NULL, 0, address), 0);
}

/* nfs_flock of the published case: every boundary up to the end of what was published. */
static void the_published_function_decodes(void **state)
{
	static const char *const wanted[] = {
		"push", "mov", "push", "mov", "push", "mov", "sub", "testb", "je",
	};
	struct bytes bytes = parse("57 89 d7 56 89 c6 53 89 cb 83 ec 14 f6 05 00 00 00 00 40 74 3b");
	struct fail fail;
	struct insn insn;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++, at += insn.length) {
		assert_int_equal(insn_decode(decoders[ARCH_I386], bytes.data + at,
					     bytes.length - at, address32 + at, &insn, &fail), 0);
		assert_string_equal(insn.mnemonic, wanted[i]);
	}
	assert_int_equal(at, bytes.length);
	assert_int_equal(insn.address, 0xc01a9d21 + 0x13);
	assert_int_equal(insn.target, 0xc01a9d21 + 0x15 + 0x3b);
}

/* The decoder keeps texts; each of these differs from the one before in a byte. */
static void an_instruction_like_one_before_has_its_own_text(void **state)
{
	(void)state;
	for (int again = 0; again < 2; again++) {
		assert_text(ARCH_X86_64, "74 39", "je 0xffffffff8100003b");
		assert_text(ARCH_X86_64, "74 3a", "je 0xffffffff8100003c");
		assert_text(ARCH_X86_64, "75 3a", "jne 0xffffffff8100003c");
		assert_text(ARCH_X86_64, "0f 84 00 01 00 00", "je 0xffffffff81000106");
		assert_text(ARCH_X86_64, "0f 84 00 02 00 00", "je 0xffffffff81000206");
		assert_text(ARCH_X86_64, "2e 74 39", "je,pn 0xffffffff8100003c");
		assert_text(ARCH_X86_64, "83 e1 02", "and $0x2,%ecx");
		assert_text(ARCH_X86_64, "83 e1 03", "and $0x3,%ecx");
		assert_text(ARCH_X86_64, "8b 4a 50", "mov 0x50(%rdx),%ecx");
		assert_text(ARCH_X86_64, "8b 4a 51", "mov 0x51(%rdx),%ecx");
		assert_text(ARCH_I386, "74 39", "je 0xc01a9d5c");
		assert_text(ARCH_I386, "8b 4a 50", "mov 0x50(%edx),%ecx");
	}
	assert_int_equal(decode(ARCH_X86_64, "74 39").target, address + 2 + 0x39);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_spelled_as_objdump_does),
		cmocka_unit_test(memory_operands_are_spelled_as_objdump_does),
		cmocka_unit_test(ud0_and_ud1_have_their_modrm),
		cmocka_unit_test(what_capstone_does_not_know_is_opaque_and_has_its_length),
		cmocka_unit_test(what_capstone_names_wrongly_is_opaque),
		cmocka_unit_test(a_string_instruction_has_the_size_of_its_prefix),
		cmocka_unit_test(flow_is_known_by_kind),
		cmocka_unit_test(targets_of_direct_branches_are_counted_from_the_end),
		cmocka_unit_test(nops_of_every_length_are_known),
		cmocka_unit_test(endbr_and_int3_are_known),
		cmocka_unit_test(an_instruction_that_is_not_whole_is_refused),
		cmocka_unit_test(rex_before_another_prefix_has_no_effect),
		cmocka_unit_test(what_is_no_instruction_is_refused),
		cmocka_unit_test(padding_is_cut_off),
		cmocka_unit_test(what_belongs_to_the_last_instruction_stays),
		cmocka_unit_test(what_does_not_decode_and_mere_padding_stay_whole),
		cmocka_unit_test(the_published_function_decodes),
		cmocka_unit_test(an_instruction_like_one_before_has_its_own_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
