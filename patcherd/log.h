/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log: who did what, where, with which bytes; to journald by its native protocol
 * (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/) where that listens and stderr is its stream or no
 * terminal asked for it, else to stderr.
 */
#ifndef PATCHERD_LOG_H
#define PATCHERD_LOG_H

#include <syslog.h>

#include "journal.h"

/* The one piece of state besides main's: where log lines go, and how many journald did not take, which
 * is said when it takes one again. Call once, at start. */
void log_open(void);

/* What a line is about; each NULL or 0 where it does not apply. Fields PATCHERD_PATCH, _OUTCOME,
 * _SITE, _OLD, _NEW, _UID. */
struct log_about {
	const char *patch;
	const char *outcome;
	const char *site;		/* "nfs:nfs_flock+0x2f 0xffffffffc0412345" */
	const struct bytes *old;
	const struct bytes *replacement;
	const struct journal_caller *caller;
};

/* `priority` is one of syslog.h's. `about` may be NULL. */
void log_line(int priority, const struct log_about *about, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
