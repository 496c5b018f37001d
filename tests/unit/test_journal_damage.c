/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void assert_refused(const char *path, const char *part)
{
	struct journal *journal = NULL;
	struct fail fail = { 0 };

	assert_int_equal(journal_open(path, BOOT_1, &journal, &fail), -1);
	assert_null(journal);
	assert_int_equal(fail.code, OUTCOME_ERROR);
	assert_contains(fail.message, part);
}

/* Does something to the database as an outsider would. */
static void tamper(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void file_write(const char *path, off_t at, const char *bytes, size_t length, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, length, at), length);
	assert_int_equal(close(fd), 0);
}

static void a_journal_in_use_is_refused(void **state)
{
	struct place_of_test *place = *state;
	struct journal *journal = opened(place->path, BOOT_1);
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct journal *second = NULL;
		struct fail fail = { 0 };

		_exit(journal_open(place->path, BOOT_1, &second, &fail) == -1 &&
		      strstr(fail.message, "another patcherd holds the journal") != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	(void)intended(journal, "still-works");
	journal_close(journal);
	journal_close(opened(place->path, BOOT_1));
}

static void a_symbolic_link_is_refused_but_not_above_the_directory(void **state)
{
	struct place_of_test *place = *state;
	char link[128], inside[160];

	journal_close(opened(place->path, BOOT_1));
	snprintf(link, sizeof(link), "%s/link.db", place->directory);
	assert_int_equal(symlink(place->path, link), 0);
	assert_refused(link, "is a symbolic link");
	snprintf(link, sizeof(link), "%s/way", place->directory);
	assert_int_equal(symlink(place->directory, link), 0);
	snprintf(inside, sizeof(inside), "%s/journal.db", link);
	journal_close(opened(inside, BOOT_1));
}

static void what_others_can_write_is_refused(void **state)
{
	struct place_of_test *place = *state;

	journal_close(opened(place->path, BOOT_1));
	assert_int_equal(chmod(place->path, 0620), 0);
	assert_refused(place->path, "journal.db belongs to user");
	assert_int_equal(chmod(place->path, 0600), 0);
	assert_int_equal(chmod(place->directory, 0777), 0);
	assert_refused(place->path, "has mode 0777");
	assert_int_equal(chmod(place->directory, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(place->path, 1, 1), 0);
		assert_refused(place->path, "belongs to user 1");
		assert_int_equal(chown(place->path, 0, 0), 0);
	}
	journal_close(opened(place->path, BOOT_1));
}

static void what_is_no_file_or_has_no_directory_is_refused(void **state)
{
	struct place_of_test *place = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/fifo", place->directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(path, "no regular file");
	snprintf(path, sizeof(path), "%s/no/such/journal.db", place->directory);
	assert_refused(path, "--journal");
	assert_refused(place->directory, "--journal");
	file_write(place->path, 0, "x", 1, 0);
	snprintf(path, sizeof(path), "%s/journal.db", place->path);
	assert_refused(path, "Not a directory");
}

static void a_text_file_is_refused_and_left_as_it_is(void **state)
{
	struct place_of_test *place = *state;
	char text[4096], read_back[5000];
	FILE *file;

	memset(text, 'a', sizeof(text));
	file_write(place->path, 0, text, sizeof(text), 0);
	assert_refused(place->path, "is damaged: file is not a database");
	file = fopen(place->path, "r");
	assert_non_null(file);
	assert_int_equal(fread(read_back, 1, sizeof(read_back), file), sizeof(text));
	assert_memory_equal(read_back, text, sizeof(text));
	fclose(file);
}

/* A closed journal of some pages. */
static off_t filled(const char *path)
{
	struct journal *journal = opened(path, BOOT_1);
	struct stat status;

	for (int i = 0; i < 200; i++)
		(void)intended(journal, "p");
	journal_close(journal);
	assert_int_equal(stat(path, &status), 0);
	assert_true(status.st_size > 10 * 4096);
	return status.st_size;
}

static void a_truncated_file_is_refused(void **state)
{
	struct place_of_test *place = *state;
	off_t size = filled(place->path);

	assert_int_equal(truncate(place->path, size / 2 / 4096 * 4096), 0);
	assert_refused(place->path, "is damaged");
}

static void changed_bytes_in_the_middle_are_refused(void **state)
{
	struct place_of_test *place = *state;
	off_t size = filled(place->path);

	for (off_t page = 4096; page < size; page += 4096) {
		char kept[8];
		int fd = open(place->path, O_RDONLY);

		assert_int_equal(pread(fd, kept, sizeof(kept), page), sizeof(kept));
		assert_int_equal(close(fd), 0);
		file_write(place->path, page, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, 0);
		assert_refused(place->path, "is damaged");
		file_write(place->path, page, kept, sizeof(kept), 0);
	}
	journal_close(opened(place->path, BOOT_1));
}

static void an_emptied_file_with_its_wal_left_is_refused(void **state)
{
	struct place_of_test *place = *state;
	char wal[128];

	journal_close(opened(place->path, BOOT_1));
	snprintf(wal, sizeof(wal), "%s-wal", place->path);
	file_write(wal, 0, "frames", 6, 0);
	assert_int_equal(truncate(place->path, 0), 0);
	assert_refused(place->path, "is damaged: it is empty, but its -wal file is not");
	assert_int_equal(unlink(wal), 0);
	journal_close(opened(place->path, BOOT_1));
}

static void a_changed_value_is_noticed_before_it_is_used(void **state)
{
	static const struct { const char *sql, *part; } cases[] = {
		{ "UPDATE site SET old = x'7438'", "a site of entry 1 holds" },
		{ "UPDATE site SET address = address + 1", "a site of entry 1 holds" },
		{ "UPDATE site SET module = 'nfsd'", "a site of entry 1 holds" },
		{ "UPDATE site SET multiple = 1", "a site of entry 1 holds" },
		{ "UPDATE site SET variable = 1", "a site of entry 1 holds" },
		{ "UPDATE site SET allowed = 1", "a site of entry 1 holds" },
		{ "UPDATE site SET digest = x'00'", "a site of entry 1 holds" },
		{ "DELETE FROM site", "entry 1 has no sites" },
		{ "UPDATE entry SET yaml = 'patch: q'", "another SHA-256" },
		{ "UPDATE entry SET yaml = 'patch: p' || char(0, 120)", "entry 1 holds" },
		{ "UPDATE entry SET uid = -1", "entry 1 holds" },
		{ "UPDATE entry SET pid = 4294967296", "entry 1 holds" },
		{ "UPDATE entry SET comm = 'seventeen letters'", "entry 1 holds" },
		{ "UPDATE entry SET release = hex(zeroblob(64))", "entry 1 holds" },
		{ "PRAGMA ignore_check_constraints=ON; UPDATE entry SET state = 'odd'", NULL },
		{ "PRAGMA ignore_check_constraints=ON; UPDATE site SET old = zeroblob(65),"
		  " new = zeroblob(65)", NULL },
	};
	struct place_of_test *place = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct journal_entry *entries = NULL;
		struct journal *journal = opened(place->path, BOOT_1);
		struct fail fail = { 0 };
		size_t count = 0;

		(void)intended(journal, "p");
		journal_close(journal);
		tamper(place->path, cases[i].sql);
		if (cases[i].part == NULL) {	/* against a constraint: seen as it is opened */
			assert_refused(place->path, "is damaged: CHECK constraint failed");
		} else {
			journal = opened(place->path, BOOT_1);
			assert_int_equal(journal_latest(journal, NULL, &entries, &count, &fail),
					 -1);
			assert_null(entries);
			assert_contains(fail.message, "is damaged");
			assert_contains(fail.message, cases[i].part);
			journal_close(journal);
		}
		assert_int_equal(unlink(place->path), 0);
	}
}

