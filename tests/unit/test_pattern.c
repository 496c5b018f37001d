/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patterns against small functions; the types are the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "pattern.h"

static const uint64_t base = 0xffffffff81000000, cold_at = 0x800;

static const char symbols[] =
	"ffffffff81000000 T victim\n"
	"ffffffff81000800 t victim.cold\n"
	"ffffffff81001000 T __x86_return_thunk\n"
	"ffffffff81001010 T srso_alias_return_thunk\n"
	"ffffffff81001020 T helper\n"
	"ffffffff81001030 T _etext\n";

struct fixture {
	struct target target;
	struct symtab *symtab;
	struct kernel kernel;
	uint64_t steps;			/* left of PATTERN_STEPS */
};

/* ---- types ------------------------------------------------------------------------------------ */

#define FLAGS "file_lock.fl_flags|file_lock.c.flc_flags"

static unsigned asked;

int types_member(struct types *types, const char *module, const char *path,
		 struct type_member *out, struct fail *fail)
{
	(void)types;
	asked++;
	*out = (struct type_member){ .size = 4 };
	assert_string_equal(module, "nfs");
	if (strcmp(path, FLAGS) == 0)
		out->offset = 0x50;
	else if (strcmp(path, "list.next") == 0)
		out->offset = 0;
	else if (strcmp(path, "two.ways") == 0)
		return fail_set(fail, OUTCOME_AMBIGUOUS, "two is laid out in two ways");
	else if (strcmp(path, "broken.btf") == 0)
		return fail_set(fail, OUTCOME_ERROR, "the BTF is broken");
	else
		return fail_set(fail, OUTCOME_NOT_FOUND, "no type information for %s", path);
	return 0;
}

bool types_path_check(const char *path, const char **why)
{
	*why = "no path";
	return strchr(path, '.') != NULL;
}

/* ---- the fixture ------------------------------------------------------------------------------ */

/* Patterns are searched in what was read before. */
static const struct target_ops no_memory = { .read = NULL };

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[] = "/tmp/test_pattern.XXXXXX";
	int fd = mkstemp(path);
	struct fail fail;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, symbols, sizeof(symbols) - 1), sizeof(symbols) - 1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(symtab_load_system_map(path, &f->symtab, &fail), 0);
	assert_int_equal(unlink(path), 0);
	f->target = (struct target){ &no_memory, { .architecture = ARCH_X86_64 } };
	f->kernel = (struct kernel){ .target = &f->target, .symtab = f->symtab };
	assert_int_equal(decoder_create(ARCH_X86_64, &f->kernel.decoder, &fail), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	symtab_destroy(f->symtab);
	decoder_destroy(f->kernel.decoder);
	free(f);
	return 0;
}

enum { CODE_MAX = 64 * 1024 };

/* Hexadecimal pairs; "8(ff c1)" is eight times those. */
static size_t bytes_read(const char *hex, uint8_t *out)
{
	size_t length = 0, times = 1, start = 0;

	while (*hex != '\0') {
		size_t digits = strspn(hex, "0123456789abcdef");

		if (hex[digits] == '(') {
			times = (size_t)strtoul(hex, NULL, 10);
			start = length;
		} else if (digits > 0) {
			out[length++] = (uint8_t)strtoul(hex, NULL, 16);
		}
		hex += digits;
		for (size_t unit = length - start; *hex == ')' && times > 1; times--) {
			memcpy(out + length, out + length - unit, unit);
			length += unit;
		}
		hex += *hex != '\0';
		assert_true(length <= CODE_MAX);
	}
	return length;
}

struct part {
	struct symbol symbol;
	uint8_t bytes[CODE_MAX];
	struct function function;
	bool transparent[CODE_MAX];
};

static struct part *code_create(const struct kernel *kernel, const char *name, uint64_t address,
				const char *hex)
{
	struct part *code = calloc(1, sizeof(*code));
	struct function *function = &code->function;
	struct fail fail;

	code->symbol = (struct symbol){ .address = address, .name = name, .type = 't' };
	*function = (struct function){ .symbol = &code->symbol, .bytes = code->bytes,
				       .size = bytes_read(hex, code->bytes) };
	code->symbol.size = function->size;
	function->insns = calloc(function->size + 1, sizeof(*function->insns));
	while (function->decoded < function->size) {
		struct insn *insn = &function->insns[function->count];

		if (insn_decode(kernel->decoder, code->bytes + function->decoded,
				function->size - function->decoded, address + function->decoded,
				insn, &fail) != 0)
			break;
		function->decoded += insn->length;
		function->count++;
	}
	return code;
}

static void code_destroy(struct part *code)
{
	free(code->function.insns);
	free(code);
}

