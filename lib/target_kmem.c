/* SPDX-License-Identifier: GPL-2.0-or-later */
/* target_kmem: /dev/kmem as the module patcher_kmem makes it (patcher_kmem.h). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/target_kind.h"

struct target_kmem {
	struct target target;
	int fd;
};

/* A kernel address is a negative file offset on x86-64, which pread() refuses: so lseek(). */
static bool seek_to(int fd, uint64_t address)
{
	errno = 0;
	return lseek(fd, (off_t)address, SEEK_SET) == (off_t)address && errno == 0;
}

static int read_failed(const struct target *target, uint64_t address, int error, const char *what,
		       struct fail *fail)
{
	const char *lockdown = target_lockdown();

	if (error == EPERM)
		return fail_at(fail, OUTCOME_NOT_WRITABLE, address, "%s: %s: 0x%" PRIx64 " may not "
			       "be read: %s%s", target->info.path, what, address,
			       lockdown != NULL ? "the kernel is locked down: " :
			       "this takes CAP_SYS_RAWIO", lockdown != NULL ? lockdown : "");
	return fail_at(fail, OUTCOME_ERROR, address, "%s: %s: 0x%" PRIx64 " could not be read: %s",
		       target->info.path, what, address,
		       error == EFAULT ? "nothing is mapped there" :
		       error == ERANGE ? "it is in neither the kernel image nor the module area" :
		       error != 0 ? strerror(error) : "the device gave less than it was asked for");
}

static int kmem_read(struct target *target, uint64_t address, void *buffer, size_t length,
		     const char *what, struct fail *fail)
{
	int fd = ((struct target_kmem *)target)->fd;
	uint8_t *at = buffer;

	if (!seek_to(fd, address))
		return read_failed(target, address, errno, what, fail);
	while (length > 0) {
		ssize_t got = read(fd, at, length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return read_failed(target, address, got < 0 ? errno : 0, what, fail);
		at += got;
		address += (uint64_t)got;
		length -= (size_t)got;
	}
	return 0;
}

static int kmem_write(struct target *target, const struct target_change *changes, size_t count,
		      struct target_report *report, struct fail *fail)
{
	CLEANUP(kmem_request_deinit) struct kmem_request request;

	if (kmem_request_init(&request, changes, count, fail) != 0)
		return -1;
	if (ioctl(((struct target_kmem *)target)->fd, PATCHER_KMEM_WRITE, &request.write) != 0)
		return kmem_request_failed(&request, errno, target, report, fail);
	report->written = true;
	report->stop_nanoseconds = request.write.stop_nanoseconds;
	return 0;
}

static void kmem_close(struct target *target)
{
	struct target_kmem *kmem = (struct target_kmem *)target;

	cleanup_close(&kmem->fd);
	free(kmem);
}

static const struct target_ops kmem_ops = {
	.read = kmem_read,
	.write = kmem_write,
	.close = kmem_close,
};

static int absent(const char *path, struct fail *fail)
{
	struct utsname name;

	return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s does not exist: Linux has none since 5.13, "
			"and most kernels were built without it before; load the module that makes "
			"it: modprobe patcher_kmem (if it is not installed, in patcherd's source: "
			"make module KVER=%s)", path, uname(&name) == 0 ? name.release : "VERSION");
}

/* Our module answers EINVAL to a request of version 0 with no sites, and EPERM where it may not
 * serve any; it can never write. The kernel's own device (char 1:2, Documentation/admin-guide/
 * devices.txt) knows no ioctl. */
static int probe(const char *path, int fd, bool *native, struct fail *fail)
{
	struct patcher_kmem_write nothing = { .version = 0, .count = 0 };
	struct stat status;

	*native = false;
	if (fstat(fd, &status) != 0 || !S_ISCHR(status.st_mode))
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s is no character device; remove it, "
				"and load the module that makes the right one: modprobe "
				"patcher_kmem", path);
	if (ioctl(fd, PATCHER_KMEM_WRITE, &nothing) != 0) {
		if (errno == EINVAL)
			return 0;
		if (errno == EPERM)
			return target_not_permitted(path, EPERM, fail);
		*native = errno == ENOTTY && status.st_rdev == makedev(1, 2);
	}
	return *native ? 0 : fail_set(fail, OUTCOME_NOT_WRITABLE, "%s was made by neither "
				      "patcher_kmem nor the kernel itself", path);
}

static int open_module(const char *path, int fd, struct target **out, struct fail *fail)
{
	struct target_kmem *kmem = calloc(1, sizeof(*kmem));

	if (kmem == NULL) {
		(void)close(fd);
		return fail_memory(fail, "a target");
	}
	kmem->target.ops = &kmem_ops;
	kmem->target.info.kind = "kmem";
	kmem->target.info.writable = true;
	kmem->target.info.stops = true;
	(void)snprintf(kmem->target.info.path, sizeof(kmem->target.info.path), "%s", path);
	kmem->fd = fd;
	if (target_live_info(&kmem->target.info, fail) != 0) {
		kmem_close(&kmem->target);
		return -1;
	}
	*out = &kmem->target;
	return 0;
}

int target_open_kmem_at(const char *path, const struct target_symbols *symbols,
			struct target **out, struct fail *fail)
{
	/* O_NONBLOCK: what stands there may be anything; no device of ours minds */
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool native;

	*out = NULL;
	if (fd < 0) {
		if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
			return absent(path, fail);
		if (errno == EPERM || errno == EACCES)
			return target_not_permitted(path, errno, fail);
		return fail_errno(fail, errno, "%s: cannot open the kernel's memory", path);
	}
	if (probe(path, fd, &native, fail) != 0)
		return -1;
	return native ? target_open_native(path, fd_take(&fd), symbols, out, fail) :
	       open_module(path, fd_take(&fd), out, fail);
}

int target_open_kmem(const struct target_symbols *symbols, struct target **out, struct fail *fail)
{
	return target_open_kmem_at("/dev/kmem", symbols, out, fail);
}
