/* SPDX-License-Identifier: GPL-2.0-or-later */
/* armed_state: in which state an armed patch is, and whether it is to be tried; decides, and does
 * nothing. */
#ifndef PATCHERD_ARMED_STATE_H
#define PATCHERD_ARMED_STATE_H

#include "journal.h"

enum armed_state {
	ARMED_ARMED,		/* its module has not come since it was armed */
	ARMED_WAITING,		/* it was applied, and its module went */
	ARMED_APPLIED,		/* to the module as it is loaded now, as far as the journal knows */
	ARMED_FAILED		/* refused for the module as it is loaded now */
};
/* "armed", "waiting", "applied", "failed" */
const char *armed_state_name(enum armed_state state);

/* What its module is, in /proc/modules. */
enum armed_module { ARMED_ABSENT, ARMED_CHANGING /* coming or going */, ARMED_LIVE };

struct armed_facts {
	enum armed_module module;
	uint64_t identity;	/* of the module, see module.h; 0 where it is absent */
	int64_t since;		/* when it was armed, microseconds since the epoch */
	const struct journal_entry *entry;	/* the patch's newest of this boot; NULL: none */
	uint64_t refused;	/* the identity it was refused for; 0: none */
};

/* *try: its module came, and the patch is now to be proved and applied. */
enum armed_state armed_state_of(const struct armed_facts *facts, bool *try);

#endif
