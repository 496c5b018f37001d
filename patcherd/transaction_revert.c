/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way back. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "log.h"
#include "look.h"
#include "offline.h"
#include "store.h"
#include "transaction.h"
#include "where.h"

struct revert {
	struct journal_entry *entries;
	size_t count;
	bool force;
	struct reverted *out;
	struct store_site *sites;	/* those that hold something to be undone */
	size_t site_count;
};

static void revert_deinit(struct revert *revert)
{
	free(revert->sites);
}

/* Adds one more thing to say; where memory ran out the outcome alone has to do. */
static void say(struct reverted *reverted, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct reverted *reverted, const char *format, ...)
{
	CLEANUP_FREE char *text = NULL;
	char *joined = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		text = NULL;
		return;
	}
	if (asprintf(&joined, "%s%s%s", reverted->message != NULL ? reverted->message : "",
		     reverted->message != NULL ? "; " : "", text) < 0)
		return;
	free(reverted->message);
	reverted->message = joined;
}

/* No entry is reverted, because of *fail; the outcome and message of those that have their own
 * reason stay. */
static int refuse(struct revert *revert, const struct transaction *transaction,
		  const struct fail *fail)
{
	for (size_t i = 0; i < revert->count; i++) {
		struct reverted *out = &revert->out[i];

		if (out->outcome == OUTCOME_REVERTED || fail->code == OUTCOME_INCOMPLETE) {
			out->outcome = fail->code;
			free(out->message);
			out->message = strdup(fail->message);
		}
		log_line(LOG_ERR, &(struct log_about){ .patch = revert->entries[i].patch,
			 .outcome = outcome_name(out->outcome), .caller = &transaction->caller },
			 "not reverted: %s", out->message != NULL ? out->message : "out of memory");
	}
	return -1;
}

static void tampered(struct revert *revert, size_t owner, const struct journal_site *site,
		     const struct look_site *look, struct fail *fail)
{
	struct reverted *out = &revert->out[owner];
	char where[WHERE_MAX];
	char found[BYTES_TEXT_MAX], old[BYTES_TEXT_MAX], new[BYTES_TEXT_MAX];

	(void)where_print(site->module, site->symbol, site->offset, site->address, where);
	(void)held_print(site, &look->found, found);
	if (revert->force) {
		say(out, "%s held %s, which somebody else wrote", where, found);
		return;
	}
	out->outcome = OUTCOME_MISMATCH;
	say(out, "%s holds %s, neither the patch's %s nor the original %s: %s changed it since; "
	    "revert --force puts %s there all the same", where, found,
	    held_print(site, &site->replacement, new), held_print(site, &site->old, old),
	    site->variable ? "the kernel or somebody else" : "somebody else", old);
	if (fail->message[0] == '\0')
		(void)fail_at(fail, OUTCOME_MISMATCH, site->address, "nothing was reverted: the "
			      "patch %s: %s", revert->entries[owner].patch,
			      out->message != NULL ? out->message : where);
}

/* One entry's sites by what memory holds. */
static int look_over(struct revert *revert, size_t owner, struct target *target,
		     struct fail *mismatch, struct fail *fail)
{
	struct journal_entry *entry = &revert->entries[owner];
	const char *lost = NULL;
	size_t old = 0;

	for (size_t i = 0; i < entry->site_count; i++) {
		struct journal_site *site = &entry->sites[i];
		struct look_site look;

		if (look_at_site(target, site, &look, fail) < 0)
			return -1;
		old += look.now == LOOK_OLD;
		if (look.now == LOOK_GONE)
			lost = site->module;
		if (look.now == LOOK_OTHER)
			tampered(revert, owner, site, &look, mismatch);
		if (look.now == LOOK_OLD || look.now == LOOK_GONE)
			continue;
		revert->sites[revert->site_count++] = (struct store_site){
			.module = site->module, .module_identity = site->module_identity,
			.symbol = site->symbol, .offset = site->offset,
			.address = site->address, .before = look.found,
			.wanted = site->old, .multiple = site->multiple, .owner = owner,
			.number = i,
		};
	}
	if (lost != NULL)
		say(&revert->out[owner], "lost: the module %s it had changed is gone", lost);
	if (old == entry->site_count)
		say(&revert->out[owner], "the kernel held the original bytes already");
	return 0;
}

static int revert_make(struct revert *revert, struct target *target, struct fail *fail)
{
	struct fail mismatch = { .message = "" };
	size_t sites = 1;

	for (size_t i = 0; i < revert->count; i++)
		sites += revert->entries[i].site_count;
	revert->sites = calloc(sites, sizeof(*revert->sites));
	if (revert->sites == NULL)
		return fail_memory(fail, "reverting");
	for (size_t i = 0; i < revert->count; i++) {
		if (look_over(revert, i, target, &mismatch, fail) < 0)
			return -1;
	}
	if (mismatch.message[0] != '\0') {
		*fail = mismatch;
		return -1;
	}
	/* Two patches have the same bytes where one was about to take the other's place. */
	if (store_join(revert->sites, &revert->site_count, fail) < 0)
		return -1;
	if (revert->site_count > STORE_SITES_MAX)
		return fail_set(fail, OUTCOME_ERROR, "these patches have %zu sites together, and "
				"one step changes up to %d: revert fewer at once",
				revert->site_count, STORE_SITES_MAX);
	return 0;
}