/* "line; >the site's line; ..." and more patterns behind newlines. */
static void find_read(const char *text, struct site *site, char **copy)
{
	char *rest = *copy = strdup(text), *one;

	site->patterns = calloc(16, sizeof(*site->patterns));
	while ((one = strsep(&rest, "\n")) != NULL) {
		struct pattern *pattern = &site->patterns[site->pattern_count++];
		char *line;

		pattern->lines = calloc(PATTERN_LINES_MAX, sizeof(*pattern->lines));
		while ((line = strsep(&one, ";")) != NULL) {
			line += strspn(line, " ");
			if (*line == '>')
				pattern->at = pattern->count;
			line += *line == '>';
			pattern->lines[pattern->count] = (struct pattern_line){
				line, { 10 + (unsigned)site->pattern_count,
					(unsigned)pattern->count + 1 } };
			pattern->count++;
		}
	}
}

static void site_free(struct site *site, char *copy)
{
	for (size_t i = 0; i < site->pattern_count; i++)
		free(site->patterns[i].lines);
	free(site->patterns);
	free(copy);
}

struct golden {
	const char *what;
	const char *code;
	const char *find;
	const char *cold;		/* NULL: there is none */
	const char *wanted;		/* "victim+0x2f", "victim+0x2f already", or an outcome */
	const char *says[4];		/* of the outcome's message */
	struct operation operation;
	uint64_t transparent;	/* bit n: the n-th instruction is */
};

/* What pattern_find() answers, as in `wanted`. */
static void answer(struct fixture *f, const struct golden *golden, char out[64],
		   struct fail *fail)
{
	struct part *hot = code_create(&f->kernel, "victim", base, golden->code);
	struct part *cold = code_create(&f->kernel, "victim.cold", base + cold_at,
					golden->cold == NULL ? "" : golden->cold);
	const struct pattern_code codes[] = {
		{ &hot->function, hot->transparent }, { &cold->function, NULL },
	};
	struct site site = { .where = SITE_FIND, .symbol = (char *)"victim",
			     .operation = golden->operation };
	struct pattern_hit hit;
	char *copy;

	for (size_t i = 0; i < 64; i++)
		hot->transparent[i] = golden->transparent >> i & 1;
	find_read(golden->find, &site, &copy);
	fail->message[0] = '\0';
	if (pattern_find(&f->kernel, &site, codes, golden->cold == NULL ? 1 : 2, "nfs", &f->steps,
			 &hit, fail) == 0) {
		const struct function *function = codes[hit.code].function;

		snprintf(out, 64, "%s+0x%x%s", function->symbol->name,
			 (unsigned)(function->insns[hit.insn].address - function->symbol->address),
			 hit.already ? " already" : "");
	} else {
		snprintf(out, 64, "%s", outcome_name(fail->code));
	}
	site_free(&site, copy);
	code_destroy(hot);
	code_destroy(cold);
}

/* With the steps that are left. */
static void golden_go_on(struct fixture *f, const struct golden *golden)
{
	struct fail fail;
	char got[64];

	answer(f, golden, got, &fail);
	if (strcmp(got, golden->wanted) != 0)
		fail_msg("%s: %s, wanted %s\n%s", golden->what, got, golden->wanted, fail.message);
	for (size_t i = 0; i < 4 && golden->says[i] != NULL; i++) {
		if (strstr(fail.message, golden->says[i]) == NULL)
			fail_msg("%s: \"%s\" is not said in:\n%s", golden->what, golden->says[i],
				 fail.message);
	}
}

static void golden_check(struct fixture *f, const struct golden *golden)
{
	f->steps = PATTERN_STEPS;
	golden_go_on(f, golden);
}

#define CHECK(state, table) do { \
	for (size_t i_ = 0; i_ < sizeof(table) / sizeof((table)[0]); i_++) \
		golden_check(*(state), &(table)[i_]); \
} while (0)

/* nfs_flock of Debian's kernels, as they are in memory, but for calls. */
#define FLOCK_6_1 "0f 1f 44 00 00 41 55 41 54 41 89 f4 55 48 89 fd 53 48 8b 87 d8 00 00 00 48 89 d3 " \
	"4c 8b 28 f6 05 00 00 00 00 40 0f 85 cf 07 00 00 f6 43 50 02 74 39 49 8b 45 28 48 89 da 44 " \
	"89 e6 48 89 ef 48 8b 80 98 03 00 00 8b 48 54 c1 e9 14 83 e1 01 80 7b 54 02 74 0b 5b 5d 41 " \
	"5c 41 5d e9 c1 fe ff ff 5b 5d 41 5c 41 5d e9 d6 fd ff ff 5b b8 db ff ff ff 5d 41 5c 41 5d " \
	"e9 86 0f 00 00"
