/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "claim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "look.h"
#include "replace.h"
#include "where.h"

/* An entry of the journal, and whether memory still has any of it. */
struct held {
	struct journal_entry entry;
	bool *gone;			/* per site: its module is not there */
	bool dead;			/* no site holds anything but the original bytes */
	bool whole;			/* every site holds the patch's */
};

struct held_list {
	struct held *items;
	size_t count;
};

static void held_deinit(struct held_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		journal_entry_deinit(&list->items[i].entry);
		free(list->items[i].gone);
	}
	free(list->items);
}

static int held_look(struct held *held, struct target *target, struct fail *fail)
{
	held->gone = calloc(held->entry.site_count, sizeof(*held->gone));
	if (held->gone == NULL)
		return fail_memory(fail, "comparing with the journal");
	held->dead = held->whole = true;
	for (size_t i = 0; i < held->entry.site_count; i++) {
		struct look_site site;
		struct fail unreadable;

		/* What cannot be read may still be there. */
		if (look_at_site(target, &held->entry.sites[i], &site, &unreadable) < 0)
			site.now = LOOK_OTHER;
		held->gone[i] = site.now == LOOK_GONE;
		if (site.now != LOOK_GONE && site.now != LOOK_OLD)
			held->dead = false;
		if (site.now != LOOK_NEW)
			held->whole = false;
	}
	return 0;
}

static int held_load(struct journal *journal, struct target *target, struct held_list *out,
		     struct fail *fail)
{
	struct journal_entry *entries = NULL;
	size_t count = 0;

	if (journal_active(journal, NULL, &entries, &count, fail) < 0)
		return -1;
	out->items = calloc(count + 1, sizeof(*out->items));
	if (out->items == NULL) {
		journal_entries_free(entries, count);
		return fail_memory(fail, "comparing with the journal");
	}
	out->count = count;
	for (size_t i = 0; i < count; i++)
		out->items[i].entry = entries[i];
	free(entries);
	for (size_t i = 0; i < count; i++) {
		if (held_look(&out->items[i], target, fail) < 0)
			return -1;
	}
	return 0;
}

/* Bytes that an entry holds, or that a job's site wants: one of the two. */
struct span {
	uint64_t address;
	size_t length;
	const struct held *held;
	struct job *job;
	struct site_plan *site;
};

struct span_list {
	struct span *items;
	size_t count;
};

static void spans_deinit(struct span_list *list)
{
	free(list->items);
}

static bool overlap(uint64_t one, size_t length, uint64_t other, size_t other_length)
{
	return one <= other ? other - one < length : one - other < other_length;
}

static int by_address(const void *a, const void *b)
{
	const struct span *one = a, *other = b;

	return one->address < other->address ? -1 : one->address > other->address;
}

/* That another instruction is there than the patch asks for, or none that its patterns describe, may
 * be another patch's work, and then the user is to hear that. */
static bool differs(const struct job *job)
{
	return job->planned && (job->plan.outcome == OUTCOME_MISMATCH ||
				job->plan.outcome == OUTCOME_NOT_FOUND ||
				job->plan.outcome == OUTCOME_AMBIGUOUS);
}

/* A job that was refused for another reason claims nothing. */
static bool claims(const struct job *job)
{
	return job->planned && (job->plan.outcome == OUTCOME_APPLICABLE ||
				job->plan.outcome == OUTCOME_ALREADY_APPLIED || differs(job));
}

static void spans_of_job(struct job *job, struct span_list *out)
{
	for (size_t i = 0; i < job->plan.site_count; i++) {
		struct site_plan *site = &job->plan.sites[i];

		if (site->located && site->replacement.bytes.length != 0)
			out->items[out->count++] = (struct span){
				.address = site->address, .length = site->replacement.bytes.length,
				.job = job, .site = site,
			};
	}
}

static void spans_of_held(const struct held *held, struct span_list *out)
{
	for (size_t i = 0; i < held->entry.site_count; i++) {
		const struct journal_site *site = &held->entry.sites[i];

		if (!held->gone[i])
			out->items[out->count++] = (struct span){
				.address = site->address, .length = site->old.length, .held = held,
			};
	}
}

