/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/elf_note.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

/* Name and description are each padded to 4 bytes; 64 bits, so that it cannot overflow. */
static uint64_t padded(uint32_t size)
{
	return ((uint64_t)size + 3) & ~(uint64_t)3;
}

static bool is_build_id(const Elf32_Nhdr *note, const uint8_t *name)
{
	return note->n_type == NT_GNU_BUILD_ID && note->n_namesz == sizeof(ELF_NOTE_GNU) &&
	       memcmp(name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 && note->n_descsz > 0 &&
	       note->n_descsz <= (BUILD_ID_TEXT_MAX - 1) / 2;
}

bool elf_note_build_id(const uint8_t *notes, size_t size, char out[BUILD_ID_TEXT_MAX])
{
	Elf32_Nhdr note; /* Elf64_Nhdr is the same */

	while (size >= sizeof(note)) {
		memcpy(&note, notes, sizeof(note));
		notes += sizeof(note);
		size -= sizeof(note);
		/* the last description of a section may lack its padding */
		if (padded(note.n_namesz) > size || note.n_descsz > size - padded(note.n_namesz))
			return false;
		const uint8_t *desc = notes + padded(note.n_namesz);

		if (is_build_id(&note, notes)) {
			for (uint32_t i = 0; i < note.n_descsz; i++)
				(void)sprintf(out + (size_t)i * 2, "%02x", desc[i]);
			return true;
		}
		uint64_t whole = padded(note.n_namesz) + padded(note.n_descsz);

		if (whole > size)
			return false;
		notes += whole;
		size -= whole;
	}
	return false;
}
