/* SPDX-License-Identifier: GPL-2.0-or-later */
/* target_live: what the running kernel says of itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/elf_note.h"
#include "lib/target_kind.h"

/* Up to `size` bytes of a small file; -1 with errno. */
static ssize_t read_start(const char *path, void *buffer, size_t size)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : read(fd, buffer, size);
}

const char *target_lockdown(void)
{
	static const char *const modes[] = { "integrity", "confidentiality" };
	char text[64], chosen[32];
	ssize_t got = read_start("/sys/kernel/security/lockdown", text, sizeof(text) - 1);

	/* "none [integrity] confidentiality" (security/lockdown/lockdown.c, lockdown_read) */
	text[got > 0 ? got : 0] = '\0';
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		(void)snprintf(chosen, sizeof(chosen), "[%s]", modes[i]);
		if (strstr(text, chosen) != NULL)
			return modes[i];
	}
	return NULL;
}

int target_not_permitted(const char *path, int error, struct fail *fail)
{
	const char *lockdown = target_lockdown();

	if (error == EPERM && lockdown != NULL)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s is closed: the kernel is locked "
				"down (%s), by the wish of this machine's owner; patcherd does not "
				"work around that", path, lockdown);
	return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s: %s: changing kernel memory takes root "
			"with CAP_SYS_RAWIO, and by systemd a unit that allows the device: see "
			"WAYS IN in patcherd(8)", path, strerror(error));
}

/* uname -m is a matter of personality (setarch i386): a 64-bit program proves a 64-bit kernel. */
static bool kernel_architecture(const char *machine, enum architecture *out)
{
	if (sizeof(void *) == 8 || arch_parse(machine, out)) {
		*out = sizeof(void *) == 8 ? ARCH_X86_64 : *out;
		return true;
	}
	*out = ARCH_I386;
	return strlen(machine) == 4 && machine[0] == 'i' && strcmp(machine + 2, "86") == 0;
}

int target_live_info(struct target_info *info, struct fail *fail)
{
	struct utsname name;
	uint8_t notes[4096];
	ssize_t got;

	info->live = true;
	if (uname(&name) != 0)
		return fail_errno(fail, errno, "uname");
	if (!kernel_architecture(name.machine, &info->architecture))
		return fail_set(fail, OUTCOME_ERROR, "this kernel is for %s; patcherd knows x86_64 "
				"and i386 only", name.machine);
	(void)snprintf(info->release, sizeof(info->release), "%s", name.release);
	/* A kernel linked without a build-id has none: only a patch that asks for one minds. */
	got = read_start("/sys/kernel/notes", notes, sizeof(notes));
	if (got > 0 && !elf_note_build_id(notes, (size_t)got, info->build_id))
		info->build_id[0] = '\0';
	return 0;
}
