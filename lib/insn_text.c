/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "insn_text.h"

#include <stdlib.h>
#include <string.h>

#include "insn_operand.h"

enum { OPERANDS_MAX = 6 };

/* Mnemonics to which AT&T syntax adds b, w, l or q; sorted. capstone always adds it, objdump only
 * where no register tells the size. */
static const char *const roots[] = {
	"adc", "adcx", "add", "adox", "and", "andn", "bextr", "blsi", "blsmsk", "blsr", "bsf", "bsr",
	"bswap", "bt", "btc", "btr", "bts", "bzhi", "cmova", "cmovae", "cmovb", "cmovbe", "cmove",
	"cmovg", "cmovge", "cmovl", "cmovle", "cmovne", "cmovno", "cmovnp", "cmovns", "cmovo",
	"cmovp", "cmovs", "cmp", "cmps", "cmpxchg", "dec", "div", "idiv", "imul", "in",
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
	"push", "pusha", "pushf", "ret", "sgdt", "sidt", "vmread", "vmwrite",
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

		if (last == 'b' || last == 'w')
			return last;
		return last == 'd' ? 'l' : 'q';
	}
	if (length == 3 && (name[0] == 'r' || name[0] == 'e')) {
		char key[4] = { name[1], name[2], ' ', '\0' };

		if (strstr(classic, key) == NULL)
			return 0;
		return name[0] == 'r' ? 'q' : 'l';
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

/* Whether objdump names no size though there is one: moves of segment registers, les and the like,
 * group 6 (lldt, ltr, …), smsw and lmsw, far branches; iret and lret but with REX.W. */
static bool never_sized(const struct insn_layout *layout, const char *mnemonic, size_t length)
{
	static const char *const words[] = { "smsw", "lmsw", "verw", "lcall", "sysret" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(mnemonic, words[i]) == 0)	/* its last letter is its own */
			return false;
	}
	if (length == 5 && (strncmp(mnemonic, "iret", 4) == 0 || strncmp(mnemonic, "lret", 4) == 0))
		return mnemonic[4] == 'l';
	if (strcmp(mnemonic, "sysretl") == 0)
		return layout->arch == ARCH_I386;
	if (layout->encoding != ENCODING_LEGACY)
		return false;
	switch (layout->map << 8 | layout->opcode) {
	case 0x08c: case 0x08e: case 0x09a: case 0x0ea: case 0x0c4: case 0x0c5: case 0x100:
	case 0x1b2: case 0x1b4: case 0x1b5:
		return true;
	case 0x101:
		return layout_reg(layout) == 4 || layout_reg(layout) == 6;
	default:
		return insn_is_indirect(layout) && layout_reg(layout) % 2 == 1;
	}
}

/* Conditional branches, loop and jrcxz too. */
static bool is_jcc(const struct insn_layout *layout)
{
	return layout->encoding == ENCODING_LEGACY &&
	       ((layout->map == 0 && (layout->opcode & 0xf0) == 0x70) ||
		(layout->map == 0 && (layout->opcode & 0xfc) == 0xe0) ||
		(layout->map == 1 && (layout->opcode & 0xf0) == 0x80));
}

/* What objdump calls f2 or f3 where it is no part of the opcode; NULL: it is. */
static const char *repeat_name(const struct insn_layout *layout, const struct insn *insn)
{
	bool one_byte = layout->encoding == ENCODING_LEGACY && layout->map == 0;
	bool compares = (layout->opcode & 0xf6) == 0xa6;	/* cmps, scas */

	if ((!one_byte && !is_jcc(layout)) || layout_is(layout, 0, 0x90))
		return NULL;
	if (layout->repeat == 0xf3)
		return insn_is_string(layout) && !compares ? "rep" : "repz";
	return insn->flow != FLOW_NEXT && insn->flow != FLOW_STOP ? "bnd" : "repnz";
}

static bool segment_shown(const struct insn_layout *layout, uint8_t prefix)
{
	if (is_jcc(layout) && (prefix == 0x2e || prefix == 0x3e))
		return true;
	return prefix == layout->segment && insn_has_memory(layout) && insn_segment_counts(layout);
}

/* What objdump says of the prefixes that the instruction itself does not show, in their order. */
static void prefixes_add(struct text *text, const struct insn_layout *layout,
			 const struct insn *insn)
{
	const char *repeat = repeat_name(layout, insn);
	bool size_used = (layout->rex & REX_W) == 0 || layout->map != 0;
	unsigned sizes = 0;

	for (unsigned i = 0; i < layout->opcode_at; i++)
		sizes += insn->bytes[i] == 0x66;
	for (unsigned i = 0; i < layout->opcode_at; i++) {
		uint8_t byte = insn->bytes[i];

		switch (byte) {
		case 0x66:
			if (--sizes > 0 || !size_used)
				text_add(text, "data16 ");
			break;
		case 0x67:
			if (!insn_has_memory(layout))
				text_add(text, "addr32 ");
			break;
		case 0xf0:
			text_add(text, "lock ");
			break;
		case 0xf2: case 0xf3:
			if (byte == layout->repeat && repeat != NULL)
				text_add(text, "%s ", repeat);
			break;
		case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
			if (byte == 0x3e && insn_is_indirect(layout) && layout_reg(layout) % 2 == 0)
				text_add(text, "notrack ");
			else if (!segment_shown(layout, byte))
				text_add(text, "%s ", insn_segment_name(byte));
			break;
		default:
			break;
		}
	}
	if ((layout->rex & REX_W) != 0 && (layout_is(layout, 0, 0xe8) || insn_is_indirect(layout)))
		text_add(text, "rex.W ");
}

