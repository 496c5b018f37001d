/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "asm.h"
#include "patch.h"

static const uint64_t address = 0xffffffff81000000;

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

static struct insn decode_for(enum architecture arch, const char *text)
{
	struct bytes bytes;
	const char *why;
	struct fail fail;
	struct insn insn;

	assert_true(bytes_parse(text, &bytes, &why));
	assert_int_equal(insn_decode(decoders[arch], bytes.data, bytes.length,
				     arch == ARCH_X86_64 ? address : 0xc01a9d75, &insn, &fail), 0);
	return insn;
}

static struct insn decode(const char *text)
{
	return decode_for(ARCH_X86_64, text);
}

struct match {
	const char *bytes;
	const char *pattern;
};

static void assert_all(const struct match *cases, size_t count, bool wanted)
{
	for (size_t i = 0; i < count; i++) {
		struct insn insn = decode(cases[i].bytes);
		char text[ASM_MAX];

		if (asm_match(cases[i].pattern, &insn, "nfs_flock+0x6a") != wanted)
			fail_msg("\"%s\" %s %s", cases[i].pattern,
				 wanted ? "does not match" : "matches",
				 asm_print(&insn, "nfs_flock+0x6a", text));
	}
}

#define ASSERT_MATCH(cases) assert_all(cases, sizeof(cases) / sizeof((cases)[0]), true)
#define ASSERT_NO_MATCH(cases) assert_all(cases, sizeof(cases) / sizeof((cases)[0]), false)

static void a_target_is_printed_by_name_or_number(void **state)
{
	struct insn je = decode("74 39"), mov = decode("89 c3");
	char text[ASM_MAX], name[2 * ASM_MAX];

	(void)state;
	assert_string_equal(asm_print(&je, "nfs_flock+0x6a", text), "je nfs_flock+0x6a");
	assert_string_equal(asm_print(&je, NULL, text), "je 0xffffffff8100003b");
	assert_string_equal(asm_print(&mov, "ignored", text), "mov %eax,%ebx");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_string_equal(asm_print(&je, name, text), "je 0xffffffff8100003b");
}

static void case_and_blanks_do_not_count(void **state)
{
	static const struct match cases[] = {
		{ "f6 47 50 02", "testb $0x2,0x50(%rdi)" },
		{ "f6 47 50 02", "  TESTB\t $0x2 , 0X50( %RDI )  " },
		{ "f6 47 50 02", "testb  $0x2,0x50(%rdi)   # a remark" },
		{ "c3", "RET " }, { "c3", "ret   # a remark" },
		{ "f0 48 0f ba 28 02", "lock  btsq  $2, (%rax)" },
	};

	(void)state;
	ASSERT_MATCH(cases);
}

static void numbers_are_compared_as_numbers(void **state)
{
	static const struct match same[] = {
		{ "f6 47 50 02", "testb $2,80(%rdi)" },
		{ "f6 47 50 02", "testb $0x02,0x0050(%rdi)" },
		{ "48 8b 45 f8", "mov -8(%rbp),%rax" },
		{ "48 8b 45 f8", "mov 0xfffffffffffffff8(%rbp),%rax" },
		{ "83 e0 f0", "and $-16,%eax" },
		{ "83 e0 f0", "and $0xfffffff0,%eax" },
		{ "83 e0 f0", "and $0xfffffffffffffff0,%eax" },
		{ "48 83 e0 f0", "and $-0x10,%rax" },
		{ "c6 00 ff", "movb $-1,(%rax)" },
		{ "66 c7 00 ff ff", "movw $-1,(%rax)" },
		{ "6a ff", "push $-1" },
		{ "48 8b 04 25 58 a8 a4 82", "mov -0x7d5b57a8,%rax" },
		{ "48 8b 04 c5 58 a8 a4 82", "mov 0xffffffff82a4a858(,%rax,8),%rax" },
		{ "8b 07", "mov 0x0(%rdi),%eax" },
		{ "8b 47 00", "mov (%rdi),%eax" },
		{ "8b 04 07", "mov (%rdi,%rax),%eax" },
		{ "0f 1f 44 00 00", "nopl (%rax,%rax)" },
	};
	static const struct match other[] = {
		{ "f6 47 50 02", "testb $0x20,0x50(%rdi)" },
		{ "f6 47 50 02", "testb $0x2,0x5(%rdi)" },
		{ "f6 47 50 02", "testb $0x2,-0x50(%rdi)" },
		{ "f6 47 50 02", "testb $02,0x50(%rdi)" },
		{ "48 83 e0 f0", "and $0xfffffff0,%rax" },
		{ "81 c0 ff 00 00 00", "add $-1,%eax" },
		{ "b8 01 00 00 00", "mov $0x100000001,%eax" },
		{ "b8 ff ff ff ff", "mov $0x1ffffffff,%eax" },
		{ "48 c7 c0 ff ff ff ff", "mov $0x1ffffffffffffffff,%rax" },
		{ "8b 04 07", "mov (%rdi,%rax,2),%eax" },
		{ "8b 47 01", "mov (%rdi),%eax" },
		{ "b8 05 00 00 00", "mov 5,%eax" },
	};

	(void)state;
	ASSERT_MATCH(same);
	ASSERT_NO_MATCH(other);
}

