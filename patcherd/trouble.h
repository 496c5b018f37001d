/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trouble: whether the kernel has got worse since a mark: warnings and oopses it counts, its taint
 * flags, and what it says of itself in /dev/kmsg. None of them tells of a WARN_ONCE that has warned
 * before in this boot.
 */
#ifndef PATCHERD_TROUBLE_H
#define PATCHERD_TROUBLE_H

#include "journal.h"

/* Where it is asked. */
struct trouble_paths {
	const char *warn_count;		/* since Linux 6.2, and in later stable ones of before */
	const char *oops_count;
	const char *tainted;
	const char *messages;		/* /dev/kmsg */
};
extern const struct trouble_paths trouble_paths;

enum { TROUBLE_MESSAGES = 8, TROUBLE_TEXT = 160 };

struct trouble {
	const struct trouble_paths *paths;
	int messages;			/* -1: not open */
	struct fail unreadable;		/* why it is not */
	uint64_t next;			/* the record to be read next */
	uint64_t lost_before;		/* some records before this one were never seen */
	struct trouble_message {
		uint64_t sequence;
		char text[TROUBLE_TEXT];
	} found[TROUBLE_MESSAGES];	/* the newest that tell of trouble */
	size_t found_count;		/* of all there were */
};

void trouble_init(struct trouble *trouble, const struct trouble_paths *paths);
void trouble_deinit(struct trouble *trouble);
/* How things are now; what cannot be known is TROUBLE_UNKNOWN. */
void trouble_take(struct trouble *trouble, struct trouble_mark *out);
/* Whether things are worse than at `mark`; then *said names all that is. */
bool trouble_since(struct trouble *trouble, const struct trouble_mark *mark, struct fail *said);
/* Whether some of it cannot be known since `mark`; then *said names what, and why. */
bool trouble_unknown(const struct trouble *trouble, const struct trouble_mark *mark,
		     struct fail *said);

/* One record of /dev/kmsg, as Documentation/ABI/testing/dev-kmsg has it. */
struct kmsg_record {
	unsigned facility, level;	/* of syslog(3); facility 0 is the kernel itself */
	uint64_t sequence;
	const char *text;		/* without the lines that follow it */
	size_t length;
};
/* False: it is no such record. `record` has `size` bytes. */
bool kmsg_parse(const char *record, size_t size, struct kmsg_record *out);
/* Whether the kernel tells of a bug, an oops, a lockup or a stack's trace with it. */
bool kmsg_tells_trouble(const struct kmsg_record *record);

#endif
