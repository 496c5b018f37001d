/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elf_note: the build-id among ELF notes, of a file or of /sys/kernel/notes. */
#ifndef PATCHERD_ELF_NOTE_H
#define PATCHERD_ELF_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 32 bytes at most (a SHA-256), in hexadecimal. */
enum { BUILD_ID_TEXT_MAX = 65 };

/* Finds NT_GNU_BUILD_ID in `size` bytes of notes (elf(5), little-endian); false: not there. */
bool elf_note_build_id(const uint8_t *notes, size_t size, char out[BUILD_ID_TEXT_MAX]);

#endif
