/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * every_cpu: has every CPU execute an instruction that serialises (Intel SDM volume 3A, 9.3), so
 * that none goes on with what it fetched of code before it was changed. A context switch would
 * not do: the kernel leaves CR3 as it is where the same address space goes on
 * (switch_mm_irqs_off(), arch/x86/mm/tlb.c), and SYSRET does not serialise.
 */
#ifndef PATCHERD_EVERY_CPU_H
#define PATCHERD_EVERY_CPU_H

#include "cpus.h"

#define EVERY_CPU_ONLINE "/sys/devices/system/cpu/online"

/* Goes to each CPU of the list in the file `online` that is not in `away` (NULL: none is) and executes
 * CPUID there; the thread's affinity is then as it was. -1: OUTCOME_NOT_WRITABLE: one cannot be
 * reached. */
int every_cpu_serialise(const char *online, const struct cpus *away, struct fail *fail) MUST_CHECK;

#endif