#define FLOCK_6_12 "f3 0f 1e fa 0f 1f 44 00 00 41 55 41 54 41 89 f4 55 48 89 fd 53 48 8b 47 18 48 89 " \
	"d3 4c 8b 28 f6 05 00 00 00 00 40 75 3f f6 43 50 02 74 51 49 8b 45 28 48 89 da 44 89 e6 48 " \
	"89 ef 48 8b 80 90 03 00 00 8b 48 6c c1 e9 14 83 e1 01 80 7b 54 02 74 0b 5b 5d 41 5c 41 5d " \
	"e9 b4 fe ff ff 5b 5d 41 5c 41 5d e9 b9 fd ff ff 8b 4a 50 0f b6 52 54 48 89 fe 48 c7 c7 00 " \
	"00 00 00 e8 00 00 00 00 eb a9 5b b8 db ff ff ff 5d 41 5c 41 5d c3 cc cc cc cc"
/* The flags are loaded early; as in the generic 5.10. */
#define FLOCK_5_10 "0f 1f 44 00 00 48 8b 87 d8 00 00 00 8b 4a 50 55 48 89 fd 53 83 e1 02 74 05 " \
	"b8 01 00 00 00 5b 5d c3"
/* Built for size. */
#define FLOCK_SMALL "53 f6 41 28 02 48 89 c3 48 89 d6 74 03 31 c0 5b c3"
#define FLOCK_FIND \
	"testb $0x2,{" FLAGS "}(*); >je *\n" \
	"mov {" FLAGS "}(*),@flags; ...; and $0x2,@flags; >je *"

static void the_headline_patch_finds_its_place_in_each_build(void **state)
{
	static const struct golden cases[] = {
		{ "6.1", FLOCK_6_1, FLOCK_FIND, .wanted = "victim+0x2f" },
		{ "6.12, whose tracing code has the second pattern's first line", FLOCK_6_12,
		  FLOCK_FIND, .wanted = "victim+0x2c" },
		{ "5.10 generic", FLOCK_5_10, FLOCK_FIND, .wanted = "victim+0x17" },
		{ "a build for size has another layout, so the numbers are given", FLOCK_SMALL,
		  "testb $0x2,0x28(*); ...; >je *", .wanted = "victim+0xb" },
		{ "and nothing of it fits the others' patterns", FLOCK_SMALL, FLOCK_FIND,
		  .wanted = "not-found",
		  .says = { "none of the 2 patterns is found in victim; no instruction fits the "
		    "first line", "patchctl disassemble victim" } },
		{ "applied already", "53 f6 47 50 02 75 01 5b c3", FLOCK_FIND,
		  .wanted = "victim+0x5 already", .operation = { .kind = OPERATION_INVERT } },
	};

	CHECK(state, cases);
}

static void lines_follow_each_other(void **state)
{
	static const struct golden cases[] = {
		{ "one line", "53 31 c0 5b c3", ">xor %eax,%eax", .wanted = "victim+0x1" },
		{ "the first line is the site", FLOCK_6_1, ">testb $0x2,0x50(*); je *",
		  .wanted = "victim+0x2b" },
		{ "in the middle", "53 31 c0 5b c3", "push *; >xor *,*; pop *",
		  .wanted = "victim+0x1" },
		{ "the whole function", "53 31 c0 5b c3",
		  "push %rbx; xor %eax,%eax; pop %rbx; >ret", .wanted = "victim+0x4" },
		{ "something else between", "53 31 c0 5b c3", "push *; >pop *",
		  .wanted = "not-found",
		  .says = { "the pattern is not found in victim\nnearest: 1 of 2 lines of pattern 1 "
		    "fits, from\n  victim+0x0 (0xffffffff81000000): push %rbx\n",
		    "its line 2, \"pop *\" (11:2 of the patch file), does not fit\n"
		    "  victim+0x1 (0xffffffff81000001): xor %eax,%eax" } },
		{ "the other way round", "53 31 c0 5b c3", "xor *,*; >push *",
		  .wanted = "not-found" },
		{ "more lines than the function has", "31 c0 c3", "xor *,*; ret; >ret",
		  .wanted = "not-found",
		  .says = { "2 of 3 lines of pattern 1 fit, from", "\"ret\" (11:3 of the patch file), does "
		    "not fit\n  the function's end" } },
		{ "a target by its name", "53 74 01 5b c3", ">je victim+0x4",
		  .wanted = "victim+0x1" },
		{ "by another's", "53 74 01 5b c3", ">je victim+0x3", .wanted = "not-found" },
		{ "another function", "e8 1b 10 00 00 c3", ">call helper", .wanted = "victim+0x0" },
		{ "a file's number is no more", "e8 1b 10 00 00 c3", ">call 0x1020",
		  .wanted = "not-found" },
		{ "a number of another size", "83 f8 ff c3", ">cmp $0xffffffff,%eax",
		  .wanted = "victim+0x0" },
		{ "an unknown instruction between", "53 0f b9 cc 5b c3", "push *; >pop *",
		  .wanted = "not-found" },
		{ "an unknown instruction is no line's", "53 0f b9 cc 5b c3", ">ud1 *,*",
		  .wanted = "not-found" },
		{ "what cannot be decoded is said", "53 31 c0 06 5b", ">pop *",
		  .wanted = "not-found",
		  .says = { "victim cannot be decoded beyond +0x3, so it was searched up to there" } },
	};

	CHECK(state, cases);
}

