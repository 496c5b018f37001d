/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arch.h"

#include <string.h>

static const struct {
	const char *name;
	unsigned pointer_size;
} architectures[ARCH_COUNT] = {
	[ARCH_X86_64] = { "x86_64", 8 },
	[ARCH_I386] = { "i386", 4 },
};

const char *arch_name(enum architecture arch)
{
	return architectures[arch].name;
}

bool arch_parse(const char *name, enum architecture *out)
{
	for (int i = 0; i < ARCH_COUNT; i++) {
		if (strcmp(architectures[i].name, name) == 0) {
			*out = (enum architecture)i;
			return true;
		}
	}
	return false;
}

unsigned arch_pointer_size(enum architecture arch)
{
	return architectures[arch].pointer_size;
}
