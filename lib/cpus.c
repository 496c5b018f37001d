/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cpus.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool cpus_none(const struct cpus *cpus)
{
	return memchr(cpus->has, 1, sizeof(cpus->has)) == NULL;
}

static bool take_number(const char **at, unsigned long *out)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	*out = strtoul(*at, &end, 10);
	*at = end;
	return *out < CPUS_MAX;
}

/* Documentation/admin-guide/cputopology.rst */
static bool parse_list(const char *at, struct cpus *out)
{
	unsigned long first, last;

	memset(out, 0, sizeof(*out));
	do {
		if (!take_number(&at, &first))
			return false;
		last = first;
		if (*at == '-' && (at++, !take_number(&at, &last)))
			return false;
		if (last < first)
			return false;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			out->has[cpu] = true;
	} while (*at == ',' && at++);
	return *at == '\n' && at[1] == '\0';
}

int cpus_read(const char *path, struct cpus *out, struct fail *fail)
{
	CLEANUP_FCLOSE FILE *file = fopen(path, "re");
	char line[4096];

	if (file == NULL)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s: %s: it is not known which CPUs "
				"are online", path, strerror(errno));
	if (fgets(line, sizeof(line), file) == NULL || !parse_list(line, out))
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s: not a list of CPUs as the kernel "
				"writes it", path);
	return 0;
}

const char *cpus_print(const struct cpus *cpus, char *out, size_t size)
{
	unsigned last;
	size_t used = 0;

	out[0] = '\0';
	for (unsigned cpu = 0; cpu < CPUS_MAX && used < size; cpu = last + 1) {
		last = cpu;
		if (!cpus->has[cpu])
			continue;
		while (last + 1 < CPUS_MAX && cpus->has[last + 1])
			last++;
		used += (size_t)snprintf(out + used, size - used, "%s%u", used > 0 ? "," : "", cpu);
		if (last > cpu && used < size)
			used += (size_t)snprintf(out + used, size - used, "-%u", last);
	}
	return out;
}

enum { PATH_SIZE = 512 };

/* CPU n's switch: "0\n" or "1\n". One that cannot go offline has none. */
static const char *switch_path(const char *directory, unsigned cpu, char out[PATH_SIZE])
{
	(void)snprintf(out, PATH_SIZE, "%s/cpu%u/online", directory, cpu);
	return out;
}

bool cpu_can_go(const char *directory, unsigned cpu)
{
	char path[PATH_SIZE];

	return access(switch_path(directory, cpu, path), F_OK) == 0;
}

static int switch_read(const char *path, bool *online, struct fail *fail)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char digit = '\0';

	if (fd < 0 || read(fd, &digit, 1) < 0)
		return fail_errno(fail, errno, "%s", path);
	if (digit != '0' && digit != '1')
		return fail_set(fail, OUTCOME_ERROR, "%s: neither 0 nor 1 is in it", path);
	*online = digit == '1';
	return 0;
}

static int switch_write(const char *path, bool online, struct fail *fail)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, online ? "1" : "0", 1) != 1)
		return fail_errno(fail, errno, "%s", path);
	return 0;
}

int cpu_switch(const char *directory, unsigned cpu, bool online, struct fail *fail)
{
	char path[PATH_SIZE];
	bool now;

	(void)switch_path(directory, cpu, path);
	if (switch_read(path, &now, fail) != 0)
		return -1;
	if (now == online)
		return 0;
	if (switch_write(path, online, fail) != 0 || switch_read(path, &now, fail) != 0)
		return -1;
	if (now != online)
		return fail_set(fail, OUTCOME_ERROR, "%s: it was set to %d, and still is %d", path,
				online, now);
	return 0;
}
