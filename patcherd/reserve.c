/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "log.h"

static const char name[] = "reserve";

static int room_check(int directory, struct fail *fail)
{
	struct statvfs room;

	if (fstatvfs(directory, &room) < 0)
		return fail_errno(fail, errno, "cannot tell how much room is left");
	if ((uint64_t)room.f_bavail * room.f_frsize < RESERVE_LEAST)
		return fail_set(fail, OUTCOME_ATTENTION, "less than %d MiB are left",
				RESERVE_LEAST / 1024 / 1024);
	return 0;
}

/* What an earlier patcherd has kept, as far as it is all of it. */
static bool is_there(int directory)
{
	struct stat status;

	return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(status.st_mode) && status.st_size == RESERVE_BYTES &&
	       (uint64_t)status.st_blocks * 512 >= RESERVE_BYTES;
}

static int file_make(int directory, struct fail *fail)
{
	CLEANUP_CLOSE int fd = -1;
	int error;

	if (unlinkat(directory, name, 0) < 0 && errno != ENOENT)
		return fail_errno(fail, errno, "cannot remove what is in its place, %s", name);
	fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(fail, errno, "cannot make the file %s", name);
	error = posix_fallocate(fd, 0, RESERVE_BYTES);
	if (error == 0 && fsync(fd) == 0)
		return 0;
	if (error == 0)
		error = errno;
	(void)unlinkat(directory, name, 0);	/* a part of it is of no use */
	return fail_errno(fail, error, "cannot have the room for the file %s", name);
}

static int make(const struct reserve *reserve, struct fail *fail)
{
	CLEANUP_CLOSE int directory = open(reserve->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return fail_errno(fail, errno, "cannot open it");
	if (is_there(directory))
		return 0;
	return room_check(directory, fail) < 0 ? -1 : file_make(directory, fail);
}

void reserve_keep(struct reserve *reserve)
{
	struct fail fail, why;

	if (reserve->kept)
		return;
	if (make(reserve, &fail) == 0) {
		if (reserve->why.message[0] != '\0')
			log_line(LOG_NOTICE, NULL, "room is kept again in %s", reserve->directory);
		reserve->kept = true;
		reserve->why.message[0] = '\0';
		return;
	}
	(void)fail_set(&why, OUTCOME_ATTENTION, "no room is kept in %s for a revert that has to be "
		       "noted (%.1000s): a patch that fills the disk may stay when its time to be "
		       "confirmed is over; make room there", reserve->directory, fail.message);
	if (strcmp(why.message, reserve->why.message) != 0)
		log_line(LOG_WARNING, NULL, "%s", why.message);
	reserve->why = why;
}

bool reserve_release(struct reserve *reserve)
{
	CLEANUP_CLOSE int directory = open(reserve->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	reserve->kept = false;
	if (directory < 0 || unlinkat(directory, name, 0) < 0)
		return false;
	log_line(LOG_WARNING, NULL, "no space is left for the journal: the room that was kept in %s is "
		 "used now", reserve->directory);
	return true;
}
