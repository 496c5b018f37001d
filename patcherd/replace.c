/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replace.h"

#include <stdlib.h>
#include <string.h>

#include "look.h"
#include "where.h"

/* Takes the entries over that the patch names, out of all that are active. */
static int choose(struct job *job, struct journal_entry *active, size_t count, struct fail *fail)
{
	size_t sites = 0;

	job->replaced = calloc(count + 1, sizeof(*job->replaced));
	for (size_t i = 0; i < count; i++) {
		if (job->replaced != NULL && strings_have(&job->patch.replaces, active[i].patch)) {
			sites += active[i].site_count;
			job->replaced[job->replaced_count++] = active[i];
		} else {
			journal_entry_deinit(&active[i]);
		}
	}
	free(active);
	job->undone = calloc(sites + 1, sizeof(*job->undone));
	if (job->replaced == NULL || job->undone == NULL)
		return fail_memory(fail, "replacing a patch");
	return 0;
}

static int not_as_written(const struct journal_entry *entry, const struct journal_site *site,
			  const struct look_site *look, struct fail *fail)
{
	char where[WHERE_MAX], found[BYTES_TEXT_MAX], new[BYTES_TEXT_MAX];

	return fail_at(fail, OUTCOME_MISMATCH, site->address, "the patch %s, which is to be replaced, "
		       "does not hold what it wrote: %s holds %s, not %s; `patchctl revert%s %s` first",
		       entry->patch, where_print(site->module, site->symbol, site->offset,
						 site->address, where),
		       held_print(site, &look->found, found),
		       held_print(site, &site->replacement, new),
		       look->now == LOOK_OLD ? "" : " --force", entry->patch);
}

/* Adds an entry's sites, unless nothing of it is in memory any more. */
static int undone_add(struct job *job, const struct journal_entry *entry, struct target *target,
		      struct fail *fail)
{
	struct look_site look, other = { .now = LOOK_NEW };
	const struct journal_site *at_fault = NULL;
	size_t old_count = job->undone_count;
	bool dead = true;

	for (size_t i = 0; i < entry->site_count; i++) {
		const struct journal_site *site = &entry->sites[i];

		if (look_at_site(target, site, &look, fail) < 0)
			return -1;
		dead = dead && (look.now == LOOK_OLD || look.now == LOOK_GONE);
		if (look.now == LOOK_NEW) {
			job->undone[job->undone_count++] = (struct undone_site){ entry, site };
		} else if (look.now != LOOK_GONE && other.now != LOOK_OTHER) {
			other = look;
			at_fault = site;
		}
	}
	if (dead)
		job->undone_count = old_count;
	return dead || at_fault == NULL ? 0 : not_as_written(entry, at_fault, &other, fail);
}

int replace_load(struct journal *journal, struct target *target, struct job *job,
		 struct fail *fail)
{
	struct journal_entry *active = NULL;
	size_t count = 0;

	if (job->patch.replaces.count == 0)
		return 0;
	if (journal_active(journal, NULL, &active, &count, fail) < 0 ||
	    choose(job, active, count, fail) < 0)
		return -1;
	for (size_t i = 0; i < job->replaced_count; i++) {
		if (undone_add(job, &job->replaced[i], target, fail) < 0)
			return -1;
	}
	return 0;
}

void replace_deinit(struct job *job)
{
	journal_entries_free(job->replaced, job->replaced_count);
	free(job->undone);
	job->replaced = NULL;
	job->undone = NULL;
	job->replaced_count = job->undone_count = 0;
}

bool replace_has(const struct job *job, const struct journal_entry *entry)
{
	for (size_t i = 0; i < job->replaced_count; i++) {
		if (job->replaced[i].id == entry->id)
			return true;
	}
	return false;
}

bool replace_holds(const struct job *job, const struct journal_entry *entry)
{
	for (size_t i = 0; i < job->undone_count; i++) {
		if (job->undone[i].entry->id == entry->id)
			return true;
	}
	return false;
}

