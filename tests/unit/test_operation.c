/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "asm.h"
#include "operation.h"

static const uint64_t address = 0xffffffff81000000;
static const uint64_t address32 = 0xc01a9d21;

static const struct target_ops target_ops;	/* memory says all */
static struct target targets[ARCH_COUNT];
static struct kernel kernels[ARCH_COUNT];

static int setup(void **state)
{
	struct fail fail;

	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		targets[arch].info.architecture = (enum architecture)arch;
		targets[arch].ops = &target_ops;
		kernels[arch].target = &targets[arch];
		if (decoder_create((enum architecture)arch, &kernels[arch].decoder, &fail) != 0)
			return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++)
		decoder_destroy(kernels[arch].decoder);
	return 0;
}

static struct bytes parse(const char *text)
{
	struct bytes bytes;
	const char *why;

	if (!bytes_parse(text, &bytes, &why))
		fail_msg("%s: %s", text, why);
	return bytes;
}

static struct insn decode_bytes(enum architecture arch, const struct bytes *bytes)
{
	char text[BYTES_TEXT_MAX];
	struct fail fail;
	struct insn insn;

	if (insn_decode(kernels[arch].decoder, bytes->data, bytes->length,
			arch == ARCH_X86_64 ? address : address32, &insn, &fail) != 0)
		fail_msg("%s: %s", bytes_print(bytes, text), fail.message);
	if (insn.length != bytes->length)
		fail_msg("%s is more than one instruction", bytes_print(bytes, text));
	return insn;
}

static struct insn decode(enum architecture arch, const char *text)
{
	struct bytes bytes = parse(text);

	return decode_bytes(arch, &bytes);
}

static struct operation simple(enum operation_kind kind)
{
	return (struct operation){ .kind = kind };
}

static struct operation with(enum operation_kind kind, int64_t number)
{
	return (struct operation){ .kind = kind,
				   .number = { (uint64_t)number, number < 0 } };
}

/* A number that has no sign, of 64 bits. */
static struct operation with_unsigned(enum operation_kind kind, uint64_t number)
{
	return (struct operation){ .kind = kind, .number = { number, false } };
}

static bool has_candidate(const struct operation *operation, enum architecture arch,
			  const struct insn *old, const struct insn *new)
{
	struct operation_before before[OPERATION_BEFORE_MAX];
	size_t count = operation_before(operation, &kernels[arch], new, before);

	assert_in_range(count, 0, OPERATION_BEFORE_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct insn *one = &before[i].insn;
		bool target = before[i].lost == LOST_TARGET || one->target == old->target;

		if (before[i].lost == LOST_ALL)
			return true;
		assert_int_equal(one->length, old->length);
		/* With the number lost, the rest of it must be spelled alike: the name of it here. */
		if (strcmp(one->mnemonic, old->mnemonic) == 0 && target &&
		    one->has_target == old->has_target)
			return true;
	}
	return false;
}

/* What the operation makes of it; before() of that must have it among its answers. */
static struct bytes apply(enum architecture arch, const struct operation *operation,
			  const char *text)
{
	struct insn insn = decode(arch, text), new;
	struct bytes made;
	struct fail fail;

	if (operation_apply(operation, &kernels[arch], &insn, &made, &fail) != 0)
		fail_msg("%s: %s", text, fail.message);
	new = decode_bytes(arch, &made);
	if (!has_candidate(operation, arch, &insn, &new))
		fail_msg("%s of %s cannot be told from what it makes", operation_name(operation->kind),
			 text);
	return made;
}

static void assert_made(enum architecture arch, struct operation operation, const char *old,
			const char *wanted)
{
	struct bytes made = apply(arch, &operation, old);
	char text[BYTES_TEXT_MAX];

	assert_string_equal(bytes_print(&made, text), wanted);
}

