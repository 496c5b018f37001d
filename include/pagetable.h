/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pagetable: from a kernel's virtual address to the page of physical memory that holds it, by the
 * tables that its processor walks.
 *
 * Format: Intel SDM volume 3A, 4.3 to 4.5. The tables are those of init_mm (init_top_pgt, or
 * swapper_pg_dir), whose kernel half all tasks share: with page-table isolation
 * (arch/x86/mm/pti.c) the other page of the pair has next to nothing of the kernel.
 */
#ifndef PATCHERD_PAGETABLE_H
#define PATCHERD_PAGETABLE_H

#include "fail.h"

enum pagetable_form {
	PAGETABLE_2_LEVELS,	/* i386 without PAE */
	PAGETABLE_PAE,
	PAGETABLE_4_LEVELS,
	PAGETABLE_5_LEVELS
};

struct pagetable {
	enum pagetable_form form;
	uint64_t root;		/* physical address of the topmost table */
	uint64_t ignore;	/* bits of an entry that are no address though they lie among those of
				 * one: sme_mask, where memory is encrypted */
};

/* Physical memory, which a kernel may change while it is read: words of 4 bytes each, aligned. -1:
 * it cannot be read there, is no RAM. */
struct pagetable_memory {
	int (*word)(void *data, uint64_t physical, uint32_t *out, struct fail *fail);
	void *data;
};

struct page {
	uint64_t address;	/* virtual, of its start */
	uint64_t physical;
	uint64_t size;		/* 4 KiB, 2 MiB, 4 MiB or 1 GiB */
};

/* -1: OUTCOME_ERROR: not an address of the kernel's half; OUTCOME_NOT_FOUND: nothing is mapped
 * there, and the message names the level; or what memory->word() says. */
int pagetable_walk(const struct pagetable *table, const struct pagetable_memory *memory,
		   uint64_t address, struct page *out, struct fail *fail) MUST_CHECK;

#endif