static void a_gap_is_up_to_eight_instructions(void **state)
{
	static const struct golden cases[] = {
		{ "none", "53 5b c3", "push *; ...; >pop *", .wanted = "victim+0x1" },
		{ "eight", "53 8(ff c1) 5b c3", "push *; ...; >pop *", .wanted = "victim+0x11" },
		{ "nine", "53 9(ff c1) 5b c3", "push *; ...; >pop *", .wanted = "not-found",
		  .says = { "\"pop *\" (11:3 of the patch file), fits none of the instructions that "
		    "\"...\" may lead to, from\n  victim+0x1 " } },
		{ "nops do not count", "53 8(ff c1) 90 66 90 5b c3", "push *; ...; >pop *",
		  .wanted = "victim+0x14" },
		{ "two gaps", "53 8(ff c1) 8(ff c9) 5b c3", "push *; ...; ...; >pop *",
		  .wanted = "victim+0x21" },
		{ "one behind the other", "53 ff c1 31 c0 ff c9 5b c3",
		  "push *; ...; xor *,*; ...; >pop *", .wanted = "victim+0x7" },
		{ "unknown instructions are passed", "53 0f b9 cc 5b c3", "push *; ...; >pop *",
		  .wanted = "victim+0x4" },
		{ "the first that fits may be the wrong one", "53 ff c1 31 c0 ff c1 5b c3",
		  "push *; ...; inc *; >pop *", .wanted = "victim+0x7" },
		{ "two that fit are two places", "53 74 00 31 c0 74 00 c3", "push *; ...; >je *",
		  .wanted = "ambiguous",
		  .says = { "2 places fit; add lines", "victim+0x1 (0xffffffff81000001): je",
		    "victim+0x5 (0xffffffff81000005): je" } },
		{ "two ways to one place", "53 74 00 31 c0 74 00 c3", ">push *; ...; je *",
		  .wanted = "victim+0x0" },
		{ "from two places to one", "53 53 ff c1 5b c3", "push *; ...; >pop *",
		  .wanted = "victim+0x4" },
	};

	CHECK(state, cases);
}

static void what_the_kernel_rewrites_is_passed_over(void **state)
{
	static const struct golden cases[] = {
		{ "nop", "53 90 5b c3", "push *; >pop *", .wanted = "victim+0x2" },
		{ "several", "53 0f 1f 44 00 00 66 90 5b c3", "push *; >pop *",
		  .wanted = "victim+0x8" },
		{ "a line has it", "53 90 5b c3", "push *; >nop; pop *", .wanted = "victim+0x1" },
		{ "a line has the second", "53 90 66 90 5b c3", "push *; >xchg %ax,%ax; pop *",
		  .wanted = "victim+0x2" },
		{ "the nearest is the one", "53 90 90 5b c3", "push *; >nop; pop *",
		  .wanted = "victim+0x1" },
		{ "pause is none", "53 f3 90 5b c3", "push *; >pop *", .wanted = "not-found" },
		{ "what a return thunk leaves", "31 c0 c3 cc cc cc cc 5b c3", "ret; >pop *",
		  .wanted = "victim+0x7" },
		{ "endbr", "53 f3 0f 1e fa 5b c3", "push *; >pop *", .wanted = "victim+0x5" },
		{ "and sealed", "53 66 0f 1f 00 5b c3", "push *; >pop *", .wanted = "victim+0x5" },
		{ "a static key that is on", "53 eb 00 5b c3", "push *; >pop *",
		  .wanted = "victim+0x3", .transparent = 1 << 1 },
		{ "a jump of its own", "53 eb 00 5b c3", "push *; >pop *", .wanted = "not-found",
		  .transparent = 1 << 2 },
		{ "a line has what is rewritten", "53 eb 00 5b c3", "push *; >jmp *; pop *",
		  .wanted = "victim+0x1", .transparent = 1 << 1 },
		{ "it does not count in a gap", "53 8(ff c1) eb 00 5b c3", "push *; ...; >pop *",
		  .wanted = "victim+0x13", .transparent = 1 << 9 },
		{ "not before the first line", "90 53 c3", ">push *", .wanted = "victim+0x1" },
		{ "which is said to be near", "53 90 31 c0 c3", "push *; >pop *",
		  .wanted = "not-found",
		  .says = { "does not fit\n  victim+0x2 (0xffffffff81000002): xor" } },
	};

	CHECK(state, cases);
}

