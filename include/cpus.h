/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpus: which CPUs are online, and changing that, by the files of CPUS_DIRECTORY
 * (Documentation/ABI/testing/sysfs-devices-system-cpu). */
#ifndef PATCHERD_CPUS_H
#define PATCHERD_CPUS_H

#include "fail.h"

#define CPUS_DIRECTORY "/sys/devices/system/cpu"
/* As many as Linux can have on x86 (NR_CPUS_RANGE_END, arch/x86/Kconfig). */
enum { CPUS_MAX = 8192 };

struct cpus {
	bool has[CPUS_MAX];
};

bool cpus_none(const struct cpus *cpus);
/* Reads a list of CPUs as the kernel writes it, "0-3,5\n". -1: OUTCOME_NOT_WRITABLE. */
int cpus_read(const char *path, struct cpus *out, struct fail *fail) MUST_CHECK;
/* "0-3,5"; "" where there is none, and up to where a text of `size` bytes ends. */
const char *cpus_print(const struct cpus *cpus, char *out, size_t size);
/* Whether the kernel offers to take that CPU (0 to CPUS_MAX - 1) offline; it can still refuse. */
bool cpu_can_go(const char *directory, unsigned cpu);
/* Takes that CPU offline or brings it online, and reads whether it is; nothing is done where it is
 * already. -1: OUTCOME_ERROR, with the file, and why. */
int cpu_switch(const char *directory, unsigned cpu, bool online, struct fail *fail) MUST_CHECK;

#endif
