/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boundaries FILE [DIFFERENCES]: walks all code of an ELF file twice, by lib/insn and by
 * libopcodes, and counts where they differ. Prints one "name number" a line; each difference in
 * words goes to DIFFERENCES. In place of a FILE, "x86_64" and "i386" mean all opcodes of that
 * architecture, one after the other, with the usual prefixes and with every ModRM.
 *
 * Counted are:
 *   instructions   what libopcodes sees
 *   boundaries     another length, but for the two below
 *   fwait          libopcodes takes `wait` (9b) and the x87 instruction behind it for one
 *   undefined      libopcodes sees no instruction, and goes on one byte further
 *   opaque         stepped over with the right length, not named
 *   unmatched      asm_match() does not take what asm_print() printed
 *   confused       asm_match() takes the text of the instruction before
 *   prefixes       libopcodes names prefixes besides that have no effect, asm_print() does not
 *   spelling       asm_print() prints other text than libopcodes
 *   refused        asm_match() does not take libopcodes' text
 */
#define PACKAGE "patcherd"	/* bfd.h insists */
#include <bfd.h>
#include <dis-asm.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asm.h"

struct counts {
	unsigned long instructions, boundaries, fwait, undefined, opaque, unmatched, confused,
		prefixes, spelling, refused;
};

struct walk {
	disassembler_ftype disassemble;
	struct disassemble_info info;
	struct decoder *decoder;
	struct counts counts;
	FILE *differences;		/* NULL: not asked for */
	char text[ASM_MAX];		/* libopcodes' */
	size_t length;
	char before[ASM_MAX];		/* asm_print() of the instruction before */
};

