/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target_mapped: what the kernel's own /dev/kmem (drivers/char/mem.c, up to Linux 5.12) and
 * /dev/mem share: pages of the running kernel by mapping a device. Only the kernel image and the
 * memory of loaded modules are ever mapped, so that no device's registers are touched, and
 * nothing that is not there.
 *
 * Nothing stops the CPUs here: one instruction is changed by one locked store to one aligned
 * word, after which every CPU is made to execute CPUID. A module may be unloaded at any time: it
 * must be in use, and is looked at before and after.
 */
#ifndef PATCHERD_TARGET_MAPPED_H
#define PATCHERD_TARGET_MAPPED_H

#include "lib/iomem.h"
#include "lib/target_kind.h"
#include "module.h"
#include "pagetable.h"

enum { MAPPED_PAGE = 4096, MAPPED_WORD = 8 };

struct mapped;

struct mapped_kind {
	const char *name;		/* target_info.kind */
	/* Where the device has a page of RAM. `table`: it is one of a page table, which decides how
	 * others are found. -1: nowhere (OUTCOME_NOT_WRITABLE). */
	int (*place)(struct mapped *mapped, uint64_t physical, bool table, int *fd,
		     uint64_t *offset, struct fail *fail);
	/* A module's bytes as the kernel itself reads them; NULL: there is no such way. */
	int (*read_module)(struct mapped *mapped, uint64_t address, void *buffer, size_t length,
			   const char *what, struct fail *fail);
	bool by_direct_map;		/* place() needs page_offset */
};

struct mapped {
	struct target target;
	const struct mapped_kind *kind;
	const struct mapped_paths *paths;
	int fd;				/* the device */
	int memory;			/* /dev/mem beside it, once it was needed; -1 */
	struct iomem iomem;
	uint64_t text;			/* virtual address of what is at iomem.code */
	uint64_t freed, freed_end;	/* of the image, given back after start; both 0: unknown */
	bool walks;			/* what follows is proved to be this kernel's */
	struct fail no_walk;		/* why not */
	struct pagetable pagetable;
	uint64_t page_offset;		/* the direct map starts here; only if kind->by_direct_map */
	struct module module;		/* the last one that was looked at */
	uint64_t identity;		/* of it; 0: none yet */
};

/* Opens what lies behind `fd`, which is then the target's, and closed on failure too. -1:
 * OUTCOME_NOT_WRITABLE, the reason and what to do. */
int mapped_open(const struct mapped_kind *kind, const struct mapped_paths *paths, const char *path,
		int fd, const struct target_symbols *symbols, struct target **out,
		struct fail *fail) MUST_CHECK;

/* One page, `physical` being a multiple of its size, and RAM; the caller unmaps it with a guard. */
int mapped_map(struct mapped *mapped, uint64_t physical, bool writable, bool table, uint8_t **out,
	       struct fail *fail) MUST_CHECK;
void mapped_unmap(uint8_t **page);
#define CLEANUP_PAGE CLEANUP(mapped_unmap) uint8_t *

/* -1: the kernel was locked down since the device was opened, which mmap() would not notice. */
int mapped_unlocked(const struct mapped *mapped, struct fail *fail) MUST_CHECK;

/* Whether all the bytes are of the kernel image, and still its own. */
bool mapped_in_image(const struct mapped *mapped, uint64_t address, size_t length);
/* Sets mapped->module and its identity: the one loaded now that has all the bytes. `anew`: as the
 * kernel lists it now, with its uses. */
int mapped_in_module(struct mapped *mapped, uint64_t address, size_t length, bool anew,
		     const char *what, struct fail *fail) MUST_CHECK;
/* Whether mapped->module is loaded still, without a pause. */
int mapped_module_there(const struct mapped *mapped, uint64_t address,
			struct fail *fail) MUST_CHECK;
/* Where the byte lies that is in the image or in a module. */
int mapped_physical(struct mapped *mapped, uint64_t address, uint64_t *out,
		    struct fail *fail) MUST_CHECK;

/* Finds the kernel's page tables, and proves them by what they say of the kernel itself; sets
 * mapped->walks or mapped->no_walk. */
void mapped_find_tables(struct mapped *mapped, const struct symtab *symtab);
int mapped_walk(struct mapped *mapped, uint64_t address, uint64_t *physical,
		struct fail *fail) MUST_CHECK;

int mapped_check(struct target *target, const struct target_change *changes, size_t count,
		 const struct cpus *away, size_t *failed, struct fail *fail) MUST_CHECK;
int mapped_write(struct target *target, const struct target_change *changes, size_t count,
		 struct target_report *report, struct fail *fail) MUST_CHECK;

#endif
