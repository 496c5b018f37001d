/* SPDX-License-Identifier: GPL-2.0-or-later */
/* uses: what is followed, and what is given up, one small function each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "uses_fixture.h"

#define MEMBER(n, at, length, ...)						\
	{ .name = (n), .type = "", .bit_offset = (at) * 8, .value = { .size = (length), __VA_ARGS__ } }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What the code is about; of i386 with pointers as large as of x86-64, so that one will do. */
static struct aggregate vnode, statistics, mount;
static struct aggregate_member statistics_members[] = {
	MEMBER("reads", 0, 8), MEMBER("writes", 8, 8),
};
static struct aggregate_member vnode_members[] = {
	MEMBER("next", 0, 8, .kind = VALUE_POINTER, .aggregate = &vnode),
	MEMBER("v_flags", 0x10, 8),
	MEMBER("v_type", 0x30, 4),
	MEMBER("v_statistics", 0x38, 16, .kind = VALUE_AGGREGATE, .aggregate = &statistics),
	MEMBER("v_slots", 0x48, 16, .element_size = 4),
};
/* A union of `flags` and `flag`. */
static struct aggregate_member mount_members[] = {
	MEMBER("flags", 0, 4), MEMBER("flag", 0, 1),
	MEMBER("root", 8, 8, .kind = VALUE_POINTER, .aggregate = &vnode),
};
static struct aggregate statistics = { .name = "statistics", .size = 16,
				       .members = statistics_members,
				       .member_count = COUNT(statistics_members) };
static struct aggregate vnode = { .name = "vnode", .size = 0x58, .members = vnode_members,
				  .member_count = COUNT(vnode_members) };
static struct aggregate mount = { .name = "mount", .size = 16, .members = mount_members,
				  .member_count = COUNT(mount_members) };

#define NUMBER(length) { .size = (length) }
#define POINTER(to, length) { VALUE_POINTER, &(to), (length), 0 }

/* By the name that a case gives. */
static struct value three[] = { POINTER(vnode, 8), NUMBER(4), POINTER(mount, 8) };
static struct value four[] = { POINTER(vnode, 4), NUMBER(4), NUMBER(4), POINTER(vnode, 4) };
static struct value after_long[] = { NUMBER(8), POINTER(vnode, 4) };
static struct value after_nothing[] = { POINTER(vnode, 8), NUMBER(0), POINTER(vnode, 8) };
static const struct prototype prototypes[] = {
	{ .name = "vnode", .parameters = three, .parameter_count = 3 },
	{ .name = "four", .parameters = four, .parameter_count = 4 },
	{ .name = "long", .parameters = after_long, .parameter_count = 2 },
	{ .name = "variadic", .parameters = four, .parameter_count = 1, .variadic = true },
	{ .name = "sizeless", .parameters = after_nothing, .parameter_count = 3 },
	{ .name = "big_result", .parameters = three, .parameter_count = 3,
	  .result = { VALUE_AGGREGATE, &vnode, 0x58, 0 } },
};
static const struct prototype vnode_get = { .name = "vnode_get",
					    .result = POINTER(vnode, 8) };
static const struct value root_vnode = POINTER(vnode, 8);
static const struct value first_vnode = { VALUE_AGGREGATE, &vnode, 0x58, 0 };

/* What would read an object's types. */
struct layouts {
	const char *prototype;
};

const struct prototype *layouts_function(struct layouts *layouts, const char *name, bool own)
{
	(void)own;
	if (strcmp(name, "vnode_get") == 0)
		return &vnode_get;
	for (size_t i = 0; strcmp(name, "f") == 0 && i < COUNT(prototypes); i++) {
		if (strcmp(prototypes[i].name, layouts->prototype) == 0)
			return &prototypes[i];
	}
	return NULL;
}

const struct value *layouts_variable(struct layouts *layouts, const char *name, bool own)
{
	(void)own;
	(void)layouts;
	return strcmp(name, "root_vnode") == 0 ? &root_vnode :
	       strcmp(name, "first_vnode") == 0 ? &first_vnode : NULL;
}

