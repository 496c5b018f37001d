/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply_request: what DryRun and Apply ask for, taken from their parameters. */
#ifndef PATCHERD_APPLY_REQUEST_H
#define PATCHERD_APPLY_REQUEST_H

#include "jobs.h"
#include "methods.h"
#include "times.h"

struct apply_request {
	struct daemon *daemon;
	const struct journal_caller *caller;
	bool offline_cpus;
	bool when_loaded;
	json_int_t confirm_within;	/* seconds; 0: it stays */
	bool ignore_warnings;
	const char *target;		/* NULL: what the daemon was started with */
	struct jobs jobs;
	struct times times;
};

/* Returns NULL, or the name of the parameter that is wrong. Texts are borrowed from `values`. */
const char *apply_request_unpack(struct apply_request *request,
				 json_t *const values[METHOD_PARAMETERS]);

#endif
