/* SPDX-License-Identifier: GPL-2.0-or-later */
/* methods: what can be called, with which parameters, by whom. Denial is the default: only root
 * may call io.patcherd; who can connect at all may ask what there is. */
#ifndef PATCHERD_METHODS_H
#define PATCHERD_METHODS_H

#include <jansson.h>

#include "daemon.h"

enum { METHOD_PARAMETERS = 8 };

/* One method's work. `values` are the parameters in the order of its row in the table, of the
 * right types, NULL where not given. Returns the reply, NULL when memory ran out. */
typedef json_t *method_answer(struct daemon *daemon, const struct journal_caller *caller,
			      json_t *const values[METHOD_PARAMETERS]);

/* Where the parameters of Apply stand, for who asks for it from inside. */
enum {
	APPLY_PATCHES, APPLY_TARGET, APPLY_OFFLINE_CPUS, APPLY_WHEN_LOADED, APPLY_CONFIRM_WITHIN,
	APPLY_IGNORE_WARNINGS
};

method_answer method_dry_run, method_apply;			/* apply.c */
method_answer method_confirm;					/* confirm_live.c */
method_answer method_revert;					/* revert.c */
method_answer method_status, method_history;			/* status.c */
method_answer method_enable, method_disable, method_boot;	/* boot.c */
method_answer method_disassemble;				/* disassemble.c */
method_answer method_symbols;					/* symbols.c */
method_answer method_hazards;					/* hazards.c */
method_answer method_types;					/* types.c */
method_answer method_doctor;					/* doctor.c */

/* A server_answer; `data` is the struct daemon. */
json_t *methods_answer(void *data, const struct journal_caller *caller, const char *method,
		       json_t *parameters);

#endif
