/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/every_cpu.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

enum { SET_SIZE = CPU_ALLOC_SIZE(CPUS_MAX) };

static void cleanup_set(cpu_set_t **set)
{
	CPU_FREE(*set);
}

#define CLEANUP_SET CLEANUP(cleanup_set) cpu_set_t *

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

/* The CPUs to go to. */
static int list_read(const char *path, const struct cpus *away, struct cpus *out, struct fail *fail)
{
	if (cpus_read(path, out, fail) != 0)
		return -1;
	for (int cpu = 0; away != NULL && cpu < CPUS_MAX; cpu++)
		out->has[cpu] &= !away->has[cpu];
	return 0;
}

static int unreached(int cpu, int error, struct fail *fail)
{
	return fail_set(fail, OUTCOME_NOT_WRITABLE, "CPU %d is online and cannot be told of changed "
			"code: %s; %s", cpu,
			error != 0 ? strerror(error) : "the kernel runs us elsewhere",
			error == EPERM ? "let patcherd call sched_setaffinity(), which its sandbox "
			"forbids (by systemd: see WAYS IN in patcherd(8))" :
			"let patcherd run on every CPU (its cpuset, AllowedCPUs= of its unit)");
}

static int serialise_all(const char *path, const struct cpus *away, cpu_set_t *one,
			 struct fail *fail)
{
	struct cpus list;

	if (list_read(path, away, &list, fail) != 0)
		return -1;
	for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
		int error;

		if (!list.has[cpu] || serialise_on(cpu, one))
			continue;
		error = errno;
		/* One that went offline since serialises when it comes back: it starts anew. */
		if (list_read(path, away, &list, fail) != 0)
			return -1;
		if (list.has[cpu])
			return unreached(cpu, error, fail);
	}
	return 0;
}

int every_cpu_serialise(const char *online, const struct cpus *away, struct fail *fail)
{
	CLEANUP_SET before = CPU_ALLOC(CPUS_MAX);
	CLEANUP_SET one = CPU_ALLOC(CPUS_MAX);
	int result;

	if (before == NULL || one == NULL)
		return fail_memory(fail, "the list of CPUs");
	CPU_ZERO_S(SET_SIZE, before);	/* the kernel fills in as many as it has */
	if (sched_getaffinity(0, SET_SIZE, before) != 0)
		return fail_errno(fail, errno, "cannot ask which CPUs patcherd may run on");
	result = serialise_all(online, away, one, fail);
	/* Where its CPUs were taken away meanwhile it stays where it is, which does no harm. */
	(void)sched_setaffinity(0, SET_SIZE, before);
	return result;
}