/* The message must have each of `words`, which are separated by `|`. */
static void assert_refused(enum architecture arch, struct operation operation, const char *old,
			   const char *words)
{
	struct insn insn = decode(arch, old);
	char buffer[256], *save = NULL;
	struct bytes made;
	struct fail fail;

	if (operation_apply(&operation, &kernels[arch], &insn, &made, &fail) == 0)
		fail_msg("%s of %s is not refused", operation_name(operation.kind), old);
	assert_int_equal(fail.code, OUTCOME_INVALID_SPEC);
	assert_true(fail.has_address);
	assert_non_null(strstr(fail.message, operation_name(operation.kind)));
	(void)snprintf(buffer, sizeof(buffer), "%s", words);
	for (char *word = strtok_r(buffer, "|", &save); word != NULL;
	     word = strtok_r(NULL, "|", &save)) {
		if (strstr(fail.message, word) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", fail.message, word);
	}
}

/* "2e 74 39" of "2e ", 0x74 and " 39" */
static const char *around(const char *before, unsigned opcode, const char *behind, char out[32])
{
	(void)snprintf(out, 32, "%s%02x%s", before, opcode, behind);
	return out;
}

static void a_short_jump_is_inverted_taken_and_not_taken(void **state)
{
	static const struct { const char *before, *behind, *never; } jumps[] = {
		{ "", " 39", " 00" }, { "", " 80", " 00" }, { "", " 00", " 00" }, { "2e ", " 39", " 00" },
		{ "3e ", " fe", " 00" },
	};

	(void)state;
	for (unsigned i = 0; i < ARCH_COUNT * 16 * sizeof(jumps) / sizeof(jumps[0]); i++) {
		enum architecture arch = i % ARCH_COUNT;
		unsigned condition = i / ARCH_COUNT % 16;
		const char *before = jumps[i / ARCH_COUNT / 16].before;
		const char *behind = jumps[i / ARCH_COUNT / 16].behind;
		char old[32], new[32];

		(void)around(before, 0x70 + condition, behind, old);
		assert_made(arch, simple(OPERATION_INVERT), old,
			    around(before, 0x70 + (condition ^ 1), behind, new));
		assert_made(arch, simple(OPERATION_ALWAYS), old, around(before, 0xeb, behind, new));
		assert_made(arch, simple(OPERATION_NEVER), old,
			    around(before, 0x70 + condition, jumps[i / ARCH_COUNT / 16].never, new));
	}
}

static void a_long_jump_is_inverted_taken_and_not_taken(void **state)
{
	static const char *const behind[] = { " 00 01 00 00", " 80 ff ff ff", " 00 00 00 00" };

	(void)state;
	for (unsigned i = 0; i < ARCH_COUNT * 16 * sizeof(behind) / sizeof(behind[0]); i++) {
		enum architecture arch = i % ARCH_COUNT;
		unsigned condition = i / ARCH_COUNT % 16;
		const char *displacement = behind[i / ARCH_COUNT / 16];
		char old[32], new[32];

		(void)around("0f ", 0x80 + condition, displacement, old);
		assert_made(arch, simple(OPERATION_INVERT), old,
			    around("0f ", 0x80 + (condition ^ 1), displacement, new));
		assert_made(arch, simple(OPERATION_ALWAYS), old,
			    around("2e ", 0xe9, displacement, new));
		assert_made(arch, simple(OPERATION_NEVER), old, arch == ARCH_X86_64 ?
			    "66 0f 1f 44 00 00" : "8d b6 00 00 00 00");
	}
}

static void a_jump_goes_where_it_went(void **state)
{
	static const char *const jumps[] = { "74 39", "75 80", "0f 84 00 01 00 00", "0f 8f 80 ff ff ff" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct operation invert = simple(OPERATION_INVERT), always = simple(OPERATION_ALWAYS);
		struct insn old = decode(ARCH_X86_64, jumps[i]);
		struct bytes made = apply(ARCH_X86_64, &invert, jumps[i]);
		struct insn new = decode_bytes(ARCH_X86_64, &made);

		assert_int_equal(new.target, old.target);
		assert_int_equal(new.flow, FLOW_BRANCH);
		assert_string_not_equal(new.mnemonic, old.mnemonic);
		made = apply(ARCH_X86_64, &always, jumps[i]);
		new = decode_bytes(ARCH_X86_64, &made);
		assert_int_equal(new.target, old.target);
		assert_int_equal(new.flow, FLOW_JUMP);
	}
}

static void what_is_no_jump_on_a_flag_is_refused_by_name(void **state)
{
	static const enum operation_kind kinds[] = { OPERATION_INVERT, OPERATION_ALWAYS, OPERATION_NEVER };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (int arch = 0; arch < ARCH_COUNT; arch++) {
			assert_refused(arch, simple(kinds[i]), "e3 10", "cxz|counts");
			assert_refused(arch, simple(kinds[i]), "e2 10", "loop|counts");
			assert_refused(arch, simple(kinds[i]), "e0 10", "loopne|counts");
			assert_refused(arch, simple(kinds[i]), "e1 10", "loope|counts");
			assert_refused(arch, simple(kinds[i]), "66 74 10", "66 prefix");
			assert_refused(arch, simple(kinds[i]), "eb 10", "jmp|no conditional jump");
			assert_refused(arch, simple(kinds[i]), "e8 00 10 00 00",
				       "call|no conditional jump");
			assert_refused(arch, simple(kinds[i]), "0f 44 c1",
				       "cmove %ecx,%eax|no conditional jump");
			assert_refused(arch, simple(kinds[i]), "0f 94 c0", "sete|no conditional jump");
			assert_refused(arch, simple(kinds[i]), "66 0f 84 10 00", "66 prefix");
		}
	}
}

