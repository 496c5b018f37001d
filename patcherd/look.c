/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "look.h"

#include <string.h>

#include "module.h"

const char *look_name(enum look_now now)
{
	static const char *const names[] = {
		[LOOK_OLD] = "old", [LOOK_NEW] = "new", [LOOK_OTHER] = "other",
		[LOOK_GONE] = "gone",
	};

	return names[now];
}

/* Whether the module is the one that was changed, not a later load of it. */
static int module_there(const struct journal_site *site, bool *out, struct fail *fail)
{
	uint64_t identity;

	*out = true;
	if (site->module == NULL)
		return 0;
	if (module_identity(site->module, &identity, fail) < 0)
		return -1;
	*out = identity != 0 && identity == site->module_identity;
	return 0;
}

int look_at_site(struct target *target, const struct journal_site *site, struct look_site *out,
		 struct fail *fail)
{
	bool there;

	*out = (struct look_site){ .now = LOOK_GONE };
	if (module_there(site, &there, fail) < 0)
		return -1;
	if (!there)
		return 0;
	if (target_read(target, site->address, out->found.data, site->old.length, site->symbol,
			fail) < 0) {
		struct fail ignored;	/* that it cannot be read is what there is to tell */

		return module_there(site, &there, &ignored) == 0 && !there ? 0 : -1;
	}
	out->found.length = site->old.length;
	if (bytes_equal(&out->found, &site->replacement))
		out->now = LOOK_NEW;
	else if (bytes_equal(&out->found, &site->old))
		out->now = LOOK_OLD;
	else
		out->now = LOOK_OTHER;
	return 0;
}

int look_at_entry(struct target *target, const struct journal_entry *entry,
		  struct look_site *sites, enum look_state *out, struct fail *fail)
{
	size_t of[LOOK_GONE + 1] = { 0 }, code_of[LOOK_GONE + 1] = { 0 };

	for (size_t i = 0; i < entry->site_count; i++) {
		if (look_at_site(target, &entry->sites[i], &sites[i], fail) < 0)
			return -1;
		of[sites[i].now]++;
		code_of[sites[i].now] += !entry->sites[i].variable;
	}
	if (code_of[LOOK_OTHER] != 0)
		*out = LOOK_STATE_TAMPERED;
	else if (of[LOOK_GONE] != 0)
		*out = LOOK_STATE_LOST;
	else if (of[LOOK_NEW] == entry->site_count)
		*out = LOOK_STATE_APPLIED;
	else if (of[LOOK_OLD] == entry->site_count)
		*out = LOOK_STATE_NOT_APPLIED;
	else if (code_of[LOOK_OLD] == 0)
		*out = LOOK_STATE_CHANGED;
	else
		*out = LOOK_STATE_PARTIAL;
	return 0;
}
