/* SPDX-License-Identifier: GPL-2.0-or-later */
/* target_kind: what the files target*.c share. */
#ifndef PATCHERD_TARGET_KIND_H
#define PATCHERD_TARGET_KIND_H

#include "patcher_kmem.h"
#include "target.h"

/* Fills in architecture, release and build_id of the running kernel. */
int target_live_info(struct target_info *info, struct fail *fail) MUST_CHECK;

/* OUTCOME_NOT_WRITABLE: why the device `path` refuses with `error`, an errno: lockdown, or what it
 * takes to be let in. Returns -1. */
int target_not_permitted(const char *path, int error, struct fail *fail);

/* What the kernel says of itself, for the kinds that map its memory. */
struct mapped_paths {
	const char *memory, *iomem, *version, *kcore, *online;
};
extern const struct mapped_paths mapped_paths_live;

/* The kernel's own /dev/kmem behind `fd`, see target_mapped.h. */
int target_open_native(const char *path, int fd, const struct target_symbols *symbols,
		       struct target **out, struct fail *fail) MUST_CHECK;

/* The kinds by other paths, for tests. */
int target_open_kcore_at(const char *path, struct target **out, struct fail *fail) MUST_CHECK;
int target_open_kmem_at(const char *path, const struct target_symbols *symbols,
			struct target **out, struct fail *fail) MUST_CHECK;
int target_open_mem_at(const struct mapped_paths *paths, const struct target_symbols *symbols,
		       struct target **out, struct fail *fail) MUST_CHECK;

/* One ioctl in the making: the sites as the module wants them, and whose each one is. */
struct kmem_request {
	struct patcher_kmem_write write;
	struct patcher_kmem_site *sites;	/* owned; by address */
	size_t *order;				/* owned; sites[i] is changes[order[i]] */
};
/* -1: OUTCOME_ERROR: too many, too long, or they overlap. */
int kmem_request_init(struct kmem_request *request, const struct target_change *changes,
		      size_t count, struct fail *fail) MUST_CHECK;
void kmem_request_deinit(struct kmem_request *request);
/* Makes words and an outcome of what the module answered, and fills in report->failed. `target` is
 * read where a site holds other bytes. Returns -1. */
int kmem_request_failed(const struct kmem_request *request, int error, struct target *target,
			struct target_report *report, struct fail *fail);

#endif