static int set_states(struct journal *journal, const struct revert *revert,
		      enum journal_state state, struct fail *fail)
{
	CLEANUP_FREE int64_t *ids = calloc(revert->count, sizeof(*ids));

	if (ids == NULL)
		return fail_memory(fail, "writing an outcome");
	for (size_t i = 0; i < revert->count; i++)
		ids[i] = revert->entries[i].id;
	return journal_set(journal, ids, revert->count, state, fail);
}

/* Nothing was undone: the journal's states as they were. */
static void states_restore(struct transaction *transaction, const struct revert *revert,
			   struct fail *fail)
{
	for (size_t i = 0; i < revert->count; i++) {
		const struct journal_entry *entry = &revert->entries[i];
		struct fail why;

		if (journal_set(transaction->journal, &entry->id, 1, entry->state, &why) == 0)
			continue;
		transaction->unnoted = true;
		fail_append(fail, "; and that could not be noted (%.1000s): patcherd will try to "
			    "revert again at its next request or start", why.message);
		return;
	}
}

static void tell_success(struct transaction *transaction, const struct revert *revert)
{
	for (size_t i = 0; i < revert->site_count; i++) {
		const struct store_site *site = &revert->sites[i];
		char where[WHERE_MAX];

		log_line(LOG_NOTICE, &(struct log_about){
			 .patch = revert->entries[site->owner].patch,
			 .outcome = outcome_name(OUTCOME_REVERTED),
			 .site = where_print(site->module, site->symbol, site->offset,
					     site->address, where),
			 .old = &site->before, .replacement = &site->wanted,
			 .caller = &transaction->caller }, "put the original bytes back");
	}
	for (size_t i = 0; i < revert->count; i++) {
		trace_change(transaction->trace, "reverted", &revert->entries[i],
			     &transaction->caller, &transaction->untraced);
		log_line(LOG_NOTICE, &(struct log_about){ .patch = revert->entries[i].patch,
			 .outcome = outcome_name(OUTCOME_REVERTED),
			 .caller = &transaction->caller }, "reverted%s%s",
			 revert->out[i].message != NULL ? ": " : "",
			 revert->out[i].message != NULL ? revert->out[i].message : "");
	}
}

static int write_back(struct transaction *transaction, struct revert *revert, struct fail *fail)
{
	struct target *target = transaction->target;
	struct store_report report = { .failed = NULL };

	if (set_states(transaction->journal, revert, JOURNAL_REVERTING, fail) < 0)
		return -1;
	fault_point("after-reverting");
	if (revert->site_count != 0)
		trace_taint(transaction->trace, &transaction->untraced);
	if (revert->site_count != 0 &&
	    store_write(target, revert->sites, revert->site_count, NULL, &report, fail) < 0) {
		if (report.failed != NULL && fail->code != OUTCOME_INCOMPLETE)
			say(&revert->out[report.failed->owner], "%s", fail->message);
		if (fail->code != OUTCOME_INCOMPLETE)
			states_restore(transaction, revert, fail);
		return -1;
	}
	fault_point("after-revert-write");
	transaction->stop_nanoseconds = report.stop_nanoseconds;
	return 0;
}

/* With the other CPUs offline meanwhile where that is asked for and there is something to write. */
static int carry_out(struct transaction *transaction, struct revert *revert, struct fail *fail)
{
	struct cpus taken;
	int result;

	if (revert->site_count == 0)
		return write_back(transaction, revert, fail);
	if (offline_take(transaction, &taken, fail) < 0)
		return -1;
	result = write_back(transaction, revert, fail);
	offline_give_back(transaction, &taken);
	if (result < 0 && transaction->left_offline.message[0] != '\0')
		fail_append(fail, "; %s", transaction->left_offline.message);
	return result;
}

int transaction_revert(struct transaction *transaction, struct journal_entry *entries, size_t count,
		       bool force, struct reverted *out, struct fail *fail)
{
	CLEANUP(revert_deinit) struct revert revert = {
		.entries = entries, .count = count, .force = force, .out = out,
	};
	struct fail journal;

	for (size_t i = 0; i < count; i++)
		out[i] = (struct reverted){ .entry = &entries[i], .outcome = OUTCOME_REVERTED };
	if (count == 0)
		return 0;
	if (revert_make(&revert, transaction->target, fail) < 0 ||
	    carry_out(transaction, &revert, fail) < 0)
		return refuse(&revert, transaction, fail);
	/* The kernel is as it was; a journal that cannot be written does not change that. */
	if (set_states(transaction->journal, &revert, JOURNAL_REVERTED, &journal) < 0) {
		for (size_t i = 0; i < count; i++)
			say(&out[i], "that could not be noted (%.1000s): patcherd finds it out at its "
			    "next request or start", journal.message);
		transaction->unnoted = true;
	}
	tell_success(transaction, &revert);
	return 0;
}
