/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "module.h"
#include "where.h"

/* In all well under a second: the daemon has one thread. */
enum { TRIES = 10, TRY_AGAIN_MS = 50 };
/* A list of sites in a message ends here, so that what to do still fits behind it. */
enum { MESSAGE_LIST_END = 3000 };

static int by_address(const void *a, const void *b)
{
	const struct store_site *one = a, *other = b;

	return one->address < other->address ? -1 : one->address > other->address;
}

/* Lays `site` over a longer one's bytes, or under them where those are known already. */
static void lay(uint8_t *out, bool *known, const struct store_site *site, uint64_t start,
		const struct bytes *bytes, bool over)
{
	for (size_t i = 0; i < bytes->length; i++) {
		size_t at = (size_t)(site->address - start) + i;

		if (over || !known[at])
			out[at] = bytes->data[i];
		known[at] = true;
	}
}

/* Bytes belong to one patch, and so to one site that is undone and one that is not at most. */
static int join(struct store_site *into, const struct store_site *site, struct fail *fail)
{
	uint64_t start = into->address;
	size_t length = (size_t)(site->address - start) + site->wanted.length;
	struct store_site joined = *into;
	bool before[BYTES_MAX] = { false }, wanted[BYTES_MAX] = { false };

	if (length < into->wanted.length)
		length = into->wanted.length;
	if (length > BYTES_MAX)
		return fail_at(fail, OUTCOME_ERROR, start, "%s: the changes of two patches there "
			       "overlap and are %zu bytes together, and one change is of at most "
			       "%d: revert the older patch first", into->symbol, length, BYTES_MAX);
	lay(joined.before.data, before, into, start, &into->before, true);
	lay(joined.before.data, before, site, start, &site->before, site->undone);
	lay(joined.wanted.data, wanted, into, start, &into->wanted, true);
	lay(joined.wanted.data, wanted, site, start, &site->wanted, !site->undone);
	joined.before.length = joined.wanted.length = length;
	joined.multiple = into->multiple || site->multiple;
	if (into->undone && !site->undone) {
		joined.owner = site->owner;
		joined.number = site->number;
		joined.undone = false;
	}
	*into = joined;
	return 0;
}

int store_join(struct store_site *sites, size_t *count, struct fail *fail)
{
	size_t have = 0;

	qsort(sites, *count, sizeof(*sites), by_address);
	for (size_t i = 0; i < *count; i++) {
		struct store_site *last = have == 0 ? NULL : &sites[have - 1];

		if (last == NULL || sites[i].address - last->address >= last->wanted.length)
			sites[have++] = sites[i];
		else if (join(last, &sites[i], fail) < 0)
			return -1;
	}
	*count = have;
	return 0;
}