static void a_right_size_suffix_may_be_there_or_not(void **state)
{
	static const struct match same[] = {
		{ "f6 47 50 02", "test $2,0x50(%rdi)" },
		{ "85 c0", "testl %eax,%eax" },
		{ "48 89 c3", "movq %rax,%rbx" },
		{ "88 c3", "movb %al,%bl" },
		{ "45 89 c1", "movl %r8d,%r9d" },
		{ "e8 00 01 00 00", "callq *" },
		{ "c3", "retq" },
		{ "ff e0", "jmpq *%rax" },
		{ "55", "pushq %rbp" },
		{ "ff 75 08", "pushq 0x8(%rbp)" },
		{ "c9", "leaveq" },
		{ "48 0f 44 c1", "cmoveq %rcx,%rax" },
		{ "f3 48 ab", "rep stosq %rax,%es:(%rdi)" },
	};
	static const struct match other[] = {
		{ "f6 47 50 02", "testl $2,0x50(%rdi)" },
		{ "85 c0", "testq %eax,%eax" },
		{ "48 89 c3", "movl %rax,%rbx" },
		{ "0f b6 47 50", "movzwl 0x50(%rdi),%eax" },
		{ "0f b6 47 50", "movz 0x50(%rdi),%eax" },
		{ "c3", "retw" },
		{ "48 cf", "iret" },
		{ "48 0f 44 c1", "cmovl %rcx,%rax" },
		{ "48 0f 4c c1", "cmov %rcx,%rax" },
	};

	(void)state;
	ASSERT_MATCH(same);
	ASSERT_NO_MATCH(other);
}

static void conditions_have_synonyms(void **state)
{
	static const char *const names[16][3] = {
		{ "o" }, { "no" }, { "b", "c", "nae" }, { "ae", "nc", "nb" }, { "e", "z" },
		{ "ne", "nz" }, { "be", "na" }, { "a", "nbe" }, { "s" }, { "ns" }, { "p", "pe" },
		{ "np", "po" }, { "l", "nge" }, { "ge", "nl" }, { "le", "ng" }, { "g", "nle" },
	};

	(void)state;
	for (unsigned code = 0; code < 16; code++) {
		char bytes[32], pattern[64];

		for (unsigned i = 0; i < 16 * 3; i++) {
			const char *name = names[i / 3][i % 3];

			if (name == NULL)
				continue;
			snprintf(bytes, sizeof(bytes), "%02x 39", 0x70 + code);
			snprintf(pattern, sizeof(pattern), "j%s nfs_flock+0x6a", name);
			struct insn jcc = decode(bytes);

			assert_int_equal(asm_match(pattern, &jcc, "nfs_flock+0x6a"), i / 3 == code);
			snprintf(bytes, sizeof(bytes), "0f %02x c0", 0x90 + code);
			snprintf(pattern, sizeof(pattern), "set%s %%al", name);
			struct insn set = decode(bytes);

			assert_int_equal(asm_match(pattern, &set, NULL), i / 3 == code);
			snprintf(bytes, sizeof(bytes), "0f %02x c1", 0x40 + code);
			snprintf(pattern, sizeof(pattern), "cmov%s %%ecx,%%eax", name);
			struct insn cmov = decode(bytes);

			assert_int_equal(asm_match(pattern, &cmov, NULL), i / 3 == code);
		}
	}
}

