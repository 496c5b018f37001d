/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replace: the patches that another one takes the place of, in one step. It is proved against the
 * kernel as it is without them; then what both change goes from the old patch's bytes to the new
 * one's, and what only the old one changed back to the original.
 */
#ifndef PATCHERD_REPLACE_H
#define PATCHERD_REPLACE_H

#include "job.h"
#include "store.h"
#include "target.h"

/* Fills in job->replaced and job->undone: what of the patches that the job's patch replaces is active,
 * and holds bytes. -1: OUTCOME_MISMATCH: one does not hold what it wrote, and has to be reverted by
 * itself; or the journal or memory cannot be read. Freed by replace_deinit() in either case. */
int replace_load(struct journal *journal, struct target *target, struct job *job,
		 struct fail *fail) MUST_CHECK;
void replace_deinit(struct job *job);
/* Whether the job takes the place of that entry. */
bool replace_has(const struct job *job, const struct journal_entry *entry);

/* `target` as it is without what the job undoes; it can only be read. To be closed before the job
 * and `target` are. */
int replace_view(struct target *target, const struct job *job, struct target **out,
		 struct fail *fail) MUST_CHECK;

/* What is to be written for a job whose sites are all proved, by address: at most plan.site_count +
 * undone_count sites. `number` is the plan's site, or from plan.site_count on what is undone. */
int replace_sites(const struct job *job, size_t owner, struct store_site *out, size_t *count,
		  struct fail *fail) MUST_CHECK;

/* Whether anything of that entry, whose place the job takes, is in memory. */
bool replace_holds(const struct job *job, const struct journal_entry *entry);

/* How far an interrupted apply of `entry` came that takes the place of `replaced`, by memory. */
enum replace_state { REPLACE_NOT_WRITTEN, REPLACE_WRITTEN, REPLACE_NEITHER };
int replace_look(struct target *target, const struct journal_entry *entry,
		 const struct journal_entry *const *replaced, size_t count,
		 enum replace_state *out, struct fail *fail) MUST_CHECK;

/* The way back from `entry` to what it replaced: what is to be written, by address; at most as many
 * sites as they have together. `owner` is 0 for the entry's own, or n + 1 for replaced[n]'s. Sites whose
 * module is not there are left out, and *gone is that module; NULL: none. */
int replace_return(struct target *target, const struct journal_entry *entry,
		   const struct journal_entry *replaced, size_t count, struct store_site *out,
		   size_t *have, const char **gone, struct fail *fail) MUST_CHECK;
/* How far the write of `sites` came, by memory. *at_fault: the first that is not as before; NULL: none. */
int replace_state_look(struct target *target, const struct store_site *sites, size_t count,
		       enum replace_state *out, const struct store_site **at_fault,
		       struct fail *fail) MUST_CHECK;

#endif
