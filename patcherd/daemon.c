/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot.h"
#include "clock.h"
#include "log.h"
#include "offline.h"
#include "recover.h"

static int read_boot_id(char out[37], struct fail *fail)
{
	static const char path[] = "/proc/sys/kernel/random/boot_id";
	CLEANUP_FCLOSE FILE *file = fopen(path, "re");

	if (file == NULL || fgets(out, 37, file) == NULL || strlen(out) != 36)
		return fail_errno(fail, errno, "cannot tell this boot from others: %s", path);
	return 0;
}

void daemon_journal(struct daemon *daemon)
{
	struct fail fail;

	if (daemon->journal != NULL) {
		reserve_keep(&daemon->reserve);
		return;
	}
	if (journal_open(daemon->path, daemon->boot_id, &daemon->journal, &fail) == 0) {
		reserve_keep(&daemon->reserve);
		if (daemon->journal_fail.message[0] != '\0')
			log_line(LOG_NOTICE, NULL, "the journal %s is open now", daemon->path);
		return;
	}
	daemon->journal = NULL;
	if (strcmp(fail.message, daemon->journal_fail.message) != 0)
		log_line(LOG_ERR, NULL, "nothing will be written to the kernel: %s", fail.message);
	daemon->journal_fail = fail;
}

int daemon_init(struct daemon *daemon, const char *path, struct fail *fail)
{
	const char *slash = strrchr(path, '/');

	trouble_init(&daemon->trouble, &trouble_paths);
	if (read_boot_id(daemon->boot_id, fail) < 0)
		return -1;
	daemon->directory = slash == NULL ? strdup(".") :
			    strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (daemon->directory == NULL)
		return fail_memory(fail, "the journal's directory");
	daemon->path = path;
	daemon->reserve.directory = daemon->directory;
	daemon_journal(daemon);
	daemon->markers = (struct markers){
		.directory = daemon->directory, .boot_id = daemon->boot_id,
	};
	markers_start(&daemon->markers);
	return 0;
}

void daemon_deinit(struct daemon *daemon)
{
	armed_deinit(&daemon->armed);
	drift_deinit(&daemon->drift);
	live_deinit(&daemon->live);
	confirm_deinit(&daemon->confirm);
	trouble_deinit(&daemon->trouble);
	if (daemon->journal != NULL)
		journal_close(daemon->journal);
	daemon->journal = NULL;
	free(daemon->directory);
	daemon->directory = NULL;
}

/* Whether the journal has anything that was interrupted; where it cannot be read, it may. */
static bool interrupted(struct journal *journal)
{
	struct journal_entry *entries = NULL;
	size_t count = 0;
	struct fail fail;
	bool found = journal_active(journal, NULL, &entries, &count, &fail) < 0;

	for (size_t i = 0; i < count; i++)
		found |= entries[i].state != JOURNAL_APPLIED;
	journal_entries_free(entries, count);
	return found;
}

bool daemon_make_room(struct daemon *daemon)
{
	return daemon->journal != NULL && journal_full(daemon->journal) &&
	       reserve_release(&daemon->reserve);
}

void daemon_recover(struct daemon *daemon)
{
	struct transaction transaction = {
		.journal = daemon->journal, .boot_id = daemon->boot_id,
		.caller = { .uid = getuid(), .pid = getpid(), .comm = "patcherd" },
		.cpus = CPUS_DIRECTORY, .trace = &trace_kernel,
	};
	struct fail fail;

	if (daemon->journal == NULL)
		return;
	/* A revert that was begun so is completed so. */
	transaction.offline_cpus = offline_recover(&transaction);
	if (daemon->recovered)
		return;
	if (!interrupted(daemon->journal)) {
		daemon->recovered = true;
		return;
	}
	daemon->live.target_kind = daemon->target_kind;
	if (live_open_target(&daemon->live, &fail) == 0) {
		int result;

		transaction.target = daemon->live.target;
		result = recover(&transaction, &fail);
		if ((result < 0 || transaction.unnoted) && daemon_make_room(daemon)) {
			transaction.unnoted = false;
			result = recover(&transaction, &fail);
		}
		if (result == 0) {
			daemon->recovered = !transaction.unnoted;
			boot_settle(daemon);
			return;
		}
	}
	log_line(LOG_WARNING, NULL, "the journal was not compared with the kernel's memory: %s",
		 fail.message);
}

static void event_write(struct daemon *daemon, const struct journal_event *event)
{
	struct fail fail;

	if (daemon->journal != NULL && journal_note(daemon->journal, event, &fail) < 0)
		log_line(LOG_ERR, NULL, "the audit trail could not be written: %s", fail.message);
}

void daemon_note(struct daemon *daemon, const struct journal_caller *caller, const char *action,
		 const char *patch, enum outcome outcome, const char *message)
{
	CLEANUP_FREE char *patch_copy = strdup(patch);
	CLEANUP_FREE char *message_copy = message == NULL ? NULL : strdup(message);
	struct log_about about = {
		.patch = patch, .outcome = outcome_name(outcome), .caller = caller,
	};
	struct journal_event event = {
		.patch = patch_copy, .message = message_copy, .caller = *caller,
		.at = clock_microseconds(CLOCK_REALTIME),
	};

	log_line(outcome_status(outcome) == 0 ? LOG_NOTICE : LOG_WARNING, &about, "%s: %s%s%s",
		 action, outcome_name(outcome), message == NULL ? "" : ": ",
		 message == NULL ? "" : message);
	if (patch_copy == NULL)
		return;
	(void)snprintf(event.boot_id, sizeof(event.boot_id), "%s", daemon->boot_id);
	(void)snprintf(event.action, sizeof(event.action), "%s", action);
	(void)snprintf(event.outcome, sizeof(event.outcome), "%s", outcome_name(outcome));
	event_write(daemon, &event);
}
