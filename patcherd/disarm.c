/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disarm.h"

#include <stdlib.h>
#include <string.h>

int disarm_load(struct journal *journal, struct disarm *out, struct fail *fail)
{
	memset(out, 0, sizeof(*out));
	return journal_armed(journal, NULL, &out->items, &out->count, fail);
}

void disarm_deinit(struct disarm *disarm)
{
	for (size_t i = 0; i < disarm->count; i++)
		journal_armed_deinit(&disarm->items[i]);
	free(disarm->items);
	memset(disarm, 0, sizeof(*disarm));
}

void disarm_choose(struct disarm *disarm, bool (*named)(const void *data, const char *patch),
		   const void *data)
{
	size_t kept = 0;

	for (size_t i = 0; i < disarm->count; i++) {
		struct journal_armed item = disarm->items[i];

		if (named(data, item.patch))
			disarm->items[kept++] = item;
		else
			journal_armed_deinit(&item);
	}
	disarm->count = kept;
}

const struct journal_armed *disarm_find(const struct disarm *disarm, const char *patch)
{
	for (size_t i = 0; i < disarm->count; i++) {
		if (strcmp(disarm->items[i].patch, patch) == 0)
			return &disarm->items[i];
	}
	return NULL;
}

int disarm_undo(struct disarm *disarm, struct journal *journal, struct fail *fail)
{
	if (disarm->done && journal_arm(journal, disarm->items, disarm->count, fail) < 0)
		return -1;
	disarm->done = false;
	return 0;
}

int disarm_all(struct disarm *disarm, struct journal *journal, struct fail *fail)
{
	CLEANUP_FREE const char **names = calloc(disarm->count + 1, sizeof(*names));

	if (names == NULL)
		return fail_memory(fail, "disarming");
	for (size_t i = 0; i < disarm->count; i++)
		names[i] = disarm->items[i].patch;
	if (disarm->count > 0 && journal_disarm(journal, names, disarm->count, fail) < 0)
		return -1;
	disarm->done = disarm->count > 0;
	return 0;
}