struct view {
	struct target target;
	struct target *below;
	const struct job *job;
};

static int view_read(struct target *target, uint64_t address, void *buffer, size_t length,
		     const char *what, struct fail *fail)
{
	const struct view *view = (const struct view *)target;
	uint8_t *bytes = buffer;

	if (target_read(view->below, address, buffer, length, what, fail) < 0)
		return -1;
	for (size_t i = 0; i < view->job->undone_count; i++) {
		const struct journal_site *site = view->job->undone[i].site;

		for (size_t j = 0; j < site->old.length; j++) {
			uint64_t at = site->address + j - address;

			if (at < length)
				bytes[at] = site->old.data[j];
		}
	}
	return 0;
}

static int view_reference(struct target *target, uint64_t address, uint64_t *out,
			  struct fail *fail)
{
	return target_reference(((struct view *)target)->below, address, out, fail);
}

static void view_close(struct target *target)
{
	free(target);
}

static const struct target_ops view_ops = {
	.read = view_read,
	.reference = view_reference,
	.close = view_close,
};

int replace_view(struct target *target, const struct job *job, struct target **out,
		 struct fail *fail)
{
	struct view *view = calloc(1, sizeof(*view));

	if (view == NULL)
		return fail_memory(fail, "replacing a patch");
	*view = (struct view){ .below = target, .job = job };
	view->target.ops = &view_ops;
	view->target.info = target->info;
	*out = &view->target;
	return 0;
}

static struct store_site undone_site(const struct journal_site *site)
{
	return (struct store_site){
		.module = site->module, .module_identity = site->module_identity,
		.symbol = site->symbol, .offset = site->offset, .address = site->address,
		.before = site->replacement, .wanted = site->old, .multiple = site->multiple,
		.undone = true,
	};
}

int replace_sites(const struct job *job, size_t owner, struct store_site *out, size_t *count,
		  struct fail *fail)
{
	const struct plan *plan = &job->plan;

	*count = 0;
	for (size_t i = 0; i < plan->site_count; i++) {
		const struct site_plan *site = &plan->sites[i];
		const struct bytes *old = &site->found.bytes, *new = &site->replacement.bytes;

		if (site->outcome != OUTCOME_APPLICABLE || !site->located || old->length == 0 ||
		    old->length > BYTES_MAX || old->length != new->length)
			return fail_set(fail, OUTCOME_ERROR, "the patch %s: %s+0x%" PRIx64 " was not "
					"proved; nothing is written", job->patch.name, site->symbol,
					site->offset);
		out[(*count)++] = (struct store_site){
			.module = site->module, .module_identity = site->module_identity,
			.symbol = site->symbol, .offset = site->offset, .address = site->address,
			.before = *old, .wanted = *new, .multiple = site->multiple,
			.owner = owner, .number = i,
		};
	}
	for (size_t i = 0; i < job->undone_count; i++) {
		out[*count] = undone_site(job->undone[i].site);
		out[*count].owner = owner;
		out[(*count)++].number = plan->site_count + i;
	}
	return store_join(out, count, fail);
}

/* Whether anything but the original bytes is in memory at an entry's sites. */
static int holds_any(struct target *target, const struct journal_entry *entry, bool *out,
		     struct fail *fail)
{
	struct look_site look;

	*out = false;
	for (size_t i = 0; i < entry->site_count; i++) {
		if (look_at_site(target, &entry->sites[i], &look, fail) < 0)
			return -1;
		*out = *out || look.now == LOOK_NEW || look.now == LOOK_OTHER;
	}
	return 0;
}