static void another_schema_is_refused_with_both_numbers(void **state)
{
	struct place_of_test *place = *state;

	journal_close(opened(place->path, BOOT_1));
	tamper(place->path, "PRAGMA user_version=7");
	assert_refused(place->path, "has schema version 7, and this patcherd knows versions up "
		       "to 5");
	tamper(place->path, "PRAGMA user_version=0");
	assert_refused(place->path, "is damaged: it has tables, but schema version 0");
	tamper(place->path, "PRAGMA user_version=1; PRAGMA application_id=5");
	assert_refused(place->path, "no journal of patcherd");
	assert_int_equal(unlink(place->path), 0);
	tamper(place->path, "CREATE TABLE mine (x)");
	assert_int_equal(chmod(place->path, 0600), 0);
	assert_refused(place->path, "no journal of patcherd");
}

/* Runs `body` in a child whose directory is a file system of its own; skips where that is not
 * allowed. The child's checks end it by a signal or status other than 0. */
static void in_own_file_system(struct place_of_test *place, const char *options,
			       int (*body)(struct place_of_test *place))
{
	enum { NOT_ALLOWED = 77 };
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("none", place->directory, "tmpfs", 0, options) < 0)
			_exit(NOT_ALLOWED);
		_exit(body(place));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED) {
		print_message("# skipped: mounting a file system is not allowed here\n");
		return;		/* cmocka says "not ok # SKIP", which prove takes for a failure */
	}
	assert_int_equal(status, 0);
}

