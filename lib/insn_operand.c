/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "insn_operand.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_add(struct text *text, const char *format, ...)
{
	size_t room = (size_t)(text->end - text->at);
	va_list arguments;

	va_start(arguments, format);
	int written = vsnprintf(text->at, room, format, arguments);
	va_end(arguments);
	if (written < 0 || (size_t)written >= room)
		text->full = true;
	else
		text->at += written;
}

void text_put(struct text *text, const char *string, size_t length)
{
	if (length >= (size_t)(text->end - text->at)) {
		text->full = true;
		return;
	}
	memcpy(text->at, string, length);
	text->at += length;
	*text->at = '\0';
}

void text_put_number(struct text *text, uint64_t number)
{
	char digits[2 + 16], *at = digits + sizeof(digits);

	do {
		*--at = "0123456789abcdef"[number & 15];
		number >>= 4;
	} while (number != 0);
	*--at = 'x';
	*--at = '0';
	text_put(text, at, (size_t)(digits + sizeof(digits) - at));
}

const char *insn_segment_name(uint8_t prefix)
{
	switch (prefix) {
	case 0x26:
		return "es";
	case 0x2e:
		return "cs";
	case 0x36:
		return "ss";
	case 0x3e:
		return "ds";
	case 0x64:
		return "fs";
	default:
		return "gs";
	}
}

/* Outside of 64-bit mode every segment counts, in it only fs and gs. */
bool insn_segment_counts(const struct insn_layout *layout)
{
	return layout->segment != 0 &&
	       (layout->arch == ARCH_I386 || layout->segment == 0x64 || layout->segment == 0x65);
}

static bool is_moffs(const struct insn_layout *layout)
{
	return layout->encoding == ENCODING_LEGACY && layout->map == 0 &&
	       (layout->opcode & 0xfc) == 0xa0;
}

/* ModRM names memory. */
static bool has_memory(const struct insn_layout *layout)
{
	return layout->has_modrm && layout_mod(layout) != 3;
}

bool insn_has_memory(const struct insn_layout *layout)
{
	return has_memory(layout) || is_moffs(layout) ||
	       insn_is_string(layout) || layout_is(layout, 0, 0xd7);
}

/* The string instructions, of bytes and, one opcode on, of more. capstone has some of them wrong
 * where a 66 prefix and a rep come together. S is %ds:(%rsi), D %es:(%rdi), B %ds:(%rbx), A the
 * accumulator, P the port. */
static const struct string {
	uint8_t opcode;
	const char *mnemonic;		/* a size suffix follows where there is no A */
	const char *operands;
} strings[] = {
	{ 0x6c, "ins", "P,D" }, { 0x6e, "outs", "S,P" }, { 0xa4, "movs", "S,D" },
	{ 0xa6, "cmps", "D,S" }, { 0xaa, "stos", "A,D" }, { 0xac, "lods", "S,A" },
	{ 0xae, "scas", "D,A" },
};

static const struct string *string_find(const struct insn_layout *layout)
{
	if (layout->encoding != ENCODING_LEGACY || layout->map != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		if ((layout->opcode & 0xfe) == strings[i].opcode)
			return &strings[i];
	}
	return NULL;
}

bool insn_is_string(const struct insn_layout *layout)
{
	return string_find(layout) != NULL;
}

/* call, lcall, jmp, ljmp through a register or memory. */
bool insn_is_indirect(const struct insn_layout *layout)
{
	return layout_is(layout, 0, 0xff) && layout_reg(layout) >= 2 && layout_reg(layout) <= 5;
}

/* The port %dx, which objdump puts in parentheses. */
bool insn_is_port(const struct insn_layout *layout)
{
	return layout->map == 0 && layout->encoding == ENCODING_LEGACY && layout->opcode >= 0xec &&
	       layout->opcode <= 0xef;
}

/* Shifts by one, whose count objdump does not print. */
static bool is_shift_by_one(const struct insn_layout *layout)
{
	return layout_is(layout, 0, 0xd0) || layout_is(layout, 0, 0xd1);
}

static const char *const registers64[] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};
static const char *const registers32[] = {
	"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
	"r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d",
};