static int text_add(struct walk *walk, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));
static int on_text(void *walk, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int on_styled_text(void *walk, enum disassembler_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int text_add(struct walk *walk, const char *format, va_list arguments)
{
	size_t room = sizeof(walk->text) - walk->length;
	int written = vsnprintf(walk->text + walk->length, room, format, arguments);

	if (written < 0 || (size_t)written >= room)
		abort();	/* libopcodes' text is far shorter */
	walk->length += (size_t)written;
	return written;
}

static int on_text(void *walk, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int written = text_add(walk, format, arguments);
	va_end(arguments);
	return written;
}

static int on_styled_text(void *walk, enum disassembler_style style, const char *format, ...)
{
	va_list arguments;

	(void)style;
	va_start(arguments, format);
	int written = text_add(walk, format, arguments);
	va_end(arguments);
	return written;
}

static void on_address(bfd_vma address, struct disassemble_info *info)
{
	(void)info->fprintf_func(info->stream, "0x%" PRIx64, (uint64_t)address);
}

static void report(const struct walk *walk, const char *what, uint64_t address,
		   const uint8_t *bytes, size_t length, const char *ours)
{
	if (walk->differences == NULL)
		return;
	fprintf(walk->differences, "%s\t%" PRIx64 "\t", what, address);
	for (size_t i = 0; i < length; i++)
		fprintf(walk->differences, "%02x", bytes[i]);
	fprintf(walk->differences, "\t%s\t%s\n", walk->text, ours);
}

/* libopcodes' text as objdump's reader sees it: single blanks, no remark, none at the end. */
static void text_tidy(char *text)
{
	char *to = text;

	text[strcspn(text, "#")] = '\0';
	for (const char *from = text; *from != '\0'; from++) {
		if (*from != ' ' || (from[1] != ' ' && from[1] != '\0'))
			*to++ = *from;
	}
	*to = '\0';
}

/* The text behind its prefixes. */
static const char *prefixes_skip(const char *text)
{
	static const char *const prefixes[] = {
		"addr16", "addr32", "bnd", "cs", "data16", "ds", "es", "fs", "gs", "lock", "rep",
		"repnz", "repz", "ss", "xacquire", "xrelease",
	};

	for (;;) {
		size_t length = strcspn(text, " ");
		bool is_one = strncmp(text, "rex", 3) == 0;

		for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
			is_one |= strlen(prefixes[i]) == length &&
				  strncmp(text, prefixes[i], length) == 0;
		}
		if (!is_one || text[length] == '\0')
			return text;
		text += length + 1;
	}
}

static void texts_compare(struct walk *walk, const struct insn *insn)
{
	struct counts *counts = &walk->counts;
	char text[ASM_MAX];

	if (insn->opaque) {
		counts->opaque++;
		report(walk, "opaque", insn->address, insn->bytes, insn->length, "");
		walk->before[0] = '\0';
		return;
	}
	(void)asm_print(insn, NULL, text);
	if (!asm_match(text, insn, NULL)) {
		counts->unmatched++;
		report(walk, "unmatched", insn->address, insn->bytes, insn->length, text);
	}
	if (walk->before[0] != '\0' && strcmp(walk->before, text) != 0 &&
	    asm_match(walk->before, insn, NULL)) {
		counts->confused++;
		report(walk, "confused", insn->address, insn->bytes, insn->length, walk->before);
	}
	if (strcmp(walk->text, text) != 0 &&
	    strcmp(prefixes_skip(walk->text), prefixes_skip(text)) == 0) {
		counts->prefixes++;
		report(walk, "prefixes", insn->address, insn->bytes, insn->length, text);
	} else if (strcmp(walk->text, text) != 0) {
		counts->spelling++;
		report(walk, "spelling", insn->address, insn->bytes, insn->length, text);
		if (!asm_match(walk->text, insn, NULL)) {
			counts->refused++;
			report(walk, "refused", insn->address, insn->bytes, insn->length, text);
		}
	}
	strcpy(walk->before, text);
}

/* One step; returns how far libopcodes went. */
static size_t step(struct walk *walk, const uint8_t *bytes, size_t left, uint64_t address)
{
	struct counts *counts = &walk->counts;
	struct fail fail;
	struct insn insn;

	walk->length = 0;
	walk->text[0] = '\0';
	int size = walk->disassemble(address, &walk->info);
	int failed = insn_decode(walk->decoder, bytes, left, address, &insn, &fail);

	text_tidy(walk->text);
	if (size <= 0 || strstr(walk->text, "(bad)") != NULL) {
		counts->undefined++;
		report(walk, "undefined", address, bytes, size > 0 ? (size_t)size : 1,
		       failed ? "none" : insn.mnemonic);
		walk->before[0] = '\0';
		return size > 0 ? (size_t)size : 1;
	}
	counts->instructions++;
	if (failed || insn.length != size) {
		bool fwait = !failed && bytes[0] == 0x9b && insn.length == 1;

		*(fwait ? &counts->fwait : &counts->boundaries) += 1;
		report(walk, fwait ? "fwait" : "boundaries", address, bytes, (size_t)size,
		       failed ? fail.message : insn.mnemonic);
		walk->before[0] = '\0';
		return (size_t)size;
	}
	texts_compare(walk, &insn);
	return (size_t)size;
}

static void buffer_set(struct walk *walk, uint8_t *bytes, size_t size, uint64_t address)
{
	walk->info.buffer = bytes;
	walk->info.buffer_vma = address;
	walk->info.buffer_length = size;
	walk->before[0] = '\0';
}

static int file_walk(struct walk *walk, bfd *file)
{
	for (asection *section = file->sections; section != NULL; section = section->next) {
		bfd_size_type size = bfd_section_size(section);
		bfd_vma address = bfd_section_vma(section);
		bfd_byte *bytes = NULL;

		if ((bfd_section_flags(section) & (SEC_CODE | SEC_LOAD)) != (SEC_CODE | SEC_LOAD))
			continue;
		if (!bfd_malloc_and_get_section(file, section, &bytes))
			return -1;
		buffer_set(walk, bytes, size, address);
		walk->info.section = section;
		for (size_t at = 0; at < size;)
			at += step(walk, bytes + at, size - at, address + at);
		free(bytes);
	}
	return 0;
}

/* One opcode of one map behind one prefix, with every ModRM; what follows is the same always. */
static void opcode_walk(struct walk *walk, const char *prefix, const char *map, unsigned opcode)
{
	static const uint8_t rest[] = { 0x4a, 0x12, 0x34, 0x56, 0x18, 0x21, 0x43, 0x65, 0x07, 0x7a };
	uint8_t bytes[32];
	size_t at = strlen(prefix);

	memcpy(bytes, prefix, at);
	memcpy(bytes + at, map, strlen(map));
	at += strlen(map);
	bytes[at++] = (uint8_t)opcode;
	memcpy(bytes + at + 1, rest, sizeof(rest));
	for (unsigned modrm = 0; modrm < 256; modrm++) {
		bytes[at] = (uint8_t)modrm;
		buffer_set(walk, bytes, at + 1 + sizeof(rest), 0x1000);
		(void)step(walk, bytes, at + 1 + sizeof(rest), 0x1000);
	}
}

/* Which is no opcode; and fwait, see above. */
static bool is_prefix(unsigned byte, bool wide)
{
	return (wide && (byte & 0xf0) == 0x40) || (byte & 0xe7) == 0x26 ||
	       (byte >= 0x64 && byte <= 0x67) || byte == 0x9b || byte == 0xf0 || byte == 0xf2 ||
	       byte == 0xf3;
}

/* VEX: each with its map, length and prefix, and an operand size. */
static void vex_walk(struct walk *walk)
{
	static const char *const maps[] = {
		"\xc5\xf0", "\xc5\xf1", "\xc5\xf2", "\xc5\xf3", "\xc5\xf4", "\xc5\xf5", "\xc5\xf9",
		"\xc5\xfd", "\xc4\xe2\x71", "\xc4\xe2\x75", "\xc4\xe2\xf1", "\xc4\xe2\xf5",
		"\xc4\xe2\x70", "\xc4\xe2\x72", "\xc4\xe2\x73", "\xc4\xe2\xf0", "\xc4\xe2\xf2",
		"\xc4\xe2\xf3", "\xc4\xe2\x79", "\xc4\xe2\x7d", "\xc4\xe2\xf8", "\xc4\xe3\x71",
		"\xc4\xe3\x75", "\xc4\xe3\xf1", "\xc4\xe3\xf5", "\xc4\xe3\x79", "\xc4\xe3\x7d",
		"\xc4\xe3\x7b", "\xc4\xe3\xfb", "\xc4\xc1\x72", "\xc4\xe1\xf2", "\xc4\xe1\xf9",
	};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		for (unsigned opcode = 0; opcode < 256; opcode++)
			opcode_walk(walk, "", maps[i], opcode);
	}
}

