/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "armed_state.h"

const char *armed_state_name(enum armed_state state)
{
	static const char *const names[] = {
		[ARMED_ARMED] = "armed", [ARMED_WAITING] = "waiting",
		[ARMED_APPLIED] = "applied", [ARMED_FAILED] = "failed",
	};

	return names[state];
}

static bool is_active(const struct journal_entry *entry)
{
	return entry->state == JOURNAL_INTENDED || entry->state == JOURNAL_APPLIED ||
	       entry->state == JOURNAL_REVERTING;
}

/* All sites of what is armed are in the one module. */
static bool is_of_load(const struct journal_entry *entry, uint64_t identity)
{
	return entry->site_count > 0 && entry->sites[0].module_identity == identity;
}

enum armed_state armed_state_of(const struct armed_facts *facts, bool *try)
{
	const struct journal_entry *entry = facts->entry;
	bool active = entry != NULL && is_active(entry);
	bool of_load = entry != NULL && facts->identity != 0 &&
		       is_of_load(entry, facts->identity);

	*try = false;
	if (facts->module == ARMED_LIVE && of_load && active)
		return ARMED_APPLIED;
	/* What failed or was undone in this load stays so until the next one. */
	if (facts->module == ARMED_LIVE && facts->identity != 0 &&
	    (facts->refused == facts->identity ||
	     (of_load && entry->changed_at >= facts->since)))
		return ARMED_FAILED;
	*try = facts->module == ARMED_LIVE && facts->identity != 0;
	return active ? ARMED_WAITING : ARMED_ARMED;
}