static void ret_is_a_jump_to_a_return_thunk_too(void **state)
{
	static const struct golden cases[] = {
		{ "ret", "31 c0 c3", "xor *,*; >ret", .wanted = "victim+0x2" },
		{ "a thunk", "31 c0 e9 f9 0f 00 00", "xor *,*; >ret", .wanted = "victim+0x2" },
		{ "retq", "31 c0 e9 f9 0f 00 00", "xor *,*; >retq", .wanted = "victim+0x2" },
		{ "another", "31 c0 e9 09 10 00 00", "xor *,*; >ret", .wanted = "victim+0x2" },
		{ "its own text", "31 c0 e9 f9 0f 00 00", "xor *,*; >jmp __x86_return_thunk",
		  .wanted = "victim+0x2" },
		{ "another function", "31 c0 e9 19 10 00 00", "xor *,*; >ret",
		  .wanted = "not-found" },
		{ "the inside of a thunk", "31 c0 e9 fd 0f 00 00", "xor *,*; >ret",
		  .wanted = "not-found" },
		{ "a condition", "31 c0 0f 84 f8 0f 00 00", "xor *,*; >ret",
		  .wanted = "not-found" },
		{ "a call", "31 c0 e8 f9 0f 00 00", "xor *,*; >ret", .wanted = "not-found" },
		{ "ret with a number", "31 c0 e9 f9 0f 00 00", "xor *,*; >ret $8",
		  .wanted = "not-found" },
	};

	CHECK(state, cases);
}

static void a_name_is_the_same_register_in_all_lines(void **state)
{
	static const struct golden cases[] = {
		{ "any width", "8b 4a 50 53 f6 c1 02 74 00 c3",
		  "mov 0x50(*),@f; ...; test $2,@f; >je *", .wanted = "victim+0x7" },
		{ "another register", "8b 4a 50 53 f6 c2 02 74 00 c3",
		  "mov 0x50(*),@f; ...; test $2,@f; >je *", .wanted = "not-found",
		  .says = { "1 of 3 lines of pattern 1 fits" } },
		{ "another start of the pattern", "8b 42 50 8b 4a 50 83 e1 02 74 00 c3",
		  "mov 0x50(*),@f; ...; and $2,@f; >je *", .wanted = "victim+0x9" },
		{ "what was tried is forgotten", "53 89 c8 89 d1 ff c1 c3",
		  "push *; ...; mov @a,@b; >inc @b", .wanted = "victim+0x5" },
		{ "two names, one register", "89 c8 ff c1 c3", "mov @a,@b; >inc @a",
		  .wanted = "victim+0x2" },
		{ "each pattern has its own", "53 89 c8 ff c0 c3",
		  "mov @a,%ecx; inc @a\npush @a; ...; >inc *", .wanted = "victim+0x3" },
	};

	CHECK(state, cases);
}

static void all_patterns_mean_one_place(void **state)
{
	static const struct golden cases[] = {
		{ "two of one place", "53 31 c0 5b c3", "push *; >xor *,*\n>xor *,*; pop *",
		  .wanted = "victim+0x1" },
		{ "two of two", "53 31 c0 5b c3", ">push *\n>pop *", .wanted = "ambiguous",
		  .says = { "2 places fit; add lines until one does:",
		    "victim+0x0 (0xffffffff81000000): push " "%rbx (pattern 1)",
		    "victim+0x3 (0xffffffff81000003): pop %rbx (pattern 2)" } },
		{ "the function's cold part", "53 5b c3", ">xor *,*", .wanted = "victim.cold+0x0",
		  .cold = "31 c0 c3" },
		{ "in both", "53 31 c0 c3", ">xor *,*", .wanted = "ambiguous", .cold = "31 c0 c3",
		  .says = { "victim+0x1 (0xffffffff81000001)",
		    "victim.cold+0x0 (0xffffffff81000800)" } },
		{ "no line goes from one into the other", "53", "push *; >pop *",
		  .wanted = "not-found", .cold = "5b c3",
		  .says = { "is not found in victim and victim.cold" } },
		{ "seventeen", "17(31 c0) c3", ">xor *,*", .wanted = "ambiguous",
		  .says = { "17 places fit", "victim+0x1e (", "and 1 more" } },
		{ "sixteen", "16(31 c0) c3", ">xor *,*", .wanted = "ambiguous",
		  .says = { "16 places fit",
		    "victim+0x1e (0xffffffff8100001e): xor %eax,%eax\nsee" } },
		{ "of those that come as near, the first is shown", "53 31 c0 53 ff c1 c3",
		  "push *; >pop *", .wanted = "not-found", .says = { "from\n  victim+0x0 " } },
		{ "the nearest is the one of which most lines fit", "53 31 c0 5b c3",
		  "push *; >pop *\npush *; xor *,*; >push *", .wanted = "not-found",
		  .says = { "nearest: 2 of 3 lines of pattern 2 fit", "\"push *\" (12:3" } },
	};

	CHECK(state, cases);
}