/* One instruction of each length. */
static const char *const lengths[ARCH_COUNT][INSN_MAX] = {
	[ARCH_X86_64] = {
		"c3", "89 c8", "48 89 c8", "c6 40 08 01", "e8 00 00 00 00", "0f 84 00 00 00 00",
		"48 81 c0 00 01 00 00", "c7 44 24 08 01 00 00 00", "48 c7 44 24 08 01 00 00 00",
		"48 b8 01 00 00 00 00 00 00 00", "c7 84 24 00 01 00 00 01 00 00 00",
		"48 c7 84 24 00 01 00 00 01 00 00 00", "65 48 c7 84 24 00 01 00 00 01 00 00 00",
		"66 66 66 66 66 2e 0f 1f 84 00 00 00 00 00",
		"66 66 66 66 66 66 2e 0f 1f 84 00 00 00 00 00",
	},
	[ARCH_I386] = {
		"c3", "89 c8", "83 c0 01", "c6 40 08 01", "e8 00 00 00 00", "0f 84 00 00 00 00",
		"66 c7 44 24 08 01 00", "c7 44 24 08 01 00 00 00", "64 c7 44 24 08 01 00 00 00",
		"c7 80 00 01 00 00 01 00 00 00", "c7 84 24 00 01 00 00 01 00 00 00",
		"64 c7 84 24 00 01 00 00 01 00 00 00", "64 64 c7 84 24 00 01 00 00 01 00 00 00",
		"64 64 64 c7 84 24 00 01 00 00 01 00 00 00",
		"64 64 64 64 c7 84 24 00 01 00 00 01 00 00 00",
	},
};

