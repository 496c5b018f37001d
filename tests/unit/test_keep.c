/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small files that outlive a boot. What the kernel is asked for is counted here, so that a test
 * sees what was synced, and a disk can be full. */
#include "journal_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "patcherd/keep.h"

static struct {
	char log[64];			/* w: write, f: sync of a file, d: of a directory, r:
					 * rename */
	ssize_t room;			/* bytes that the disk still takes; -1: any */
	bool sync_fails, rename_fails;
} disk;

static void disk_log(char what)
{
	size_t length = strlen(disk.log);

	assert_true(length + 1 < sizeof(disk.log));
	disk.log[length] = what;
}

ssize_t __real_write(int fd, const void *buffer, size_t length);
ssize_t __wrap_write(int fd, const void *buffer, size_t length);
int __wrap_fsync(int fd);
int __real_renameat(int old_directory, const char *old, int directory, const char *name);
int __wrap_renameat(int old_directory, const char *old, int directory, const char *name);

/* At most 4 bytes at once, as a disk that is nearly full, or a signal, makes it. */
ssize_t __wrap_write(int fd, const void *buffer, size_t length)
{
	disk_log('w');
	length = length < 4 ? length : 4;
	if (disk.room == 0) {
		errno = ENOSPC;
		return -1;
	}
	if (disk.room > 0) {
		length = length < (size_t)disk.room ? length : (size_t)disk.room;
		disk.room -= (ssize_t)length;
	}
	return __real_write(fd, buffer, length);
}

int __wrap_fsync(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	disk_log(S_ISDIR(status.st_mode) ? 'd' : 'f');
	if (disk.sync_fails) {
		errno = EIO;
		return -1;
	}
	return 0;
}

int __wrap_renameat(int old_directory, const char *old, int directory, const char *name)
{
	disk_log('r');
	if (disk.rename_fails) {
		errno = EIO;
		return -1;
	}
	return __real_renameat(old_directory, old, directory, name);
}

static struct keep keep_of(void **state)
{
	const struct place_of_test *place = *state;

	memset(&disk, 0, sizeof(disk));
	disk.room = -1;
	return (struct keep){ .directory = place->directory, .name = "enabled", .suffix = ".yaml",
			      .max = 64 };
}

static void written(const struct keep *keep, const char *patch, const char *text)
{
	struct fail fail;

	if (keep_write(keep, patch, text, &fail) < 0)
		fail_msg("%s", fail.message);
}

static void assert_kept(const struct keep *keep, const char *patch, const char *text)
{
	CLEANUP_FREE char *kept = NULL;
	struct fail fail;

	assert_int_equal(keep_read(keep, patch, &kept, &fail), 1);
	assert_string_equal(kept, text);
}

static void assert_none(const struct keep *keep, const char *patch)
{
	CLEANUP_FREE char *kept = NULL;
	struct fail fail;

	assert_int_equal(keep_read(keep, patch, &kept, &fail), 0);
	assert_null(kept);
}

/* Writes what nobody of ours does. */
static void planted(const struct keep *keep, const char *file, const char *text, size_t length)
{
	char path[256];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s/%s/%s", keep->directory, keep->name, file);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, length, out), length);
	assert_int_equal(fclose(out), 0);
}

static unsigned mode_of(const struct keep *keep, const char *file)
{
	struct stat status;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s%s%s", keep->directory, keep->name,
		       *file == '\0' ? "" : "/", file);
	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode & 07777;
}

/* How many files there are, hidden ones too. */
static int files(const struct keep *keep)
{
	struct dirent *entry;
	char path[256];
	DIR *directory;
	int count = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", keep->directory, keep->name);
	directory = opendir(path);
	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	assert_int_equal(closedir(directory), 0);
	return count;
}

static void what_is_written_is_read_again_by_root_alone(void **state)
{
	struct keep keep = keep_of(state);
	mode_t mask = umask(0);

	assert_none(&keep, "nfs-flock");
	written(&keep, "nfs-flock", "patch: nfs-flock\n");
	(void)umask(mask);
	assert_kept(&keep, "nfs-flock", "patch: nfs-flock\n");
	assert_int_equal(mode_of(&keep, "nfs-flock.yaml"), 0600);
	assert_int_equal(mode_of(&keep, ""), 0700);
	written(&keep, "nfs-flock", "");
	assert_kept(&keep, "nfs-flock", "");
	assert_int_equal(files(&keep), 1);
}