static void a_type_is_its_offset_here(void **state)
{
	static const struct golden cases[] = {
		{ "an offset", "8b 47 50 8b 47 28 c3", ">mov {" FLAGS "}(*),*",
		  .wanted = "victim+0x0" },
		{ "an offset of 0", "8b 47 50 8b 07 c3", ">mov {list.next}(%rdi),*",
		  .wanted = "victim+0x3" },
		{ "negative", "8b 47 50 8b 47 b0 c3", ">mov -{" FLAGS "}(%rdi),*",
		  .wanted = "victim+0x3" },
		{ "an immediate", "83 f8 50 83 f8 51 c3", ">cmp ${" FLAGS "},%eax",
		  .wanted = "victim+0x0" },
		{ "an unknown one is passed over", "53 31 c0 5b c3",
		  ">push *; mov {no.btf}(*),*\n>pop *", .wanted = "victim+0x3" },
		{ "and said, where the others fail", "53 31 c0 5b c3",
		  ">push *; mov {no.btf}(*),*\n>dec *", .wanted = "not-found",
		  .says = { "\npattern 1 was passed over: no type information for no.btf" } },
		{ "all unknown", "53 31 c0 5b c3", ">push *; mov {no.btf}(*),*\n>mov {a.b}(*),*",
		  .wanted = "guard",
		  .says = { "pattern 1 of `find`: no type information for no.btf",
		    "pattern 2 of `find`: no type information for a.b" } },
		{ "two types of the name", "53 c3", "mov {two.ways}(*),*\n>push *",
		  .wanted = "guard", .says = { "two is laid out in two ways" } },
		{ "broken types", "53 c3", "mov {broken.btf}(*),*\n>push *", .wanted = "error",
		  .says = { "the BTF is broken" } },
	};

	CHECK(state, cases);
}

static void what_the_operation_left_is_already_applied(void **state)
{
	static const struct operation invert = { .kind = OPERATION_INVERT };
	static const struct operation always = { .kind = OPERATION_ALWAYS };
	static const struct operation never = { .kind = OPERATION_NEVER };
	static const struct operation nop = { .kind = OPERATION_NOP };
	static const struct operation one = { .kind = OPERATION_IMMEDIATE, .number = { 1, false } };
	static const struct operation far_off = {
		.kind = OPERATION_DISPLACEMENT, .number = { 0x60, false } };
	static const struct operation bytes = {
		.kind = OPERATION_BYTES, .bytes = { { 0x90, 0x90 }, 2 } };
	static const struct operation several = {
		.kind = OPERATION_BYTES, .bytes = { { 0x31, 0xc0, 0xff, 0xc1 }, 4 },
		.multiple = true };
	const struct golden cases[] = {
		{ "invert", "53 75 01 5b c3", "push *; >je *", .wanted = "victim+0x1 already",
		  .operation = invert },
		{ "to the same target", "53 75 01 5b c3", "push *; >je victim+0x4",
		  .wanted = "victim+0x1 already", .operation = invert },
		{ "not to another", "53 75 01 5b c3", "push *; >je victim+0x3",
		  .wanted = "not-found", .operation = invert },
		{ "what is there still is the place", "53 75 01 53 74 00 c3", "push *; >je *",
		  .wanted = "victim+0x4", .operation = invert },
		{ "always", "53 eb 01 5b c3", "push *; >je *", .wanted = "victim+0x1 already",
		  .operation = always },
		{ "always, of 32 bits", "53 2e e9 01 00 00 00 5b c3", "push *; >jne *",
		  .wanted = "victim+0x1 already", .operation = always },
		{ "never forgets the target", "53 74 00 5b c3", "push *; >je victim+0x77",
		  .wanted = "victim+0x1 already", .operation = never },
		{ "never is no other condition", "53 75 00 5b c3", "push *; >je victim+0x77",
		  .wanted = "not-found", .operation = never },
		{ "never, of 32 bits", "53 66 0f 1f 44 00 00 5b c3", "push *; >je *; pop *",
		  .wanted = "victim+0x1 already", .operation = never },
		{ "nop", "53 66 90 5b c3", "push *; >xor %eax,%eax; pop *",
		  .wanted = "victim+0x1 already", .operation = nop },
		{ "nop tells nothing by itself", "53 66 90 5b c3", ">xor %eax,%eax",
		  .wanted = "not-found", .operation = nop },
		{ "a nop of the kernel's own is not nop's", "53 66 90 5b c3",
		  "push *; >xor %eax,%eax; pop *", .wanted = "not-found", .operation = nop,
		  .transparent = 1 << 1 },
		{ "what is around a nop must fit", "53 66 90 c3", "push *; >xor *,*; pop *",
		  .wanted = "not-found", .operation = nop },
		{ "an immediate", "b8 01 00 00 00 c3", ">mov $7,%eax",
		  .wanted = "victim+0x0 already", .operation = one },
		{ "of the same instruction", "b9 01 00 00 00 c3", ">mov $7,%eax",
		  .wanted = "not-found", .operation = one },
		{ "another immediate", "b8 02 00 00 00 c3", ">mov $7,%eax", .wanted = "not-found",
		  .operation = one },
		{ "a displacement", "8b 47 60 c3", ">mov 0x50(%rdi),@a",
		  .wanted = "victim+0x0 already", .operation = far_off },
		{ "with a segment", "65 8b 47 60 c3", ">mov %gs:0x50(%rdi),@a",
		  .wanted = "victim+0x0 already", .operation = far_off },
		{ "without it", "8b 47 60 c3", ">mov %gs:0x50(%rdi),@a", .wanted = "not-found",
		  .operation = far_off },
		{ "into another register", "8b 4f 60 c3", ">mov 0x50(%rdi),%eax",
		  .wanted = "not-found", .operation = far_off },
		{ "called through", "ff 57 60 c3", ">call *0x50(%rdi)",
		  .wanted = "victim+0x0 already", .operation = far_off },
		{ "from another register", "8b 46 60 c3", ">mov 0x50(%rdi),@a",
		  .wanted = "not-found", .operation = far_off },
		{ "bytes that are no instruction's", "53 90 90 5b c3", "push *; >je *; pop *",
		  .wanted = "not-found", .operation = bytes },
		{ "several instructions", "53 31 c0 ff c1 5b c3", "push *; >je *",
		  .wanted = "victim+0x1 already", .operation = several },
		{ "of several not the first alone", "53 31 c0 ff c2 5b c3", "push *; >je *",
		  .wanted = "not-found", .operation = several },
		{ "nor the first before the function's end", "53 31 c0", "push *; >je *",
		  .wanted = "not-found", .operation = several },
		{ "what is near is as the patch says it", "53 75 01 31 c0 c3", "push *; >je *; pop *",
		  .wanted = "not-found", .says = { "1 of 3 lines", "does not fit\n  victim+0x1 " },
		  .operation = invert },
		{ "two places", "53 75 01 5b 53 75 01 5b c3", "push *; >je *",
		  .wanted = "ambiguous",
		  .says = { "2 places fit as the operation would have left them" },
		  .operation = invert },
	};

	CHECK(state, cases);
}

