/* SPDX-License-Identifier: GPL-2.0-or-later */
/* live: the running kernel as plan sees it, kept between requests; the symbol index is built
 * anew only when a module came, went or moved. */
#ifndef PATCHERD_LIVE_H
#define PATCHERD_LIVE_H

#include "hazard.h"
#include "plan.h"

struct live {
	const char *target_kind;	/* "kmem", "mem", "kcore"; NULL: the best there is */
	const char *system_map;		/* --system-map: must be this kernel's; NULL: none given */
	struct kernel kernel;		/* what plan_make() takes; valid after live_refresh() */
	struct target *target;
	struct fail not_writable;	/* why the target in use cannot write; code 0 where it can */
	struct symtab *symtab;
	bool symbols_of_map;		/* symtab is system_map, for kallsyms gives no addresses */
	struct modules modules;
	struct hazards *hazards;
	struct types *types;
	struct digests *digests;
	struct decoder *decoder;
};

/* Whether `kind` may stand in target_kind: kmem, mem, kcore. */
bool live_kind_known(const char *kind);
/* Makes live->target true for now, and no more: what status and revert need, so that they work
 * where symbols or the lists of hazards cannot be read. */
int live_open_target(struct live *live, struct fail *fail) MUST_CHECK;
/* Whether that kind can be opened, and what it is; live->target stays as it is. */
int live_probe(struct live *live, const char *kind, struct target_info *out,
	       struct fail *fail) MUST_CHECK;
/* Makes live->kernel true for now. Call it at the start of each request. */
int live_refresh(struct live *live, struct fail *fail) MUST_CHECK;
void live_deinit(struct live *live);

#endif
