/* SPDX-License-Identifier: GPL-2.0-or-later */
/* context: the lines that are made for a place find that place, before and after, and no more of
 * them than it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "context.h"
#include "operation.h"

static const uint64_t base = 0xffffffff81000000;
static const char symbols[] = "ffffffff81000000 T victim\nffffffff81001000 T _etext\n";

static const struct target_ops ops = { .read = NULL };
static struct target target = { .ops = &ops, .info = { .architecture = ARCH_X86_64 } };
static struct kernel kernel = { .target = &target };

static int setup(void **state)
{
	char path[] = "/tmp/test_context.XXXXXX";
	int fd = mkstemp(path);
	struct symtab *symtab;
	struct fail fail;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, symbols, sizeof(symbols) - 1), sizeof(symbols) - 1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(symtab_load_system_map(path, &symtab, &fail), 0);
	assert_int_equal(unlink(path), 0);
	kernel.symtab = symtab;
	return decoder_create(ARCH_X86_64, &kernel.decoder, &fail);
}

static int teardown(void **state)
{
	(void)state;
	symtab_destroy((struct symtab *)kernel.symtab);
	decoder_destroy(kernel.decoder);
	return 0;
}

static void function_make(const uint8_t *bytes, size_t size, struct function *out)
{
	struct fail fail;

	*out = (struct function){ .symbol = symtab_at(kernel.symtab, base), .size = size };
	out->bytes = malloc(size);
	out->insns = calloc(size, sizeof(*out->insns));
	assert_non_null(out->bytes);
	assert_non_null(out->insns);
	memcpy(out->bytes, bytes, size);
	while (out->decoded < size) {
		struct insn *insn = &out->insns[out->count++];

		assert_int_equal(insn_decode(kernel.decoder, out->bytes + out->decoded,
					     size - out->decoded, base + out->decoded, insn, &fail), 0);
		out->decoded += insn->length;
	}
}

/* What else changes. */
static struct context_edit other;

/* The lines for the instruction at `offset`, joined by "; ", the site's in brackets; "": none. */
static const char *made(const uint8_t *bytes, size_t size, uint64_t offset,
			const struct operation *operation)
{
	CLEANUP(function_deinit) struct function function, after;
	const struct pattern_code code = { .function = &function };
	struct context_edit edits[2] = { { .offset = offset }, other };
	static char text[1024];
	struct pattern pattern;
	struct fail fail;
	size_t insn;

	function_make(bytes, size, &function);
	insn = function_insn_at(&function, offset);
	assert_int_equal(operation_apply(operation, &kernel, &function.insns[insn], &edits[0].bytes,
					 &fail), 0);
	assert_int_equal(context_after(&kernel, &function, edits, other.bytes.length > 0 ? 2 : 1,
				       &after, &fail), 0);
	text[0] = '\0';
	if (context_make(&kernel, &code, 1, insn, operation, &after, &pattern, &fail) < 0) {
		assert_int_equal(fail.code, OUTCOME_AMBIGUOUS);
		assert_non_null(strstr(fail.message, "victim+0x"));
		return text;
	}
	for (size_t i = 0; i < pattern.count; i++) {
		size_t length = strlen(text);

		(void)snprintf(text + length, sizeof(text) - length, i == pattern.at ? "%s[%s]" : "%s%s",
			       i > 0 ? "; " : "", pattern.lines[i].text);
		free(pattern.lines[i].text);
	}
	free(pattern.lines);
	return text;
}

static const struct operation invert = { .kind = OPERATION_INVERT };

#define MADE(operation, offset, ...) \
	made((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), offset, \
	     operation)

static void one_line_is_enough_where_it_is_alone(void **state)
{
	(void)state;
	/* test %eax,%eax; je +2; inc %ecx; ret */
	assert_string_equal(MADE(&invert, 2, 0x85, 0xc0, 0x74, 0x02, 0xff, 0xc1, 0xc3), "[je *]");
}