static void a_star_matches_within_one_operand(void **state)
{
	static const struct match same[] = {
		{ "74 39", "je *" },
		{ "74 39", "je nfs_*" },
		{ "74 39", "je *flock*" },
		{ "74 39", "je 0xffffffff81*" },
		{ "f6 47 50 02", "testb $0x2,*" },
		{ "f6 47 50 02", "testb $0x2,*(%rdi)" },
		{ "f6 47 50 02", "testb $0x2,0x50(*)" },
		{ "f6 47 50 02", "testb $0x2,0x5*(%rdi)" },
		{ "f6 47 50 02", "testb $*,*(*)" },
		{ "8b 07", "mov *(%rdi),*" },
		{ "8b 47 18", "mov *8(%rdi),%eax" },
		{ "8b 04 07", "mov (%rdi,*),%eax" },
		{ "8b 04 07", "mov *,%e*" },
	};
	static const struct match other[] = {
		{ "f6 47 50 02", "testb *" },
		{ "f6 47 50 02", "testb *,*,*" },
		{ "f6 47 50 02", "testb $0x2,*(%rsi)" },
		{ "f6 47 50 02", "testb $0x2,0x6*(%rdi)" },
		{ "f6 47 50 02", "*" },
		{ "f6 47 50 02", "test* $0x2,0x50(%rdi)" },
		{ "74 39", "je nfs_*8" },
		{ "c3", "ret *" },
	};

	(void)state;
	ASSERT_MATCH(same);
	ASSERT_NO_MATCH(other);
}

static void an_indirection_is_no_wildcard(void **state)
{
	static const struct match same[] = {
		{ "ff d0", "call *%rax" }, { "ff d0", "call *" }, { "ff d0", "call *%r*" },
		{ "ff 50 08", "call *0x8(%rax)" }, { "ff 50 08", "call *8(%rax)" },
		{ "ff 50 08", "call **(%rax)" }, { "ff 50 08", "callq *0x8(*)" },
		{ "3e ff e0", "notrack jmp *%rax" }, { "ff 28", "ljmp *(%rax)" },
	};
	static const struct match other[] = {
		{ "ff d0", "call %rax" }, { "ff d0", "call *%rcx" },
		{ "ff 50 08", "call *(%rax)" }, { "ff 50 18", "call *8(%rax)" },
		{ "ff 50 f8", "call *0x8(%rax)" }, { "3e ff e0", "jmp *%rax" },
		{ "ff d0", "jmp *%rax" },
	};

	(void)state;
	ASSERT_MATCH(same);
	ASSERT_NO_MATCH(other);
}

static void a_target_is_compared_by_name_or_number(void **state)
{
	static const struct match same[] = {
		{ "74 39", "je nfs_flock+0x6a" },
		{ "74 39", "je nfs_flock+106" },
		{ "74 39", "je 0xffffffff8100003b" },
		{ "74 39", "je 0xFFFFFFFF8100003B" },
		{ "74 39", "je     ffffffff8100003b <nfs_flock+0x6a>" },
		{ "e8 00 01 00 00", "call nfs_flock+0x6a" },
	};
	static const struct match other[] = {
		{ "74 39", "je nfs_flock+0x6b" },
		{ "74 39", "je nfs_flock" },
		{ "74 39", "je NFS_flock+0x6a" },
		{ "74 39", "je 0x8100003b" },
		{ "74 39", "je ffffffff8100003c <nfs_flock+0x6a>" },
		{ "74 39", "je" },
		{ "74 39", "je nfs_flock-0x6a" },
		{ "75 39", "je nfs_flock+0x6a" },
	};
	struct insn je = decode("74 39");

	(void)state;
	ASSERT_MATCH(same);
	ASSERT_NO_MATCH(other);
	assert_true(asm_match("je 0xffffffff8100003b", &je, NULL));
	assert_true(asm_match("je *", &je, NULL));
	assert_false(asm_match("je nfs_flock+0x6a", &je, NULL));
}

