/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target: a kernel's memory as a table of functions; one file of lib/ per kind of way in.
 * Nothing but what the caller names is ever read. Every failure carries the kernel address.
 */
#ifndef PATCHERD_TARGET_H
#define PATCHERD_TARGET_H

#include "arch.h"
#include "elf_file.h"
#include "fail.h"

struct cpus;
struct symtab;

struct target_info {
	const char *kind;		/* "image", "kcore", "mem", "kmem" */
	char path[256];
	enum architecture architecture;
	char release[128];		/* uname -r; "" where an image names none */
	char build_id[65];		/* lower-case hexadecimal; "" where unknown */
	bool live;			/* the running kernel */
	bool writable;
	bool stops;			/* a write stops all CPUs meanwhile; where it is writable */
};

/* One place to change: `length` bytes (1 to BYTES_MAX of patch.h) at `address`. */
struct target_change {
	uint64_t address;
	size_t length;
	const uint8_t *expected;
	const uint8_t *replacement;
	bool multiple;			/* no task may be inside: see patcher_kmem.h */
};

/* What a write has to tell besides success. */
struct target_report {
	uint64_t stop_nanoseconds;	/* all CPUs were stopped so long */
	size_t failed;			/* index of the change at fault; SIZE_MAX: none in particular */
	bool written;			/* false with -1: nothing at all was changed */
};

struct target;

struct target_ops {
	int (*read)(struct target *target, uint64_t address, void *buffer, size_t length,
		    const char *what, struct fail *fail);
	/* NULL: memory says all */
	int (*reference)(struct target *target, uint64_t address, uint64_t *out,
			 struct fail *fail);
	/* NULL: whatever was proved can be written */
	int (*check)(struct target *target, const struct target_change *changes, size_t count,
		     const struct cpus *away, size_t *failed, struct fail *fail);
	/* NULL: the kind cannot write */
	int (*write)(struct target *target, const struct target_change *changes, size_t count,
		     struct target_report *report, struct fail *fail);
	void (*close)(struct target *target);
};

/* The head of each kind's own struct. */
struct target {
	const struct target_ops *ops;
	struct target_info info;
};

/* An ELF file, which must outlive the target. `release` overrides what the file says; NULL: no. */
int target_open_image(const struct elf_file *elf, const char *path, const char *release,
		      struct target **out, struct fail *fail) MUST_CHECK;
/* /proc/kcore: read only. -1: OUTCOME_NOT_WRITABLE where it is absent or closed (lockdown, no
 * capability), OUTCOME_ERROR where it cannot be understood. */
int target_open_kcore(struct target **out, struct fail *fail) MUST_CHECK;
/* The running kernel's symbols, for the kinds that have to be told where it lies: load() is called at
 * most once while one is opened, and what it gives is not used any more after that. */
struct target_symbols {
	int (*load)(void *data, const struct symtab **out, struct fail *fail);
	void *data;
};
/* /dev/kmem, as patcher_kmem makes it or as the kernel itself has it up to Linux 5.12: which of
 * them it is, is found out. -1: OUTCOME_NOT_WRITABLE with the reason (absent, neither of them,
 * lockdown, no capability) and what to do. */
int target_open_kmem(const struct target_symbols *symbols, struct target **out,
		     struct fail *fail) MUST_CHECK;
/* /dev/mem, where CONFIG_STRICT_DEVMEM is off. -1 as above. */
int target_open_mem(const struct target_symbols *symbols, struct target **out,
		    struct fail *fail) MUST_CHECK;
/* The mode of lockdown in force, "integrity" or "confidentiality"; NULL: none, or the kernel has
 * no lockdown. */
const char *target_lockdown(void);
/* NULL is allowed. */
void target_close(struct target *target);

/* Reads `length` bytes at a kernel address; `what` says what they are, for the message. */
int target_read(struct target *target, uint64_t address, void *buffer, size_t length,
		const char *what, struct fail *fail) MUST_CHECK;

/* 1: the 4 bytes at `address`, part of a branch, are still to be filled in, with what leads to *out;
 * 0: they are as they are. */
int target_reference(struct target *target, uint64_t address, uint64_t *out,
		     struct fail *fail) MUST_CHECK;

/* Whether the changes, which are proved, could be written here at all, as far as that can be told
 * without doing it. `away`: CPUs that will be offline then; NULL: none. -1: OUTCOME_NOT_WRITABLE
 * mostly; *failed is the change at fault, SIZE_MAX: none in particular. */
int target_check(struct target *target, const struct target_change *changes, size_t count,
		 const struct cpus *away, size_t *failed, struct fail *fail) MUST_CHECK;

/*
 * All of the changes, or none: each is compared with its `expected` and stored in one step.
 * -1: OUTCOME_MISMATCH (report->failed), OUTCOME_BUSY (a task is inside a `multiple` change),
 * OUTCOME_NOT_WRITABLE, OUTCOME_NOT_FOUND (stale: the page went away), OUTCOME_ERROR.
 */
int target_write(struct target *target, const struct target_change *changes, size_t count,
		 struct target_report *report, struct fail *fail) MUST_CHECK;

#endif
