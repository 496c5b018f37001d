/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arch: the architectures patcherd knows, as `uname -m` and the patch files name them. */
#ifndef PATCHERD_ARCH_H
#define PATCHERD_ARCH_H

#include <stdbool.h>

enum architecture { ARCH_X86_64, ARCH_I386, ARCH_COUNT };

/* "x86_64" or "i386". */
const char *arch_name(enum architecture arch);
/* Takes exactly those two words. */
bool arch_parse(const char *name, enum architecture *out);
/* The number of bytes of a pointer: 8 or 4. */
unsigned arch_pointer_size(enum architecture arch);

#endif