static void an_instruction_of_any_length_becomes_one_nop(void **state)
{
	(void)state;
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		for (unsigned i = 0; i < INSN_MAX; i++) {
			struct operation nop = simple(OPERATION_NOP);
			struct bytes made = apply(arch, &nop, lengths[arch][i]);
			struct insn insn = decode_bytes(arch, &made);

			assert_int_equal(made.length, i + 1);
			assert_true(insn.nop);
			assert_false(insn.opaque);
			/* processors of i386 need not know it */
			for (size_t j = 0; arch == ARCH_I386 && j < made.length; j++)
				assert_int_not_equal(made.data[j], 0x0f);
		}
	}
	assert_made(ARCH_X86_64, simple(OPERATION_NOP), "e8 00 00 00 00", "0f 1f 44 00 00");
	assert_made(ARCH_X86_64, simple(OPERATION_NOP), "48 c7 c0 00 00 00 00", "0f 1f 80 00 00 00 00");
	assert_made(ARCH_X86_64, simple(OPERATION_NOP), "48 c7 44 24 08 01 00 00 00",
		    "66 0f 1f 84 00 00 00 00 00");
	assert_made(ARCH_X86_64, simple(OPERATION_NOP), "48 b8 01 00 00 00 00 00 00 00",
		    "66 2e 0f 1f 84 00 00 00 00 00");
	assert_made(ARCH_I386, simple(OPERATION_NOP), "e8 00 00 00 00", "3e 8d 74 26 00");
	assert_made(ARCH_I386, simple(OPERATION_NOP), "31 c0", "89 f6");
}

static void what_is_not_known_well_is_changed_by_bytes_alone(void **state)
{
	static const char *const opaque = "0f 01 e8";	/* serialize */

	(void)state;
	assert_true(decode(ARCH_X86_64, opaque).opaque);
	assert_refused(ARCH_X86_64, simple(OPERATION_NOP), opaque, "does not know");
	assert_refused(ARCH_X86_64, with(OPERATION_IMMEDIATE, 1), opaque, "does not know");
	assert_refused(ARCH_X86_64, with(OPERATION_DISPLACEMENT, 1), opaque, "does not know");
	assert_refused(ARCH_X86_64, simple(OPERATION_RETURN), "c3", "not made of an instruction");
	assert_refused(ARCH_X86_64, simple(OPERATION_VALUE), "c3", "not made of an instruction");
}

static void an_immediate_of_each_size_takes_what_fits_it(void **state)
{
	static const enum operation_kind kind = OPERATION_IMMEDIATE;

	(void)state;
	assert_made(ARCH_X86_64, with(kind, 0x7f), "f6 47 50 02", "f6 47 50 7f");	/* testb */
	assert_made(ARCH_X86_64, with(kind, -128), "f6 47 50 02", "f6 47 50 80");
	assert_made(ARCH_X86_64, with(kind, 255), "f6 47 50 02", "f6 47 50 ff");
	assert_refused(ARCH_X86_64, with(kind, 256), "f6 47 50 02",
		       "256 does not fit its 1 byte,|-128 to 127, or 0 to 255 without sign");
	assert_refused(ARCH_X86_64, with(kind, -129), "f6 47 50 02", "-129 does not fit");

	assert_made(ARCH_X86_64, with(kind, 0x1234), "66 81 7f 08 01 00", "66 81 7f 08 34 12");
	assert_made(ARCH_X86_64, with(kind, 65535), "66 81 7f 08 01 00", "66 81 7f 08 ff ff");
	assert_made(ARCH_X86_64, with(kind, -32768), "66 81 7f 08 01 00", "66 81 7f 08 00 80");
	assert_refused(ARCH_X86_64, with(kind, 65536), "66 81 7f 08 01 00",
		       "2 bytes|-32768 to 32767, or 0 to 65535");

	assert_made(ARCH_X86_64, with(kind, -1), "b8 01 00 00 00", "b8 ff ff ff ff");
	assert_made(ARCH_X86_64, with(kind, 0xffffffff), "b8 01 00 00 00", "b8 ff ff ff ff");
	assert_refused(ARCH_X86_64, with(kind, 0x100000000), "b8 01 00 00 00",
		       "4294967296 does not fit its 4 bytes|-2147483648 to 2147483647, or 0 to 4294967295");
	assert_refused(ARCH_X86_64, with(kind, -2147483649), "b8 01 00 00 00", "does not fit");

	assert_made(ARCH_X86_64, with_unsigned(kind, UINT64_MAX), "48 b8 01 00 00 00 00 00 00 00",
		    "48 b8 ff ff ff ff ff ff ff ff");
	assert_made(ARCH_X86_64, with(kind, INT64_MIN), "48 b8 01 00 00 00 00 00 00 00",
		    "48 b8 00 00 00 00 00 00 00 80");
	/* what stands behind a displacement */
	assert_made(ARCH_X86_64, with(kind, 7), "c7 84 24 00 01 00 00 01 00 00 00",
		    "c7 84 24 00 01 00 00 07 00 00 00");
	assert_made(ARCH_I386, with(kind, 7), "c7 05 00 10 40 c0 01 00 00 00",
		    "c7 05 00 10 40 c0 07 00 00 00");
	assert_made(ARCH_X86_64, with(kind, 7), "c7 05 00 10 40 00 01 00 00 00",
		    "c7 05 00 10 40 00 07 00 00 00");
	/* counts, and the bytes of `ret $n` and of vector instructions */
	assert_made(ARCH_X86_64, with(kind, 5), "c1 e0 04", "c1 e0 05");
	assert_made(ARCH_I386, with(kind, 8), "c2 04 00", "c2 08 00");
	assert_made(ARCH_X86_64, with(kind, 3), "c5 f9 70 c1 1b", "c5 f9 70 c1 03");	/* vpshufd */
}