struct opened {
	struct elf_file *elf;
	struct symtab *symtab;
	struct target *target;
	struct decoder *decoder;
	struct elf_fields fields;
	struct function codes[2];
	size_t count;
};

static void open_case(const struct uses_case *from, struct opened *out)
{
	char path[] = "/tmp/usesXXXXXX";
	const struct symbol *symbol;
	int fd = mkstemp(path);
	struct fail fail;

	assert_true(fd >= 0);
	uses_file_write(fd, from);
	assert_int_equal(elf_file_open(path, &out->elf, &fail), 0);
	(void)unlink(path);
	(void)close(fd);
	assert_int_equal(symtab_load_elf(out->elf, &out->symtab, &fail), 0);
	assert_int_equal(target_open_image(out->elf, path, NULL, &out->target, &fail), 0);
	assert_int_equal(decoder_create(from->arch, &out->decoder, &fail), 0);
	assert_int_equal(elf_fields_load(out->elf, &out->fields, &fail), 0);
	assert_int_equal(elf_fields_turn(&out->fields, &fail), 0);
	for (out->count = 0; out->count < (*from->cold == '\0' ? 1 : 2); out->count++) {
		symbol = symtab_next(out->symtab, out->count == 0 ? "f" : "f.cold", NULL);
		assert_non_null(symbol);
		assert_int_equal(function_load(out->target, out->decoder, symbol,
					       &out->codes[out->count], &fail), 0);
	}
}

static void close_case(struct opened *opened)
{
	for (size_t i = 0; i < opened->count; i++)
		function_deinit(&opened->codes[i]);
	elf_fields_deinit(&opened->fields);
	decoder_destroy(opened->decoder);
	target_close(opened->target);
	symtab_destroy(opened->symtab);
	elf_file_close(opened->elf);
}

/* "+0x4 vnode.v_type from 0x10", a line each. */
static void print_uses(const struct opened *opened, const struct uses *uses, char *out, size_t size)
{
	char path[USE_PATH_MAX];
	size_t length = 0;

	out[0] = '\0';
	for (size_t i = 0; i < uses->count && length < size; i++) {
		const struct use *use = &uses->items[i];
		const struct function *code = &opened->codes[use->code];

		length += (size_t)snprintf(out + length, size - length, "%s+0x%x %s.%s%s%s",
					   use->code == 0 ? "" : "cold",
					   (unsigned)(code->insns[use->insn].address -
						      code->symbol->address),
					   use->steps[0].aggregate->name, use_path(use, path),
					   use->immediate ? " immediate" : "",
					   use->relocated ? " relocated" : "");
		assert_int_equal(use->offset, use->base + (uint64_t)use->displacement);
		if (use->base != 0)
			length += (size_t)snprintf(out + length, size - length, " from 0x%x",
						   (unsigned)use->base);
		length += (size_t)snprintf(out + length, size - length, "\n");
	}
	assert_true(length < size);
}

static void check(const struct uses_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct layouts layouts = { cases[i].prototype };
		struct opened opened = { .count = 0 };
		struct uses uses;
		struct fail fail;
		char text[1024];

		open_case(&cases[i], &opened);

		const struct object object = { opened.elf, opened.symtab, opened.target,
					       opened.decoder, "f.o" };

		assert_int_equal(uses_find(&object, &opened.fields, &layouts, opened.codes,
					   opened.count, &uses, &fail), 0);
		print_uses(&opened, &uses, text, sizeof(text));
		assert_string_equal(text, cases[i].expected);
		uses_deinit(&uses);
		close_case(&opened);
	}
}