/* Twenty gaps over the same instruction have 9^20 ways; what is too much is refused, and in time. */
static void a_search_comes_to_an_end(void **state)
{
	char find[512] = "inc *";

	for (size_t i = 0; i < 20; i++)
		strcat(find, "; ...; inc *");
	strcat(find, "; >dec *");
	const struct golden cases[] = {
		{ "too many ways", "2000(ff c1) c3", find, .wanted = "ambiguous",
		  .says = { "victim: the search was given up, as pattern 1 fits in too many ways: leave out" } },
		{ "too many instructions that it may have been", "32000(eb 00) c3",
		  ">je *; inc *\n>jo *; inc *\n>js *; inc *", .wanted = "ambiguous",
		  .says = { "fits in too many ways" },
		  .operation = { .kind = OPERATION_ALWAYS } },
		{ "long, but one way", "20000(ff c1) ff c9 c3", "inc *; >dec *",
		  .wanted = "victim+0x9c40" },
	};

	CHECK(state, cases);
}

/* 1,024 sites may each have such patterns, and the daemon does one thing at a time. */
static void the_searches_of_a_patch_come_to_an_end_together(void **state)
{
	struct fixture *f = *state;
	static const struct golden last = {
		"the last comparison", "31 c0 c3", "xor *,*; >ret", .wanted = "ambiguous",
		.says = { "the patterns of all sites together take too long to search" } };
	static const struct golden found = {
		"before", "31 c0 c3", "xor *,*; >ret", .wanted = "victim+0x2" };
	static const struct golden unknown = {
		"a type that is not known", "31 c0 c3", "mov {no.such}(*),*; >ret",
		.wanted = "guard" };

	golden_check(f, &found);
	assert_true(f->steps < PATTERN_STEPS && f->steps > PATTERN_STEPS - 16);
	golden_go_on(f, &unknown);
	assert_true(f->steps < PATTERN_STEPS - 1024);	/* names like it are slow to find */
	f->steps = 1;
	golden_go_on(f, &last);
	assert_int_equal(f->steps, 0);
	golden_go_on(f, &last);
}