/* The number of the check that failed, or 0. */
#define CHECK(condition) do { if (!(condition)) return __LINE__ % 70 + 1; } while (0)

static int full(struct place_of_test *place)
{
	struct journal_site site = site_at(0x1000);
	struct journal_entry entry = entry_of("p", &site, 1), *read = NULL;
	struct journal *journal = NULL;
	struct fail fail = { 0 };
	char filler[128], block[4096] = "x";
	size_t written = 0, count = 0;
	int fd;

	snprintf(filler, sizeof(filler), "%s/filler", place->directory);
	CHECK(journal_open(place->path, BOOT_1, &journal, &fail) == 0);
	fd = open(filler, O_WRONLY | O_CREAT, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		continue;
	close(fd);
	while (journal_intend(journal, &entry, 1, &fail) == 0 && written < 10000)
		written++;
	CHECK(fail.code == OUTCOME_ERROR);
	CHECK(strstr(fail.message, "no space is left") != NULL);
	CHECK(strstr(fail.message, "--journal") != NULL);
	CHECK(unlink(filler) == 0);
	CHECK(journal_intend(journal, &entry, 1, &fail) == 0);
	CHECK(journal_active(journal, NULL, &read, &count, &fail) == 0);
	CHECK(count == written + 1);
	journal_entries_free(read, count);
	journal_close(journal);
	return 0;
}

static void a_full_disk_is_said_and_loses_nothing(void **state)
{
	in_own_file_system(*state, "size=512k,mode=0700", full);
}

static int full_at_start(struct place_of_test *place)
{
	struct journal *journal = NULL;
	struct fail fail = { 0 };

	CHECK(journal_open(place->path, BOOT_1, &journal, &fail) == -1);
	CHECK(strstr(fail.message, "no space is left") != NULL);
	CHECK(strstr(fail.message, "--journal") != NULL);
	return 0;
}

static void a_disk_full_at_the_first_start_is_said(void **state)
{
	in_own_file_system(*state, "size=8k,mode=0700", full_at_start);
}

static int read_only(struct place_of_test *place)
{
	struct journal *journal = NULL;
	struct fail fail = { 0 };

	CHECK(journal_open(place->path, BOOT_1, &journal, &fail) == 0);
	journal_close(journal);
	CHECK(mount(NULL, place->directory, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	journal = NULL;
	CHECK(journal_open(place->path, BOOT_1, &journal, &fail) == -1);
	CHECK(journal == NULL);
	CHECK(strstr(fail.message, "Read-only file system") != NULL);
	CHECK(strstr(fail.message, "--journal") != NULL);
	return 0;
}

static void a_read_only_file_system_is_said(void **state)
{
	in_own_file_system(*state, "size=1m,mode=0700", read_only);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_journal_in_use_is_refused),
		TEST(a_symbolic_link_is_refused_but_not_above_the_directory),
		TEST(what_others_can_write_is_refused),
		TEST(what_is_no_file_or_has_no_directory_is_refused),
		TEST(a_text_file_is_refused_and_left_as_it_is),
		TEST(a_truncated_file_is_refused),
		TEST(changed_bytes_in_the_middle_are_refused),
		TEST(an_emptied_file_with_its_wal_left_is_refused),
		TEST(a_changed_value_is_noticed_before_it_is_used),
		TEST(another_schema_is_refused_with_both_numbers),
		TEST(a_full_disk_is_said_and_loses_nothing),
		TEST(a_disk_full_at_the_first_start_is_said),
		TEST(a_read_only_file_system_is_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("journal_damage", tests, NULL, NULL);
}
