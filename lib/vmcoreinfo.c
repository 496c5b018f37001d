/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmcoreinfo.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The kernel gives the note one page, and all notes of /proc/kcore a few. */
enum { NOTES_MAX = 1024 * 1024, TEXT_MAX = 64 * 1024 };

/* The image and what it may be moved by have 1 GiB (KERNEL_IMAGE_SIZE,
 * arch/x86/include/asm/page_64_types.h). */
enum { OFFSET_END = 1 << 30 };

static const char note_name[] = "VMCOREINFO";

static void cleanup_elf(Elf **elf)
{
	(void)elf_end(*elf);
}

/* What follows "KEY=" at the start of a line; NULL: no such line. */
static const char *value_find(const char *text, const char *key)
{
	size_t length = strlen(key);

	while (strncmp(text, key, length) != 0 || text[length] != '=') {
		text = strchr(text, '\n');
		if (text == NULL)
			return NULL;
		text++;
	}
	return text + length + 1;
}

/* Hexadecimal digits to the line's end, "%lx". */
static bool parse_hex(const char *value, uint64_t *out)
{
	char *end;

	if (!isxdigit((unsigned char)value[0]))
		return false;
	errno = 0;
	*out = strtoull(value, &end, 16);
	return errno == 0 && *end == '\n';
}

static int garbled(const char *path, const char *key, const char *value, struct fail *fail)
{
	return fail_set(fail, OUTCOME_ERROR, "%s: the kernel's VMCOREINFO has \"%s=%.*s\", which "
			"cannot be", path, key, (int)strspn(value, "0123456789abcdefABCDEFx"), value);
}

static int parse_build_id(const char *path, const char *value, struct vmcoreinfo *out,
			  struct fail *fail)
{
	size_t length = strspn(value, "0123456789abcdef");

	if (length == 0 || length >= sizeof(out->build_id) || value[length] != '\n')
		return garbled(path, "BUILD-ID", value, fail);
	memcpy(out->build_id, value, length);
	out->build_id[length] = '\0';
	return 0;
}

/* A symbol's address, "%lx"; 0 where the note has none. */
static int parse_symbol(const char *path, const char *text, const char *key, uint64_t *out,
			struct fail *fail)
{
	const char *value = value_find(text, key);

	*out = 0;
	return value == NULL || parse_hex(value, out) ? 0 : garbled(path, key, value, fail);
}

/* "%ld" */
static int parse_mask(const char *path, const char *text, struct vmcoreinfo *out, struct fail *fail)
{
	static const char key[] = "NUMBER(sme_mask)";
	const char *value = value_find(text, key);
	char *end;

	if (value == NULL)
		return 0;
	errno = 0;
	out->sme_mask = strtoull(value, &end, 10);
	/* one bit of those that a physical address may have */
	if (errno != 0 || !isdigit((unsigned char)value[0]) || *end != '\n' ||
	    out->sme_mask >> 52 != 0 || (out->sme_mask & (out->sme_mask - 1)) != 0)
		return garbled(path, key, value, fail);
	return 0;
}

static int parse_text(const char *path, const char *text, struct vmcoreinfo *out,
		      struct fail *fail)
{
	const char *offset = value_find(text, "KERNELOFFSET");
	const char *build_id = value_find(text, "BUILD-ID");

	memset(out, 0, sizeof(*out));
	out->moves = offset != NULL;
	if (out->moves && (!parse_hex(offset, &out->offset) || out->offset >= OFFSET_END))
		return garbled(path, "KERNELOFFSET", offset, fail);
	if (parse_symbol(path, text, "SYMBOL(_stext)", &out->stext, fail) != 0 ||
	    parse_symbol(path, text, "SYMBOL(init_top_pgt)", &out->root, fail) != 0 ||
	    (out->root == 0 &&
	     parse_symbol(path, text, "SYMBOL(swapper_pg_dir)", &out->root, fail) != 0) ||
	    parse_mask(path, text, out, fail) != 0)
		return -1;
	return build_id == NULL ? 0 : parse_build_id(path, build_id, out, fail);
}

