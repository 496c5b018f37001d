/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_walk: what reads the values of a patch file, by tables of keys. A reader that refuses a
 * value adds an error that begins with the value's path, "sites[0].expect.bytes: …". */
#ifndef PATCHERD_SPEC_WALK_H
#define PATCHERD_SPEC_WALK_H

#include "spec_tree.h"

struct walk {
	struct spec_errors *errors;
	char path[128];			/* of the value that is read: as deep as the tables go */
	bool later;			/* the mapping uses something that is not supported yet */
};

struct key {
	const char *name;
	/* Takes the value; `out` is what walk_mapping() was given. */
	void (*read)(struct walk *walk, const struct node *value, void *out);
	bool required;
	const char *later;		/* not supported yet: what to do instead; NULL: supported */
};

/* The key nodes seen, by their index in the table; one that an unknown key meant counts too. */
enum { WALK_KEYS_MAX = 16 };
struct seen {
	const struct node *keys[WALK_KEYS_MAX];
};

/* Reads a mapping by its table, which ends with a name of NULL. False: it is none. */
bool walk_mapping(struct walk *walk, const struct node *node, const struct key *keys, void *out,
		  struct seen *seen);
/* An error at `node` for each required key that was not seen. */
void walk_missing(struct walk *walk, const struct node *node, const struct key *keys,
		  const struct seen *seen);
/* Reads each item of a list of 1 to `max` items, with its index in the path. False: it is none. */
bool walk_list(struct walk *walk, const struct node *node, size_t max,
	       void (*read)(struct walk *walk, const struct node *item, void *out), void *out);

/* Appends to the path; returns its old length, to cut it there again. */
size_t walk_push(struct walk *walk, const char *separator, const char *name);
/* By how many characters a name differs from a key that may have been meant; SIZE_MAX: not that. */
size_t walk_distance(const struct node *name, const char *key);

/* "PATH: " followed by the message. */
void walk_error(struct walk *walk, struct place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "PATH: expected WHAT, got …" */
void walk_expected(struct walk *walk, const struct node *node, const char *what);
/* "'PATH…' is not supported yet; …" */
void walk_later(struct walk *walk, struct place place, const char *more, const char *instead);

/* A decimal or 0x number without quotes from `min` to `max`. */
bool walk_unsigned(struct walk *walk, const struct node *node, uint64_t min, uint64_t max,
		   uint64_t *out);
/* true or false without quotes. */
bool walk_bool(struct walk *walk, const struct node *node, bool *out);
/* One line of text of 1 to `max` bytes without control characters; `what` is what is expected.
 * NULL: it is none. */
const char *walk_text(struct walk *walk, const struct node *node, size_t max, const char *what);
/* The same of several lines, blanks and newlines at its end not counted. */
const char *walk_paragraph(struct walk *walk, const struct node *node, size_t max,
			   const char *what);
/* A copy to *out; where memory runs out, walk->errors knows. */
void walk_copy(struct walk *walk, const char *text, char **out);

#endif