/* What was to be written, from the journal: the same as replace_sites() gave. */
static int sites_again(struct target *target, const struct journal_entry *entry,
		       const struct journal_entry *const *replaced, size_t count,
		       struct store_site *out, size_t *have, struct fail *fail)
{
	*have = 0;
	for (size_t i = 0; i < entry->site_count; i++) {
		out[*have] = undone_site(&entry->sites[i]);
		out[*have].before = entry->sites[i].old;
		out[*have].wanted = entry->sites[i].replacement;
		out[(*have)++].undone = false;
	}
	for (size_t i = 0; i < count; i++) {
		bool any;

		/* one that somebody else had undone already was left alone */
		if (holds_any(target, replaced[i], &any, fail) < 0)
			return -1;
		for (size_t j = 0; any && j < replaced[i]->site_count; j++)
			out[(*have)++] = undone_site(&replaced[i]->sites[j]);
	}
	return store_join(out, have, fail);
}

int replace_state_look(struct target *target, const struct store_site *sites, size_t count,
		       enum replace_state *out, const struct store_site **at_fault,
		       struct fail *fail)
{
	bool before = true, wanted = true;

	*at_fault = NULL;
	for (size_t i = 0; i < count; i++) {
		/* look has the comparison, and knows whether the module is there */
		const struct journal_site site = {
			.symbol = (char *)sites[i].symbol, .module = (char *)sites[i].module,
			.module_identity = sites[i].module_identity, .address = sites[i].address,
			.old = sites[i].before, .replacement = sites[i].wanted,
		};
		struct look_site look;

		if (look_at_site(target, &site, &look, fail) < 0)
			return -1;
		wanted = wanted && (look.now == LOOK_NEW ||
				    (look.now == LOOK_GONE && sites[i].undone));
		before = before && (look.now == LOOK_GONE ||
				    bytes_equal(&look.found, &sites[i].before));
		if (!before && *at_fault == NULL)
			*at_fault = &sites[i];
	}
	*out = wanted ? REPLACE_WRITTEN : before ? REPLACE_NOT_WRITTEN : REPLACE_NEITHER;
	return 0;
}

int replace_look(struct target *target, const struct journal_entry *entry,
		 const struct journal_entry *const *replaced, size_t count,
		 enum replace_state *out, struct fail *fail)
{
	CLEANUP_FREE struct store_site *sites = NULL;
	const struct store_site *at_fault;
	size_t all = entry->site_count, have;

	for (size_t i = 0; i < count; i++)
		all += replaced[i]->site_count;
	sites = calloc(all, sizeof(*sites));
	if (sites == NULL)
		return fail_memory(fail, "comparing the journal with memory");
	if (sites_again(target, entry, replaced, count, sites, &have, fail) < 0)
		return -1;
	return replace_state_look(target, sites, have, out, &at_fault, fail);
}

/* An entry's sites that are there, of which each is undone, or is written. */
static int return_add(struct target *target, const struct journal_entry *entry, size_t owner,
		      struct store_site *out, size_t *have, const char **gone, struct fail *fail)
{
	for (size_t i = 0; i < entry->site_count; i++) {
		const struct journal_site *site = &entry->sites[i];
		struct look_site look;

		if (look_at_site(target, site, &look, fail) < 0)
			return -1;
		if (look.now == LOOK_GONE) {
			*gone = site->module;
			continue;
		}
		out[*have] = undone_site(site);
		out[*have].owner = owner;
		out[*have].number = i;
		if (owner != 0) {
			out[*have].before = site->old;
			out[*have].wanted = site->replacement;
			out[*have].undone = false;
		}
		(*have)++;
	}
	return 0;
}

int replace_return(struct target *target, const struct journal_entry *entry,
		   const struct journal_entry *replaced, size_t count, struct store_site *out,
		   size_t *have, const char **gone, struct fail *fail)
{
	*have = 0;
	*gone = NULL;
	if (return_add(target, entry, 0, out, have, gone, fail) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (return_add(target, &replaced[i], i + 1, out, have, gone, fail) < 0)
			return -1;
	}
	return store_join(out, have, fail);
}