/* target_write(), again and again while a task is inside the bytes. */
static int write_patiently(struct target *target, const struct target_change *changes,
			   size_t count, struct target_report *report, struct fail *fail)
{
	static const struct timespec pause = { .tv_nsec = TRY_AGAIN_MS * 1000000L };

	for (int attempt = 1;; attempt++) {
		*report = (struct target_report){ .failed = SIZE_MAX };
		if (target_write(target, changes, count, report, fail) == 0)
			return 0;
		if (fail->code != OUTCOME_BUSY || report->written || attempt == TRIES)
			return -1;
		log_line(LOG_NOTICE, NULL, "attempt %d of %d: %s; trying again in %d ms", attempt,
			 TRIES, fail->message, TRY_AGAIN_MS);
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
}

/* Whether the site is where it was: a module can go at any time, and the same or another one come to
 * lie there, with the same few bytes even. */
static bool is_there(const struct store_site *site)
{
	uint64_t identity;
	struct fail ignored;	/* not known to be there: nothing is written */

	return site->module == NULL ||
	       (module_identity(site->module, &identity, &ignored) == 0 && identity != 0 &&
		identity == site->module_identity);
}

static int check_there(const struct store_site *sites, size_t count, struct store_report *report,
		       struct fail *fail)
{
	char where[WHERE_MAX];

	for (size_t i = 0; i < count; i++) {
		const struct store_site *site = &sites[i];

		if (is_there(site))
			continue;
		report->failed = site;
		(void)where_print(site->module, site->symbol, site->offset, site->address, where);
		return fail_at(fail, OUTCOME_NOT_FOUND, site->address, "%s: the module %s was "
			       "unloaded, or loaded anew, since these bytes were looked at; nothing "
			       "was written: try again", where, site->module);
	}
	return 0;
}

/* Reads every site's `found`; whether each is as its `before`, or its `wanted`. A site that
 * cannot be read is neither; one that is gone needs nothing put back. */
static bool read_back(struct target *target, struct store_site *sites, size_t count,
		      bool is_before)
{
	bool all = true;

	for (size_t i = 0; i < count; i++) {
		struct store_site *site = &sites[i];
		struct fail fail;

		site->found.length = 0;
		site->gone = !is_there(site);
		if (site->gone) {
			all = all && is_before;
			continue;
		}
		if (target_read(target, site->address, site->found.data, site->wanted.length,
				site->symbol, &fail) == 0)
			site->found.length = site->wanted.length;
		if (!bytes_equal(&site->found, is_before ? &site->before : &site->wanted))
			all = false;
	}
	return all;
}

/* Appends what each site holds that is not as its `before`, or its `wanted`. */
static void append_found(const struct store_site *sites, size_t count, bool is_before,
			 struct fail *fail)
{
	char where[WHERE_MAX];
	char found[BYTES_TEXT_MAX], before[BYTES_TEXT_MAX], wanted[BYTES_TEXT_MAX];

	for (size_t i = 0; i < count; i++) {
		const struct store_site *site = &sites[i];

		if (bytes_equal(&site->found, is_before ? &site->before : &site->wanted) ||
		    (site->gone && is_before))
			continue;
		if (strlen(fail->message) > MESSAGE_LIST_END) {
			fail_append(fail, " and more;");
			return;
		}
		(void)where_print(site->module, site->symbol, site->offset, site->address, where);
		if (site->found.length == 0)
			fail_append(fail, site->gone ? " %s is gone with its module" :
				    " %s cannot be read", where);
		else
			fail_append(fail, " %s holds %s", where, bytes_print(&site->found, found));
		fail_append(fail, " (before: %s, wanted: %s);", bytes_print(&site->before, before),
			    bytes_print(&site->wanted, wanted));
	}
}

static void change_of(struct target_change *change, const struct store_site *site,
		      const struct bytes *from, const struct bytes *to)
{
	*change = (struct target_change){
		.address = site->address, .length = to->length, .expected = from->data,
		.replacement = to->data, .multiple = site->multiple,
	};
}

/* Writes `before` over what read_back() found elsewhere, and reads that back. */
static int put_back(struct target *target, struct store_site *sites, size_t count,
		    struct fail *fail)
{
	CLEANUP_FREE struct target_change *changes = calloc(count, sizeof(*changes));
	struct target_report report;
	size_t differ = 0;

	if (changes == NULL)
		return fail_memory(fail, "putting bytes back");
	for (size_t i = 0; i < count; i++) {
		struct store_site *site = &sites[i];

		/* What cannot be read was written by us, as far as we know. */
		if (!site->gone && !bytes_equal(&site->found, &site->before))
			change_of(&changes[differ++], site,
				  site->found.length != 0 ? &site->found : &site->wanted,
				  &site->before);
	}
	if (differ != 0 && write_patiently(target, changes, differ, &report, fail) < 0)
		return -1;
	if (!read_back(target, sites, count, true))
		return fail_set(fail, OUTCOME_ERROR, "reading back shows other bytes than written");
	return 0;
}

int store_undo(struct target *target, struct store_site *sites, size_t count, struct fail *fail)
{
	struct fail undo, cause = *fail;

	if (read_back(target, sites, count, true) || put_back(target, sites, count, &undo) == 0) {
		fail->code = OUTCOME_ERROR;
		fail_append(fail, "; all bytes were put back as they were before");
		return -1;
	}
	/* The write may have failed half way: say what is there now. */
	(void)read_back(target, sites, count, true);
	(void)fail_set(fail, OUTCOME_INCOMPLETE, "%.1000s; putting the bytes back failed too: "
		       "%.1000s; now", cause.message, undo.message);
	append_found(sites, count, true, fail);
	fail_append(fail, " look with `patchctl status`, and put the original bytes back with "
		    "`patchctl revert --force`; if that fails too, restart the machine");
	fail->has_address = undo.has_address;
	fail->address = undo.address;
	return -1;
}

int store_write(struct target *target, struct store_site *sites, size_t count,
		struct times *times, struct store_report *report, struct fail *fail)
{
	CLEANUP_FREE struct target_change *changes = NULL;
	struct target_report written;
	bool good;

	*report = (struct store_report){ .failed = NULL };
	if (count == 0 || count > STORE_SITES_MAX)
		return fail_set(fail, OUTCOME_ERROR, "%zu sites are to be changed together, and "
				"one step changes 1 to %d: name fewer patches at once", count,
				STORE_SITES_MAX);
	changes = calloc(count, sizeof(*changes));
	if (changes == NULL)
		return fail_memory(fail, "changing the kernel");
	qsort(sites, count, sizeof(*sites), by_address);
	if (check_there(sites, count, report, fail) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		change_of(&changes[i], &sites[i], &sites[i].before, &sites[i].wanted);
	times_spent(times, TIME_REST);
	if (write_patiently(target, changes, count, &written, fail) < 0) {
		if (written.failed < count)
			report->failed = &sites[written.failed];
		return written.written ? store_undo(target, sites, count, fail) : -1;
	}
	report->stop_nanoseconds = written.stop_nanoseconds;
	times_spent(times, TIME_STOP);
	good = read_back(target, sites, count, false);
	times_spent(times, TIME_READ_BACK);
	if (good)
		return 0;
	(void)fail_set(fail, OUTCOME_ERROR, "the kernel was changed, but reading back shows:");
	append_found(sites, count, false, fail);
	for (size_t i = 0; i < count && report->failed == NULL; i++) {
		if (!bytes_equal(&sites[i].found, &sites[i].wanted))
			report->failed = &sites[i];
	}
	return store_undo(target, sites, count, fail);
}