static void prefixes_count(void **state)
{
	static const struct match same[] = {
		{ "f3 a6", "repe cmpsb %es:(%rdi),%ds:(%rsi)" },
		{ "f3 a4", "repz movsb %ds:(%rsi),%es:(%rdi)" },
		{ "f2 ae", "repne scas %es:(%rdi),%al" },
		{ "66 66 2e 0f 1f 84 00 00 00 00 00", "data16 cs nopw 0x0(%rax,%rax,1)" },
		{ "f0 ff 0f", "LOCK decl (%rdi)" },
	};
	static const struct match other[] = {
		{ "f0 ff 0f", "decl (%rdi)" }, { "ff 0f", "lock decl (%rdi)" },
		{ "f3 a4", "repnz movsb %ds:(%rsi),%es:(%rdi)" },
		{ "65 8b 07", "mov (%rdi),%eax" }, { "8b 07", "mov %gs:(%rdi),%eax" },
	};

	(void)state;
	ASSERT_MATCH(same);
	ASSERT_NO_MATCH(other);
}

static void short_forms_are_understood(void **state)
{
	static const struct match same[] = {
		{ "f3 48 a5", "rep movsq" }, { "f3 aa", "rep stosb" }, { "aa", "stosb" },
		{ "d1 e0", "shl %eax" }, { "d1 e0", "shl $1,%eax" }, { "d1 27", "shll $0x1,(%rdi)" },
	};
	static const struct match other[] = {
		{ "f3 48 a5", "rep movsl" }, { "f3 aa", "rep stosq" }, { "f3 aa", "stosb" },
		{ "d1 e0", "shl $2,%eax" }, { "d3 e0", "shl $1,%eax" }, { "d1 e0", "shr %eax" },
		{ "8b 07", "mov" },
	};

	(void)state;
	ASSERT_MATCH(same);
	ASSERT_NO_MATCH(other);
}

static void an_opaque_instruction_matches_nothing(void **state)
{
	struct insn ud1 = decode("0f b9 cc");
	char text[ASM_MAX];

	(void)state;
	assert_false(asm_match("ud1 %esp,%ecx", &ud1, NULL));
	assert_false(asm_match("*", &ud1, NULL));
	assert_false(asm_match(asm_print(&ud1, NULL, text), &ud1, NULL));
}

static void the_published_site_matches_on_i386(void **state)
{
	struct insn je = decode_for(ARCH_I386, "74 47");
	struct insn test = decode_for(ARCH_I386, "f6 43 2c 02");

	(void)state;
	assert_true(asm_match("je c01a9dbe <nfs_flock+0x9d>", &je, "nfs_flock+0x9d"));
	assert_true(asm_match("testb $0x2,0x2c(%ebx)", &test, NULL));
	assert_true(asm_match("mov -0x3fb52c2c,%eax",
			      &(struct insn){ .mnemonic = "mov", .operands = "0xc04ad3d4,%eax" },
			      NULL));
}

static void assert_bad(const char *pattern, const char *wanted)
{
	const char *why = NULL;

	if (asm_check(pattern, &why))
		fail_msg("\"%s\" is accepted", pattern);
	assert_non_null(strstr(why, wanted));
}

static void what_can_be_no_pattern_is_refused_with_the_reason(void **state)
{
	char pattern[ASM_MAX + 1];
	const char *why;

	(void)state;
	assert_bad("", "no instruction");
	assert_bad("   ", "no instruction");
	assert_bad("# mov", "no instruction");
	assert_bad("lock", "no instruction");
	assert_bad("mov 0x8(%rax,%rbx", "a ( without its )");
	assert_bad("mov 0x8%rax),%rbx", "a ) without its (");
	assert_bad("mov ((%rax)),%rbx", "inside of another");
	assert_bad("je \xc3\xa4", "printable");
	assert_bad("je\nje", "printable");
	assert_bad("j* nfs_flock", "in place of");
	assert_bad("mov 1,2,3,4,5,6,7", "operands");
	memset(pattern, 'a', sizeof(pattern));
	pattern[ASM_MAX] = '\0';
	assert_bad(pattern, "longer than 319");
	pattern[ASM_MAX - 1] = '\0';
	assert_true(asm_check(pattern, &why));
	assert_true(asm_check("je *", &why));
	assert_true(asm_check("lock cmpxchg %edx,*(*,%rax,8)", &why));
}

