/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "force.h"

#include <inttypes.h>

#include "look.h"

static int site_check(const struct live *live, const struct journal_site *site, struct fail *fail)
{
	const struct symbol *symbol = symtab_at(live->symtab, site->address);
	struct function function;
	int result;

	if (symbol == NULL)
		return fail_at(fail, OUTCOME_HAZARD, site->address,
			       "no symbol has the bytes of %s+0x%" PRIx64 " any more, so it is not "
			       "known who wrote there", site->symbol, site->offset);
	if (function_load(live->target, live->decoder, symbol, &function, fail) < 0)
		return -1;
	result = hazard_hidden(&live->kernel, &function, site->address - symbol->address,
			       site->old.length, fail);
	function_deinit(&function);
	return result;
}

int force_check(struct live *live, const struct journal_entry *entries, size_t count,
		struct fail *fail)
{
	struct look_site now;

	if (live_refresh(live, fail) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < entries[i].site_count; j++) {
			const struct journal_site *site = &entries[i].sites[j];

			/* Nobody comes to own a variable after it was changed. */
			if (look_at_site(live->target, site, &now, fail) < 0 ||
			    (now.now == LOOK_OTHER && !site->variable &&
			     site_check(live, site, fail) < 0))
				return -1;
		}
	}
	return 0;
}

static int refuse_kprobe(const struct journal_site *site, const struct owner *kprobe,
			 struct fail *fail)
{
	return fail_at(fail, OUTCOME_HAZARD, kprobe->address,
		       "%s+0x%" PRIx64 ": %s has come onto these bytes since they were changed; it runs a "
		       "copy of the new instructions, and would put them back when it goes; %s",
		       site->symbol, site->offset, kprobe->detail == NULL ? "a kprobe" :
		       kprobe->detail, owner_advice(kprobe));
}

static int site_kprobes(const struct live *live, const struct journal_site *site,
			struct fail *fail)
{
	CLEANUP(owners_deinit) struct owners owners = { .items = NULL };
	const struct symbol *symbol = symtab_at(live->symtab, site->address);
	struct function function;
	struct fail ignored;	/* it cannot be known */
	int result;

	if (symbol == NULL ||
	    function_load(live->target, live->decoder, symbol, &function, &ignored) < 0)
		return 0;
	result = hazard_owners(&live->kernel, &function, &owners, &ignored);
	function_deinit(&function);
	for (size_t i = 0; i < owners.count && result == 0; i++) {
		if (owners.items[i].kind == OWNER_KPROBE &&
		    owner_touches(&owners.items[i], site->address,
				  site->address + site->old.length))
			return refuse_kprobe(site, &owners.items[i], fail);
	}
	return 0;
}

static int entries_kprobes(struct live *live, const struct journal_entry *entries, size_t count,
			   bool written, struct fail *fail)
{
	struct fail ignored;	/* it cannot be known */
	struct look_site now;

	if (live_refresh(live, &ignored) < 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < entries[i].site_count; j++) {
			const struct journal_site *site = &entries[i].sites[j];

			if (!site->variable &&
			    look_at_site(live->target, site, &now, &ignored) == 0 &&
			    (written ? now.now == LOOK_NEW : now.now != LOOK_GONE) &&
			    site_kprobes(live, site, fail) < 0)
				return -1;
		}
	}
	return 0;
}

int kprobes_check(struct live *live, const struct journal_entry *entries, size_t count,
		  struct fail *fail)
{
	return entries_kprobes(live, entries, count, true, fail);
}

int kprobes_check_again(struct live *live, const struct journal_entry *entries, size_t count,
			struct fail *fail)
{
	return entries_kprobes(live, entries, count, false, fail);
}
