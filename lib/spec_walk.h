/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spec_walk: what reads the values of a patch file, by tables of keys. A reader that refuses a
 * value adds an error that begins with the value's path, "sites[0].expect.bytes: …". */
#ifndef PATCHERD_SPEC_WALK_H
#define PATCHERD_SPEC_WALK_H

#include "spec_tree.h"

struct walk {
	struct spec_errors *errors;
	char path[128];			/* of the value that is read: as deep as the tables go */
};

struct key {
	const char *name;
	/* Takes the value; `out` is what walk_mapping() was given. */
	void (*read)(struct walk *walk, const struct node *value, void *out);
	bool required;
};

/* The key nodes seen, by their index in the table; one that an unknown key meant counts too.
 * WALK_SEVERAL_MAX: how many values a key takes that takes one or several. */
enum { WALK_KEYS_MAX = 16, WALK_SEVERAL_MAX = 256 };
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

/* The same, or one such item by itself. */
void walk_one_or_several(struct walk *walk, const struct node *node,
			 void (*read)(struct walk *walk, const struct node *item, void *out),
			 void *out);

/* Appends to the path; returns its old length, to cut it there again. */
size_t walk_push(struct walk *walk, const char *separator, const char *name);
/* By how many characters a name differs from a key that may have been meant; SIZE_MAX: not that. */
size_t walk_distance(const struct node *name, const char *key);

/* "PATH: " followed by the message. */
void walk_error(struct walk *walk, struct place place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "PATH: expected WHAT, got …" */
void walk_expected(struct walk *walk, const struct node *node, const char *what);

#endif