static void signed_add(struct text *text, int64_t value)
{
	if (value < 0)
		text_put(text, "-", 1);
	text_put_number(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static void register_add(struct text *text, const char *name)
{
	text_put(text, "%", 1);
	text_put(text, name, strlen(name));
}

static void memory16_add(struct text *text, const struct insn_layout *layout, int64_t displacement)
{
	static const char *const bases[] = {
		"%bx,%si", "%bx,%di", "%bp,%si", "%bp,%di", "%si", "%di", "%bp", "%bx",
	};

	if (layout_mod(layout) == 0 && layout_rm(layout) == 6) {
		text_add(text, "0x%" PRIx16, (uint16_t)displacement);
		return;
	}
	if (layout->displacement_size > 0)
		signed_add(text, displacement);
	text_add(text, "(%s)", bases[layout_rm(layout)]);
}

/* The operand that ModRM, SIB and displacement describe, as libopcodes 2.40's OP_E_memory(). */
static void memory_add(struct text *text, const struct insn_layout *layout, const uint8_t *bytes)
{
	bool wide = layout->arch == ARCH_X86_64 && !layout->address_size;
	const char *const *registers = wide ? registers64 : registers32;
	int64_t displacement = insn_number(bytes + layout->displacement_at,
					   layout->displacement_size);
	unsigned base = layout_rm(layout), index = 4, scale = 0;

	if (insn_segment_counts(layout) && !(layout->segment == 0x3e && insn_is_indirect(layout) &&
					layout_reg(layout) % 2 == 0))
		text_add(text, "%%%s:", insn_segment_name(layout->segment));
	if (layout->arch == ARCH_I386 && layout->address_size) {
		memory16_add(text, layout, displacement);
		return;
	}
	if (layout->sib_at != 0) {
		uint8_t sib = bytes[layout->sib_at];

		base = sib & 7;
		index = (sib >> 3 & 7) | (layout->rex & REX_X ? 8 : 0);
		scale = sib >> 6;
	}
	bool has_base = layout_mod(layout) != 0 || base != 5;
	bool has_index = index != 4;

	if (!has_base && layout->sib_at == 0 && layout->arch == ARCH_X86_64) {
		signed_add(text, displacement);
		text_add(text, "(%%%s)", wide ? "rip" : "eip");
		return;
	}
	if (!has_base && !has_index && scale == 0) {
		text_add(text, "0x%" PRIx64, wide ? (uint64_t)displacement :
						    (uint64_t)(uint32_t)displacement);
		return;
	}
	if (layout->displacement_size > 0)
		signed_add(text, displacement);
	text_put(text, "(", 1);
	if (has_base)
		register_add(text, registers[base | (layout->rex & REX_B ? 8 : 0)]);
	if (layout->sib_at != 0 && (scale != 0 || has_index || (has_base && base != 4)))
		text_add(text, ",%%%s,%u", has_index ? registers[index] : wide ? "riz" : "eiz",
			 1U << scale);
	text_put(text, ")", 1);
}

/* The immediate, sign-extended as the processor does it, cut to the size it is used in. */
static uint64_t immediate_value(const struct insn_layout *layout, const uint8_t *bytes)
{
	const uint8_t *at = bytes + layout->immediate_at;
	unsigned bits = insn_operand_bits(layout);
	bool push = layout_is(layout, 0, 0x68) || layout_is(layout, 0, 0x6a);

	if (layout->immediate_size == 1 && !layout_is(layout, 0, 0x83) &&
	    !layout_is(layout, 0, 0x6b) && !layout_is(layout, 0, 0x6a))
		return *at;
	if (push && layout->arch == ARCH_X86_64 && !layout->operand_size)
		bits = 64;
	if (layout_is(layout, 0, 0xc2) || layout_is(layout, 0, 0xca))
		bits = 16;

	uint64_t value = (uint64_t)insn_number(at, layout->immediate_size);

	return bits == 64 ? value : value & ((UINT64_C(1) << bits) - 1);
}

/* A number that capstone printed: small ones have no 0x. */
static void number_add(struct text *text, const char *digits)
{
	text_put_number(text, strtoull(digits, NULL, 0));
}

static void operand_add(struct text *text, const struct insn_layout *layout, const char *operand,
			unsigned immediates, const struct insn *insn)
{
	bool memory = strchr("%$*", operand[0]) == NULL || strchr(operand, '(') != NULL ||
		      strchr(operand, ':') != NULL;

	if (operand[0] == '$' && immediates == 1 && layout->immediate_size > 0 &&
	    (layout->immediate_size <= 2 || layout->immediate_size == 4 ||
	     layout->immediate_size == 8)) {
		text_put(text, "$", 1);
		text_put_number(text, immediate_value(layout, insn->bytes));
	} else if (operand[0] == '$') {
		text_put(text, "$", 1);
		number_add(text, operand + 1);
	} else if (insn->has_target) {
		text_put_number(text, insn->target);
	} else if (is_moffs(layout) && memory) {
		uint64_t address = (uint64_t)insn_number(insn->bytes + layout->immediate_at,
							 layout->immediate_size);

		if (insn_segment_counts(layout))
			text_add(text, "%%%s:", insn_segment_name(layout->segment));
		if (layout->immediate_size < 8)
			address &= (UINT64_C(1) << (8 * layout->immediate_size)) - 1;
		text_add(text, "0x%" PRIx64, address);
	} else if (insn_is_port(layout) && strcmp(operand, "%dx") == 0) {
		text_add(text, "(%%dx)");
	} else if (layout->map == 1 && strncmp(operand, "%dr", 3) == 0) {
		text_add(text, "%%db%s", operand + 3);
	} else if (insn_is_indirect(layout) && has_memory(layout)) {
		text_put(text, "*", 1);
		memory_add(text, layout, insn->bytes);
	} else if (memory && has_memory(layout) && strstr(operand, "mm") == NULL) {
		memory_add(text, layout, insn->bytes);
	} else {
		text_put(text, operand, strlen(operand));
	}
}

static const char *accumulator(char suffix)
{
	return suffix == 'b' ? "%al" : suffix == 'w' ? "%ax" : suffix == 'l' ? "%eax" : "%rax";
}

/* 'b', 'w', 'l' or 'q' */
static char string_suffix(const struct insn_layout *layout)
{
	unsigned bits = insn_operand_bits(layout);
	bool port = layout->opcode < 0x70;	/* none has 64 bits */

	if ((layout->opcode & 1) == 0)
		return 'b';
	if (bits == 64 && !port)
		return 'q';
	return bits == 16 ? 'w' : 'l';
}

void insn_string_mnemonic_print(struct text *text, const struct insn_layout *layout)
{
	const struct string *string = string_find(layout);

	text_add(text, "%s", string->mnemonic);
	if (strchr(string->operands, 'A') == NULL)
		text_add(text, "%c", string_suffix(layout));
}

static void string_operands_add(struct text *text, const struct insn_layout *layout,
				const char *operands)
{
	bool wide = layout->arch == ARCH_X86_64 && !layout->address_size;
	const char *size = wide ? "r" : layout->arch == ARCH_I386 && layout->address_size ? "" : "e";
	const char *segment = insn_segment_name(insn_segment_counts(layout) ? layout->segment : 0x3e);

	for (const char *at = operands; *at != '\0'; at++) {
		switch (*at) {
		case 'S':
			text_add(text, "%%%s:(%%%ssi)", segment, size);
			break;
		case 'D':
			text_add(text, "%%es:(%%%sdi)", size);
			break;
		case 'B':
			text_add(text, "%%%s:(%%%sbx)", segment, size);
			break;
		case 'A':
			text_add(text, "%s", accumulator(string_suffix(layout)));
			break;
		case 'P':
			text_add(text, "(%%dx)");
			break;
		default:
			text_add(text, "%c", *at);
			break;
		}
	}
}

/* x87 with one register named: objdump names %st too. False: it is no such. */
static bool x87_add(struct text *text, const struct insn_layout *layout, const char *operand)
{
	unsigned reg = layout_reg(layout);
	bool compare = reg == 2 || reg == 3;

	if (layout->encoding != ENCODING_LEGACY || layout->map != 0 || layout->opcode < 0xd8 ||
	    layout->opcode > 0xdf || layout_mod(layout) != 3)
		return false;
	switch (layout->opcode) {
	case 0xd8:
		text_add(text, compare ? "%s" : "%s,%%st", operand);
		return true;
	case 0xda:
		text_add(text, "%s,%%st", operand);
		return true;
	case 0xdb: case 0xdf:
		if (layout->opcode == 0xdf && reg < 5)
			return false;
		text_add(text, "%s,%%st", operand);
		return true;
	case 0xde:
		text_add(text, "%%st,%s", operand);
		return true;
	default:
		return false;
	}
}

/* Operands that capstone leaves out, or that objdump does; ? is r or e, by the mode. */
struct respelling {
	uint8_t opcode, modrm;		/* behind 0f */
	const char *operands;
};

static const struct respelling respellings[] = {
	{ 0x01, 0xc8, "%?ax,%ecx,%edx" },	/* monitor */
	{ 0x01, 0xc9, "%eax,%ecx" },		/* mwait */
	{ 0x01, 0xd8, "" },			/* vmrun */
	{ 0x01, 0xda, "" },			/* vmload */
	{ 0x01, 0xdb, "" },			/* vmsave */
	{ 0x01, 0xde, "" },			/* skinit */
	{ 0x01, 0xdf, "" },			/* invlpga */
};

static const struct respelling *respelling_find(const struct insn_layout *layout)
{
	for (size_t i = 0; i < sizeof(respellings) / sizeof(respellings[0]); i++) {
		const struct respelling *one = &respellings[i];

		if (layout_is(layout, 1, one->opcode) && one->modrm == layout->modrm)
			return one;
	}
	return NULL;
}

/* Where all operands are spelled anew at once; false: nowhere. */
static bool operands_respell(struct text *text, const struct insn_layout *layout,
			     const struct insn *insn, const char *const *operands, size_t count)
{
	const struct respelling *respelling = respelling_find(layout);
	const struct string *string = string_find(layout);

	if (string != NULL || layout_is(layout, 0, 0xd7)) {
		string_operands_add(text, layout, string != NULL ? string->operands : "B");
		return true;
	}
	if (respelling != NULL) {
		for (const char *at = respelling->operands; *at != '\0'; at++)
			text_add(text, "%c", *at != '?' ? *at : layout->arch == ARCH_X86_64 ? 'r' : 'e');
		return true;
	}
	if (layout_is(layout, 0, 0x9a) || layout_is(layout, 0, 0xea)) {	/* far: selector, offset */
		const uint8_t *at = insn->bytes + layout->immediate_at;
		unsigned size = layout->immediate_size - 2U;

		text_add(text, "$0x%x,$0x%x", (unsigned)(uint16_t)insn_number(at + size, 2),
			 (unsigned)(uint32_t)insn_number(at, size));
		return true;
	}
	if (count > 0 && x87_add(text, layout, operands[0]))
		return true;
	return false;
}

/* Instructions of SSE4.1 and SHA that use %xmm0 besides. */
static bool uses_xmm0(const struct insn_layout *layout)
{
	return layout_is(layout, 2, 0x10) || layout_is(layout, 2, 0x14) ||
	       layout_is(layout, 2, 0x15) || layout_is(layout, 2, 0xcb);
}

void insn_operands_print(struct text *text, const struct insn_layout *layout,
			 const char *const *operands, size_t count, const struct insn *insn)
{
	size_t first = count == 2 && is_shift_by_one(layout) ? 1 : 0;
	unsigned immediates = 0;

	if (operands_respell(text, layout, insn, operands, count))
		return;
	if (uses_xmm0(layout))
		text_add(text, "%%xmm0,");
	if (layout->map == 0 && (layout->opcode & 0xf8) == 0x90 && count == 2) {
		text_add(text, "%s,%s", operands[1], operands[0]);	/* xchg */
		return;
	}
	for (size_t i = 0; i < count; i++)
		immediates += operands[i][0] == '$';
	for (size_t i = first; i < count; i++) {
		if (i > first)
			text_put(text, ",", 1);
		operand_add(text, layout, operands[i], immediates, insn);
	}
}