static void an_immediate_that_is_sign_extended_takes_what_it_can_mean(void **state)
{
	static const enum operation_kind kind = OPERATION_IMMEDIATE;

	(void)state;
	assert_made(ARCH_X86_64, with(kind, -16), "83 e0 01", "83 e0 f0");	/* and $1,%eax */
	assert_made(ARCH_X86_64, with(kind, 0xfffffff0), "83 e0 01", "83 e0 f0");
	assert_refused(ARCH_X86_64, with(kind, 0xf0), "83 e0 01",
		       "240 does not fit its 1 byte,|-128 to 127, or 0xffffff80 to 0xffffffff");
	assert_refused(ARCH_X86_64, with_unsigned(kind, 0xfffffffffffffff0), "83 e0 01", "does not fit");
	assert_made(ARCH_X86_64, with_unsigned(kind, 0xfffffffffffffff0), "48 83 e0 01", "48 83 e0 f0");
	assert_refused(ARCH_X86_64, with(kind, 0xfffffff0), "48 83 e0 01", "does not fit");
	assert_made(ARCH_X86_64, with(kind, 0xfff0), "66 83 e0 01", "66 83 e0 f0");
	assert_refused(ARCH_X86_64, with(kind, 0x80000000), "48 c7 c0 01 00 00 00",
		       "4 bytes|0xffffffff80000000 to 0xffffffffffffffff");
	assert_made(ARCH_X86_64, with(kind, INT32_MIN), "48 c7 c0 01 00 00 00", "48 c7 c0 00 00 00 80");
	assert_refused(ARCH_X86_64, with(kind, 0x80000000), "48 81 c0 01 00 00 00", "does not fit");
	assert_refused(ARCH_X86_64, with(kind, 0x80000000), "48 3d 01 00 00 00", "does not fit");

	assert_made(ARCH_X86_64, with(kind, -1), "6a 01", "6a ff");		/* push */
	assert_refused(ARCH_X86_64, with(kind, 255), "6a 01", "does not fit");
	assert_refused(ARCH_X86_64, with(kind, 0xffffffff), "68 01 00 00 00", "does not fit");
	assert_made(ARCH_I386, with(kind, 0xffffffff), "68 01 00 00 00", "68 ff ff ff ff");
	assert_made(ARCH_I386, with(kind, 0xffffffff), "6a 01", "6a ff");
	assert_made(ARCH_X86_64, with(kind, -3), "6b c1 0c", "6b c1 fd");	/* imul */
	assert_refused(ARCH_X86_64, with(kind, 128), "6b c1 0c", "does not fit");
	assert_made(ARCH_X86_64, with(kind, 128), "69 c1 0c 00 00 00", "69 c1 80 00 00 00");
}