static void a_member_is_asked_for_once(void **state)
{
	static const struct golden golden = {
		"once", FLOCK_6_1, FLOCK_FIND "\ntestb $2,{" FLAGS "}(*); >jne *", .wanted = "victim+0x2f",
	};

	asked = 0;
	golden_check(*state, &golden);
	assert_int_equal(asked, 1);
}

static void more_than_eight_names_are_refused(void **state)
{
	static const struct golden cases[] = {
		{ "eight", "89 c8 c3", ">mov @a,@b; mov @c,@d; mov @e,@f; mov @g,@h",
		  .wanted = "not-found" },
		{ "nine", "89 c8 c3", ">mov @a,@b; mov @c,@d; mov @e,@f; mov @g,@h; inc @i",
		  .wanted = "invalid-spec",
		  .says = { "line 11:5 of the patch file, \"inc @i\": more than 8" } },
	};

	CHECK(state, cases);
}

static void a_line_is_checked_without_a_kernel(void **state)
{
	static const char *const good[] = {
		"...", "ret", "je *", "testb $0x2,{a.b|a.c.d}(*)", "mov {struct a.b}(@x,@y,4),@z",
		"mov %gs:{a.b},@x", "call *{a.b}(@x)", "call *@x", "mov @x , @y", "mov -{a.b}(@x),%eax",
		"movl ${a.b},0x8({a.b})", "lea 0x0(%rip),%rax # {x @ y", "lock incl (@p)", "(opaque)",
		"vfoo @a,@a,(@a,@a,4),(@a,@a,1),(@a,@a,1),@b", "je ffffffff81000000 <victim>",
		"mov *@x*,%eax",
	};
	static const struct {
		const char *line, *why;
	} bad[] = {
		{ "", "no instruction" }, { "... je", "name" }, { "....", "name" }, { "* je", "*" },
		{ "@a %rax", "register" }, { "{a.b} %rax", "name" }, { "je @", "without a name" },
		{ "je @1", "without a name" }, { "mov %@a,%eax", "where no register" },
		{ "mov @a.b,%eax", "where no register" }, { "mov @a(@b),%eax", "where no register" },
		{ "mov a@b,%eax", "where no register" }, { "mov 8@b,%eax", "where no register" },
		{ "mov {a.b(%rax),%eax", "a { without its }" }, { "mov a.b}(%rax),%eax", "a } without" },
		{ "mov {a.{b}}(%rax),%eax", "a { without its }" }, { "mov {ab}(%rax),%eax", "no path" },
		{ "mov 0x8{a.b}(%rax),%eax", "before a {" }, { "mov {a.b}8(%rax),%eax", "behind a }" },
		{ "mov (%rax,%eax", "a ( without its )" }, { "xor *,*; ret", "line of its own" },
		{ "nop; nop", "line of its own" },
		{ "vfoo @a,@b,(@c,@d,4),(@e,@f,1),(@g,@h,1),@i", "more than 8" },
		{ "mov @a23456789012345678901234,%eax", "up to 23" },
	};
	char line[600], path[300];
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!pattern_line_check(good[i], &why))
			fail_msg("\"%s\" is refused: %s", good[i], why);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (pattern_line_check(bad[i].line, &why))
			fail_msg("\"%s\" is accepted", bad[i].line);
		if (strstr(why, bad[i].why) == NULL)
			fail_msg("\"%s\": %s", bad[i].line, why);
	}
	memset(path, 'a', sizeof(path));
	path[1] = '.';
	snprintf(line, sizeof(line), "mov {%.255s}(%%rax),%%eax", path);
	assert_true(pattern_line_check(line, &why));
	snprintf(line, sizeof(line), "mov {%.256s}(%%rax),%%eax", path);
	assert_false(pattern_line_check(line, &why));
	snprintf(line, sizeof(line), "mov %.295s", path);
	assert_true(pattern_line_check(line, &why));
	snprintf(line, sizeof(line), "mov %.300s", path);
	assert_false(pattern_line_check(line, &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_headline_patch_finds_its_place_in_each_build),
		cmocka_unit_test(lines_follow_each_other),
		cmocka_unit_test(a_gap_is_up_to_eight_instructions),
		cmocka_unit_test(what_the_kernel_rewrites_is_passed_over),
		cmocka_unit_test(ret_is_a_jump_to_a_return_thunk_too),
		cmocka_unit_test(a_name_is_the_same_register_in_all_lines),
		cmocka_unit_test(all_patterns_mean_one_place),
		cmocka_unit_test(a_type_is_its_offset_here),
		cmocka_unit_test(what_the_operation_left_is_already_applied),
		cmocka_unit_test(a_search_comes_to_an_end),
		cmocka_unit_test(the_searches_of_a_patch_come_to_an_end_together),
		cmocka_unit_test(a_member_is_asked_for_once),
		cmocka_unit_test(more_than_eight_names_are_refused),
		cmocka_unit_test(a_line_is_checked_without_a_kernel),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
