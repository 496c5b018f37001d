/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hazard_text: what code is for, by its name and by the section it lies in. Internal to
 * lib/hazard*.c.
 *
 * Ranges of the kernel image (include/asm-generic/vmlinux.lds.h, arch/x86/kernel/vmlinux.lds.S):
 *   __entry_text_start    entry from user space, of exceptions and of NMIs, which comes while the
 *                         CPUs are stopped; since 5.8 .irqentry.text is within it
 *   __noinstr_text_start  what the entry calls before and after it may be instrumented; the idle
 *                         loop's .cpuidle.text is within it since 6.3
 *   __kprobes_text_start  __kprobes, part of the kprobe blacklist by itself
 * Not among them are .softirqentry.text and, where they are apart, .irqentry.text and .cpuidle.text:
 * in a stop interrupts are off and no CPU is idle, and their functions are like others at any other
 * time. Files and loaded modules have the same as sections.
 */
#ifndef PATCHERD_HAZARD_TEXT_H
#define PATCHERD_HAZARD_TEXT_H

#include "hazard.h"

/* Adds to `out` an owner of the whole function for each thing that it is. */
int hazard_text(const struct kernel *kernel, const struct function *function, struct owners *out,
		struct fail *fail) MUST_CHECK;

/* The section of a loaded module in which `address` lies, by the addresses in the files of the
 * directory /sys/module/NAME/sections, if it is one of those above: 1 and its kind; 0: it is none;
 * -1: the directory cannot be read. */
int hazard_text_section(const char *directory, uint64_t address, enum owner_kind *out,
			struct fail *fail) MUST_CHECK;

#endif
