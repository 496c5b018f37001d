/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/every_cpu.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As many as Linux can have on x86 (NR_CPUS_RANGE_END, arch/x86/Kconfig). */
enum { CPUS_MAX = 8192, SET_SIZE = CPU_ALLOC_SIZE(CPUS_MAX) };

static void cleanup_set(cpu_set_t **set)
{
	CPU_FREE(*set);
}

#define CLEANUP_SET CLEANUP(cleanup_set) cpu_set_t *

static bool take_number(const char **at, unsigned long *out)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	*out = strtoul(*at, &end, 10);
	*at = end;
	return *out < CPUS_MAX;
}

/* "0-3,5\n" (Documentation/admin-guide/cputopology.rst) */
static bool parse_list(const char *at, cpu_set_t *set)
{
	unsigned long first, last;

	CPU_ZERO_S(SET_SIZE, set);
	do {
		if (!take_number(&at, &first))
			return false;
		last = first;
		if (*at == '-' && (at++, !take_number(&at, &last)))
			return false;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			CPU_SET_S(cpu, SET_SIZE, set);
	} while (*at == ',' && at++);
	return *at == '\n' && at[1] == '\0';
}

static int online_read(const char *path, cpu_set_t *set, struct fail *fail)
{
	CLEANUP_FCLOSE FILE *file = fopen(path, "re");
	char line[4096];

	if (file == NULL)
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s: %s: it is not known which CPUs "
				"there are to tell of changed code", path, strerror(errno));
	if (fgets(line, sizeof(line), file) == NULL || !parse_list(line, set))
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "%s: not a list of CPUs as the kernel "
				"writes it", path);
	return 0;
}

static void serialise(void)
{
	unsigned a = 0, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d) : : "memory");
}

/* Whether CPUID was executed on that CPU: to be there before and after does not prove it if this
 * thread may go elsewhere, and it may not. */
static bool serialise_on(int cpu, cpu_set_t *set)
{
	bool there;

	CPU_ZERO_S(SET_SIZE, set);
	CPU_SET_S((size_t)cpu, SET_SIZE, set);
	if (sched_setaffinity(0, SET_SIZE, set) != 0)
		return false;
	errno = 0;
	there = sched_getcpu() == cpu;
	serialise();
	return there && sched_getcpu() == cpu;
}

static int serialise_all(const char *path, cpu_set_t *online, cpu_set_t *one, struct fail *fail)
{
	for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
		int error;

		if (!CPU_ISSET_S((size_t)cpu, SET_SIZE, online) || serialise_on(cpu, one))
			continue;
		error = errno;
		/* One that went offline since serialises when it comes back: it starts anew. */
		if (online_read(path, online, fail) != 0)
			return -1;
		if (CPU_ISSET_S((size_t)cpu, SET_SIZE, online))
			return fail_set(fail, OUTCOME_NOT_WRITABLE, "CPU %d is online and cannot be "
					"told of changed code: %s; let patcherd run on every CPU "
					"(its cpuset, its CPUAffinity=)", cpu,
					error != 0 ? strerror(error) : "the kernel runs us elsewhere");
	}
	return 0;
}

int every_cpu_serialise(const char *online, struct fail *fail)
{
	CLEANUP_SET before = CPU_ALLOC(CPUS_MAX);
	CLEANUP_SET list = CPU_ALLOC(CPUS_MAX);
	CLEANUP_SET one = CPU_ALLOC(CPUS_MAX);
	int result;

	if (before == NULL || list == NULL || one == NULL)
		return fail_memory(fail, "the list of CPUs");
	CPU_ZERO_S(SET_SIZE, before);	/* the kernel fills in as many as it has */
	if (sched_getaffinity(0, SET_SIZE, before) != 0)
		return fail_errno(fail, errno, "cannot ask which CPUs patcherd may run on");
	if (online_read(online, list, fail) != 0)
		return -1;
	result = serialise_all(online, list, one, fail);
	/* Where its CPUs were taken away meanwhile it stays where it is, which does no harm. */
	(void)sched_setaffinity(0, SET_SIZE, before);
	return result;
}
