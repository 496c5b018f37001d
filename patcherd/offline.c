/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "offline.h"

#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "log.h"

/* A list of CPUs in a message ends here, so that what to do still fits behind it. */
enum { MESSAGE_LIST_END = 3000 };

/* Which one goes on: one that cannot go, else the first. */
static unsigned choose_last(const char *directory, const struct cpus *online)
{
	unsigned first = CPUS_MAX;

	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (!online->has[cpu])
			continue;
		if (!cpu_can_go(directory, cpu))
			return cpu;
		if (first == CPUS_MAX)
			first = cpu;
	}
	return first;
}

int offline_choose(const char *directory, struct cpus *out, struct fail *fail)
{
	char path[512];
	unsigned last, cpu = 0;

	(void)snprintf(path, sizeof(path), "%s/online", directory);
	if (cpus_read(path, out, fail) < 0)
		return -1;
	last = choose_last(directory, out);
	out->has[last] = false;
	while (cpu < CPUS_MAX && (!out->has[cpu] || cpu_can_go(directory, cpu)))
		cpu++;
	if (cpu == CPUS_MAX)
		return 0;
	return fail_set(fail, OUTCOME_NOT_WRITABLE, "CPU %u cannot be taken offline (there is no "
			"%s/cpu%u/online), and neither can CPU %u: nothing was written; change the "
			"kernel without --offline-cpus, or load patcher_kmem", cpu, directory, cpu,
			last);
}

static void merge(struct cpus *into, const struct cpus *other)
{
	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
		into->has[cpu] |= other->has[cpu];
}

static int take_all(const char *directory, const struct cpus *cpus, struct fail *fail)
{
	struct fail why;

	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (!cpus->has[cpu] || cpu_switch(directory, cpu, false, &why) == 0)
			continue;
		return fail_set(fail, OUTCOME_NOT_WRITABLE, "CPU %u does not go offline: %.1000s; "
				"nothing was written; let it go (nohz_full= keeps one), or change "
				"the kernel without --offline-cpus", cpu, why.message);
	}
	return 0;
}

int offline_take(struct transaction *transaction, struct cpus *taken, struct fail *fail)
{
	struct cpus listed;

	memset(taken, 0, sizeof(*taken));
	if (!transaction->offline_cpus || transaction->target->info.stops)
		return 0;
	if (offline_choose(transaction->cpus, taken, fail) < 0)
		return -1;
	if (cpus_none(taken))
		return 0;
	if (journal_offline(transaction->journal, &listed, fail) < 0)
		return -1;
	merge(&listed, taken);
	if (journal_set_offline(transaction->journal, &listed, fail) < 0)
		return -1;
	fault_point("before-offline");
	if (take_all(transaction->cpus, taken, fail) < 0) {
		offline_give_back(transaction, taken);
		if (transaction->left_offline.message[0] != '\0')
			fail_append(fail, "; %s", transaction->left_offline.message);
		return -1;
	}
	fault_point("after-offline");
	return 0;
}

/* Adds one to what is told of those that stay away. */
static void tell_left(struct transaction *transaction, unsigned cpu, const struct fail *why)
{
	struct fail *left = &transaction->left_offline;

	log_line(LOG_CRIT, &(struct log_about){ .caller = &transaction->caller },
		 "CPU %u was taken offline for a change of the kernel and does not come back: %s; "
		 "bring it back with `echo 1 >%s/cpu%u/online`; patcherd tries it again at its "
		 "next start and before its next change", cpu, why->message, transaction->cpus, cpu);
	if (left->message[0] == '\0')
		(void)fail_set(left, OUTCOME_ERROR, "CPUs that were taken offline for this do not "
			       "come back:");
	if (strlen(left->message) < MESSAGE_LIST_END)
		fail_append(left, " CPU %u (%.300s; bring it back with `echo 1 >%s/cpu%u/online`)",
			    cpu, why->message, transaction->cpus, cpu);
}

void offline_give_back(struct transaction *transaction, const struct cpus *taken)
{
	struct cpus listed;
	struct fail why;
	bool known;

	if (cpus_none(taken))
		return;
	/* One that did not come back another time is not in `taken`. */
	known = journal_offline(transaction->journal, &listed, &why) == 0;
	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (!taken->has[cpu])
			continue;
		if (cpu_switch(transaction->cpus, cpu, true, &why) == 0)
			listed.has[cpu] = false;
		else
			tell_left(transaction, cpu, &why);
	}
	fault_point("after-online");
	/* A list that is too long does no harm: what is in it is online. */
	if (!known || journal_set_offline(transaction->journal, &listed, &why) < 0)
		log_line(LOG_WARNING, &(struct log_about){ .caller = &transaction->caller },
			 "the CPUs' coming back could not be noted; patcherd looks after them "
			 "again at its next start: %s", why.message);
}

bool offline_recover(struct transaction *transaction)
{
	struct cpus listed;
	struct fail why;

	if (journal_offline(transaction->journal, &listed, &why) < 0) {
		log_line(LOG_ERR, NULL, "it is not known whether CPUs were left offline: %s",
			 why.message);
		return false;
	}
	if (cpus_none(&listed))
		return false;
	offline_give_back(transaction, &listed);
	if (transaction->left_offline.message[0] == '\0')
		log_line(LOG_WARNING, &(struct log_about){ .caller = &transaction->caller },
			 "after an interruption: the CPUs that were offline for a change of the "
			 "kernel are online");
	return true;
}

bool offline_left(struct journal *journal, const char *directory, struct cpus *left,
		  struct fail *said)
{
	char path[512], list[1024];
	struct cpus listed, online;

	memset(left, 0, sizeof(*left));
	if (journal_offline(journal, &listed, said) < 0)
		return true;
	if (cpus_none(&listed))
		return false;
	(void)snprintf(path, sizeof(path), "%s/online", directory);
	if (cpus_read(path, &online, said) < 0)
		return true;
	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
		left->has[cpu] = listed.has[cpu] && !online.has[cpu];
	if (cpus_none(left))
		return false;
	(void)fail_set(said, OUTCOME_ATTENTION, "CPUs were taken offline for a change of the kernel "
		       "and are not back: %s; bring each back with `echo 1 >%s/cpuN/online`, where N "
		       "is its number; patcherd tries it at its next start, change or status, and its "
		       "log says what it meets", cpus_print(left, list, sizeof(list)), directory);
	return true;
}
