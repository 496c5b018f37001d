/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iomem: what lies where in physical memory, from /proc/iomem.
 *
 * Format: lines "START-END : NAME", hexadecimal, END inclusive, two spaces of indentation for each
 * level (kernel/resource.c, r_show); all zeros for who may not know. The names of the kernel's
 * own ranges are those of arch/x86/kernel/setup.c.
 */
#ifndef PATCHERD_IOMEM_H
#define PATCHERD_IOMEM_H

#include "fail.h"

struct iomem_range {
	uint64_t start, end;		/* the last byte's address */
};

struct iomem {
	struct iomem_range *ram;	/* owned; "System RAM" */
	size_t ram_count;
	uint64_t code;			/* "Kernel code" starts here, which is _text's address */
	uint64_t image_end;		/* the last byte of "Kernel code", "rodata", "data", "bss" */
};

/* -1: it cannot be read, hides its addresses, or has no range "Kernel code" in RAM. */
int iomem_load(const char *path, struct iomem *out, struct fail *fail) MUST_CHECK;
void iomem_deinit(struct iomem *iomem);
/* Whether all `length` bytes are RAM: to read anything else can do harm. */
bool iomem_is_ram(const struct iomem *iomem, uint64_t physical, uint64_t length);

#endif
