/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spec_tree: YAML text -> a tree of values with their places, of the small part of YAML that a
 * patch file may use: one document, UTF-8, no aliases, anchors, tags and directives for them.
 */
#ifndef PATCHERD_SPEC_TREE_H
#define PATCHERD_SPEC_TREE_H

#include "spec_errors.h"

/* What the largest of sensible files needs several times, and 10 MB of memory. */
enum { SPEC_NODES_MAX = 100000 };

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAPPING, NODE_REFUSED };

struct node {
	enum node_kind kind;		/* REFUSED: an alias; its error is told already */
	struct place place;
	char *text;			/* of a scalar: UTF-8, NUL behind its end, may hold NULs */
	size_t length;
	bool quoted;			/* a scalar in quotes, or a block of text */
	struct node *child;		/* the first of a list, or of key, value, key, value … */
	struct node *next;
};

/* *root is NULL where the text could not be read to its end; then there is an error. An alias,
 * anchor or tag is an error too, but leaves the rest of the tree to be looked at. */
void spec_tree_parse(const char *text, size_t length, struct spec_errors *errors,
		     struct node **root);
/* NULL is allowed. */
void spec_tree_destroy(struct node *node);

#endif