static void what_has_no_one_immediate_is_refused(void **state)
{
	static const enum operation_kind kind = OPERATION_IMMEDIATE;

	(void)state;
	assert_refused(ARCH_X86_64, with(kind, 1), "89 c8", "mov %ecx,%eax|no immediate operand");
	assert_refused(ARCH_X86_64, with(kind, 1), "c8 10 00 01", "enter|two immediate operands");
	assert_refused(ARCH_I386, with(kind, 1), "ea 78 56 34 12 10 00", "two immediate operands");
	assert_refused(ARCH_X86_64, with(kind, 1), "74 10", "where it goes");
	assert_refused(ARCH_X86_64, with(kind, 1), "e8 00 00 00 00", "where it goes");
	assert_refused(ARCH_I386, with(kind, 1), "a1 00 10 40 c0", "no immediate operand");
	/* the byte at the end is a register, or a part of the name */
	assert_refused(ARCH_X86_64, with(kind, 1), "c4 e3 71 4a c2 30", "no immediate operand");
	assert_refused(ARCH_X86_64, with(kind, 2), "0f c2 c1 01", "no immediate operand");
}

static void a_displacement_takes_what_fits_the_field_that_is_there(void **state)
{
	static const enum operation_kind kind = OPERATION_DISPLACEMENT;

	(void)state;
	assert_made(ARCH_X86_64, with(kind, 0x28), "f6 47 50 02", "f6 47 28 02");
	assert_made(ARCH_X86_64, with(kind, -8), "8b 45 08", "8b 45 f8");
	assert_made(ARCH_X86_64, with_unsigned(kind, 0xfffffffffffffff8), "8b 45 08", "8b 45 f8");
	assert_refused(ARCH_X86_64, with(kind, 128), "8b 45 08",
		       "128 does not fit its 1 byte,|-128 to 127, or 0xffffffffffffff80 to 0x");
	assert_made(ARCH_X86_64, with(kind, 0x1234), "8b 80 00 01 00 00", "8b 80 34 12 00 00");
	assert_refused(ARCH_X86_64, with(kind, 0x80000000), "8b 80 00 01 00 00", "does not fit");
	assert_made(ARCH_I386, with(kind, 0xc0401000), "8b 80 00 01 00 00", "8b 80 00 10 40 c0");
	/* before an immediate, behind a SIB byte, behind VEX */
	assert_made(ARCH_X86_64, with(kind, 0x10), "48 c7 44 24 08 01 00 00 00",
		    "48 c7 44 24 10 01 00 00 00");
	assert_made(ARCH_X86_64, with(kind, 0x10), "c5 f9 6f 47 20", "c5 f9 6f 47 10");
	assert_made(ARCH_X86_64, with(kind, 0x10), "c4 e2 79 18 47 20", "c4 e2 79 18 47 10");
	/* an address alone */
	assert_made(ARCH_I386, with(kind, 0xc0401004), "8b 0d 00 10 40 c0", "8b 0d 04 10 40 c0");
	assert_made(ARCH_I386, with(kind, 0xc0401004), "a1 00 10 40 c0", "a1 04 10 40 c0");
	assert_made(ARCH_X86_64, with(kind, 0x28), "65 48 8b 04 25 00 10 00 00",
		    "65 48 8b 04 25 28 00 00 00");
	assert_made(ARCH_I386, with(kind, 0x10), "67 8b 47 08", "67 8b 47 10");

	assert_refused(ARCH_X86_64, with(kind, 1), "8b 05 00 10 00 00", "%rip");
	assert_refused(ARCH_X86_64, with(kind, 1), "c5 f9 6f 05 00 10 00 00", "%rip");
	assert_refused(ARCH_X86_64, with(kind, 1), "8b 00", "no displacement");
	assert_refused(ARCH_X86_64, with(kind, 1), "89 c8", "no memory operand");
	assert_refused(ARCH_X86_64, with(kind, 1), "74 10", "no memory operand");
	assert_refused(ARCH_X86_64, with(kind, 1), "c3", "no memory operand");
}