/* The text of the note among others, which no NUL ends; NULL: there is none that is whole. */
static const char *note_find(Elf_Data *notes, size_t *length)
{
	size_t at = 0, next, name, description;
	GElf_Nhdr note;

	/* gelf_getnote() checks that all of the note is there */
	while ((next = gelf_getnote(notes, at, &note, &name, &description)) > 0) {
		const char *bytes = notes->d_buf;

		if (note.n_namesz == sizeof(note_name) && note.n_descsz <= TEXT_MAX &&
		    memcmp(bytes + name, note_name, sizeof(note_name)) == 0) {
			*length = note.n_descsz;
			return bytes + description;
		}
		at = next;
	}
	return NULL;
}

/* The segment of notes; NULL: none, or not all of it is there. */
static Elf_Data *notes_read(Elf *elf)
{
	size_t count;
	GElf_Phdr segment;

	if (elf == NULL || elf_kind(elf) != ELF_K_ELF || elf_getphdrnum(elf, &count) != 0)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (gelf_getphdr(elf, (int)i, &segment) == NULL)
			return NULL;
		if (segment.p_type == PT_NOTE && segment.p_filesz <= NOTES_MAX &&
		    segment.p_offset <= INT64_MAX)
			return elf_getdata_rawchunk(elf, (int64_t)segment.p_offset,
						    segment.p_filesz, ELF_T_NHDR);
	}
	return NULL;
}

int vmcoreinfo_load(const char *path, struct vmcoreinfo *out, struct fail *fail)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(cleanup_elf) Elf *elf = NULL;
	CLEANUP_FREE char *text = NULL;
	const char *note;
	Elf_Data *notes;
	size_t length;

	if (fd < 0)
		return fail_errno(fail, errno, "%s: cannot be opened, and only there does the "
				  "kernel say by how much it was moved at its start", path);
	if (elf_version(EV_CURRENT) == EV_NONE)
		return fail_set(fail, OUTCOME_ERROR, "libelf is too old: %s", elf_errmsg(-1));
	elf = elf_begin(fd, ELF_C_READ, NULL);
	notes = notes_read(elf);
	if (notes == NULL)
		return fail_set(fail, OUTCOME_ERROR, "%s: no notes of an ELF core file can be read "
				"there", path);
	note = note_find(notes, &length);
	if (note == NULL)
		return fail_set(fail, OUTCOME_ERROR, "%s: has no whole note VMCOREINFO, where the "
				"kernel says by how much it was moved at its start (since Linux 4.19)",
				path);
	text = strndup(note, length);
	if (text == NULL)
		return fail_memory(fail, "the kernel's VMCOREINFO");
	return parse_text(path, text, out, fail);
}

int vmcoreinfo_slide(const struct vmcoreinfo *info, const char *build_id, const struct symtab *map,
		     int64_t *slide, struct fail *fail)
{
	const struct symbol *stext = symtab_next(map, "_stext", NULL);

	if (!info->moves)
		return fail_set(fail, OUTCOME_ERROR, "the kernel's VMCOREINFO does not say by how "
				"much it was moved at its start (no KERNELOFFSET, as on 32-bit "
				"kernels)");
	if (info->build_id[0] != '\0' && build_id[0] != '\0' &&
	    strcmp(info->build_id, build_id) != 0)
		return fail_set(fail, OUTCOME_GUARD, "VMCOREINFO is of the kernel with build-id %s, "
				"and the running kernel has %s", info->build_id, build_id);
	if (info->stext != 0 && stext != NULL && stext->address + info->offset != info->stext)
		return fail_at(fail, OUTCOME_GUARD, info->stext,
			       "the System.map is of another kernel build: it has _stext at 0x%" PRIx64
			       ", which the kernel moved by 0x%" PRIx64 " to 0x%" PRIx64 ", but the "
			       "kernel has it at 0x%" PRIx64, stext->address, info->offset,
			       stext->address + info->offset, info->stext);
	*slide = (int64_t)info->offset;
	return 0;
}