static void a_parameter_is_where_the_convention_puts_it(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "8b 47 30 "			/* mov 0x30(%rdi),%eax */
		  "8b 46 30 "			/* mov 0x30(%rsi),%eax */
		  "8b 42 08 "			/* mov 0x8(%rdx),%eax */
		  "c3",				/* ret */
		  "",
		  "+0x0 vnode.v_type\n+0x6 mount.root\n", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void a_copy_is_known_and_a_narrow_one_is_not(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "48 89 fb "			/* mov %rdi,%rbx */
		  "89 f8 "			/* mov %edi,%eax */
		  "83 7b 30 02 "		/* cmpl $0x2,0x30(%rbx) */
		  "83 78 30 02 "		/* cmpl $0x2,0x30(%rax) */
		  "c3",				/* ret */
		  "",
		  "+0x5 vnode.v_type\n", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void a_pointer_is_loaded_from_a_member(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "48 8b 42 08 "		/* mov 0x8(%rdx),%rax */
		  "48 8b 00 "			/* mov (%rax),%rax */
		  "83 78 30 02 "		/* cmpl $0x2,0x30(%rax) */
		  "8b 00 "			/* mov (%rax),%eax */
		  "8b 40 30 "			/* mov 0x30(%rax),%eax */
		  "c3",				/* ret */
		  "",
		  "+0x0 mount.root\n+0x4 vnode.next\n+0x7 vnode.v_type\n+0xb vnode.next\n", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void an_address_of_a_member_is_followed(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "48 8d 47 38 "		/* lea 0x38(%rdi),%rax */
		  "48 03 48 08 "		/* add 0x8(%rax),%rcx */
		  "48 83 c7 38 "		/* add $0x38,%rdi */
		  "48 ff 07 "			/* incq (%rdi) */
		  "48 83 ef 38 "		/* sub $0x38,%rdi */
		  "8b 47 30 "			/* mov 0x30(%rdi),%eax */
		  "c3",				/* ret */
		  "",
		  "+0x0 vnode.v_statistics\n+0x4 vnode.v_statistics.writes from 0x38\n"
		  "+0x8 vnode.v_statistics immediate\n+0xc vnode.v_statistics.reads from 0x38\n"
		  "+0x13 vnode.v_type\n", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void a_pointer_that_was_moved_is_known_by_its_distance(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "48 83 c7 10 "		/* add $0x10,%rdi */
		  "8b 47 20 "			/* mov 0x20(%rdi),%eax */
		  "c3",				/* ret */
		  "",
		  "+0x0 vnode.v_flags immediate\n+0x4 vnode.v_type from 0x10\n", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 8d 47 f8 "		/* lea -0x8(%rdi),%rax */
		  "8b 40 38 "			/* mov 0x38(%rax),%eax */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void the_stack_keeps_what_is_pushed_or_stored(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "57 "				/* push %rdi */
		  "31 ff "			/* xor %edi,%edi */
		  "58 "				/* pop %rax */
		  "8b 40 30 "			/* mov 0x30(%rax),%eax */
		  "c3",				/* ret */
		  "",
		  "+0x4 vnode.v_type\n", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 83 ec 18 "		/* sub $0x18,%rsp */
		  "48 89 7c 24 08 "		/* mov %rdi,0x8(%rsp) */
		  "53 "				/* push %rbx */
		  "48 8b 44 24 10 "		/* mov 0x10(%rsp),%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "c7 44 24 10 00 00 00 00 "	/* movl $0x0,0x10(%rsp) */
		  "48 8b 44 24 10 "		/* mov 0x10(%rsp),%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "5b "				/* pop %rbx */
		  "48 83 c4 18 "		/* add $0x18,%rsp */
		  "c3",				/* ret */
		  "",
		  "+0xf vnode.v_type\n", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "55 "				/* push %rbp */
		  "48 89 e5 "			/* mov %rsp,%rbp */
		  "48 83 ec 20 "		/* sub $0x20,%rsp */
		  "48 89 7d f8 "		/* mov %rdi,-0x8(%rbp) */
		  "48 8b 45 f8 "		/* mov -0x8(%rbp),%rax */
		  "8b 40 30 "			/* mov 0x30(%rax),%eax */
		  "c9 "				/* leave */
		  "c3",				/* ret */
		  "",
		  "+0x10 vnode.v_type\n", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void the_stack_is_not_trusted_where_its_address_went_elsewhere(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "48 83 ec 18 "		/* sub $0x18,%rsp */
		  "48 89 7c 24 08 "		/* mov %rdi,0x8(%rsp) */
		  "48 8d 44 24 08 "		/* lea 0x8(%rsp),%rax */
		  "48 8b 44 24 08 "		/* mov 0x8(%rsp),%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "48 83 c4 18 "		/* add $0x18,%rsp */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 83 ec 18 "		/* sub $0x18,%rsp */
		  "48 89 7c 24 08 "		/* mov %rdi,0x8(%rsp) */
		  "48 8b 44 24 08 "		/* mov 0x8(%rsp),%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "48 89 e6 "			/* mov %rsp,%rsi */
		  "48 83 c4 18 "		/* add $0x18,%rsp */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 83 ec 18 "		/* sub $0x18,%rsp */
		  "48 89 3c 24 "		/* mov %rdi,(%rsp) */
		  "48 8d 74 24 08 "		/* lea 0x8(%rsp),%rsi */
		  "48 8b 04 24 "		/* mov (%rsp),%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "48 83 c4 18 "		/* add $0x18,%rsp */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 83 ec 18 "		/* sub $0x18,%rsp */
		  "48 89 7c 24 08 "		/* mov %rdi,0x8(%rsp) */
		  "c6 04 0c 01 "		/* movb $0x1,(%rsp,%rcx,1) */
		  "48 8b 44 24 08 "		/* mov 0x8(%rsp),%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "48 83 c4 18 "		/* add $0x18,%rsp */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void a_call_gives_its_result_and_takes_what_it_need_not_keep(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "53 "				/* push %rbx */
		  "48 89 fb "			/* mov %rdi,%rbx */
		  "e8 00 00 00 00 "		/* call */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "8b 4b 30 "			/* mov 0x30(%rbx),%ecx */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "e8 00 00 00 00 "		/* call */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "5b "				/* pop %rbx */
		  "c3",				/* ret */
		  "",
		  "+0x9 vnode.v_type\n+0xc vnode.v_type\n", {
			{ U_TEXT, 0x5, R_X86_64_PLT32, "vnode_get", -0x4 },
			{ U_TEXT, 0x13, R_X86_64_PLT32, "unknown", -0x4 },
		  } },
		{ ARCH_X86_64, "vnode",
		  "e8 00 00 00 00 "		/* call */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "ff d0 "			/* call *%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0x5 vnode.v_type\n", {
			{ U_TEXT, 0x1, R_X86_64_PLT32, "__fentry__", -0x4 },
		  } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void a_variable_is_known_by_its_relocation(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "48 8b 05 00 00 00 00 "	/* mov 0x0(%rip),%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "48 8b 14 25 00 00 00 00 "	/* mov 0x0,%rdx */
		  "8b 4a 30 "			/* mov 0x30(%rdx),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0x7 vnode.v_type\n+0x12 vnode.v_type\n", {
			{ U_TEXT, 0x3, R_X86_64_PC32, "root_vnode", -0x4 },
			{ U_TEXT, 0xe, R_X86_64_32S, "root_vnode", 0x0 },
		  } },
		{ ARCH_X86_64, "vnode",
		  "48 c7 c0 00 00 00 00 "	/* mov $0x0,%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "83 3d 00 00 00 00 02 "	/* cmpl $0x2,0x0(%rip) */
		  "48 8b 81 00 00 00 00 "	/* mov 0x0(%rcx),%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0x7 vnode.v_type\n+0xa vnode.v_type relocated\n", {
			{ U_TEXT, 0x3, R_X86_64_32S, "first_vnode", 0x0 },
			{ U_TEXT, 0xc, R_X86_64_PC32, "first_vnode", 0x2b },
			{ U_TEXT, 0x14, R_X86_64_32S, "first_vnode", 0x0 },
		  } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void ways_that_meet_must_agree(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "85 f6 "			/* test %esi,%esi */
		  "74 05 "			/* je */
		  "48 89 f8 "			/* mov %rdi,%rax */
		  "eb 03 "			/* jmp */
		  "48 89 f8 "			/* mov %rdi,%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0xc vnode.v_type\n", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "85 f6 "			/* test %esi,%esi */
		  "74 05 "			/* je */
		  "48 89 f8 "			/* mov %rdi,%rax */
		  "eb 03 "			/* jmp */
		  "48 89 d0 "			/* mov %rdx,%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "31 c0 "			/* xor %eax,%eax */
		  "85 f6 "			/* test %esi,%esi */
		  "74 03 "			/* je */
		  "48 89 f8 "			/* mov %rdi,%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0x9 vnode.v_type\n", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "8b 47 30 "			/* mov 0x30(%rdi),%eax */
		  "48 8b 3f "			/* mov (%rdi),%rdi */
		  "48 85 ff "			/* test %rdi,%rdi */
		  "75 f5 "			/* jne */
		  "c3",				/* ret */
		  "",
		  "+0x0 vnode.v_type\n+0x3 vnode.next\n", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "8b 47 30 "			/* mov 0x30(%rdi),%eax */
		  "48 83 c7 08 "		/* add $0x8,%rdi */
		  "85 c0 "			/* test %eax,%eax */
		  "75 f5 "			/* jne */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 89 f8 "			/* mov %rdi,%rax */
		  "85 f6 "			/* test %esi,%esi */
		  "48 0f 45 c2 "		/* cmovne %rdx,%rax */
		  "8b 48 08 "			/* mov 0x8(%rax),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "31 c0 "			/* xor %eax,%eax */
		  "85 f6 "			/* test %esi,%esi */
		  "48 0f 45 c2 "		/* cmovne %rdx,%rax */
		  "8b 48 08 "			/* mov 0x8(%rax),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0x8 mount.root\n", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void whatever_else_writes_a_register_forgets_it(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "f3 48 0f b8 fe "		/* popcnt %rsi,%rdi */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 0f af fe "		/* imul %rsi,%rdi */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "40 b7 01 "			/* mov $0x1,%dil */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 6b fe 03 "		/* imul $0x3,%rsi,%rdi */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 0f c1 c7 "		/* xadd %rax,%rdi */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 0f cf "			/* bswap %rdi */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "f3 a4 "			/* rep movsb %ds:(%rsi),%es:(%rdi) */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 97 "			/* xchg %rax,%rdi */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "40 0f 94 c7 "		/* sete %dil */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 c1 e7 03 "		/* shl $0x3,%rdi */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 f7 df "			/* neg %rdi */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 8d 3c 37 "		/* lea (%rdi,%rsi,1),%rdi */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 01 f7 "			/* add %rsi,%rdi */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "0f 11 0e "			/* movups %xmm1,(%rsi) */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "0f 05 "			/* syscall */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "0f a2 "			/* cpuid */
		  "48 89 fb "			/* mov %rdi,%rbx */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "0f a2 "			/* cpuid */
		  "8b 4b 30 "			/* mov 0x30(%rbx),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0x5 vnode.v_type\n", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "48 f7 e2 "			/* mul %rdx */
		  "8b 4a 08 "			/* mov 0x8(%rdx),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void instructions_that_only_read_forget_nothing(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "48 39 f7 "			/* cmp %rsi,%rdi */
		  "48 85 ff "			/* test %rdi,%rdi */
		  "0f a3 f7 "			/* bt %esi,%edi */
		  "0f ba e7 03 "		/* bt $0x3,%edi */
		  "56 "				/* push %rsi */
		  "66 0f 1f 04 00 "		/* nopw (%rax,%rax,1) */
		  "0f ae e8 "			/* lfence */
		  "0f 18 0e "			/* prefetcht0 (%rsi) */
		  "0f 0b "			/* ud2 */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0x1b vnode.v_type\n", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void a_place_that_others_lead_to_knows_nothing(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "85 f6 "			/* test %esi,%esi */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0x2 vnode.v_type\n", {
			{ U_RODATA, 0x0, R_X86_64_64, ".text", 0x5 },
		  } },
		{ ARCH_X86_64, "vnode",
		  "85 f6 "			/* test %esi,%esi */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0x2 vnode.v_type\n+0x5 vnode.v_type\n", {
			{ U_BUGS, 0x0, R_X86_64_PC32, ".text", 0x5 },
		  } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void a_function_that_cannot_be_followed_has_no_uses(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "eb 01 "			/* jmp */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "vnode",
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "ff e0 "			/* jmp *%rax */
		  "c3",				/* ret */
		  "",
		  "", {
			{ U_RODATA, 0x0, R_X86_64_PC32, ".text", 0x5 },
		  } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void code_behind_a_return_is_reached_by_branches_only(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "85 f6 "			/* test %esi,%esi */
		  "74 04 "			/* je */
		  "c3 "				/* ret */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0x8 vnode.v_type\n", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void the_cold_part_is_followed_with_its_parent(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "48 89 fb "			/* mov %rdi,%rbx */
		  "85 f6 "			/* test %esi,%esi */
		  "0f 84 00 00 00 00 "		/* je */
		  "8b 4b 30 "			/* mov 0x30(%rbx),%ecx */
		  "c3",				/* ret */
		  "8b 4b 30 "			/* mov 0x30(%rbx),%ecx */
		  "e9 00 00 00 00",		/* jmp */
		  "+0xb vnode.v_type\ncold+0x0 vnode.v_type\n", {
			{ U_TEXT, 0x7, R_X86_64_PC32, ".text.unlikely", -0x4 },
			{ U_COLD, 0x4, R_X86_64_PC32, ".text", 0x7 },
		  } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void what_is_per_cpu_is_not_named(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "65 8b 4f 30 "		/* mov %gs:0x30(%rdi),%ecx */
		  "65 48 8b 42 08 "		/* mov %gs:0x8(%rdx),%rax */
		  "8b 48 30 "			/* mov 0x30(%rax),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void an_index_counts_the_elements_of_an_array(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "8b 44 b7 48 "		/* mov 0x48(%rdi,%rsi,4),%eax */
		  "8b 47 4c "			/* mov 0x4c(%rdi),%eax */
		  "8b 44 37 48 "		/* mov 0x48(%rdi,%rsi,1),%eax */
		  "8b 44 b7 30 "		/* mov 0x30(%rdi,%rsi,4),%eax */
		  "c3",				/* ret */
		  "",
		  "+0x0 vnode.v_slots\n+0x4 vnode.v_slots[1]\n", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void a_member_is_chosen_by_place_and_size(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "vnode",
		  "8b 02 "			/* mov (%rdx),%eax */
		  "8a 02 "			/* mov (%rdx),%al */
		  "8a 42 02 "			/* mov 0x2(%rdx),%al */
		  "8b 42 14 "			/* mov 0x14(%rdx),%eax */
		  "f6 47 31 01 "		/* testb $0x1,0x31(%rdi) */
		  "8b 47 32 "			/* mov 0x32(%rdi),%eax */
		  "48 8b 47 40 "		/* mov 0x40(%rdi),%rax */
		  "8b 87 00 01 00 00 "		/* mov 0x100(%rdi),%eax */
		  "c3",				/* ret */
		  "",
		  "+0x0 mount.flags\n+0x2 mount.flag\n+0x4 mount.flags\n+0xa vnode.v_type\n+0x11 vnode.v_statistics.writes\n", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

/* Those behind them are on the stack, where -mregparm=3 puts them elsewhere than asmlinkage
 * does. */
static void i386_has_three_parameters_in_registers_and_tells_no_more(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_I386, "four",
		  "8b 48 30 "			/* mov 0x30(%eax),%ecx */
		  "8b 4a 08 "			/* mov 0x8(%edx),%ecx */
		  "8b 44 24 04 "		/* mov 0x4(%esp),%eax */
		  "8b 48 30 "			/* mov 0x30(%eax),%ecx */
		  "53 "				/* push %ebx */
		  "8b 44 24 08 "		/* mov 0x8(%esp),%eax */
		  "8b 48 30 "			/* mov 0x30(%eax),%ecx */
		  "5b "				/* pop %ebx */
		  "c3",				/* ret */
		  "",
		  "+0x0 vnode.v_type\n", { { .symbol = NULL } } },
		{ ARCH_I386, "variadic",
		  "8b 48 30 "			/* mov 0x30(%eax),%ecx */
		  "8b 44 24 04 "		/* mov 0x4(%esp),%eax */
		  "8b 48 30 "			/* mov 0x30(%eax),%ecx */
		  "a1 00 00 00 00 "		/* mov 0x0,%eax */
		  "8b 48 30 "			/* mov 0x30(%eax),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0x7 vnode.v_type\n+0xf vnode.v_type\n", {
			{ U_TEXT, 0xb, R_386_32, "root_vnode", 0x0 },
		  } },
		{ ARCH_I386, "long",
		  "8b 58 30 "			/* mov 0x30(%eax),%ebx */
		  "8b 59 30 "			/* mov 0x30(%ecx),%ebx */
		  "c3",				/* ret */
		  "",
		  "+0x3 vnode.v_type\n", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void room_for_a_large_result_comes_before_the_parameters(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "big_result",
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "8b 4e 30 "			/* mov 0x30(%rsi),%ecx */
		  "8b 4a 30 "			/* mov 0x30(%rdx),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0x0 vnode.v_type\n+0x3 vnode.v_type\n", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

static void parameters_that_cannot_be_counted_are_not_known(void **state)
{
	static const struct uses_case cases[] = {
		{ ARCH_X86_64, "none",
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "c3",				/* ret */
		  "",
		  "", { { .symbol = NULL } } },
		{ ARCH_X86_64, "sizeless",
		  "8b 4f 30 "			/* mov 0x30(%rdi),%ecx */
		  "8b 4e 30 "			/* mov 0x30(%rsi),%ecx */
		  "c3",				/* ret */
		  "",
		  "+0x0 vnode.v_type\n", { { .symbol = NULL } } },
	};

	(void)state;
	check(cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parameter_is_where_the_convention_puts_it),
		cmocka_unit_test(a_copy_is_known_and_a_narrow_one_is_not),
		cmocka_unit_test(a_pointer_is_loaded_from_a_member),
		cmocka_unit_test(an_address_of_a_member_is_followed),
		cmocka_unit_test(a_pointer_that_was_moved_is_known_by_its_distance),
		cmocka_unit_test(the_stack_keeps_what_is_pushed_or_stored),
		cmocka_unit_test(the_stack_is_not_trusted_where_its_address_went_elsewhere),
		cmocka_unit_test(a_call_gives_its_result_and_takes_what_it_need_not_keep),
		cmocka_unit_test(a_variable_is_known_by_its_relocation),
		cmocka_unit_test(ways_that_meet_must_agree),
		cmocka_unit_test(whatever_else_writes_a_register_forgets_it),
		cmocka_unit_test(instructions_that_only_read_forget_nothing),
		cmocka_unit_test(a_place_that_others_lead_to_knows_nothing),
		cmocka_unit_test(a_function_that_cannot_be_followed_has_no_uses),
		cmocka_unit_test(code_behind_a_return_is_reached_by_branches_only),
		cmocka_unit_test(the_cold_part_is_followed_with_its_parent),
		cmocka_unit_test(what_is_per_cpu_is_not_named),
		cmocka_unit_test(an_index_counts_the_elements_of_an_array),
		cmocka_unit_test(a_member_is_chosen_by_place_and_size),
		cmocka_unit_test(i386_has_three_parameters_in_registers_and_tells_no_more),
		cmocka_unit_test(room_for_a_large_result_comes_before_the_parameters),
		cmocka_unit_test(parameters_that_cannot_be_counted_are_not_known),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
