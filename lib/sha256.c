/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sha256.h"

#include <sodium.h>

_Static_assert(SHA256_TEXT_MAX == crypto_hash_sha256_BYTES * 2 + 1, "the text and its NUL");

void sha256_text(const void *data, size_t size, char out[SHA256_TEXT_MAX])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(hash, data, size);	/* it has no way to fail */
	(void)sodium_bin2hex(out, SHA256_TEXT_MAX, hash, sizeof(hash));
}