static void opcodes_walk(struct walk *walk, bool wide)
{
	static const char *const maps[] = { "", "\x0f", "\x0f\x38", "\x0f\x3a" };
	static const char *const prefixes[] = {
		"", "\x66", "\xf2", "\xf3", "\xf0", "\x67", "\x2e", "\x3e", "\x65", "\x66\xf3",
		"\xf3\x66", "\x66\xf2",
		/* in 64-bit mode only */
		"\x48", "\x41", "\x45", "\x4c", "\x66\x48", "\xf2\x48", "\xf3\x48", "\x66\x41",
	};

	for (size_t i = 0; i < (wide ? 20 : 12); i++) {
		for (size_t j = 0; j < 4; j++) {
			for (unsigned opcode = 0; opcode < 256; opcode++) {
				if (j > 0 || !is_prefix(opcode, wide))
					opcode_walk(walk, prefixes[i], maps[j], opcode);
			}
		}
	}
}

static int die(const char *path, const char *what)
{
	fprintf(stderr, "boundaries: %s: %s\n", path, what);
	return 1;
}

/* NULL: *wide is the architecture whose opcodes are meant. */
static bfd *file_open(const char *path, bool *wide)
{
	bfd *file;

	*wide = strcmp(path, "x86_64") == 0;
	if (*wide || strcmp(path, "i386") == 0)
		return NULL;
	(void)bfd_init();
	file = bfd_openr(path, NULL);
	if (file == NULL || !bfd_check_format(file, bfd_object))
		exit(die(path, bfd_errmsg(bfd_get_error())));
	if (bfd_get_arch(file) != bfd_arch_i386)
		exit(die(path, "is not of x86"));
	*wide = bfd_get_mach(file) == bfd_mach_x86_64;
	return file;
}

static void disassembler_setup(struct walk *walk, bool wide, bfd *file)
{
	init_disassemble_info(&walk->info, walk, on_text, on_styled_text);
	walk->info.arch = bfd_arch_i386;
	walk->info.mach = wide ? bfd_mach_x86_64 : bfd_mach_i386_i386;
	walk->info.endian = BFD_ENDIAN_LITTLE;
	walk->info.print_address_func = on_address;
	disassemble_init_for_target(&walk->info);
	walk->disassemble = disassembler(bfd_arch_i386, false, walk->info.mach, file);
}

static void counts_print(const struct counts *counts)
{
	printf("instructions %lu\nboundaries %lu\nfwait %lu\nundefined %lu\nopaque %lu\n"
	       "unmatched %lu\nconfused %lu\nprefixes %lu\nspelling %lu\nrefused %lu\n",
	       counts->instructions, counts->boundaries, counts->fwait, counts->undefined,
	       counts->opaque, counts->unmatched, counts->confused, counts->prefixes,
	       counts->spelling, counts->refused);
}

int main(int argc, char **argv)
{
	struct walk walk = { .length = 0 };
	struct fail fail;
	bool wide;

	if (argc < 2 || argc > 3)
		return die("usage", "boundaries FILE|x86_64|i386 [DIFFERENCES]");
	bfd *file = file_open(argv[1], &wide);

	if (argc == 3 && (walk.differences = fopen(argv[2], "w")) == NULL)
		return die(argv[2], "cannot be written");
	if (decoder_create(wide ? ARCH_X86_64 : ARCH_I386, &walk.decoder, &fail) != 0)
		return die(argv[1], fail.message);
	disassembler_setup(&walk, wide, file);
	if (file == NULL) {
		opcodes_walk(&walk, wide);
		vex_walk(&walk);
	} else if (file_walk(&walk, file) != 0) {
		return die(argv[1], bfd_errmsg(bfd_get_error()));
	}
	counts_print(&walk.counts);
	if (walk.differences != NULL && fclose(walk.differences) != 0)
		return die(argv[2], "cannot be written to its end");
	decoder_destroy(walk.decoder);
	disassemble_free_target(&walk.info);
	if (file != NULL)
		(void)bfd_close(file);
	return 0;
}
