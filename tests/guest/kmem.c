/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kmem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int kmem = -1;
uint64_t stop_longest;

uint64_t find_symbol(const char *wanted)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	uint64_t address, found = 0;
	char line[512], name[256];

	while (file && !found && fgets(line, sizeof(line), file))
		if (sscanf(line, "%" SCNx64 " %*c %255s", &address, name) == 2 &&
		    strcmp(name, wanted) == 0)
			found = address;
	if (file)
		(void)fclose(file);
	if (found)
		return found;
	(void)snprintf(name, sizeof(name), "/sys/module/patcherd_test/parameters/at_%s", wanted);
	file = fopen(name, "re");
	if (file && fscanf(file, "%" SCNu64, &found) != 1)
		found = 0;
	if (file)
		(void)fclose(file);
	return found;
}

uint64_t symbol(const char *wanted)
{
	uint64_t found = find_symbol(wanted);

	if (!found) {
		printf("Bail out! no symbol %s\n", wanted);
		exit(1);
	}
	return found;
}

long read_at(uint64_t address, void *buffer, size_t length)
{
	if (lseek(kmem, (off_t)address, SEEK_SET) == -1 && errno)
		return -errno;
	long got = read(kmem, buffer, length);
	return got < 0 ? -errno : got;
}

struct patcher_kmem_site site_of(uint64_t address, size_t length, const void *expected,
					const void *replacement)
{
	struct patcher_kmem_site site = { .address = address, .length = (uint32_t)length };

	memcpy(site.expected, expected, length);
	memcpy(site.replacement, replacement, length);
	return site;
}

long submit(int fd, struct patcher_kmem_write *request)
{
	return ioctl(fd, PATCHER_KMEM_WRITE, request) < 0 ? -errno : 0;
}

struct patcher_kmem_write request_of(const struct patcher_kmem_site *array, uint32_t count)
{
	return (struct patcher_kmem_write){
		.version = PATCHER_KMEM_VERSION, .count = count, .sites = (uintptr_t)array,
	};
}

long write_sites(struct patcher_kmem_site *array, uint32_t count, uint32_t *failed)
{
	struct patcher_kmem_write request = request_of(array, count);
	long result = submit(kmem, &request);

	if (request.stop_nanoseconds > stop_longest)
		stop_longest = request.stop_nanoseconds;
	*failed = request.failed;
	return result;
}

bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		(void)close(fd);
	return done;
}

static int number_in(const char *path)
{
	FILE *file = fopen(path, "re");
	int number = -1;

	if (file && fscanf(file, "%d", &number) != 1)
		number = -1;
	if (file)
		(void)fclose(file);
	return number;
}

static int call_here(size_t function)
{
	unsigned char value[3];
	int fd = open("/dev/patcherd_test", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, value, function) == 1 ? value[0] : -1;
}

static pid_t start(size_t function)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(call_here(function));
	return pid;
}

static int result_of(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int call(size_t function)
{
	return result_of(start(function));
}

pid_t enter(size_t function)
{
	const char *path = "/sys/module/patcherd_test/parameters/inside";
	int before = number_in(path);
	pid_t pid = write_file("/dev/patcherd_test", "0") ? start(function) : -1;

	while (pid > 0 && number_in(path) == before && waitpid(pid, NULL, WNOHANG) == 0)
		(void)sched_yield();
	return pid;
}

int leave(pid_t pid)
{
	return write_file("/dev/patcherd_test", "1") ? result_of(pid) : -1;
}

void turn(struct patcher_kmem_site *site)
{
	unsigned char old[PATCHER_KMEM_BYTES_MAX];

	memcpy(old, site->expected, sizeof(old));
	memcpy(site->expected, site->replacement, sizeof(old));
	memcpy(site->replacement, old, sizeof(old));
}

int load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long result = fd < 0 ? -1 : syscall(SYS_finit_module, fd, "", 0);

	if (fd >= 0)
		(void)close(fd);
	return (int)result;
}
