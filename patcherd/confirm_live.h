/* SPDX-License-Identifier: GPL-2.0-or-later */
/* confirm_live: confirm with the kernel, the clock and the server. */
#ifndef PATCHERD_CONFIRM_LIVE_H
#define PATCHERD_CONFIRM_LIVE_H

#include "daemon.h"
#include "server.h"

/* A source that reverts what is not confirmed in time; it must stay where it is. Its first turn is at
 * once. */
void confirm_source(struct daemon *daemon, struct server_source *out);
/* At the end of patcherd: says in the log what nobody looks after then. */
void confirm_end(const struct daemon *daemon);
/* Something may be pending from now on. */
void confirm_wake(struct daemon *daemon);

#endif
