/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text is a patch or is refused in whole lines of messages: never a fault, never a leak.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -std=gnu11 -D_GNU_SOURCE -Iinclude -I. \
 *		-o build/fuzz_spec tests/fuzz/fuzz_spec.c lib/spec*.c lib/asm*.c lib/insn*.c \
 *		lib/patch.c lib/owner.c lib/arch.c lib/fail.c -lyaml -lcapstone
 *	cp -r tests/spec/good build/corpus && build/fuzz_spec build/corpus tests/spec/bad
 */
#include <stdlib.h>
#include <string.h>

#include "spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_patch(const struct patch *patch)
{
	if (patch->name == NULL || patch->summary == NULL || patch->variant_count == 0)
		abort();
	for (size_t i = 0; i < patch->variant_count; i++) {
		const struct variant *variant = &patch->variants[i];

		if (variant->site_count == 0)
			abort();
		for (size_t j = 0; j < variant->site_count; j++) {
			const struct site *site = &variant->sites[j];

			if (site->symbol == NULL || site->operation.bytes.length == 0 ||
			    site->operation.bytes.length > BYTES_MAX || site->offset_place.line == 0 ||
			    (site->expect.bytes.length == 0 && site->expect.assembler == NULL))
				abort();
			for (size_t k = 0; k < site->allow_count; k++) {
				if (site->allow[k].reason == NULL ||
				    !owner_allowable(site->allow[k].kind))
					abort();
			}
		}
	}
}

static void check_message(const char *message)
{
	for (const char *line = message; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "f.yaml:", strlen("f.yaml:")) != 0)
			abort();
	}
	for (; *message != '\0'; message++) {
		if ((unsigned char)*message < 0x20 && *message != '\n')
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct patch patch;
	struct fail fail;

	if (spec_parse("f.yaml", (const char *)data, size, &patch, &fail) == 0)
		check_patch(&patch);
	else if (fail.code == OUTCOME_INVALID_SPEC)
		check_message(fail.message);
	patch_deinit(&patch);
	return 0;
}
