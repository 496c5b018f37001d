/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job: one patch of one request on its way from text to outcome. Data only. */
#ifndef PATCHERD_JOB_H
#define PATCHERD_JOB_H

#include "journal.h"
#include "patch.h"

/* A site of a replaced patch that holds what that patch wrote. */
struct undone_site {
	const struct journal_entry *entry;
	const struct journal_site *site;
};

struct job {
	const char *source;		/* the file's name, as the client gave it */
	const char *yaml;
	bool parsed;			/* patch is filled in */
	struct patch patch;
	bool planned;			/* plan is filled in; its outcome is the job's from then on */
	struct plan plan;
	struct journal_entry *replaced;	/* what it takes the place of, see replace.h */
	size_t replaced_count;
	struct undone_site *undone;
	size_t undone_count;
	struct fail fail;		/* why there is no patch or no plan */
	bool newly_armed;		/* by this request, see arming.h */
};

#endif