static void neighbours_tell_two_apart(void **state)
{
	(void)state;
	/* test %eax,%eax; je; test %ecx,%ecx; je; ret */
	assert_string_equal(MADE(&invert, 6, 0x85, 0xc0, 0x74, 0x00, 0x85, 0xc9, 0x74, 0x00, 0xc3),
			    "test %ecx,%ecx; [je *]");
}

static void it_is_alone_after_the_change_too(void **state)
{
	(void)state;
	/* test %eax,%eax; je; test %ecx,%ecx; jne; ret: inverted, there are two jne */
	assert_string_equal(MADE(&invert, 2, 0x85, 0xc0, 0x74, 0x00, 0x85, 0xc9, 0x75, 0x00, 0xc3),
			    "test %eax,%eax; [je *]");
}

static void nops_are_no_lines(void **state)
{
	(void)state;
	/* test %eax,%eax; nop; je; test %ecx,%ecx; nop; je; ret */
	assert_string_equal(MADE(&invert, 3, 0x85, 0xc0, 0x90, 0x74, 0x00, 0x85, 0xc9, 0x90, 0x74, 0x00,
				 0xc3), "test %eax,%eax; [je *]");
}

static void what_a_build_decides_is_left_out(void **state)
{
	const struct operation nop = { .kind = OPERATION_NOP };

	(void)state;
	/* call; mov 0x10(%rip),%eax; cmp $5,%eax; ret: of a nop nothing tells what it was */
	assert_string_equal(MADE(&nop, 5, 0xe8, 0x10, 0x00, 0x00, 0x00, 0x8b, 0x05, 0x10, 0x00, 0x00,
				 0x00, 0x83, 0xf8, 0x05, 0xc3),
			    "call *; [mov *(%rip),%eax]");
}

static void several_instructions_become_others(void **state)
{
	const struct operation bytes = { .kind = OPERATION_BYTES, .multiple = true,
					 .bytes = { { 0x31, 0xc0, 0x66, 0x90 }, 4 } };

	(void)state;
	/* cmp $1,%esi; inc %ecx; inc %edx; ret: xor %eax,%eax; nop */
	assert_string_equal(MADE(&bytes, 3, 0x83, 0xfe, 0x01, 0xff, 0xc1, 0xff, 0xc2, 0xc3),
			    "cmp $0x1,%esi; [inc %ecx]");
}

static void what_else_changes_is_no_line(void **state)
{
	(void)state;
	/* test %eax,%eax; je; test %ecx,%ecx; je; ret: the second test becomes a nop, too */
	other = (struct context_edit){ .offset = 4, .bytes = { { 0x66, 0x90 }, 2 } };
	assert_string_equal(MADE(&invert, 6, 0x85, 0xc0, 0x74, 0x00, 0x85, 0xc9, 0x74, 0x00, 0xc3),
			    "[je *]; ret");
	assert_string_equal(MADE(&invert, 2, 0x85, 0xc0, 0x74, 0x00, 0x85, 0xc9, 0x74, 0x00, 0xc3),
			    "test %eax,%eax; [je *]");
	other = (struct context_edit){ .offset = 0 };
}

static void a_place_among_its_like_has_none(void **state)
{
	uint8_t bytes[81];

	(void)state;
	for (size_t i = 0; i < 80; i += 2) {
		bytes[i] = 0x74;
		bytes[i + 1] = 0;
	}
	bytes[80] = 0xc3;
	assert_string_equal(made(bytes, sizeof(bytes), 40, &invert), "");
	/* the end of them is a landmark */
	assert_string_equal(made(bytes, sizeof(bytes), 78, &invert), "[je *]; ret");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line_is_enough_where_it_is_alone),
		cmocka_unit_test(neighbours_tell_two_apart),
		cmocka_unit_test(it_is_alone_after_the_change_too),
		cmocka_unit_test(nops_are_no_lines),
		cmocka_unit_test(what_a_build_decides_is_left_out),
		cmocka_unit_test(several_instructions_become_others),
		cmocka_unit_test(what_else_changes_is_no_line),
		cmocka_unit_test(a_place_among_its_like_has_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
