/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void a_new_journal_is_roots_alone(void **state)
{
	struct place_of_test *place = *state;
	char path[128], directory[112];
	struct stat status;

	snprintf(directory, sizeof(directory), "%s/new", place->directory);
	snprintf(path, sizeof(path), "%s/journal.db", directory);
	umask(0);
	journal_close(opened(path, BOOT_1));
	umask(022);
	assert_int_equal(stat(directory, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

static void every_value_comes_back_after_a_restart(void **state)
{
	struct place_of_test *place = *state;
	struct journal_site sites[] = { site_at(UINT64_MAX - 1), site_at(0xffffffff81000000) };
	struct journal_entry entry = entry_of("nfs-flock", sites, 2), *read = NULL;
	struct journal *journal = opened(place->path, BOOT_1);
	struct fail fail = { 0 };
	size_t count = 0;

	sites[1].module = NULL;
	sites[1].module_identity = 0;
	sites[1].multiple = true;
	sites[1].allowed = UINT32_MAX;
	sites[0].variable = true;
	sites[1].old.length = sites[1].replacement.length = BYTES_MAX;
	memset(sites[1].old.data, 0xfe, BYTES_MAX);
	memset(sites[1].replacement.data, 0, BYTES_MAX);
	assert_int_equal(journal_intend(journal, &entry, 1, &fail), 0);
	journal_close(journal);
	journal = opened(place->path, BOOT_1);
	assert_int_equal(journal_active(journal, "nfs-flock", &read, &count, &fail), 0);
	assert_int_equal(count, 1);
	assert_int_equal(read->id, entry.id);
	assert_string_equal(read->patch, "nfs-flock");
	assert_string_equal(read->source, "dir/p.yaml");
	assert_string_equal(read->yaml, "patch: p\n");
	/* printf 'patch: p\n' | sha256sum */
	assert_string_equal(read->sha256,
			    "4dfe2cf2708afc45e6cf134cb9f421a398f92ba8070db4a20815de0dbb568391");
	assert_string_equal(read->boot_id, BOOT_1);
	assert_string_equal(read->release, "6.1.0-56-cloud-amd64");
	assert_int_equal(read->state, JOURNAL_INTENDED);
	assert_true(read->intended_at > 1600000000000000 && read->changed_at == read->intended_at);
	assert_int_equal(read->caller.uid, 4000000000u);
	assert_int_equal(read->caller.pid, 77);
	assert_string_equal(read->caller.comm, "patchctl");
	assert_int_equal(read->site_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(read->sites[i].symbol, "nfs_flock");
		assert_int_equal(read->sites[i].module_identity, sites[i].module_identity);
		assert_int_equal(read->sites[i].offset, 0x2f);
		assert_true(read->sites[i].address == sites[i].address);
		assert_true(bytes_equal(&read->sites[i].old, &sites[i].old));
		assert_true(bytes_equal(&read->sites[i].replacement, &sites[i].replacement));
		assert_int_equal(read->sites[i].multiple, sites[i].multiple);
		assert_int_equal(read->sites[i].variable, sites[i].variable);
		assert_int_equal(read->sites[i].allowed, sites[i].allowed);
	}
	assert_string_equal(read->sites[0].module, "nfs");
	assert_null(read->sites[1].module);
	journal_entries_free(read, count);
	journal_close(journal);
}

static void only_what_is_not_ended_is_active(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	static const struct { enum journal_state state; size_t active; } cases[] = {
		{ JOURNAL_APPLIED, 1 }, { JOURNAL_REVERTING, 1 }, { JOURNAL_REVERTED, 0 },
		{ JOURNAL_FAILED, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t id = intended(journal, "p");

		assert_int_equal(active_count(journal, "p"), 1);
		set_state(journal, id, cases[i].state);
		assert_int_equal(active_count(journal, "p"), cases[i].active);
		assert_int_equal(active_count(journal, NULL), cases[i].active);
		assert_int_equal(active_count(journal, "q"), 0);
		assert_state_of_latest(journal, "p", cases[i].state);
		set_state(journal, id, JOURNAL_REVERTED);
	}
	journal_close(journal);
}

static void another_boot_expires_what_was_not_ended(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);

	set_state(journal, intended(journal, "applied"), JOURNAL_APPLIED);
	set_state(journal, intended(journal, "reverted"), JOURNAL_REVERTED);
	(void)intended(journal, "intended");
	journal_close(journal);
	journal = opened(place->path, BOOT_2);
	assert_int_equal(active_count(journal, NULL), 0);
	assert_state_of_latest(journal, "applied", JOURNAL_EXPIRED);
	assert_state_of_latest(journal, "intended", JOURNAL_EXPIRED);
	assert_state_of_latest(journal, "reverted", JOURNAL_REVERTED);
	journal_close(journal);
}

static void latest_is_the_newest_of_each_patch(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct journal_entry *entries = NULL;
	struct fail fail = { 0 };
	size_t count = 0;
	int64_t newest;

	set_state(journal, intended(journal, "a"), JOURNAL_REVERTED);
	(void)intended(journal, "b");
	newest = intended(journal, "a");
	assert_int_equal(journal_latest(journal, NULL, &entries, &count, &fail), 0);
	assert_int_equal(count, 2);
	assert_string_equal(entries[0].patch, "b");
	assert_string_equal(entries[1].patch, "a");
	assert_int_equal(entries[1].id, newest);
	journal_entries_free(entries, count);
	journal_close(journal);
}

static void an_intent_is_written_whole_or_not_at_all(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct journal_site site = site_at(0x1000);
	struct journal_entry entries[] = { entry_of("a", &site, 1), entry_of("b", &site, 1) };
	struct fail fail = { 0 };

	site.replacement.length = 1;
	assert_int_equal(journal_intend(journal, entries, 2, &fail), -1);
	assert_int_equal(active_count(journal, NULL), 0);
	site.replacement.length = 2;
	entries[1].site_count = 0;
	assert_int_equal(journal_intend(journal, entries, 2, &fail), -1);
	assert_contains(fail.message, "the patch b has 0 sites");
	assert_int_equal(active_count(journal, NULL), 0);
	entries[1].site_count = 1;
	assert_int_equal(journal_intend(journal, entries, 2, &fail), 0);
	assert_int_equal(active_count(journal, NULL), 2);
	journal_close(journal);
}

static void a_text_too_long_for_the_journal_is_refused(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct journal_site site = site_at(0x1000);
	struct journal_entry entry = entry_of("a", &site, 1);
	size_t length = 3 * 1024 * 1024;
	struct fail fail = { 0 };

	entry.yaml = malloc(length + 1);
	assert_non_null(entry.yaml);
	memset(entry.yaml, 'x', length);
	entry.yaml[length] = '\0';
	assert_int_equal(journal_intend(journal, &entry, 1, &fail), -1);
	assert_contains(fail.message, "too big");
	entry.yaml[1024 * 1024] = '\0';
	assert_int_equal(journal_intend(journal, &entry, 1, &fail), 0);
	assert_int_equal(active_count(journal, NULL), 1);
	free(entry.yaml);
	journal_close(journal);
}

static void setting_an_unknown_entry_changes_no_other(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	int64_t ids[] = { intended(journal, "p"), 99 };
	struct fail fail = { 0 };

	assert_int_equal(journal_set(journal, ids, 2, JOURNAL_APPLIED, &fail), -1);
	assert_contains(fail.message, "entry 99");
	assert_state_of_latest(journal, "p", JOURNAL_INTENDED);
	journal_close(journal);
}

/* The one active entry of that name. */
static struct journal_entry active_one(struct journal *journal, const char *patch)
{
	struct journal_entry *entries = NULL, entry;
	struct fail fail = { 0 };
	size_t count = 0;

	assert_int_equal(journal_active(journal, patch, &entries, &count, &fail), 0);
	assert_int_equal(count, 1);
	entry = entries[0];
	free(entries);
	return entry;
}

static int64_t intended_for(struct journal *journal, const char *patch, const int64_t *replaces)
{
	struct journal_site site = site_at(0xffffffffc0412345);
	struct journal_entry entry = entry_of(patch, &site, 1);
	struct fail fail = { 0 };

	entry.replaces = replaces;
	entry.replaces_count = 1;
	assert_int_equal(journal_intend(journal, &entry, 1, &fail), 0);
	return entry.id;
}

static void a_replaced_entry_ends_when_the_new_one_is_applied_and_not_before(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	int64_t old = intended(journal, "old"), other = intended(journal, "other"), new;
	struct journal_entry entry;

	set_state(journal, old, JOURNAL_APPLIED);
	set_state(journal, other, JOURNAL_APPLIED);
	new = intended_for(journal, "new", &old);
	entry = active_one(journal, "old");
	assert_int_equal(entry.state, JOURNAL_APPLIED);
	assert_int_equal(entry.replaced_by, new);
	journal_entry_deinit(&entry);

	set_state(journal, new, JOURNAL_FAILED);
	entry = active_one(journal, "old");
	assert_int_equal(entry.replaced_by, 0);
	journal_entry_deinit(&entry);

	new = intended_for(journal, "new", &old);
	set_state(journal, new, JOURNAL_APPLIED);
	assert_state_of_latest(journal, "old", JOURNAL_REVERTED);
	assert_state_of_latest(journal, "other", JOURNAL_APPLIED);
	set_state(journal, new, JOURNAL_REVERTED);
	assert_state_of_latest(journal, "old", JOURNAL_REVERTED);
	journal_close(journal);
}

static void free_events(struct journal_event *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		journal_event_deinit(&events[i]);
	free(events);
}

static void events_come_oldest_first_and_the_newest_of_too_many(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct journal_event *events = NULL;
	struct fail fail = { 0 };
	size_t count = 0;

	for (int i = 1; i <= 6; i++) {
		struct journal_event event = {
			.at = i, .boot_id = BOOT_2, .patch = (char *)(i % 2 == 0 ? "even" : "odd"),
			.action = "apply", .outcome = "already-applied",
			.message = i == 5 ? (char *)"two\nlines" : NULL,
			.caller = { .uid = 1, .pid = 2, .comm = "sh" },
		};

		assert_int_equal(journal_note(journal, &event, &fail), 0);
	}
	assert_int_equal(journal_events(journal, "odd", 2, &events, &count, &fail), 0);
	assert_int_equal(count, 2);
	assert_int_equal(events[0].at, 3);
	assert_null(events[0].message);
	assert_int_equal(events[1].at, 5);
	assert_string_equal(events[1].message, "two\nlines");
	assert_string_equal(events[1].boot_id, BOOT_2);
	assert_string_equal(events[1].patch, "odd");
	assert_string_equal(events[1].action, "apply");
	assert_string_equal(events[1].outcome, "already-applied");
	assert_string_equal(events[1].caller.comm, "sh");
	free_events(events, count);
	assert_int_equal(journal_events(journal, NULL, SIZE_MAX, &events, &count, &fail), 0);
	assert_int_equal(count, 6);
	free_events(events, count);
	journal_close(journal);
}

static void an_event_without_time_and_boot_gets_them(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct journal_event event = { .patch = (char *)"p", .action = "apply",
				       .outcome = "applied" };
	struct journal_event *events = NULL;
	struct fail fail = { 0 };
	size_t count = 0;

	assert_int_equal(journal_note(journal, &event, &fail), 0);
	assert_int_equal(journal_events(journal, NULL, 9, &events, &count, &fail), 0);
	assert_true(events[0].at > 1600000000000000);
	assert_string_equal(events[0].boot_id, BOOT_1);
	free_events(events, count);
	journal_close(journal);
}

/* A child that journals without end, and tells each id once it is told that it is on disk. */
static void journal_until_killed(const char *path, int fd)
{
	struct journal *journal = NULL;
	struct fail fail = { 0 };

	if (journal_open(path, BOOT_1, &journal, &fail) < 0)
		_exit(1);
	for (;;) {
		struct journal_site site = site_at(0x1000);
		struct journal_entry entry = entry_of("p", &site, 1);

		if (journal_intend(journal, &entry, 1, &fail) < 0 ||
		    journal_set(journal, &entry.id, 1, JOURNAL_APPLIED, &fail) < 0 ||
		    write(fd, &entry.id, sizeof(entry.id)) != sizeof(entry.id))
			_exit(1);
	}
}

static void what_was_acknowledged_survives_a_kill(void **state)
{
	enum { IDS_MAX = 100000 };
	struct place_of_test *place = *state;
	bool *acknowledged = calloc(IDS_MAX, sizeof(*acknowledged));

	assert_non_null(acknowledged);
	for (int round = 0; round < 10; round++) {
		struct journal_entry *entries = NULL;
		struct journal *journal;
		struct fail fail = { 0 };
		size_t count = 0, known = 0;
		int ends[2], status;
		int64_t id;
		pid_t child;

		assert_int_equal(pipe(ends), 0);
		child = fork();
		assert_true(child >= 0);
		if (child == 0)
			journal_until_killed(place->path, ends[1]);
		assert_int_equal(close(ends[1]), 0);
		for (int seen = 0; read(ends[0], &id, sizeof(id)) == sizeof(id); seen++) {
			assert_in_range(id, 1, IDS_MAX - 1);
			acknowledged[id] = true;
			if (seen == round * 3)
				assert_int_equal(kill(child, SIGKILL), 0);
		}
		assert_int_equal(close(ends[0]), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		journal = opened(place->path, BOOT_1);
		assert_int_equal(journal_active(journal, NULL, &entries, &count, &fail), 0);
		for (size_t i = 0; i < count; i++) {
			if (entries[i].id >= IDS_MAX || !acknowledged[entries[i].id])
				continue;
			assert_int_equal(entries[i].state, JOURNAL_APPLIED);
			known++;
		}
		for (id = 1; id < IDS_MAX; id++)
			known -= acknowledged[id];
		assert_int_equal(known, 0);
		journal_entries_free(entries, count);
		journal_close(journal);
	}
	free(acknowledged);
}

static void a_first_start_cut_short_can_be_started_again(void **state)
{
	struct place_of_test *place = *state;

	for (useconds_t after = 0; after < 12000; after += 400) {
		char wal[128];
		int status;
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			journal_until_killed(place->path, open("/dev/null", O_WRONLY));
		usleep(after);	/* any moment will do: each must be survived */
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		journal_close(opened(place->path, BOOT_1));
		assert_int_equal(unlink(place->path), 0);
		snprintf(wal, sizeof(wal), "%s-wal", place->path);
		assert_true(unlink(wal) == 0 || errno == ENOENT);
	}
}

static void a_thousand_entries_are_kept_in_order(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct journal_site sites[1000];
	struct journal_entry entries[1000], *read = NULL;
	struct fail fail = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < 1000; i++) {
		sites[i] = site_at(0xffffffff81000000 + i * 16);
		entries[i] = entry_of("p", &sites[i], 1);
	}
	assert_int_equal(journal_intend(journal, entries, 1000, &fail), 0);
	assert_int_equal(journal_active(journal, NULL, &read, &count, &fail), 0);
	assert_int_equal(count, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_true(read[i].sites[0].address == sites[i].address);
	journal_entries_free(read, count);
	journal_close(journal);
}

static void the_list_of_offline_cpus_is_replaced_kept_and_of_its_boot(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct cpus cpus = { { false } }, read;
	struct fail fail = { 0 };

	cpus.has[1] = cpus.has[2] = cpus.has[CPUS_MAX - 1] = true;
	assert_int_equal(journal_set_offline(journal, &cpus, &fail), 0);
	cpus.has[1] = false;
	assert_int_equal(journal_set_offline(journal, &cpus, &fail), 0);
	journal_close(journal);
	journal = opened(place->path, BOOT_1);
	assert_int_equal(journal_offline(journal, &read, &fail), 0);
	assert_memory_equal(&read, &cpus, sizeof(cpus));
	journal_close(journal);
	journal = opened(place->path, BOOT_2);
	assert_int_equal(journal_offline(journal, &read, &fail), 0);
	assert_true(cpus_none(&read));
	assert_int_equal(journal_set_offline(journal, &cpus, &fail), 0);
	journal_close(journal);
}

static void arm(struct journal *journal, const char *patch, const char *module)
{
	struct journal_armed armed = {
		.patch = (char *)patch, .source = (char *)"dir/p.yaml", .yaml = (char *)"patch: p\n",
		.module = (char *)module, .caller = { .uid = 7, .pid = 77, .comm = "patchctl" },
	};
	struct fail fail = { 0 };

	assert_int_equal(journal_arm(journal, &armed, 1, &fail), 0);
	assert_int_equal(strlen(armed.sha256), 64);
	assert_true(armed.since > 0);
}

/* The modules that are waited for, by the patches' names. */
static void assert_armed(struct journal *journal, const char *patch, const char *expected)
{
	struct journal_armed *armed = NULL;
	struct fail fail = { 0 };
	char found[128] = "";
	size_t count = 0;

	assert_int_equal(journal_armed(journal, patch, &armed, &count, &fail), 0);
	for (size_t i = 0; i < count; i++) {
		strcat(strcat(strcat(found, armed[i].patch), ":"), armed[i].module);
		strcat(found, " ");
		assert_string_equal(armed[i].yaml, "patch: p\n");
		assert_string_equal(armed[i].source, "dir/p.yaml");
		assert_int_equal(armed[i].caller.uid, 7);
		assert_string_equal(armed[i].caller.comm, "patchctl");
		journal_armed_deinit(&armed[i]);
	}
	free(armed);
	assert_string_equal(found, expected);
}

static void what_is_armed_stays_until_it_is_disarmed_or_the_boot_ends(void **state)
{
	struct place_of_test *place = *state;
	static const char *const one_and_three[] = { "one", "three" };
	struct journal *journal = opened(place->path, BOOT_1);
	struct fail fail = { 0 };

	assert_armed(journal, NULL, "");
	arm(journal, "two", "nfs");
	arm(journal, "one", "nfs");
	arm(journal, "one", "xfs");
	journal_close(journal);
	journal = opened(place->path, BOOT_1);
	assert_armed(journal, NULL, "one:xfs two:nfs ");
	assert_armed(journal, "two", "two:nfs ");
	assert_armed(journal, "three", "");
	assert_int_equal(journal_disarm(journal, one_and_three, 2, &fail), 0);
	assert_armed(journal, NULL, "two:nfs ");
	journal_close(journal);
	journal = opened(place->path, BOOT_2);
	assert_armed(journal, NULL, "");
	journal_close(journal);
	journal = opened(place->path, BOOT_1);
	assert_armed(journal, NULL, "");
	journal_close(journal);
}

static void of_several_that_cannot_all_be_armed_none_is(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	CLEANUP_FREE char *long_yaml = calloc(1, 4 * 1024 * 1024);
	struct journal_armed armed[] = {
		{ .patch = (char *)"one", .source = (char *)"p.yaml", .module = (char *)"nfs",
		  .yaml = (char *)"patch: p\n" },
		{ .patch = (char *)"two", .source = (char *)"p.yaml", .module = (char *)"nfs",
		  .yaml = long_yaml },
	};
	struct fail fail = { 0 };

	assert_non_null(long_yaml);
	memset(long_yaml, 'x', 4 * 1024 * 1024 - 1);
	assert_int_equal(journal_arm(journal, armed, 2, &fail), -1);
	assert_armed(journal, NULL, "");
	/* nor is anything left open */
	assert_int_equal(journal_arm(journal, armed, 1, &fail), 0);
	journal_close(journal);
}

/* What schema versions 5, 4, 3 and 2 added. */
#define MAKE_4 "ALTER TABLE entry DROP COLUMN changed_uptime; PRAGMA user_version=4;"
#define MAKE_3 MAKE_4 "DROP INDEX entry_replaced_by; ALTER TABLE entry DROP COLUMN replaced_by;" \
	"DROP TABLE armed; ALTER TABLE entry DROP COLUMN confirm_by;" \
	"ALTER TABLE entry DROP COLUMN ignore_warnings; ALTER TABLE entry DROP COLUMN warn_count;" \
	"ALTER TABLE entry DROP COLUMN oops_count; ALTER TABLE entry DROP COLUMN taint;" \
	"ALTER TABLE entry DROP COLUMN message_sequence; PRAGMA user_version=3;"
#define MAKE_2 MAKE_3 "ALTER TABLE site DROP COLUMN allowed; ALTER TABLE site DROP COLUMN variable;" \
	"ALTER TABLE site RENAME COLUMN symbol TO function; PRAGMA user_version=2;"
#define MAKE_1 MAKE_2 "DROP TABLE offline_cpu; PRAGMA user_version=1;"

static void change(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void an_older_journal_is_taken_over_with_all_it_has(void **state)
{
	static const char *const older[] = { MAKE_1, MAKE_2, MAKE_3, MAKE_4 };
	struct place_of_test *place = *state;

	for (size_t i = 0; i < sizeof(older) / sizeof(*older); i++) {
		struct journal *journal = opened(place->path, BOOT_1);
		struct journal_entry *entries = NULL;
		struct cpus cpus = { { false } };
		struct fail fail = { 0 };
		size_t count = 0;

		set_state(journal, intended(journal, "old"), JOURNAL_APPLIED);
		journal_close(journal);
		change(place->path, older[i]);
		journal = opened(place->path, BOOT_1);
		assert_int_equal(journal_active(journal, "old", &entries, &count, &fail), 0);
		assert_int_equal(count, i + 1);
		assert_string_equal(entries[i].sites[0].symbol, "nfs_flock");
		assert_int_equal(entries[i].sites[0].offset, 0x2f);
		assert_false(entries[i].sites[0].variable);
		assert_int_equal(entries[i].sites[0].allowed, 0);
		assert_int_equal(entries[i].confirm_by, 0);
		assert_false(entries[i].ignore_warnings);
		journal_entries_free(entries, count);
		cpus.has[3] = true;
		assert_int_equal(journal_set_offline(journal, &cpus, &fail), 0);
		journal_close(journal);
		journal_close(opened(place->path, BOOT_1));
	}
}

/* The last step of the way fails: none is taken. */
static void what_cannot_be_taken_over_is_left_as_it_was(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	struct fail fail = { 0 };

	(void)intended(journal, "old");
	journal_close(journal);
	change(place->path, MAKE_1 "ALTER TABLE site ADD COLUMN allowed INTEGER");
	journal = NULL;
	assert_int_equal(journal_open(place->path, BOOT_1, &journal, &fail), -1);
	assert_contains(fail.message, "cannot make its tables");
	change(place->path, "SELECT function FROM site; CREATE TABLE offline_cpu (x);"
	       "DROP TABLE offline_cpu; ALTER TABLE site DROP COLUMN allowed");
	journal = opened(place->path, BOOT_1);
	assert_int_equal(active_count(journal, "old"), 1);
	journal_close(journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_journal_is_roots_alone),
		TEST(every_value_comes_back_after_a_restart),
		TEST(only_what_is_not_ended_is_active),
		TEST(another_boot_expires_what_was_not_ended),
		TEST(latest_is_the_newest_of_each_patch),
		TEST(an_intent_is_written_whole_or_not_at_all),
		TEST(a_text_too_long_for_the_journal_is_refused),
		TEST(setting_an_unknown_entry_changes_no_other),
		TEST(a_replaced_entry_ends_when_the_new_one_is_applied_and_not_before),
		TEST(events_come_oldest_first_and_the_newest_of_too_many),
		TEST(an_event_without_time_and_boot_gets_them),
		TEST(what_was_acknowledged_survives_a_kill),
		TEST(a_first_start_cut_short_can_be_started_again),
		TEST(a_thousand_entries_are_kept_in_order),
		TEST(the_list_of_offline_cpus_is_replaced_kept_and_of_its_boot),
		TEST(what_is_armed_stays_until_it_is_disarmed_or_the_boot_ends),
		TEST(of_several_that_cannot_all_be_armed_none_is),
		TEST(an_older_journal_is_taken_over_with_all_it_has),
		TEST(what_cannot_be_taken_over_is_left_as_it_was),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