static void bytes_are_one_instruction_of_the_same_length(void **state)
{
	struct operation bytes = { .kind = OPERATION_BYTES, .bytes = parse("75 39") };

	(void)state;
	assert_made(ARCH_X86_64, bytes, "74 39", "75 39");
}

static void bytes_of_another_length_or_none_that_decodes_are_refused(void **state)
{
	struct operation bytes = { .kind = OPERATION_BYTES, .bytes = parse("90 90") };

	(void)state;
	assert_refused(ARCH_X86_64, bytes, "74 39", "one instruction of its length|90 90");
	bytes.bytes = parse("75 39 90");
	assert_refused(ARCH_X86_64, bytes, "74 39", "one instruction of its length");
	bytes.bytes = parse("06 06");	/* no instruction in 64-bit mode */
	assert_refused(ARCH_X86_64, bytes, "74 39", "one instruction of its length");
}

static size_t candidates(enum architecture arch, struct operation operation, const char *text,
			 struct operation_before out[OPERATION_BEFORE_MAX])
{
	struct insn insn = decode(arch, text);

	return operation_before(&operation, &kernels[arch], &insn, out);
}

static void what_an_operation_does_not_make_was_nothing_before(void **state)
{
	struct operation_before out[OPERATION_BEFORE_MAX];

	(void)state;
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_INVERT), "eb 39", out), 0);
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_INVERT), "66 74 39", out), 0);
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_ALWAYS), "74 39", out), 0);
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_ALWAYS), "e9 00 01 00 00", out), 0);
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_NEVER), "74 39", out), 0);
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_NEVER), "66 90", out), 0);
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_NOP), "66 66 66 66 90", out), 0);
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_RETURN), "c3", out), 0);
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_VALUE), "c3", out), 0);
	assert_int_equal(candidates(ARCH_X86_64, with(OPERATION_IMMEDIATE, 3), "f6 47 50 02", out), 0);
	assert_int_equal(candidates(ARCH_X86_64, with(OPERATION_IMMEDIATE, 0xf0), "83 e0 f0", out), 0);
	assert_int_equal(candidates(ARCH_X86_64, with(OPERATION_DISPLACEMENT, 2), "f6 47 50 02", out), 0);
	assert_int_equal(candidates(ARCH_X86_64,
				    (struct operation){ .kind = OPERATION_BYTES, .bytes = parse("75 38") },
				    "75 39", out), 0);
}

static void what_was_before_says_what_it_does_not_know(void **state)
{
	struct operation_before out[OPERATION_BEFORE_MAX];

	(void)state;
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_INVERT), "75 39", out), 1);
	assert_int_equal(out[0].lost, LOST_NOTHING);
	assert_string_equal(out[0].insn.mnemonic, "je");
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_ALWAYS), "eb 39", out), 16);
	assert_int_equal(out[4].lost, LOST_NOTHING);
	assert_string_equal(out[4].insn.mnemonic, "je");
	assert_int_equal(out[4].insn.target, address + 2 + 0x39);
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_NEVER), "74 00", out), 1);
	assert_int_equal(out[0].lost, LOST_TARGET);
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_NEVER), "66 0f 1f 44 00 00", out), 16);
	assert_int_equal(out[15].lost, LOST_TARGET);
	assert_string_equal(out[15].insn.mnemonic, "jg");
	/* 3e 0f 84 … was longer, and what its prefix was is not known */
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_NEVER), "0f 1f 80 00 00 00 00", out), 1);
	assert_int_equal(out[0].lost, LOST_ALL);
	assert_int_equal(candidates(ARCH_X86_64, simple(OPERATION_NOP), "0f 1f 44 00 00", out), 1);
	assert_int_equal(out[0].lost, LOST_ALL);
	assert_int_equal(candidates(ARCH_X86_64, with(OPERATION_IMMEDIATE, 2), "f6 47 50 02", out), 1);
	assert_int_equal(out[0].lost, LOST_NUMBER);
	assert_int_equal(candidates(ARCH_X86_64, with(OPERATION_DISPLACEMENT, 0x50), "f6 47 50 02", out), 1);
	assert_int_equal(out[0].lost, LOST_NUMBER);
	assert_int_equal(candidates(ARCH_X86_64,
				    (struct operation){ .kind = OPERATION_BYTES, .bytes = parse("75 39") },
				    "75 39", out), 1);
	assert_int_equal(out[0].lost, LOST_ALL);
	assert_int_equal(candidates(ARCH_X86_64,
				    (struct operation){ .kind = OPERATION_BYTES, .multiple = true,
							.bytes = parse("31 c0 c3") }, "31 c0", out), 1);
}