/* Matches each line in turn with what the ones before have named; `last` is the answer of the last. */
static void assert_named(const struct match *cases, size_t count, bool last)
{
	struct asm_names names = { .count = 0 };

	for (size_t i = 0; i < count; i++) {
		struct insn insn = decode(cases[i].bytes);
		size_t named = names.count;
		bool match = asm_match_names(cases[i].pattern, &insn, NULL, &names);

		if (match != (i + 1 < count || last))
			fail_msg("\"%s\" %s %s %s", cases[i].pattern, match ? "matches" :
				 "does not match", insn.mnemonic, insn.operands);
		if (!match)
			assert_int_equal(names.count, named);
	}
}

#define ASSERT_NAMED(last, ...) do { \
	static const struct match cases_[] = { __VA_ARGS__ }; \
	assert_named(cases_, sizeof(cases_) / sizeof(cases_[0]), last); \
} while (0)

static void a_name_is_one_register_in_any_width(void **state)
{
	(void)state;
	ASSERT_NAMED(true, { "8b 4a 50", "mov 0x50(%rdx),@flags" }, { "83 e1 02", "and $2,@flags" });
	ASSERT_NAMED(false, { "8b 4a 50", "mov 0x50(%rdx),@flags" }, { "83 e0 02", "and $2,@flags" });
	ASSERT_NAMED(true, { "8b 4a 50", "mov 0x50(@lock),@flags" }, { "f6 c1 02", "test $2,@flags" },
		     { "48 89 d1", "mov @lock,@flags" });
	ASSERT_NAMED(true, { "88 e0", "mov @a,@a" });		/* mov %ah,%al */
	ASSERT_NAMED(true, { "66 89 c0", "mov @a,@a" });
	ASSERT_NAMED(false, { "88 e9", "mov @a,%cl" }, { "88 e0", "mov @a,%al" });
	ASSERT_NAMED(true, { "40 88 f7", "mov @a,@b" }, { "48 89 f7", "mov @a,@b" },
		     { "66 89 f7", "mov @a,@b" }, { "89 f7", "mov @a,@b" });
	ASSERT_NAMED(true, { "45 88 d3", "mov @a,@b" }, { "66 45 89 d3", "mov @a,@b" },
		     { "45 89 d3", "mov @a,@b" }, { "4d 89 d3", "mov @a,@b" });
	ASSERT_NAMED(false, { "4d 89 c1", "mov @a,%r9" }, { "4d 89 d1", "mov @a,%r9" });
}

static void a_name_stands_wherever_a_register_does(void **state)
{
	(void)state;
	ASSERT_NAMED(true, { "8b 44 8b 10", "mov 0x10(@base,@index,4),@to" },
		     { "48 89 cb", "mov @index,@base" }, { "31 c0", "xor @to,@to" });
	ASSERT_NAMED(true, { "ff d0", "call *@fn" }, { "ff 50 08", "call *8(@fn)" });
	ASSERT_NAMED(true, { "65 8b 07", "mov %gs:(@p),%eax" });
	ASSERT_NAMED(true, { "8b 04 0b", "mov (@a,@b),%eax" });	/* a scale of 1 left out */
	ASSERT_NAMED(true, { "8b 44 8b 10", "mov *(*,@i,4),*" }, { "ff c1", "inc @i" });
	ASSERT_NAMED(true, { "8b 44 8b 10", "mov *(@b,*),*" }, { "48 ff c3", "inc @b" });
	ASSERT_NAMED(true, { "d1 e0", "shl $1,@a" });
}

static void a_name_is_a_general_register_and_nothing_else(void **state)
{
	(void)state;
	ASSERT_NAMED(false, { "8c d8", "mov @s,%eax" });		/* %ds */
	ASSERT_NAMED(false, { "48 8b 05 00 00 00 00", "mov 0(@p),%rax" });	/* %rip */
	ASSERT_NAMED(false, { "0f 20 c0", "mov @c,%rax" });		/* %cr0 */
	ASSERT_NAMED(false, { "0f 28 c8", "movaps @x,@y" });
	ASSERT_NAMED(false, { "6a 02", "push @a" });
	ASSERT_NAMED(false, { "ff 30", "push @a" });			/* (%rax) */
	ASSERT_NAMED(false, { "e8 00 00 00 00", "call @fn" });
	ASSERT_NAMED(false, { "89 c8", "movw @a,@b" });
	ASSERT_NAMED(false, { "89 c8", "mov @,@b" });
	ASSERT_NAMED(false, { "89 c8", "mov @2,@b" });
	ASSERT_NAMED(false, { "89 c8", "mov @a" });
}

