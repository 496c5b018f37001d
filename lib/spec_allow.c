/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spec_allow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "patch.h"
#include "spec_value.h"

enum { REASON_MAX = 1000, ALLOWABLE_MAX = 512 };

/* "ex_table, bug_table, …" */
static const char *allowable_print(char out[ALLOWABLE_MAX])
{
	size_t used = 0;

	for (int kind = 0; kind < OWNER_KINDS && used < ALLOWABLE_MAX; kind++) {
		if (owner_allowable((enum owner_kind)kind))
			used += (size_t)snprintf(out + used, ALLOWABLE_MAX - used, "%s%s",
						 used == 0 ? "" : ", ",
						 owner_name((enum owner_kind)kind));
	}
	return out;
}

static const char *allowable_near(const struct node *name)
{
	const char *best = NULL;
	size_t least = SIZE_MAX;

	for (int kind = 0; kind < OWNER_KINDS; kind++) {
		const char *candidate = owner_name((enum owner_kind)kind);
		size_t far = walk_distance(name, candidate);

		if (owner_allowable((enum owner_kind)kind) && far < least) {
			best = candidate;
			least = far;
		}
	}
	return best;
}

static bool read_kind(struct walk *walk, const struct node *name, enum owner_kind *out)
{
	char got[QUOTE_MAX], list[ALLOWABLE_MAX];
	const char *near;

	if (name->kind == NODE_REFUSED)
		return false;
	if (name->kind != NODE_SCALAR) {
		walk_error(walk, name->place, "a key must be a word, not a list or a mapping");
		return false;
	}
	(void)spec_quote(name->text, name->length, got);
	/* a text with a NUL in it is no name */
	if (strlen(name->text) == name->length && owner_parse(name->text, out)) {
		if (owner_allowable(*out))
			return true;
		spec_error(walk->errors, name->place, "%s: %s cannot be allowed, for such bytes "
			   "are %s; what can be is %s", walk->path, got, owner_what(*out),
			   allowable_print(list));
		return false;
	}
	near = allowable_near(name);
	if (near != NULL)
		spec_error(walk->errors, name->place, "%s: there is no owner %s (did you mean '%s'?)",
			   walk->path, got, near);
	else
		spec_error(walk->errors, name->place, "%s: there is no owner %s that can be "
			   "allowed; what can be is %s", walk->path, got, allowable_print(list));
	return false;
}

static void read_reason(struct walk *walk, const struct node *node, struct allowance *out)
{
	static const char what[] = "the reason, one line of text";
	const char *text = spec_text(walk, node, REASON_MAX, what);

	if (text == NULL)
		return;
	if (strspn(text, " \t") == node->length)
		walk_expected(walk, node, what);
	else
		spec_copy(walk, text, &out->reason);
}

/* NULL: memory ran out, or the kind has one already, which is told. */
static struct allowance *add(struct walk *walk, const struct node *name, enum owner_kind kind,
			     struct site *site)
{
	struct allowance *allow;

	for (size_t i = 0; i < site->allow_count; i++) {
		if (site->allow[i].kind != kind)
			continue;
		spec_error(walk->errors, name->place, "duplicate key '%s.%s' (first at line %u)",
			   walk->path, owner_name(kind), site->allow[i].place.line);
		return NULL;
	}
	allow = reallocarray(site->allow, site->allow_count + 1, sizeof(*allow));
	if (allow == NULL) {
		walk->errors->no_memory = true;
		return NULL;
	}
	site->allow = allow;
	allow[site->allow_count] = (struct allowance){ .kind = kind, .place = name->place };
	return &allow[site->allow_count++];
}

void spec_read_allow(struct walk *walk, const struct node *node, void *out)
{
	if (node->kind != NODE_MAPPING) {
		walk_expected(walk, node, "a mapping of owners to reasons");
		return;
	}
	if (node->child == NULL)
		walk_error(walk, node->place, "it names no owner; leave it out, or name one");
	for (const struct node *name = node->child; name != NULL; name = name->next->next) {
		struct allowance *allowance;
		enum owner_kind kind;
		size_t old;

		if (!read_kind(walk, name, &kind))
			continue;
		allowance = add(walk, name, kind, out);
		if (allowance == NULL)
			continue;
		old = walk_push(walk, ".", owner_name(kind));
		read_reason(walk, name->next, allowance);
		walk->path[old] = '\0';
	}
}

void spec_refuse_allow(struct walk *walk, const struct node *node, void *out)
{
	(void)out;
	walk_error(walk, node->place, "owners are allowed one by one: give it at the site that "
		   "needs it");
}