/* Those of the entries that are not dead, and of the jobs that claim something, by address. */
static int spans_make(const struct held_list *held, struct job *jobs, size_t count,
		      struct span_list *out, struct fail *fail)
{
	size_t all = 1;

	for (size_t i = 0; i < held->count; i++)
		all += held->items[i].entry.site_count;
	for (size_t i = 0; i < count; i++)
		all += claims(&jobs[i]) ? jobs[i].plan.site_count : 0;
	out->items = calloc(all, sizeof(*out->items));
	if (out->items == NULL)
		return fail_memory(fail, "comparing with the journal");
	for (size_t i = 0; i < held->count; i++) {
		if (!held->items[i].dead)
			spans_of_held(&held->items[i], out);
	}
	for (size_t i = 0; i < count; i++) {
		if (claims(&jobs[i]))
			spans_of_job(&jobs[i], out);
	}
	qsort(out->items, out->count, sizeof(*out->items), by_address);
	return 0;
}

static int set_message(char **message, const char *text, struct fail *fail)
{
	free(*message);
	*message = strdup(text);
	return *message != NULL ? 0 : fail_memory(fail, "comparing with the journal");
}

/* `site` NULL: the whole patch is at fault. The first conflict is the patch's message. */
static int conflict(struct job *job, struct site_plan *site, struct fail *fail,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

static int conflict(struct job *job, struct site_plan *site, struct fail *fail,
		    const char *format, ...)
{
	char text[WHERE_MAX + 512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (site != NULL) {
		site->outcome = OUTCOME_CONFLICT;
		if (set_message(&site->message, text, fail) < 0)
			return -1;
	}
	if (job->plan.outcome == OUTCOME_CONFLICT)
		return 0;
	job->plan.outcome = OUTCOME_CONFLICT;
	return set_message(&job->plan.message, text, fail);
}

static const char *span_where(const struct span *span, char out[WHERE_MAX])
{
	return where_print(span->site->module, span->site->symbol, span->site->offset,
			   span->address, out);
}

/* An entry's bytes and a job's overlap. */
static int meet_held(const struct held *held, const struct span *span, struct fail *fail)
{
	const char *name = held->entry.patch;
	char where[WHERE_MAX];

	if (replace_has(span->job, &held->entry))
		return 0;
	if (strcmp(name, span->job->patch.name) != 0)
		return conflict(span->job, span->site, fail, "%s: the patch %s, which is applied, "
				"holds bytes there: `patchctl revert %s` first",
				span_where(span, where), name, name);
	if (span->job->plan.outcome != OUTCOME_APPLICABLE)
		return 0;
	return conflict(span->job, span->site, fail, "%s: this patch is applied, but somebody else "
			"changed its bytes since: `patchctl revert --force %s` first",
			span_where(span, where), name);
}

static int meet_job(const struct span *one, const struct span *other, struct fail *fail)
{
	const struct span *later = one->job > other->job ? one : other;
	const struct span *first = later == one ? other : one;
	char where[WHERE_MAX];

	/* A job that does not match is refused for that, whoever else is in the request. */
	if (one->job == other->job || differs(one->job) || differs(other->job))
		return 0;
	return conflict(later->job, later->site, fail, "%s: the patch %s of the same request "
			"changes bytes there too: apply one of them", span_where(later, where),
			first->job->patch.name);
}

static int meet(const struct span *one, const struct span *other, struct fail *fail)
{
	if (one->job != NULL && other->job != NULL)
		return meet_job(one, other, fail);
	if (one->job == NULL && other->job == NULL)
		return 0;
	return one->job != NULL ? meet_held(other->held, one, fail)
				: meet_held(one->held, other, fail);
}

static int check_bytes(const struct held_list *held, struct job *jobs, size_t count,
		       struct fail *fail)
{
	CLEANUP(spans_deinit) struct span_list spans = { .count = 0 };

	if (spans_make(held, jobs, count, &spans, fail) < 0)
		return -1;
	for (size_t i = 0; i < spans.count; i++) {
		for (size_t j = i + 1; j < spans.count; j++) {
			if (!overlap(spans.items[i].address, spans.items[i].length,
				     spans.items[j].address, spans.items[j].length))
				break;
			if (meet(&spans.items[i], &spans.items[j], fail) < 0)
				return -1;
		}
	}
	return 0;
}

static const char *time_print(int64_t microseconds, char out[32])
{
	time_t seconds = (time_t)(microseconds / 1000000);
	struct tm parts;

	if (gmtime_r(&seconds, &parts) == NULL ||
	    strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
		(void)snprintf(out, 32, "an unknown time");
	return out;
}

/* One of the request's patches takes another's place, or both take that of a third one. */
static int check_replaced(struct job *jobs, size_t index, size_t other, struct fail *fail)
{
	struct job *job = &jobs[index];
	const struct job *with = &jobs[other];

	if (strings_have(&job->patch.replaces, with->patch.name) ||
	    strings_have(&with->patch.replaces, job->patch.name))
		return conflict(job, NULL, fail, "the request has the patches %s and %s, one of which "
				"replaces the other: apply one of them", with->patch.name,
				job->patch.name);
	for (size_t i = 0; i < job->replaced_count; i++) {
		if (replace_has(with, &job->replaced[i]))
			return conflict(job, NULL, fail, "the patches %s and %s of the request both "
					"replace %s: apply one after the other", with->patch.name,
					job->patch.name, job->replaced[i].patch);
	}
	return 0;
}

static int check_name(const struct held_list *held, struct job *jobs, size_t index,
		      struct fail *fail)
{
	struct job *job = &jobs[index];
	char when[32];

	for (size_t i = 0; i < index; i++) {
		if (claims(&jobs[i]) && strcmp(jobs[i].patch.name, job->patch.name) == 0)
			return conflict(job, NULL, fail, "the request has the patch %s twice (in "
					"%s and in %s)", job->patch.name, jobs[i].source,
					job->source);
		if (claims(&jobs[i]) && check_replaced(jobs, index, i, fail) < 0)
			return -1;
	}
	for (size_t i = 0; i < held->count; i++) {
		const struct journal_entry *entry = &held->items[i].entry;

		if (!held->items[i].dead && strcmp(entry->patch, job->patch.name) == 0 &&
		    strcmp(entry->yaml, job->yaml) != 0)
			return conflict(job, NULL, fail, "a patch %s with another text is applied "
					"(from %s, at %s): `patchctl revert %s` first",
					entry->patch, entry->source,
					time_print(entry->intended_at, when), entry->patch);
	}
	return 0;
}

static bool is_of(const struct held *held, const struct job *job)
{
	return strcmp(held->entry.patch, job->patch.name) == 0 &&
	       strcmp(held->entry.yaml, job->yaml) == 0;
}

/* Where a site is that the plan did not find. */
static int set_place(struct site_plan *site, const struct journal_site *held, struct fail *fail)
{
	if (site->located)
		return 0;
	free(site->symbol);
	free(site->module);
	site->symbol = strdup(held->symbol);
	site->module = held->module == NULL ? NULL : strdup(held->module);
	if (site->symbol == NULL || (held->module != NULL && site->module == NULL))
		return fail_memory(fail, "comparing with the journal");
	site->offset = held->offset;
	site->address = held->address;
	site->module_identity = held->module_identity;
	site->located = true;
	return 0;
}

/* With a patch in place a function can look otherwise than without: a last instruction that became
 * a nop is taken for padding behind the end, a pattern does not describe what a nop has replaced, and
 * the digest is another one. The journal knows better what is there. */
static int check_own(const struct held_list *held, struct job *job, struct fail *fail)
{
	size_t i = 0;

	while (i < held->count && !(held->items[i].whole && is_of(&held->items[i], job) &&
				    held->items[i].entry.site_count == job->plan.site_count))
		i++;
	if (i == held->count)
		return 0;
	job->plan.outcome = OUTCOME_ALREADY_APPLIED;
	for (size_t j = 0; j < job->plan.site_count; j++) {
		struct site_plan *site = &job->plan.sites[j];

		site->outcome = OUTCOME_ALREADY_APPLIED;
		if (set_place(site, &held->items[i].entry.sites[j], fail) < 0 ||
		    set_message(&site->message, "the replacement is there already", fail) < 0)
			return -1;
	}
	return 0;
}

/* That it does not stay by itself, whoever asked for it again. */
static void pending_append(const struct journal_entry *entry, char *text, size_t size)
{
	int64_t left = entry->confirm_by - clock_microseconds(CLOCK_BOOTTIME);
	size_t length = strlen(text);

	(void)snprintf(text + length, size - length, "; it is reverted in %lld seconds, unless "
		       "`patchctl confirm %s` comes before", left > 0 ? (long long)(left / 1000000) : 0,
		       entry->patch);
}

/* Can revert undo what is already there? */
static int tell_who(const struct held_list *held, struct job *job, struct fail *fail)
{
	char text[512], when[32];

	(void)snprintf(text, sizeof(text), "these bytes are in the kernel already, but it was not "
		       "patcherd that put them there since the machine started: revert cannot undo "
		       "them");
	for (size_t i = 0; i < held->count; i++) {
		const struct journal_entry *entry = &held->items[i].entry;

		if (held->items[i].dead || strcmp(entry->patch, job->patch.name) != 0)
			continue;
		(void)snprintf(text, sizeof(text), "patcherd applied it at %s for user %u (%s): "
			       "`patchctl revert %s` undoes it",
			       time_print(entry->intended_at, when), entry->caller.uid,
			       entry->caller.comm, entry->patch);
		if (entry->confirm_by != 0)
			pending_append(entry, text, sizeof(text));
	}
	return set_message(&job->plan.message, text, fail);
}

int claim_check(struct journal *journal, struct target *target, struct job *jobs, size_t count,
		struct fail *fail)
{
	CLEANUP(held_deinit) struct held_list held = { .count = 0 };

	if (held_load(journal, target, &held, fail) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (claims(&jobs[i]) && check_name(&held, jobs, i, fail) < 0)
			return -1;
		if ((differs(&jobs[i]) ||
		     (jobs[i].planned && jobs[i].plan.outcome == OUTCOME_GUARD)) &&
		    check_own(&held, &jobs[i], fail) < 0)
			return -1;
	}
	if (check_bytes(&held, jobs, count, fail) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].planned && jobs[i].plan.outcome == OUTCOME_ALREADY_APPLIED &&
		    tell_who(&held, &jobs[i], fail) < 0)
			return -1;
	}
	return 0;
}

static bool takes_over(const struct job *job, const struct journal_entry *entry)
{
	if (!job->planned || job->plan.outcome != OUTCOME_APPLICABLE)
		return false;
	if (strcmp(job->patch.name, entry->patch) == 0)
		return true;
	for (size_t i = 0; i < job->plan.site_count; i++) {
		const struct site_plan *site = &job->plan.sites[i];

		for (size_t j = 0; j < entry->site_count; j++) {
			if (overlap(site->address, site->replacement.bytes.length,
				    entry->sites[j].address, entry->sites[j].old.length))
				return true;
		}
	}
	return false;
}

int claim_superseded(struct journal *journal, struct target *target, const struct job *jobs,
		     size_t count, int64_t **out, size_t *out_count, struct fail *fail)
{
	CLEANUP(held_deinit) struct held_list held = { .count = 0 };
	int64_t *ids;
	size_t have = 0;

	if (held_load(journal, target, &held, fail) < 0)
		return -1;
	ids = calloc(held.count + 1, sizeof(*ids));
	if (ids == NULL)
		return fail_memory(fail, "comparing with the journal");
	for (size_t i = 0; i < held.count; i++) {
		bool taken = false;

		for (size_t j = 0; j < count && held.items[i].dead && !taken; j++)
			taken = takes_over(&jobs[j], &held.items[i].entry);
		if (taken)
			ids[have++] = held.items[i].entry.id;
	}
	*out = ids;
	*out_count = have;
	return 0;
}
