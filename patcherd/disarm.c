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
	for (; disarm->done > 0; disarm->done--) {
		if (journal_arm(journal, &disarm->items[disarm->done - 1], fail) < 0)
			return -1;
	}
	return 0;
}

int disarm_all(struct disarm *disarm, struct journal *journal, struct fail *fail)
{
	struct fail undo;

	for (; disarm->done < disarm->count; disarm->done++) {
		if (journal_disarm(journal, disarm->items[disarm->done].patch, fail) == 0)
			continue;
		if (disarm_undo(disarm, journal, &undo) < 0)
			fail_append(fail, "; and what was disarmed could not be armed again: %.1000s",
				    undo.message);
		return -1;
	}
	return 0;
}
