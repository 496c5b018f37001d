/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Armed patches, their modules and their entries: each combination that can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "patcherd/armed_state.h"

enum { NO_ENTRY = -1, ARMED_AT = 100, BEFORE = 50, AFTER = 150, FIRST = 7, SECOND = 8 };

static const struct {
	const char *what;
	enum armed_module module;
	uint64_t identity;
	int entry;			/* enum journal_state, or NO_ENTRY */
	uint64_t of;			/* the load that the entry is of */
	int64_t changed_at;
	uint64_t refused;
	enum armed_state state;
	bool try;
} table[] = {
	{ "not loaded, never applied", ARMED_ABSENT, 0, NO_ENTRY, 0, 0, 0, ARMED_ARMED, false },
	{ "coming", ARMED_CHANGING, FIRST, NO_ENTRY, 0, 0, 0, ARMED_ARMED, false },
	{ "came", ARMED_LIVE, FIRST, NO_ENTRY, 0, 0, 0, ARMED_ARMED, true },
	{ "came, listed before it was in sysfs", ARMED_LIVE, 0, NO_ENTRY, 0, 0, 0, ARMED_ARMED, false },
	{ "applied to it", ARMED_LIVE, FIRST, JOURNAL_APPLIED, FIRST, AFTER, 0, ARMED_APPLIED, false },
	{ "applied to it before it was armed", ARMED_LIVE, FIRST, JOURNAL_APPLIED, FIRST, BEFORE, 0,
	  ARMED_APPLIED, false },
	{ "going", ARMED_CHANGING, FIRST, JOURNAL_APPLIED, FIRST, AFTER, 0, ARMED_WAITING, false },
	{ "went", ARMED_ABSENT, 0, JOURNAL_APPLIED, FIRST, AFTER, 0, ARMED_WAITING, false },
	{ "came again", ARMED_LIVE, SECOND, JOURNAL_APPLIED, FIRST, AFTER, 0, ARMED_WAITING, true },
	{ "came again, and is coming", ARMED_CHANGING, SECOND, JOURNAL_APPLIED, FIRST, AFTER, 0,
	  ARMED_WAITING, false },
	{ "refused for this load", ARMED_LIVE, FIRST, NO_ENTRY, 0, 0, FIRST, ARMED_FAILED, false },
	{ "refused for the load before", ARMED_LIVE, SECOND, NO_ENTRY, 0, 0, FIRST, ARMED_ARMED, true },
	{ "refused, and went", ARMED_ABSENT, 0, NO_ENTRY, 0, 0, FIRST, ARMED_ARMED, false },
	{ "the write failed", ARMED_LIVE, FIRST, JOURNAL_FAILED, FIRST, AFTER, 0, ARMED_FAILED, false },
	{ "the write failed in the load before", ARMED_LIVE, SECOND, JOURNAL_FAILED, FIRST, AFTER, 0,
	  ARMED_ARMED, true },
	{ "undone in this load", ARMED_LIVE, FIRST, JOURNAL_REVERTED, FIRST, AFTER, 0, ARMED_FAILED,
	  false },
	{ "undone in this load, then armed", ARMED_LIVE, FIRST, JOURNAL_REVERTED, FIRST, BEFORE, 0,
	  ARMED_ARMED, true },
	{ "interrupted", ARMED_LIVE, FIRST, JOURNAL_INTENDED, FIRST, AFTER, 0, ARMED_APPLIED, false },
	{ "undone half way", ARMED_LIVE, FIRST, JOURNAL_REVERTING, FIRST, AFTER, 0, ARMED_APPLIED,
	  false },
	{ "undone by force, went", ARMED_ABSENT, 0, JOURNAL_REVERTED, FIRST, AFTER, 0, ARMED_ARMED,
	  false },
};

static void each_combination_has_its_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct journal_site site = { .module_identity = table[i].of };
		struct journal_entry entry = {
			.state = (enum journal_state)table[i].entry, .sites = &site,
			.site_count = 1, .changed_at = table[i].changed_at,
		};
		const struct armed_facts facts = {
			.module = table[i].module, .identity = table[i].identity,
			.since = ARMED_AT, .refused = table[i].refused,
			.entry = table[i].entry == NO_ENTRY ? NULL : &entry,
		};
		bool try;
		enum armed_state got = armed_state_of(&facts, &try);

		if (got != table[i].state || try != table[i].try)
			fail_msg("%s: %s%s, not %s%s", table[i].what, armed_state_name(got),
				 try ? ", tried" : "", armed_state_name(table[i].state),
				 table[i].try ? ", tried" : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_combination_has_its_state),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
