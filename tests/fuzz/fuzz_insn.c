/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile code and hostile patterns. The first byte chooses the architecture (bit 0), and whether
 * a pattern, ended by NUL, is in front of the code (bit 1). What is decoded must hold together:
 * a length in range, text that asm_check() and asm_match() take.
 */
#include <stdlib.h>
#include <string.h>

#include "asm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void insn_check(const struct insn *insn, size_t left)
{
	char text[ASM_MAX];
	const char *why;

	if (insn->length == 0 || insn->length > INSN_MAX || insn->length > left)
		abort();
	(void)asm_print(insn, NULL, text);
	if (!insn->opaque && (!asm_check(text, &why) || !asm_match(text, insn, NULL)))
		abort();
	if (insn->opaque && asm_match(text, insn, NULL))
		abort();
	if (insn->has_target && !insn->opaque) {
		(void)asm_print(insn, "some_function+0x12", text);
		if (!asm_match(text, insn, "some_function+0x12"))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct decoder *decoders[ARCH_COUNT];
	char pattern[1024] = "";
	struct fail fail;
	struct insn insn;
	const char *why;

	if (size < 2)
		return 0;
	for (int arch = 0; decoders[1] == NULL && arch < ARCH_COUNT; arch++) {
		if (decoder_create((enum architecture)arch, &decoders[arch], &fail) != 0)
			abort();
	}
	struct decoder *decoder = decoders[data[0] & 1];
	bool has_pattern = (data[0] & 2) != 0;

	data++;
	size--;
	if (has_pattern) {
		size_t length = strnlen((const char *)data, size < 1023 ? size : 1023);

		memcpy(pattern, data, length);
		pattern[length] = '\0';
		data += length;
		size -= length;
		if (!asm_check(pattern, &why) && why == NULL)
			abort();
		if (size > 0) {	/* the NUL */
			data++;
			size--;
		}
	}
	if (insn_trim(decoder, data, size, 0xffffffff81000000) > size)
		abort();
	for (size_t at = 0; at < size; at += insn.length) {
		if (insn_decode(decoder, data + at, size - at, 0xffffffff81000000 + at, &insn,
				&fail) != 0)
			break;
		insn_check(&insn, size - at);
		if (has_pattern)
			(void)asm_match(pattern, &insn, insn.has_target ? "x+0x1" : NULL);
	}
	return 0;
}