static void a_file_is_on_the_disk_before_it_has_its_name_and_the_name_after(void **state)
{
	struct keep keep = keep_of(state);

	written(&keep, "first", "12345678");
	assert_string_equal(disk.log, "dwwfrd");	/* the first d: its directory is new */
	memset(disk.log, 0, sizeof(disk.log));
	written(&keep, "first", "1234");
	assert_string_equal(disk.log, "wfrd");
}

static void a_full_disk_leaves_what_was_there(void **state)
{
	struct keep keep = keep_of(state);
	struct fail fail;

	written(&keep, "p", "old");
	for (disk.room = 0; disk.room < 6; disk.room++) {
		const ssize_t room = disk.room;

		assert_int_equal(keep_write(&keep, "p", "newer.", &fail), -1);
		assert_contains(fail.message, "cannot write");
		assert_contains(fail.message, "No space left on device");
		assert_kept(&keep, "p", "old");
		assert_int_equal(files(&keep), 1);
		memset(disk.log, 0, sizeof(disk.log));
		disk.room = room;
	}
}

static void one_that_is_not_on_the_disk_is_not_kept(void **state)
{
	struct keep keep = keep_of(state);
	struct fail fail;

	written(&keep, "p", "old");
	disk.sync_fails = true;
	assert_int_equal(keep_write(&keep, "p", "new", &fail), -1);
	assert_contains(fail.message, "Input/output error");
	assert_kept(&keep, "p", "old");
	disk.sync_fails = false;
	disk.rename_fails = true;
	assert_int_equal(keep_write(&keep, "p", "new", &fail), -1);
	assert_kept(&keep, "p", "old");
	assert_int_equal(files(&keep), 1);
}

static void what_a_crash_left_half_written_is_nobodys(void **state)
{
	struct keep keep = keep_of(state);
	CLEANUP(strings_deinit) struct strings list = { .count = 0 };
	struct fail fail;

	written(&keep, "other", "text");
	planted(&keep, ".p.yaml", "ha", 2);
	assert_none(&keep, "p");
	assert_int_equal(keep_list(&keep, &list, &fail), 0);
	assert_int_equal(list.count, 1);
	written(&keep, "p", "whole");
	assert_kept(&keep, "p", "whole");
	assert_int_equal(files(&keep), 2);
}

static void a_name_that_is_no_patchs_never_becomes_a_files(void **state)
{
	static const char *const names[] = {
		"", "-p", ".", "..", "../p", "a/b", "/etc/passwd", "P", "p.yaml", "p q", "p\n", "\xff",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",	/* 65 */
	};
	struct keep keep = keep_of(state);
	struct fail fail;

	written(&keep, "p", "text");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *text = NULL;

		assert_false(keep_name_good(names[i]));
		assert_int_equal(keep_write(&keep, names[i], "x", &fail), -1);
		assert_contains(fail.message, "is no name of a patch");
		assert_int_equal(keep_read(&keep, names[i], &text, &fail), -1);
		assert_int_equal(keep_remove(&keep, names[i], &fail), -1);
		assert_int_equal(keep_move(&keep, &keep, names[i], &fail), -1);
	}
	assert_true(keep_name_good("0-p"));
	assert_true(keep_name_good(names[12] + 1));
	assert_int_equal(files(&keep), 1);
}

