/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "insn_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	char *at;
	char *end;
	bool full;
};

static void text_add(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void text_add(struct text *text, const char *format, ...)
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

/* Mnemonics to which AT&T syntax adds b, w, l or q; sorted. capstone always adds it, objdump only
 * where no register tells the size. */
static const char *const roots[] = {
	"adc", "adcx", "add", "adox", "and", "andn", "bextr", "blsi", "blsmsk", "blsr", "bsf", "bsr",
	"bswap", "bt", "btc", "btr", "bts", "bzhi", "cmova", "cmovae", "cmovb", "cmovbe", "cmove",
	"cmovg", "cmovge", "cmovl", "cmovle", "cmovne", "cmovno", "cmovnp", "cmovns", "cmovo",
	"cmovp", "cmovs", "cmp", "cmps", "cmpxchg", "crc32", "dec", "div", "idiv", "imul", "in",
	"inc", "ins", "lar", "lea", "lods", "lsl", "lzcnt", "mov", "movabs", "movbe", "movnti",
	"movs", "mul", "mulx", "neg", "nop", "not", "or", "out", "outs", "pdep", "pext", "pop",
	"popcnt", "push", "rcl", "rcr", "rdfsbase", "rdgsbase", "rdrand", "rdseed", "rol", "ror",
	"rorx", "sal", "sar", "sarx", "sbb", "scas", "shl", "shld", "shlx", "shr", "shrd", "shrx",
	"sldt", "smsw", "stos", "str", "sub", "test", "tzcnt", "wrfsbase", "wrgsbase", "xadd",
	"xchg", "xor",
};

/* Those whose size, where it is the usual one, objdump never says. */
static const char *const unsized[] = {
	"call", "enter", "jmp", "lar", "leave", "lgdt", "lidt", "lsl", "pop", "popa", "popf",
	"push", "pusha", "pushf", "ret", "sgdt", "sidt",
};

static int root_compare(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

size_t mnemonic_root(const char *mnemonic)
{
	size_t length = strlen(mnemonic);
	char root[16];

	if (length < 3 || length > sizeof(root) || strchr("bwlq", mnemonic[length - 1]) == NULL)
		return 0;
	memcpy(root, mnemonic, length - 1);
	root[length - 1] = '\0';
	return bsearch(root, roots, sizeof(roots) / sizeof(roots[0]), sizeof(roots[0]),
		       root_compare) != NULL ? length - 1 : 0;
}

static bool is_unsized(const char *mnemonic, size_t length)
{
	for (size_t i = 0; i < sizeof(unsized) / sizeof(unsized[0]); i++) {
		if (strlen(unsized[i]) == length && memcmp(unsized[i], mnemonic, length) == 0)
			return true;
	}
	return false;
}

char register_suffix(const char *name)
{
	static const char classic[] = "ax cx dx bx sp bp si di ";
	size_t length = strcspn(name, ",");

	if (length < 3 || length > 5 || name[0] != '%')
		return 0;
	name++;
	length--;
	if (name[0] == 'r' && name[1] >= '0' && name[1] <= '9') {
		char last = name[length - 1];

		return last == 'b' || last == 'w' ? last : last == 'd' ? 'l' : 'q';
	}
	if (length == 3 && (name[0] == 'r' || name[0] == 'e')) {
		char key[4] = { name[1], name[2], ' ', '\0' };

		return strstr(classic, key) == NULL ? 0 : name[0] == 'r' ? 'q' : 'l';
	}
	if (length == 3)	/* sil, dil, bpl, spl */
		return name[2] == 'l' && name[0] != 'm' && name[0] != 't' ? 'b' : 0;
	if (length != 2)
		return 0;
	if (strchr("abcd", name[0]) != NULL && (name[1] == 'l' || name[1] == 'h'))
		return 'b';
	char key[4] = { name[0], name[1], ' ', '\0' };

	return strstr(classic, key) != NULL ? 'w' : 0;
}

static const char *const registers64[] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};
static const char *const registers32[] = {
	"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
	"r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d",
};

static const char *segment_name(uint8_t prefix)
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
static bool segment_counts(const struct insn_layout *layout)
{
	return layout->segment != 0 &&
	       (layout->arch == ARCH_I386 || layout->segment == 0x64 || layout->segment == 0x65);
}

static bool has_memory(const struct insn_layout *layout)
{
	return layout->has_modrm && layout_mod(layout) != 3;
}

static bool is_moffs(const struct insn_layout *layout)
{
	return layout->encoding == ENCODING_LEGACY && layout->map == 0 &&
	       (layout->opcode & 0xfc) == 0xa0;
}

static bool is_string(const struct insn_layout *layout)
{
	uint8_t opcode = layout->opcode;

	return layout->encoding == ENCODING_LEGACY && layout->map == 0 &&
	       ((opcode >= 0x6c && opcode <= 0x6f) || (opcode >= 0xa4 && opcode <= 0xa7) ||
		(opcode >= 0xaa && opcode <= 0xaf));
}

/* call, lcall, jmp, ljmp through a register or memory. */
static bool is_indirect(const struct insn_layout *layout)
{
	return layout_is(layout, 0, 0xff) && layout_reg(layout) >= 2 && layout_reg(layout) <= 5;
}

/* Whether objdump names no size though there is one: moves of segment registers, group 6 (lldt,
 * ltr, …), smsw and lmsw, far branches; iret and lret but with REX.W. */
static bool never_sized(const struct insn_layout *layout, const char *mnemonic)
{
	if (strncmp(mnemonic, "iret", 4) == 0 || strncmp(mnemonic, "lret", 4) == 0)
		return mnemonic[4] == 'l';
	return layout_is(layout, 0, 0x8c) || layout_is(layout, 0, 0x8e) ||
	       layout_is(layout, 0, 0x9a) || layout_is(layout, 0, 0xea) ||
	       layout_is(layout, 1, 0x00) ||
	       (layout_is(layout, 1, 0x01) && (layout_reg(layout) == 4 || layout_reg(layout) == 6)) ||
	       (is_indirect(layout) && layout_reg(layout) % 2 == 1);
}

/* The port %dx, which objdump puts in parentheses. */
static bool is_port(const struct insn_layout *layout)
{
	return layout->map == 0 && layout->encoding == ENCODING_LEGACY &&
	       ((layout->opcode >= 0x6c && layout->opcode <= 0x6f) ||
		(layout->opcode >= 0xec && layout->opcode <= 0xef));
}

/* Shifts by one, whose count objdump does not print. */
static bool is_shift_by_one(const struct insn_layout *layout)
{
	return layout_is(layout, 0, 0xd0) || layout_is(layout, 0, 0xd1);
}

static bool is_jcc(const struct insn_layout *layout)
{
	return layout->encoding == ENCODING_LEGACY &&
	       ((layout->map == 0 && (layout->opcode & 0xf0) == 0x70) ||
		(layout->map == 1 && (layout->opcode & 0xf0) == 0x80));
}

static void signed_add(struct text *text, int64_t value)
{
	if (value < 0)
		text_add(text, "-0x%" PRIx64, 0 - (uint64_t)value);
	else
		text_add(text, "0x%" PRIx64, (uint64_t)value);
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

	if (segment_counts(layout))
		text_add(text, "%%%s:", segment_name(layout->segment));
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
	text_add(text, "(");
	if (has_base)
		text_add(text, "%%%s", registers[base | (layout->rex & REX_B ? 8 : 0)]);
	if (layout->sib_at != 0 && (scale != 0 || has_index || (has_base && base != 4)))
		text_add(text, ",%%%s,%u", has_index ? registers[index] : wide ? "riz" : "eiz",
			 1U << scale);
	text_add(text, ")");
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
	text_add(text, "0x%" PRIx64, (uint64_t)strtoull(digits, NULL, 0));
}

static void operand_add(struct text *text, const struct insn_layout *layout, const char *operand,
			unsigned immediates, const struct insn *insn)
{
	bool memory = strchr("%$*", operand[0]) == NULL || strchr(operand, '(') != NULL ||
		      strchr(operand, ':') != NULL;

	if (operand[0] == '$' && immediates == 1 && layout->immediate_size > 0 &&
	    (layout->immediate_size <= 2 || layout->immediate_size == 4 ||
	     layout->immediate_size == 8)) {
		text_add(text, "$0x%" PRIx64, immediate_value(layout, insn->bytes));
	} else if (operand[0] == '$') {
		text_add(text, "$");
		number_add(text, operand + 1);
	} else if (insn->has_target) {
		text_add(text, "0x%" PRIx64, insn->target);
	} else if (is_moffs(layout) && memory) {
		uint64_t address = (uint64_t)insn_number(insn->bytes + layout->immediate_at,
							 layout->immediate_size);

		if (segment_counts(layout))
			text_add(text, "%%%s:", segment_name(layout->segment));
		if (layout->immediate_size < 8)
			address &= (UINT64_C(1) << (8 * layout->immediate_size)) - 1;
		text_add(text, "0x%" PRIx64, address);
	} else if (is_port(layout) && strcmp(operand, "%dx") == 0) {
		text_add(text, "(%%dx)");
	} else if (is_string(layout) && operand[0] == '(') {
		text_add(text, "%%%s:%s", strstr(operand, "si)") != NULL ? "ds" : "es", operand);
	} else if (layout->map == 1 && strncmp(operand, "%dr", 3) == 0) {
		text_add(text, "%%db%s", operand + 3);
	} else if (is_indirect(layout) && has_memory(layout)) {
		text_add(text, "*");
		memory_add(text, layout, insn->bytes);
	} else if (memory && has_memory(layout) && strstr(operand, "mm") == NULL) {
		memory_add(text, layout, insn->bytes);
	} else {
		text_add(text, "%s", operand);
	}
}

/* Splits at the commas outside of parentheses, without blanks. */
static size_t operands_split(char *operands, const char *out[6])
{
	size_t count = 0;
	int depth = 0;
	char *to = operands;

	if (*operands == '\0')
		return 0;
	out[count++] = to;
	for (char *from = operands; *from != '\0'; from++) {
		if (*from == ' ')
			continue;
		depth += *from == '(' ? 1 : *from == ')' ? -1 : 0;
		if (*from == ',' && depth == 0 && count < 6) {
			*to++ = '\0';
			out[count++] = to;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return count;
}

/* What objdump says of the prefixes that the instruction itself does not show, in their order. */
static void prefixes_add(struct text *text, const struct insn_layout *layout, const uint8_t *bytes)
{
	unsigned sizes = 0;
	bool memory = has_memory(layout) || is_moffs(layout) || is_string(layout);
	bool size_used = (layout->rex & REX_W) == 0 || layout->map != 0;

	for (unsigned i = 0; i < layout->opcode_at; i++)
		sizes += bytes[i] == 0x66;
	for (unsigned i = 0; i < layout->opcode_at; i++) {
		uint8_t byte = bytes[i];

		switch (byte) {
		case 0x66:
			if (--sizes > 0 || !size_used)
				text_add(text, "data16 ");
			break;
		case 0x67:
			if (!memory)
				text_add(text, "addr32 ");
			break;
		case 0x3e:
			if (is_indirect(layout)) {
				text_add(text, "notrack ");
				break;
			}
			/* fall through */
		case 0x26: case 0x2e: case 0x36: case 0x64: case 0x65:
			if (byte == layout->segment && memory && segment_counts(layout))
				break;
			if (is_jcc(layout) && (byte == 0x2e || byte == 0x3e))
				break;
			text_add(text, "%s ", segment_name(byte));
			break;
		default:
			break;
		}
	}
	if (layout->has_rex && (layout->rex & REX_W) != 0 && layout_is(layout, 0, 0xe8))
		text_add(text, "rex.W ");
}

static void mnemonic_add(struct text *text, const struct insn_layout *layout, const char *mnemonic,
			 const char *const *operands, size_t count)
{
	size_t length = mnemonic_root(mnemonic);
	size_t full = strlen(mnemonic);
	char usual = layout->arch == ARCH_X86_64 ? 'q' : 'l';
	bool sized = false;

	if (full > 3 && is_unsized(mnemonic, full - 1) && mnemonic[full - 1] == usual &&
	    !layout->operand_size) {
		text_add(text, "%.*s", (int)(full - 1), mnemonic);
		return;
	}
	if (full > 3 && never_sized(layout, mnemonic) &&
	    strchr("bwlq", mnemonic[full - 1]) != NULL &&
	    strcmp(mnemonic, "smsw") != 0 && strcmp(mnemonic, "lmsw") != 0 &&
	    strcmp(mnemonic, "verw") != 0 && strcmp(mnemonic, "lcall") != 0) {
		text_add(text, "%.*s", (int)(full - 1), mnemonic);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		/* A shift's count and a port say nothing of the size. */
		if (is_port(layout) && strcmp(operands[i], "%dx") == 0)
			continue;
		if (i == 0 && count == 2 && strcmp(operands[0], "%cl") == 0 &&
		    layout->map == 0 && (layout->opcode & 0xfc) == 0xd0)
			continue;
		sized |= register_suffix(operands[i]) != 0;
		if (strstr(operands[i], "mm") != NULL && operands[i][0] == '%')
			length = 0;
	}
	text_add(text, "%.*s", (int)(sized && length > 0 ? length : full), mnemonic);
	if (is_jcc(layout) && (layout->segment == 0x2e || layout->segment == 0x3e))
		text_add(text, layout->segment == 0x2e ? ",pn" : ",pt");
}

bool insn_text(const struct insn_layout *layout, const char *mnemonic, const char *operands,
	       struct insn *insn)
{
	struct text text = { insn->mnemonic, insn->mnemonic + sizeof(insn->mnemonic), false };
	char copy[INSN_TEXT_MAX];
	const char *split[6];
	const char *word = strrchr(mnemonic, ' ');
	unsigned immediates = 0;

	if (strlen(operands) >= sizeof(copy))
		return false;
	strcpy(copy, operands);
	size_t count = operands_split(copy, split);
	size_t first = count == 2 && is_shift_by_one(layout) ? 1 : 0;

	for (size_t i = 0; i < count; i++)
		immediates += split[i][0] == '$';
	prefixes_add(&text, layout, insn->bytes);
	if (word != NULL)
		text_add(&text, "%.*s ", (int)(word - mnemonic), mnemonic);
	mnemonic_add(&text, layout, word != NULL ? word + 1 : mnemonic, split, count);

	struct text rest = { insn->operands, insn->operands + sizeof(insn->operands), false };

	insn->operands[0] = '\0';
	for (size_t i = first; i < count; i++) {
		if (i > first)
			text_add(&rest, ",");
		operand_add(&rest, layout, split[i], immediates, insn);
	}
	return !text.full && !rest.full;
}
