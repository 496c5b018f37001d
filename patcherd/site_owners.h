/* SPDX-License-Identifier: GPL-2.0-or-later */
/* site_owners: whose bytes those of an applied patch are now. A patch is only written where it
 * hurts no owner, but owners come later, too. */
#ifndef PATCHERD_SITE_OWNERS_H
#define PATCHERD_SITE_OWNERS_H

#include "hazard.h"
#include "journal.h"

struct site_owners {
	bool known;
	bool attention;			/* one of them makes the patch void, or breaks it */
	struct owners owners;		/* those that there is something to say of, where known */
	struct fail said;		/* who they are, or why they are not known, a line each */
};

/* Asks the kernel. */
void site_owners_find(const struct kernel *kernel, const struct journal_site *site,
		      struct site_owners *out);
/* The same where the kernel cannot be asked. `out` is all zero. */
void site_owners_unknown(const struct fail *why, struct site_owners *out);
/* Takes from the owners of the function, or of the variable, those that there is something to say of:
 * of the site's own bytes, not settled and not allowed; and whoever traces the function. */
int site_owners_judge(const struct owners *owners, const struct journal_site *site,
		      struct site_owners *out, struct fail *fail) MUST_CHECK;
void site_owners_deinit(struct site_owners *owners);

#endif