static uint32_t random_next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Of whatever can be made, before() must have what it was made of. */
static void before_is_the_inverse_of_apply(void **state)
{
	static const enum operation_kind kinds[] = {
		OPERATION_INVERT, OPERATION_ALWAYS, OPERATION_NEVER, OPERATION_NOP,
		OPERATION_IMMEDIATE, OPERATION_DISPLACEMENT,
	};
	unsigned made[6] = { 0 };
	uint32_t seed = 1;

	(void)state;
	for (unsigned tries = 0; tries < 40000; tries++) {
		enum architecture arch = tries & 1 ? ARCH_I386 : ARCH_X86_64;
		struct operation operation = with(kinds[tries % 6],
						  (int8_t)random_next(&seed));
		struct insn insn, new;
		uint8_t bytes[INSN_MAX];
		struct bytes out;
		struct fail fail;

		for (size_t i = 0; i < INSN_MAX; i++)
			bytes[i] = (uint8_t)random_next(&seed);
		if (tries % 3 == 0)	/* jumps are rare otherwise */
			bytes[0] = 0x70 | (bytes[0] & 0xf);
		if (insn_decode(kernels[arch].decoder, bytes, INSN_MAX, address32, &insn, &fail) != 0 ||
		    operation_apply(&operation, &kernels[arch], &insn, &out, &fail) != 0) {
			if (fail.code == OUTCOME_ERROR)
				fail_msg("%s", fail.message);
			continue;
		}
		assert_int_equal(out.length, insn.length);
		assert_int_equal(insn_decode(kernels[arch].decoder, out.data, out.length, address32, &new,
					     &fail), 0);
		if (!has_candidate(&operation, arch, &insn, &new))
			fail_msg("%s of %s %s cannot be told from what it makes",
				 operation_name(operation.kind), insn.mnemonic, insn.operands);
		made[tries % 6]++;
	}
	for (size_t i = 0; i < 6; i++)
		assert_in_range(made[i], 200, 40000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_jump_is_inverted_taken_and_not_taken),
		cmocka_unit_test(a_long_jump_is_inverted_taken_and_not_taken),
		cmocka_unit_test(a_jump_goes_where_it_went),
		cmocka_unit_test(what_is_no_jump_on_a_flag_is_refused_by_name),
		cmocka_unit_test(an_instruction_of_any_length_becomes_one_nop),
		cmocka_unit_test(what_is_not_known_well_is_changed_by_bytes_alone),
		cmocka_unit_test(an_immediate_of_each_size_takes_what_fits_it),
		cmocka_unit_test(an_immediate_that_is_sign_extended_takes_what_it_can_mean),
		cmocka_unit_test(what_has_no_one_immediate_is_refused),
		cmocka_unit_test(a_displacement_takes_what_fits_the_field_that_is_there),
		cmocka_unit_test(bytes_are_one_instruction_of_the_same_length),
		cmocka_unit_test(bytes_of_another_length_or_none_that_decodes_are_refused),
		cmocka_unit_test(what_an_operation_does_not_make_was_nothing_before),
		cmocka_unit_test(what_was_before_says_what_it_does_not_know),
		cmocka_unit_test(before_is_the_inverse_of_apply),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