static void what_is_no_regular_file_is_neither_read_nor_written_through(void **state)
{
	struct keep keep = keep_of(state);
	char path[256], outside[256], *text = NULL;
	struct fail fail;

	written(&keep, "p", "text");
	planted(&keep, "../outside", "secret", 6);
	(void)snprintf(path, sizeof(path), "%s/enabled/link.yaml", keep.directory);
	(void)snprintf(outside, sizeof(outside), "%s/outside", keep.directory);
	assert_int_equal(symlink(outside, path), 0);
	assert_int_equal(keep_read(&keep, "link", &text, &fail), -1);
	written(&keep, "link", "mine");
	assert_kept(&keep, "link", "mine");
	assert_int_equal(mode_of(&keep, "link.yaml"), 0600);
	keep.name = ".";
	keep.suffix = "";
	assert_kept(&keep, "outside", "secret");
	keep = keep_of(state);
	(void)snprintf(path, sizeof(path), "%s/enabled/fifo.yaml", keep.directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(keep_read(&keep, "fifo", &text, &fail), -1);	/* and does not wait */
	assert_contains(fail.message, "is no regular file");
	(void)snprintf(path, sizeof(path), "%s/enabled/directory.yaml", keep.directory);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(keep_read(&keep, "directory", &text, &fail), -1);
	assert_contains(fail.message, "is no regular file");
}

static void a_directory_that_is_a_link_is_not_followed(void **state)
{
	struct keep keep = keep_of(state);
	CLEANUP(strings_deinit) struct strings list = { .count = 0 };
	char path[256], *text = NULL;
	struct fail fail;

	(void)snprintf(path, sizeof(path), "%s/enabled", keep.directory);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_int_equal(keep_write(&keep, "p", "x", &fail), -1);
	assert_int_equal(keep_read(&keep, "p", &text, &fail), -1);
	assert_int_equal(keep_list(&keep, &list, &fail), -1);
}

static void a_file_that_is_too_large_or_has_a_nul_is_refused(void **state)
{
	struct keep keep = keep_of(state);
	char large[66], *text = NULL;
	struct fail fail;

	memset(large, 'x', sizeof(large));
	written(&keep, "p", "x");
	planted(&keep, "p.yaml", large, keep.max + 1);
	assert_int_equal(keep_read(&keep, "p", &text, &fail), -1);
	assert_contains(fail.message, "is too large");
	planted(&keep, "p.yaml", "a\0b", 3);
	assert_int_equal(keep_read(&keep, "p", &text, &fail), -1);
	assert_contains(fail.message, "has a NUL");
	large[keep.max] = '\0';
	planted(&keep, "p.yaml", large, keep.max);
	assert_kept(&keep, "p", large);
}

static void what_is_removed_is_gone_from_the_disk(void **state)
{
	struct keep keep = keep_of(state);
	struct fail fail;

	assert_int_equal(keep_remove(&keep, "p", &fail), 0);
	written(&keep, "p", "x");
	assert_int_equal(keep_remove(&keep, "other", &fail), 0);
	memset(disk.log, 0, sizeof(disk.log));
	assert_int_equal(keep_remove(&keep, "p", &fail), 1);
	assert_string_equal(disk.log, "d");
	assert_none(&keep, "p");
	assert_int_equal(keep_remove(&keep, "p", &fail), 0);
}

static void patches_are_listed_by_name_and_nothing_else_is(void **state)
{
	struct keep keep = keep_of(state);
	CLEANUP(strings_deinit) struct strings list = { .count = 0 };
	struct fail fail;

	assert_int_equal(keep_list(&keep, &list, &fail), 0);
	assert_int_equal(list.count, 0);
	written(&keep, "b", "x");
	written(&keep, "a", "x");
	written(&keep, "a-b", "x");
	planted(&keep, "README", "x", 1);
	planted(&keep, ".yaml", "x", 1);
	planted(&keep, "UP.yaml", "x", 1);
	planted(&keep, "a.yaml~", "x", 1);
	assert_int_equal(keep_list(&keep, &list, &fail), 0);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.items[0], "a");
	assert_string_equal(list.items[1], "a-b");
	assert_string_equal(list.items[2], "b");
}

static void a_file_moves_whole_and_in_place_of_another(void **state)
{
	struct keep keep = keep_of(state), to = keep_of(state);
	struct fail fail;

	to.name = "blocked";
	to.suffix = "";
	written(&keep, "p", "new");
	written(&to, "p", "old");
	memset(disk.log, 0, sizeof(disk.log));
	assert_int_equal(keep_move(&keep, &to, "p", &fail), 0);
	assert_string_equal(disk.log, "rdd");
	assert_none(&keep, "p");
	assert_kept(&to, "p", "new");
	assert_int_equal(keep_move(&keep, &to, "p", &fail), -1);
	assert_contains(fail.message, "cannot move");
	assert_kept(&to, "p", "new");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read_again_by_root_alone),
		TEST(a_file_is_on_the_disk_before_it_has_its_name_and_the_name_after),
		TEST(a_full_disk_leaves_what_was_there),
		TEST(one_that_is_not_on_the_disk_is_not_kept),
		TEST(what_a_crash_left_half_written_is_nobodys),
		TEST(a_name_that_is_no_patchs_never_becomes_a_files),
		TEST(what_is_no_regular_file_is_neither_read_nor_written_through),
		TEST(a_directory_that_is_a_link_is_not_followed),
		TEST(a_file_that_is_too_large_or_has_a_nul_is_refused),
		TEST(what_is_removed_is_gone_from_the_disk),
		TEST(patches_are_listed_by_name_and_nothing_else_is),
		TEST(a_file_moves_whole_and_in_place_of_another),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