/* How much of capstone's mnemonic objdump prints: all, or all but the size suffix. */
static size_t mnemonic_length(const struct insn_layout *layout, const char *mnemonic,
			      const char *const *operands, size_t count)
{
	size_t full = strlen(mnemonic);
	int last = full > 2 ? mnemonic[full - 1] : '\0';
	char usual = layout->arch == ARCH_X86_64 ? 'q' : 'l';
	bool to_register = count > 0 && operands[0][0] == '%';
	bool sized = false, vector = false;

	if (strncmp(mnemonic, "vcvt", 4) == 0 && last == 'y' && to_register)
		return full - 1;
	if (last == '\0' || strchr("bwlq", last) == NULL)
		return full;
	if (strncmp(mnemonic, "crc32", 5) == 0)	/* its two operands differ in size */
		return to_register ? full - 1 : full;
	if (is_unsized(mnemonic, full - 1) && last == usual && !layout->operand_size &&
	    !(layout->arch == ARCH_I386 && layout_is(layout, 1, 0x01)))
		return full - 1;
	if (never_sized(layout, mnemonic, full))
		return full - 1;
	for (size_t i = 0; i < count; i++) {
		bool register_size = register_suffix(operands[i]) != 0;

		/* A shift's count and a port say nothing of the size. */
		if ((i == 0 && count == 2 && strcmp(operands[0], "%cl") == 0 &&
		     (layout_is(layout, 0, 0xd2) || layout_is(layout, 0, 0xd3))) ||
		    (insn_is_port(layout) && strcmp(operands[i], "%dx") == 0))
			continue;
		sized |= register_size;
		vector |= operands[i][0] == '%' && strstr(operands[i], "mm") != NULL;
	}
	/* cvtsi2sdl %eax,%xmm0; cvtsd2siq 0x12(%rdx),%rcx */
	if (strstr(mnemonic, "2s") != NULL && strstr(mnemonic, "cvt") != NULL)
		return sized || layout->arch == ARCH_I386 ? full - 1 : full;
	return sized && !vector && mnemonic_root(mnemonic) > 0 ? full - 1 : full;
}

/* pclmulqdq, whose immediate tells which halves: pclmulhqlqdq. NULL: it is another. */
static const char *pclmul_name(const struct insn_layout *layout, const struct insn *insn)
{
	uint8_t which = insn->bytes[layout->length - 1];

	if (layout->map != 3 || layout->opcode != 0x44 || (which & 0xee) != 0)
		return NULL;
	return which == 0x00 ? "pclmullqlqdq" : which == 0x01 ? "pclmulhqlqdq" :
	       which == 0x10 ? "pclmullqhqdq" : "pclmulhqhqdq";
}

static void mnemonic_add(struct text *text, const struct insn_layout *layout, const char *mnemonic,
			 const char *const *operands, size_t count)
{
	bool hinted = is_jcc(layout) && (layout->segment == 0x2e || layout->segment == 0x3e);

	if (insn_is_string(layout)) {
		insn_string_mnemonic_print(text, layout);
		return;
	}
	if (layout_is(layout, 0, 0x9b))
		mnemonic = "fwait";
	else if (layout_is(layout, 0, 0xd7))
		mnemonic = "xlat";
	else if (layout_is(layout, 1, 0x1f) && (layout->rex & REX_W) != 0)
		mnemonic = "nopq";
	else if ((layout_is(layout, 1, 0x6e) || layout_is(layout, 1, 0x7e)) &&
		 (layout->rex & REX_W) != 0)
		mnemonic = "movq";
	size_t length = mnemonic_length(layout, mnemonic, operands, count);

	if (strncmp(mnemonic, "sal", 3) == 0)
		text_add(text, "shl%.*s", (int)(length - 3), mnemonic + 3);
	else
		text_put(text, mnemonic, length);
	if (layout_is(layout, 1, 0x35) && layout->arch == ARCH_X86_64)
		text_add(text, (layout->rex & REX_W) != 0 ? "q" : "l");	/* sysexit */
	if (hinted)
		text_add(text, layout->segment == 0x2e ? ",pn" : ",pt");
}

/* Splits at the commas outside of parentheses, without blanks. */
static size_t operands_split(char *operands, const char *out[OPERANDS_MAX])
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
		if (*from == ',' && depth == 0 && count < OPERANDS_MAX) {
			*to++ = '\0';
			out[count++] = to;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return count;
}

bool insn_text(const struct insn_layout *layout, const char *mnemonic, const char *operands,
	       struct insn *insn)
{
	struct text name = { insn->mnemonic, insn->mnemonic + sizeof(insn->mnemonic), false };
	struct text rest = { insn->operands, insn->operands + sizeof(insn->operands), false };
	const char *word = strrchr(mnemonic, ' ');	/* capstone's prefixes are before it */
	size_t length = strlen(operands);
	char copy[INSN_TEXT_MAX];
	const char *split[OPERANDS_MAX];

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, operands, length + 1);
	size_t count = operands_split(copy, split);

	const char *pclmul = pclmul_name(layout, insn);
	size_t first = pclmul != NULL && count > 0 ? 1 : 0;

	prefixes_add(&name, layout, insn);
	if (pclmul != NULL)
		text_add(&name, "%s%s", layout->encoding == ENCODING_VEX ? "v" : "", pclmul);
	else
		mnemonic_add(&name, layout, word != NULL ? word + 1 : mnemonic, split, count);
	insn->operands[0] = '\0';
	insn_operands_print(&rest, layout, split + first, count - first, insn);
	return !name.full && !rest.full;
}
