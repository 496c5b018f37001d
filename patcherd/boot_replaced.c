/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot_replaced.h"

#include <stdlib.h>
#include <string.h>

#include "spec.h"

/* A patch that may take another's place: the enabled ones first, then what is applied. */
struct rival {
	const char *name;
	struct patch patch;
	bool goes;			/* is in the kernel, or will be */
	const struct rival *by;		/* what takes its own place */
};

struct rivals {
	struct rival *items;
	size_t enabled, count;
};

static void rivals_deinit(struct rivals *rivals)
{
	for (size_t i = 0; i < rivals->count; i++)
		patch_deinit(&rivals->items[i].patch);
	free(rivals->items);
}

struct keep boot_keep(const struct daemon *daemon)
{
	return (struct keep){ .directory = daemon->markers.directory, .name = "enabled",
			      .suffix = ".yaml", .max = SPEC_TEXT_MAX };
}

/* One whose text cannot be read is told of where it is to be applied, and replaces nothing. */
static void enabled_add(const struct daemon *daemon, const char *name, struct rivals *rivals)
{
	struct rival *rival = &rivals->items[rivals->count++];
	struct keep keep = boot_keep(daemon);
	CLEANUP_FREE char *yaml = NULL;
	struct fail ignored;

	rival->name = name;
	if (keep_read(&keep, name, &yaml, &ignored) > 0 &&
	    spec_parse(name, yaml, strlen(yaml), &rival->patch, &ignored) == 0)
		rival->goes = !markers_blocked(&daemon->markers, name, &ignored);
}

static void active_add(const struct journal_entry *entry, struct rivals *rivals)
{
	struct rival *rival = &rivals->items[rivals->count];
	struct fail ignored;		/* it was parsed when it was applied */

	if (entry->state != JOURNAL_APPLIED ||
	    spec_parse(entry->source, entry->yaml, strlen(entry->yaml), &rival->patch,
		       &ignored) < 0)
		return;
	rival->name = entry->patch;
	rival->goes = true;
	rivals->count++;
}

static const struct rival *successor(const struct rivals *rivals, const struct rival *of)
{
	for (size_t i = 0; i < rivals->count; i++) {
		const struct rival *rival = &rivals->items[i];

		if ((rival->goes || rival->by != NULL) && strcmp(rival->name, of->name) != 0 &&
		    strings_have(&rival->patch.replaces, of->name))
			return rival;
	}
	return NULL;
}

/* A blocked one takes nobody's place; but where it is replaced itself, what it replaced is too: so
 * until nothing more is found. */
static void successors_find(struct rivals *rivals)
{
	bool again;

	do {
		again = false;
		for (size_t i = 0; i < rivals->enabled; i++) {
			struct rival *rival = &rivals->items[i];

			if (rival->by == NULL) {
				rival->by = successor(rivals, rival);
				again |= rival->by != NULL;
			}
		}
	} while (again);
}

/* Whether the way to what is applied in the end has no end. */
static bool is_circle(const struct rivals *rivals, const struct rival *rival)
{
	size_t steps = 0;

	while (rival->by != NULL && steps++ <= rivals->count)
		rival = rival->by;
	return rival->by != NULL;
}

int boot_replaced_load(const struct daemon *daemon, const struct strings *patches,
		       struct boot_replaced_list *out, struct fail *fail)
{
	CLEANUP(rivals_deinit) struct rivals rivals = { .enabled = patches->count };

	*out = (struct boot_replaced_list){ .active_count = 0 };
	if (daemon->journal != NULL &&
	    journal_active(daemon->journal, NULL, &out->active, &out->active_count, fail) < 0)
		return -1;
	out->items = calloc(patches->count + 1, sizeof(*out->items));
	rivals.items = calloc(patches->count + out->active_count + 1, sizeof(*rivals.items));
	if (out->items == NULL || rivals.items == NULL)
		return fail_memory(fail, "looking for what replaces a patch");
	for (size_t i = 0; i < patches->count; i++)
		enabled_add(daemon, patches->items[i], &rivals);
	for (size_t i = 0; i < out->active_count; i++)
		active_add(&out->active[i], &rivals);
	successors_find(&rivals);
	for (size_t i = 0; i < patches->count; i++) {
		const struct rival *by = rivals.items[i].by;

		if (by != NULL)
			out->items[i] = (struct boot_replaced){
				.by = by->name, .is_enabled = by < rivals.items + rivals.enabled,
				.mutual = is_circle(&rivals, &rivals.items[i]),
			};
	}
	return 0;
}

void boot_replaced_deinit(struct boot_replaced_list *list)
{
	free(list->items);
	journal_entries_free(list->active, list->active_count);
}

void boot_replaced_say(const struct boot_replaced *replaced, const char *patch, struct fail *out)
{
	if (replaced->mutual)
		(void)fail_set(out, OUTCOME_CONFLICT, "not applied at boot: %s replaces it, and is "
			       "replaced in turn, so that none of them is: `patchctl disable` one",
			       replaced->by);
	else
		(void)fail_set(out, OUTCOME_REVERTED, "not applied at boot: %s, which is %s, replaces "
			       "it; `patchctl disable %s` forgets it", replaced->by,
			       replaced->is_enabled ? "enabled too" : "applied", patch);
}
