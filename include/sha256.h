/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sha256: SHA-256 as text. */
#ifndef PATCHERD_SHA256_H
#define PATCHERD_SHA256_H

#include <stddef.h>

enum { SHA256_TEXT_MAX = 65 };

/* In lower-case hexadecimal digits, as sha256sum(1) prints it. */
void sha256_text(const void *data, size_t size, char out[SHA256_TEXT_MAX]);

#endif
