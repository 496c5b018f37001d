/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way back to what a patch had replaced. */
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "log.h"
#include "replace.h"
#include "store.h"
#include "transaction.h"
#include "where.h"

static bool overlap(const struct journal_site *one, const struct journal_site *other)
{
	return one->address <= other->address ?
	       other->address - one->address < one->old.length :
	       one->address - other->address < other->old.length;
}

/* Their bytes and names were free meanwhile. */
static int check_free(const struct journal_entry *replaced, const struct journal_entry *other,
		      struct fail *fail)
{
	char where[WHERE_MAX];

	if (strcmp(replaced->patch, other->patch) == 0)
		return fail_set(fail, OUTCOME_CONFLICT, "the patch %s is applied anew", other->patch);
	for (size_t i = 0; i < replaced->site_count; i++) {
		const struct journal_site *site = &replaced->sites[i];

		for (size_t j = 0; j < other->site_count; j++) {
			if (overlap(site, &other->sites[j]))
				return fail_at(fail, OUTCOME_CONFLICT, site->address,
					       "%s of the patch %s: the patch %s changes bytes there "
					       "now", where_print(site->module, site->symbol,
								  site->offset, site->address,
								  where),
					       replaced->patch, other->patch);
		}
	}
	return 0;
}

static int check_others(struct journal *journal, const struct journal_entry *entry,
			const struct journal_entry *replaced, size_t count, struct fail *fail)
{
	struct journal_entry *active = NULL;
	size_t active_count = 0;
	int result = 0;

	if (journal_active(journal, NULL, &active, &active_count, fail) < 0)
		return -1;
	for (size_t i = 0; i < active_count; i++) {
		for (size_t j = 0; active[i].id != entry->id && j < count && result == 0; j++) {
			if (active[i].id != replaced[j].id)
				result = check_free(&replaced[j], &active[i], fail);
		}
	}
	journal_entries_free(active, active_count);
	return result;
}

/* What is to be written, which memory must be ready for. */
static int sites_prove(struct transaction *transaction, const struct journal_entry *entry,
		       const struct journal_entry *replaced, size_t count,
		       struct store_site *sites, size_t *have, struct fail *fail)
{
	const struct store_site *at_fault;
	enum replace_state state;
	char where[WHERE_MAX];
	const char *gone;

	if (replace_return(transaction->target, entry, replaced, count, sites, have, &gone,
			   fail) < 0)
		return -1;
	if (gone != NULL)
		return fail_set(fail, OUTCOME_NOT_FOUND, "the module %s is gone, or was loaded anew "
				"since", gone);
	if (replace_state_look(transaction->target, sites, *have, &state, &at_fault, fail) < 0)
		return -1;
	if (at_fault != NULL)
		return fail_at(fail, OUTCOME_MISMATCH, at_fault->address, "%s was changed by somebody "
			       "else", where_print(at_fault->module, at_fault->symbol,
						   at_fault->offset, at_fault->address, where));
	return 0;
}

static int write_back(struct transaction *transaction, const struct journal_entry *entry,
		      struct store_site *sites, size_t count, struct fail *fail)
{
	struct store_report report;
	struct fail journal;

	if (journal_return(transaction->journal, entry->id, JOURNAL_REVERTING, fail) < 0)
		return -1;
	fault_point("after-returning");
	trace_taint(transaction->trace, &transaction->untraced);
	if (store_write(transaction->target, sites, count, NULL, &report, fail) < 0) {
		if (fail->code != OUTCOME_INCOMPLETE &&
		    journal_set(transaction->journal, &entry->id, 1, JOURNAL_APPLIED,
				&journal) < 0) {
			transaction->unnoted = true;
			fail_append(fail, "; and that could not be noted (%.1000s)",
				    journal.message);
		}
		return -1;
	}
	fault_point("after-return-write");
	transaction->stop_nanoseconds = report.stop_nanoseconds;
	return 0;
}

static void tell_site(const struct transaction *transaction, const struct store_site *site,
		      const char *patch)
{
	char where[WHERE_MAX];

	log_line(LOG_NOTICE, &(struct log_about){
		 .patch = patch,
		 .outcome = outcome_name(site->undone ? OUTCOME_REVERTED : OUTCOME_APPLIED),
		 .site = where_print(site->module, site->symbol, site->offset, site->address, where),
		 .old = &site->before, .replacement = &site->wanted,
		 .caller = &transaction->caller },
		 site->undone ? "put the original bytes back" : "changed the kernel");
}

int transaction_return(struct transaction *transaction, const struct journal_entry *entry,
		       const struct journal_entry *replaced, size_t count, struct fail *fail)
{
	CLEANUP_FREE struct store_site *sites = NULL;
	size_t all = entry->site_count, have;
	struct fail journal;

	for (size_t i = 0; i < count; i++)
		all += replaced[i].site_count;
	sites = calloc(all, sizeof(*sites));
	if (sites == NULL)
		return fail_memory(fail, "bringing back what was replaced");
	if (check_others(transaction->journal, entry, replaced, count, fail) < 0 ||
	    sites_prove(transaction, entry, replaced, count, sites, &have, fail) < 0 ||
	    write_back(transaction, entry, sites, have, fail) < 0)
		return -1;
	/* The kernel is as it was; recover() finds out what the journal cannot be told now. */
	if (journal_return(transaction->journal, entry->id, JOURNAL_REVERTED, &journal) < 0) {
		transaction->unnoted = true;
		log_line(LOG_ERR, &(struct log_about){ .patch = entry->patch }, "that it was reverted, "
			 "and what it had replaced is applied again, could not be noted: %s",
			 journal.message);
	}
	for (size_t i = 0; i < have; i++)
		tell_site(transaction, &sites[i], sites[i].owner == 0 ? entry->patch :
			  replaced[sites[i].owner - 1].patch);
	trace_change(transaction->trace, "reverted", entry, &transaction->caller,
		     &transaction->untraced);
	for (size_t i = 0; i < count; i++)
		trace_change(transaction->trace, "applied", &replaced[i], &transaction->caller,
			     &transaction->untraced);
	return 0;
}
