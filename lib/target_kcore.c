/* SPDX-License-Identifier: GPL-2.0-or-later */
/* target_kcore: /proc/kcore, an ELF core file of kernel memory by virtual address
 * (fs/proc/kcore.c). Read only. Holes in a segment read as zeros. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/target_kind.h"

/* One for each piece of RAM, and a few. */
enum { SEGMENTS_MAX = 4096 };

struct segment {
	uint64_t address, size, offset;
};

struct target_kcore {
	struct target target;
	int fd;
	struct segment *segments;
	size_t count;
};

/* Reads all of it; a short file is an error too, with errno 0. */
static bool read_at(int fd, void *buffer, size_t length, uint64_t offset)
{
	uint8_t *at = buffer;

	errno = 0;
	if (offset > INT64_MAX || length > INT64_MAX - offset)
		return false;
	while (length > 0) {
		ssize_t got = pread(fd, at, length, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		offset += (uint64_t)got;
		length -= (size_t)got;
	}
	return true;
}

static int kcore_read(struct target *target, uint64_t address, void *buffer, size_t length,
		      const char *what, struct fail *fail)
{
	struct target_kcore *kcore = (struct target_kcore *)target;

	for (size_t i = 0; i < kcore->count; i++) {
		const struct segment *segment = &kcore->segments[i];
		uint64_t inside = address - segment->address;

		if (inside >= segment->size || length > segment->size - inside)
			continue;
		if (read_at(kcore->fd, buffer, length, segment->offset + inside))
			return 0;
		return fail_at(fail, OUTCOME_ERROR, address, "%s: %s: %zu bytes at 0x%" PRIx64
			       " could not be read: %s", target->info.path, what, length, address,
			       errno != 0 ? strerror(errno) : "the file ends there");
	}
	return fail_at(fail, OUTCOME_ERROR, address, "%s: %s: %zu bytes at 0x%" PRIx64 " are not "
		       "in any segment of the kernel's memory",
		       target->info.path, what, length, address);
}

static void kcore_close(struct target *target)
{
	struct target_kcore *kcore = (struct target_kcore *)target;

	cleanup_close(&kcore->fd);
	free(kcore->segments);
	free(kcore);
}

static const struct target_ops kcore_ops = {
	.read = kcore_read,
	.close = kcore_close,
};

static int damaged(const struct target_kcore *kcore, const char *why, struct fail *fail)
{
	return fail_set(fail, OUTCOME_ERROR, "%s: not kernel memory as an ELF core file: %s",
			kcore->target.info.path, why);
}

/* An entry of the table of segments, of a 64-bit kernel or a 32-bit one. */
static bool is_memory(bool wide, const uint8_t *entry, struct segment *out)
{
	Elf64_Phdr large;
	Elf32_Phdr small;

	if (wide) {
		memcpy(&large, entry, sizeof(large));
		*out = (struct segment){ large.p_vaddr, large.p_filesz, large.p_offset };
	} else {
		memcpy(&small, entry, sizeof(small));
		*out = (struct segment){ small.p_vaddr, small.p_filesz, small.p_offset };
	}
	/* What wraps around is left out: its addresses are then not covered. */
	return (wide ? large.p_type : small.p_type) == PT_LOAD && out->size > 0 &&
	       out->size - 1 <= UINT64_MAX - out->address;
}

static int read_segments(struct target_kcore *kcore, struct fail *fail)
{
	union {
		Elf64_Ehdr large;
		Elf32_Ehdr small;
	} header;

	if (!read_at(kcore->fd, &header, sizeof(header), 0) ||
	    memcmp(header.large.e_ident, ELFMAG, SELFMAG) != 0)
		return damaged(kcore, "it has no ELF header", fail);

	bool wide = header.large.e_ident[EI_CLASS] == ELFCLASS64;
	size_t entry = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	size_t count = wide ? header.large.e_phnum : header.small.e_phnum;
	uint64_t table = wide ? header.large.e_phoff : header.small.e_phoff;

	/* type and machine have the same place in both */
	if (header.large.e_type != ET_CORE || header.large.e_machine != (wide ? EM_X86_64 : EM_386))
		return damaged(kcore, "it is not a core file of x86", fail);
	if (count == 0 || count > SEGMENTS_MAX ||
	    (wide ? header.large.e_phentsize : header.small.e_phentsize) != entry)
		return damaged(kcore, "its table of segments is not as it should be", fail);

	CLEANUP_FREE uint8_t *entries = calloc(count, entry);

	kcore->segments = calloc(count, sizeof(*kcore->segments));
	if (entries == NULL || kcore->segments == NULL)
		return fail_memory(fail, "the kernel's segments");
	if (!read_at(kcore->fd, entries, count * entry, table))
		return damaged(kcore, "its table of segments cannot be read", fail);
	for (size_t i = 0; i < count; i++) {
		if (is_memory(wide, entries + i * entry, &kcore->segments[kcore->count]))
			kcore->count++;
	}
	return 0;
}

static int explain_open(const char *path, int error, struct fail *fail)
{
	const char *lockdown = target_lockdown();

	if (error == ENOENT)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s does not exist: this kernel was "
				"built without CONFIG_PROC_KCORE, or /proc is not mounted", path);
	if (error == EPERM && lockdown != NULL && strcmp(lockdown, "confidentiality") == 0)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s is closed: the kernel is locked "
				"down (%s), by the wish of this machine's owner", path, lockdown);
	if (error == EPERM || error == EACCES)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s: %s: reading kernel memory takes "
				"root with CAP_SYS_RAWIO", path, strerror(error));
	return fail_errno(fail, error, "%s: cannot open the kernel's memory", path);
}

int target_open_kcore_at(const char *path, struct target **out, struct fail *fail)
{
	struct target_kcore *kcore = calloc(1, sizeof(*kcore));

	*out = NULL;
	if (kcore == NULL)
		return fail_memory(fail, "a target");
	kcore->target.ops = &kcore_ops;
	kcore->target.info.kind = "kcore";
	(void)snprintf(kcore->target.info.path, sizeof(kcore->target.info.path), "%s", path);
	kcore->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (kcore->fd < 0) {
		(void)explain_open(path, errno, fail);
		goto failed;
	}
	if (target_live_info(&kcore->target.info, fail) != 0 || read_segments(kcore, fail) != 0)
		goto failed;
	*out = &kcore->target;
	return 0;
failed:
	kcore_close(&kcore->target);
	return -1;
}

int target_open_kcore(struct target **out, struct fail *fail)
{
	return target_open_kcore_at("/proc/kcore", out, fail);
}
