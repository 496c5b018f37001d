/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keep: small files that outlive a boot, one for each patch, in directories beside the journal.
 * Each appears whole or not at all, and is on the disk when the call returns. A patch's name is
 * checked before it becomes a file's.
 */
#ifndef PATCHERD_KEEP_H
#define PATCHERD_KEEP_H

#include "patch.h"

struct keep {
	const char *directory;		/* the journal's */
	const char *name;		/* of the directory within it: "enabled"; made where missing */
	const char *suffix;		/* of the files: ".yaml"; may be "" */
	size_t max;			/* bytes of a file, no more are read */
};

/* Whether it may be a patch's, and a file's: 1 to 64 of a-z, 0-9 and '-', no '-' in front. */
bool keep_name_good(const char *patch);
/* "/var/lib/patcherd/enabled/nfs-flock.yaml", to be freed; NULL: no memory. */
char *keep_path(const struct keep *keep, const char *patch);

int keep_write(const struct keep *keep, const char *patch, const char *text,
	       struct fail *fail) MUST_CHECK;
/* 1: *out is its text, to be freed; 0: there is none; -1: it is no regular file, others can write it or
 * its directory, it is too large, has a NUL, or cannot be read. */
int keep_read(const struct keep *keep, const char *patch, char **out,
	      struct fail *fail) MUST_CHECK;
/* 1: it is gone; 0: there was none. */
int keep_remove(const struct keep *keep, const char *patch, struct fail *fail) MUST_CHECK;
/* The patches that have a file, by name; what else lies there is left out. *out is to be freed by
 * strings_deinit(), also after a failure. */
int keep_list(const struct keep *keep, struct strings *out, struct fail *fail) MUST_CHECK;
/* The file goes from one directory to the other, in place of one that is there. */
int keep_move(const struct keep *from, const struct keep *to, const char *patch,
	      struct fail *fail) MUST_CHECK;

#endif