/* What a `*` tried on its way and gave up is not remembered. */
static void a_name_behind_a_star_is_the_register_that_fits(void **state)
{
	(void)state;
	ASSERT_NAMED(true, { "8b 44 8b 10", "mov *(*@i,4),%eax" }, { "ff c1", "inc @i" });
	ASSERT_NAMED(true, { "48 ff c1", "inc @i" }, { "8b 44 8b 10", "mov *@i*,%eax" });
	ASSERT_NAMED(false, { "48 ff c2", "inc @i" }, { "8b 44 8b 10", "mov *@i*,%eax" });
}

static void names_differ_by_case_and_length(void **state)
{
	(void)state;
	ASSERT_NAMED(true, { "89 c8", "mov @a,@A" });
	ASSERT_NAMED(true, { "89 c8", "mov @a,@ab" });
	ASSERT_NAMED(true, { "89 c8", "mov @ab,@a" });
	ASSERT_NAMED(true, { "89 c8", "mov @a23456789012345678901_b,@b" });
	ASSERT_NAMED(false, { "89 c8", "mov @a2345678901234567890123_,@b" });
}

static void there_are_eight_names_and_no_more(void **state)
{
	(void)state;
	ASSERT_NAMED(true, { "89 c8", "mov @a,@b" }, { "89 c8", "mov @c,@d" },
		     { "89 c8", "mov @e,@f" }, { "89 c8", "mov @g,@h" }, { "89 c8", "mov @g,@h" });
	ASSERT_NAMED(false, { "89 c8", "mov @a,@b" }, { "89 c8", "mov @c,@d" },
		     { "89 c8", "mov @e,@f" }, { "89 c8", "mov @g,@h" }, { "89 c8", "mov @g,@i" });
}

static void without_names_an_at_is_no_register(void **state)
{
	static const struct match other[] = { { "89 c8", "mov @a,@b" }, { "ff d0", "call *@a" } };

	(void)state;
	ASSERT_NO_MATCH(other);
}

/* Were each `*` to try all that the others leave, this would not end in a lifetime. */
static void many_stars_end_soon(void **state)
{
	char pattern[ASM_MAX], name[ASM_MAX];
	struct insn je = decode("74 39");

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	strcpy(pattern, "je ");
	for (size_t i = 3; i < sizeof(pattern) - 3; i += 2)
		memcpy(pattern + i, "*a", 3);
	strcat(pattern, "b");
	assert_false(asm_match(pattern, &je, name));
	pattern[strlen(pattern) - 1] = '\0';
	assert_true(asm_match(pattern, &je, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_is_printed_by_name_or_number),
		cmocka_unit_test(case_and_blanks_do_not_count),
		cmocka_unit_test(numbers_are_compared_as_numbers),
		cmocka_unit_test(a_right_size_suffix_may_be_there_or_not),
		cmocka_unit_test(conditions_have_synonyms),
		cmocka_unit_test(a_star_matches_within_one_operand),
		cmocka_unit_test(an_indirection_is_no_wildcard),
		cmocka_unit_test(a_target_is_compared_by_name_or_number),
		cmocka_unit_test(prefixes_count),
		cmocka_unit_test(short_forms_are_understood),
		cmocka_unit_test(an_opaque_instruction_matches_nothing),
		cmocka_unit_test(the_published_site_matches_on_i386),
		cmocka_unit_test(what_can_be_no_pattern_is_refused_with_the_reason),
		cmocka_unit_test(a_name_is_one_register_in_any_width),
		cmocka_unit_test(a_name_stands_wherever_a_register_does),
		cmocka_unit_test(a_name_is_a_general_register_and_nothing_else),
		cmocka_unit_test(a_name_behind_a_star_is_the_register_that_fits),
		cmocka_unit_test(names_differ_by_case_and_length),
		cmocka_unit_test(there_are_eight_names_and_no_more),
		cmocka_unit_test(without_names_an_at_is_no_register),
		cmocka_unit_test(many_stars_end_soon),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
