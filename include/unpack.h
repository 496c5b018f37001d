/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unpack: the ELF file inside a packed one, by each format's own library.
 *
 * Formats: a module as distributions install it (.ko.gz, .ko.xz, .ko.zst), and a bzImage, whose
 * payload is found by its setup header (Documentation/arch/x86/boot.rst, protocol 2.08 and later)
 * and packed by gzip, xz, zstd or lz4's legacy frame (lz4_Frame_format.md); behind all but gzip
 * stands the size after unpacking, 4 bytes (scripts/Makefile.lib, size_append).
 */
#ifndef PATCHERD_UNPACK_H
#define PATCHERD_UNPACK_H

#include "fail.h"

/* No kernel or module that is packed anywhere is larger when it is unpacked. */
enum { UNPACK_SIZE_MAX = 512 << 20 };

/* *out is what was packed in the file, `*length` bytes, to be freed; NULL: the file is not packed in
 * any of these ways. -1: OUTCOME_ERROR: it cannot be read, is damaged, is cut short, or unpacks to
 * more than UNPACK_SIZE_MAX bytes. */
int unpack_file(const char *path, uint8_t **out, size_t *length, struct fail *fail) MUST_CHECK;
/* The same of bytes in memory; `path` is for messages. */
int unpack_bytes(const char *path, const uint8_t *data, size_t size, uint8_t **out,
		 size_t *length, struct fail *fail) MUST_CHECK;

#endif
