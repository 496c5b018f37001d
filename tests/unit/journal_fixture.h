/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A journal in a directory of its own, for the tests of the journal. */
#ifndef PATCHERD_JOURNAL_FIXTURE_H
#define PATCHERD_JOURNAL_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal.h"

#define BOOT_1 "11111111-1111-1111-1111-111111111111"
#define BOOT_2 "22222222-2222-2222-2222-222222222222"
#define assert_contains(text, part) do { \
	if (strstr(text, part) == NULL) \
		fail_msg("'%s' is not in: %s", part, text); \
} while (0)

struct place_of_test {
	char directory[64];
	char path[96];
};

static inline int remove_one(const char *path, const struct stat *status, int type,
			     struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline int setup(void **state)
{
	struct place_of_test *place = calloc(1, sizeof(*place));

	if (place == NULL)
		return -1;
	strcpy(place->directory, "/tmp/test_journal.XXXXXX");
	if (mkdtemp(place->directory) == NULL)
		return -1;
	snprintf(place->path, sizeof(place->path), "%s/journal.db", place->directory);
	*state = place;
	return 0;
}

static inline int teardown(void **state)
{
	struct place_of_test *place = *state;

	(void)nftw(place->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(place);
	return 0;
}

static inline struct journal *opened(const char *path, const char *boot_id)
{
	struct journal *journal = NULL;
	struct fail fail = { 0 };

	if (journal_open(path, boot_id, &journal, &fail) < 0)
		fail_msg("%s", fail.message);
	return journal;
}

/* An entry of constants: not to be freed. */
static inline struct journal_entry entry_of(const char *patch, struct journal_site *sites,
					    size_t count)
{
	return (struct journal_entry){
		.patch = (char *)patch, .source = (char *)"dir/p.yaml",
		.yaml = (char *)"patch: p\n",
		.release = "6.1.0-56-cloud-amd64",
		.caller = { .uid = 4000000000u, .pid = 77, .comm = "patchctl" },
		.sites = sites, .site_count = count,
	};
}

static inline struct journal_site site_at(uint64_t address)
{
	return (struct journal_site){
		.symbol = (char *)"nfs_flock", .module = (char *)"nfs", .module_identity = 4711,
		.offset = 0x2f, .address = address,
		.old = { .data = { 0x74, 0x39 }, .length = 2 },
		.replacement = { .data = { 0x75, 0x39 }, .length = 2 },
	};
}

static inline int64_t intended(struct journal *journal, const char *patch)
{
	struct journal_site site = site_at(0xffffffffc0412345);
	struct journal_entry entry = entry_of(patch, &site, 1);
	struct fail fail = { 0 };

	if (journal_intend(journal, &entry, 1, &fail) < 0)
		fail_msg("%s", fail.message);
	return entry.id;
}

static inline void set_state(struct journal *journal, int64_t id, enum journal_state state)
{
	struct fail fail = { 0 };

	if (journal_set(journal, &id, 1, state, &fail) < 0)
		fail_msg("%s", fail.message);
}

static inline size_t active_count(struct journal *journal, const char *patch)
{
	struct journal_entry *entries = NULL;
	struct fail fail = { 0 };
	size_t count = 0;

	if (journal_active(journal, patch, &entries, &count, &fail) < 0)
		fail_msg("%s", fail.message);
	journal_entries_free(entries, count);
	return count;
}

static inline void assert_state_of_latest(struct journal *journal, const char *patch,
					  enum journal_state state)
{
	struct journal_entry *entries = NULL;
	struct fail fail = { 0 };
	size_t count = 0;

	if (journal_latest(journal, patch, &entries, &count, &fail) < 0)
		fail_msg("%s", fail.message);
	assert_int_equal(count, 1);
	assert_string_equal(journal_state_name(entries[0].state), journal_state_name(state));
	journal_entries_free(entries, count);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

#endif
